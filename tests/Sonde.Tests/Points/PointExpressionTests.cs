using Sonde.Engine;
using Sonde.Engine.Points;
using Xunit;

namespace Sonde.Tests.Points;

/// <summary>Expressions of log points: what is understood, and what is refused before anything is attached.</summary>
public sealed class PointExpressionTests
{
    [Theory]
    [InlineData("user.name", """["attribute",["name","user"],"name"]""")]
    [InlineData("len(items) > 3 and not done", """["and",["compare",["length",["name","items"]],">",["constant",3]],["not",["name","done"]]]""")]
    [InlineData("rows[0]['id'] in (1, 2)", """["compare",["item",["item",["name","rows"],["constant",0]],["constant","id"]],"in",["tuple",["constant",1],["constant",2]]]""")]
    [InlineData("a is not None or b not in c", """["or",["compare",["name","a"],"is not",["constant",null]],["compare",["name","b"],"not in",["name","c"]]]""")]
    [InlineData("0 <= x < -1.5e3", """["compare",["constant",0],"<=",["name","x"],"<",["constant",-1500]]""")]
    [InlineData("(a)", """["name","a"]""")]
    [InlineData("notes == 'it\\'s'", """["compare",["name","notes"],"==",["constant","it\u0027s"]]""")]
    public void Expressions_become_trees(string text, string tree) => Assert.Equal(tree, PointExpression.Parse(text, "--when").ToJsonString().Replace("\\u003E", ">", StringComparison.Ordinal).Replace("\\u003C", "<", StringComparison.Ordinal));

    [Theory]
    [InlineData("f(x)", "calls are not allowed")]
    [InlineData("a.b()", "calls are not allowed")]
    [InlineData("__import__('os')", "calls are not allowed")]
    [InlineData("a +", "no arithmetic")]
    [InlineData("1/0", "no arithmetic")]
    [InlineData("a = 1", "should end here")]
    [InlineData("", "something is missing")]
    [InlineData("a[", "something is missing")]
    [InlineData("'text", "no end")]
    [InlineData("lambda: 1", "not expected")]
    [InlineData("not", "something is missing")]
    public void Anything_else_is_refused_with_its_place(string text, string problem) =>
        Assert.Contains(problem, Assert.Throws<UsageException>(() => PointExpression.Parse(text, "--when")).Message, StringComparison.Ordinal);

    [Fact]
    public void What_is_nested_without_end_is_refused() =>
        Assert.Contains("too deeply", Assert.Throws<UsageException>(() => PointExpression.Parse(new string('(', 5000), "--when")).Message, StringComparison.Ordinal);

    [Fact]
    public void Messages_are_texts_and_expressions() =>
        Assert.Equal("""["got ",["name","x"]," of {",["item",["name","d"],["constant","}"]],"}"]""", PointMessage.Parse("got {x} of {{{d['}']}}}").ToJsonString());
}
