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

    [Fact]
    public void A_file_gives_more_words() =>
        Assert.Equal(["iban", "tax id"], Redaction.ParseWords("# ours\niban # the bank's\n\n  tax id\n"));

    [Fact]
    public void Words_are_compared_without_what_joins_them() => Assert.True(new Redaction(["tax id"]).HidesName("customer_TaxID"));
}
