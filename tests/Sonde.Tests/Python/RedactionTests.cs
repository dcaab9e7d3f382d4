using Sonde.Python.Values;
using Xunit;

namespace Sonde.Tests.Python;

/// <summary>What is hidden of values, and what is not.</summary>
public sealed class RedactionTests
{
    [Theory]
    [InlineData("password"), InlineData("DB_PASSWORD"), InlineData("userPassword2"), InlineData("api_key"), InlineData("api-key"), InlineData("X-Api-Key"), InlineData("refreshToken"), InlineData("Authorization")]
    [InlineData("Set-Cookie"), InlineData("sessionid"), InlineData("aws_secret_access_key"), InlineData("private_key"), InlineData("db_pwd"), InlineData("userPwd"), InlineData("otp"), InlineData("credentials")]
    public void Names_of_secrets_are_known(string name) => Assert.True(Redaction.Default.HidesName(name));

    [Theory, InlineData("name"), InlineData("hotpath"), InlineData("number"), InlineData("lesson"), InlineData("key"), InlineData("items"), InlineData("scotproof"), InlineData("")]
    public void Other_names_are_not(string name) => Assert.False(Redaction.Default.HidesName(name));

    [Theory]
    [InlineData("card 4111 1111 1111 1111.", "card <hidden>.")]
    [InlineData("'4111-1111-1111-1111'", "'<hidden>'")]
    [InlineData("4111111111111112 378282246310005", "4111111111111112 <hidden>")]
    [InlineData("1234567890123456789012345678", "1234567890123456789012345678")]
    [InlineData("0000000000000000", "0000000000000000")]
    [InlineData("'4111 1111 1'… 8 more", "'<hidden>'… 8 more")]
    [InlineData("at 0x7f12345678901234", "at 0x7f12345678901234")]
    [InlineData("Bearer abc.def-123", "<hidden>")]
    [InlineData("the bearer of it", "the bearer of it")]
    [InlineData("-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY----- x", "<hidden> x")]
    [InlineData("-----BEGIN EC PRIVATE KEY-----\\nMII…", "<hidden>")]
    [InlineData("jwt=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJoIn0.sig;", "jwt=<hidden>;")]
    public void Texts_that_look_like_secrets_are_hidden(string text, string shown) => Assert.Equal(shown, Redaction.Scrub(text));

    [Fact]
    public void A_file_gives_more_words() =>
        Assert.Equal(["iban", "tax id"], Redaction.ParseWords("# ours\niban # the bank's\n\n  tax id\n"));

    [Fact]
    public void Words_are_compared_without_what_joins_them() => Assert.True(new Redaction(["tax id"]).HidesName("customer_TaxID"));
}
