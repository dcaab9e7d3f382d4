using Sonde.Script.Syntax;
using Xunit;

namespace Sonde.Tests.Script.Syntax;

/// <summary>Named parameters: <c>getopt</c>.</summary>
public sealed class OptionTests
{
    static string Read(string program, params (string Name, string? Value)[] named)
    {
        ParseOptions options = new() { Arguments = new ScriptArguments { Named = named.ToDictionary(n => n.Name, n => n.Value) } };
        return Reading.Expanded(program, options);
    }

    [Theory]
    [InlineData("getopt(\"n\", 5)", null, false, "int: 5")]
    [InlineData("getopt(\"n\", 5)", "7", true, "int: 7")]
    [InlineData("getopt(\"n\", 5)", "-0x10", true, "int: -16")]
    [InlineData("getopt(\"n\", 5)", "2s", true, "int: 2000000000")]
    [InlineData("getopt(\"n\", \"a\")", null, false, "string: \"a\"")]
    [InlineData("getopt(\"n\", \"a\")", "b\"c", true, "string: \"b\\\"c\"")]
    [InlineData("getopt(\"n\")", null, false, "bool: false")]
    [InlineData("getopt(\"n\")", null, true, "bool: true")]
    [InlineData("getopt(\"n\", true)", "false", true, "bool: false")]
    public void It_is_what_was_given_or_the_default(string call, string? value, bool isGiven, string expected) =>
        Assert.Contains(expected, Read($"begin {{ f({call}); }}", isGiven ? [("n", value)] : []), StringComparison.Ordinal);

    [Fact]
    public void A_script_knows_its_parameters()
    {
        Sonde.Script.Syntax.Script script = Reading.Read("macro limit() { getopt(\"limit\", 10, \"how many\") } begin { f(limit); g(getopt(\"all\")); h(getopt(\"limit\", 10)); }").Script;
        Assert.Equal(["limit", "all"], script.Options.Select(o => o.Name));
        Assert.Equal("how many", script.Options[0].Help);
    }

    [Fact]
    public void Wrong_use_is_explained() => Golden.Check("script-option-errors.txt",
        Read("begin { getopt(1); getopt(\"a\", pid); getopt(\"b\", 1, 2); getopt(\"c\", 1); getopt(\"c\", 2); }")
        + Read("begin { f(getopt(\"n\", 1)); }", ("n", "x")) + Read("begin { f(getopt(\"n\", 1)); }", ("n", null)) + Read("begin { f(getopt(\"n\")); }", ("n", "3"))
        + Read("begin { f(getopt(\"n\", \"s\")); }", ("n", null)) + Read("begin { f(getopt(\"n\", 1)); }", ("m", "1"), ("k", null)));
}
