using Sonde.Script.Syntax;
using Xunit;

namespace Sonde.Tests.Script.Syntax;

/// <summary>What is said about programs that cannot be read, and where.</summary>
public sealed class SyntaxErrorTests
{
    [Fact]
    public void Each_mistake_has_its_place_and_words() => Golden.Check("script-errors.txt", Reading.All(
    [
        "", "begin", "begin {", "{ }", "begin,, end { }", "begin { } x", "begin { f() ", "begin { f( }", "begin { f(1 2) }", "begin { $x = ; }", "begin { $x = 1 $y = 2; }",
        "begin { 1 = 2; }", "begin { $x.a = 1; }", "begin { f() = 1; }", "begin { 5++; }", "begin { ++f(); }", "begin { \"abc }", "begin { /* }", "begin { $x = 'a'; }", "begin { $ = 1; }",
        "begin { $x = 5q; }", "begin { $x = 08; }", "begin { $x = 0x; }", "begin { $x = 1e; }", "begin { $x = 1e20; }", "begin { $x = 99999999999999999999; }", "begin { $x = 300000d; }",
        "begin { $0; }", "begin { $99999999999999999999; }", "begin { f(\"\\q\"); }", "begin { f(\"\\q \\w\"); }", "begin { f(\"\\xg\"); }", "begin { f(\"\\777\"); }",
        "begin { if (1) f(); }", "begin { if { } }", "begin { else { } }", "begin { for ($i : 1) { } }", "begin { for (i : @m) { } }", "begin { for ($i : @m[1]) { } }",
        "begin { let x; }", "begin { let $x: = 1; }", "begin { let $x, $y; }", "begin { $x = {f();}; }", "begin { $x = {}; }", "begin { $x = if 1 { 2 }; }", "begin { import \"x\"; }",
        "begin { @m[] = 1; }", "begin { $x = (a=1, a=2); }", "begin { $x = (a=1, 2); }", "begin { $x = $t.0x1; }", "begin { $x = sizeof(); }", "begin { $x = offsetof(struct foo); }", "begin { $x = (struct)1; }",
        "begin /1 { }", "begin // { }", "begin /1/", "uprobe:a:$x { }", "uprobe:a:$0 { }", "uprobe:a:\"b { }", "kprobe:$99999999999999999999 { }",
        "begin /pid = 1/ { }",
        "begin { } /pid == 1/",
        "begin { int x = 5; }",
        "begin { print(1)",
        "config = { a=1, b=2 } begin { }", "config = { a } begin { }", "config = { a=1 } config = { b=1 } begin { }", "begin { } config = { a=1 }",
        "import x; begin { }", "import \"x\" begin { }", "let a = hash(1); begin { }", "let @a = hash(0); begin { }", "let @a = hash(-1); begin { }", "let @a = 5; begin { }",
        "macro f { 1 } begin { }", "macro f(1) { 1 } begin { }", "macro f(x, x) { 1 } begin { }", "macro f($x, $x) { 1 } begin { }", "fn f() { } begin { }", "fn f(x) : int8 { } begin { }",
        "struct a { int x } begin { }", "struct a { foo; }; begin { }", "struct a { int x[n]; }; begin { }", "struct a { int x : 99; }; begin { }", "enum e { A = f() }; begin { }", "typedef int; begin { }", "begin { $x = 'ab; }", "struct a { int x; begin { }",
        "begin { @ä = 1; }", "begin { \u0001 }",
    ], p => Reading.Messages(p)));

    [Fact]
    public void All_mistakes_of_a_script_are_reported()
    {
        const string Program = """
            begin {
            	$a = ;
            	retrun 1;
            	if ($a) { $b = 1 $c = 2; } esle { f( }
            	$d = (1;
            }

            marco twice(x) { x * 2 }

            uprobe:/bin/sh:$x { }

            inerval:s:1 {
            	f(1, );
            	$e = 08 + 09;
            	$g = [;
            """;
        Golden.Check("script-many-errors.txt", Reading.Messages(Program));
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("{ $x = ", "; 1 }")]
    [InlineData("-", "")]
    [InlineData("f(", ")")]
    [InlineData("(int8)", "")]
    [InlineData("1 ? 2 : ", "")]
    [InlineData("if 1 { 1 } else { ", " }")]
    [InlineData("@m[", "]")]
    [InlineData("comptime ", "")]
    public void Nesting_without_end_is_refused(string open, string close)
    {
        string deep = string.Concat(Enumerable.Repeat(open, 5000)) + "1" + string.Concat(Enumerable.Repeat(close, 5000));
        Assert.Contains("deep", Reading.Messages($"begin {{ $x = {deep}; }}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("if 1 { ", " }")]
    [InlineData("{ ", " }")]
    [InlineData("while 1 { ", " }")]
    public void Nested_statements_without_end_are_refused(string open, string close)
    {
        string deep = string.Concat(Enumerable.Repeat(open, 5000)) + string.Concat(Enumerable.Repeat(close, 5000));
        Assert.Contains("deep", Reading.Messages($"begin {{ {deep} }}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" + 1")]
    [InlineData(".a")]
    [InlineData("[0]")]
    public void A_long_chain_is_refused_before_it_is_a_deep_tree(string link)
    {
        string chain = string.Concat(Enumerable.Repeat(link, 100_000));
        Assert.Contains("nested more than", Reading.Messages($"begin {{ $x = $y{chain}; }}"), StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_without_number_are_cut()
    {
        DiagnosticBag diagnostics = Reading.Read("begin { " + string.Concat(Enumerable.Range(0, 5000).Select(i => $"$x{i} = ; ")) + "}").Diagnostics;
        Assert.True(diagnostics.IsFull);
        Assert.InRange(diagnostics.Messages.Count, 1, 500);
    }
}
