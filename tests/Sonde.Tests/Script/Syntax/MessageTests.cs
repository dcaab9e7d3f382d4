using Sonde.Script.Syntax;
using Xunit;

namespace Sonde.Tests.Script.Syntax;

/// <summary>How messages look.</summary>
public sealed class MessageTests
{
    static string Render(string text, string marked, string message, string? hint = null)
    {
        int start = text.IndexOf(marked, StringComparison.Ordinal);
        SourceSpan span = new(new SourceText("stdin", text), start, start + marked.Length);
        return new Diagnostic(Severity.Error, span, message, hint).ToString();
    }

    [Fact]
    public void A_place_on_one_line_is_underlined() => Assert.Equal("""
        stdin:1:14-20: ERROR: Unknown function: 'foo'
        begin { $x = foo(1); }
                     ~~~~~~

        """, Render("begin { $x = foo(1); }", "foo(1)", "Unknown function: 'foo'"));

    [Fact]
    public void A_place_on_several_lines_is_shown_whole() => Assert.Equal("""
        stdin:2-3: ERROR: wrong
         foo( 2,
         3) + 1; }
        HINT: do it right

        """, Render("begin { $y =\n foo( 2,\n 3) + 1; }", "foo( 2,\n 3)", "wrong", "do it right"));

    [Fact]
    public void Tabs_are_four_blanks_wide() => Assert.Equal(
        "stdin:2:2-8: ERROR: no\n    f(    1); g();\n    ~~~~~~~~~\n", Render("begin {\n\tf(\t1); g();\n}", "f(\t1);", "no"));

    [Fact]
    public void Control_characters_are_shown_not_sent() => Assert.Equal(
        "stdin:1:2-3: ERROR: \\x1b[2J\n\\x1bx\n    ~\n", Render("\u001bx", "x", "\u001b[2J"));

    [Fact]
    public void The_end_of_the_text_is_a_place() => Assert.Equal(
        "stdin:1:6-6: ERROR: expected '{'\nbegin\n     \n", new Diagnostic(Severity.Error, new SourceSpan(new SourceText("stdin", "begin"), 5, 5), "expected '{'").ToString());

    [Fact]
    public void Without_a_place_there_is_only_the_message() =>
        Assert.Equal("WARNING: hm\n", new Diagnostic(Severity.Warning, SourceSpan.None, "hm").ToString());

    [Fact]
    public void A_line_without_end_is_cut_around_the_place()
    {
        string text = new string('a', 5000) + " here " + new string('b', 5000);
        string[] lines = Render(text, "here", "no").Split('\n');
        Assert.InRange(lines[1].Length, 100, 1000);
        Assert.Equal("here", lines[1][lines[2].IndexOf('~', StringComparison.Ordinal)..][..4]);
        Assert.Equal("~~~~", lines[2].Trim());
    }

    [Fact]
    public void Errors_come_before_warnings_and_each_once()
    {
        DiagnosticBag diagnostics = new();
        SourceSpan span = new(new SourceText("a.bt", "xyz"), 0, 1);
        diagnostics.Warning(span, "later");
        diagnostics.Error(span, "first");
        diagnostics.Error(span, "first");
        Assert.Equal("a.bt:1:1-2: ERROR: first\nxyz\n~\na.bt:1:1-2: WARNING: later\nxyz\n~\n", diagnostics.Render());
        Assert.Equal("a.bt:1:1-2: ERROR: first\nxyz\n~\n", diagnostics.Render(warnings: false));
    }

    [Theory]
    [InlineData("retrun", "return")]
    [InlineData("pritnf", "printf")]
    [InlineData("if", null)]
    [InlineData("begn", "begin")]
    [InlineData("fro", "for")]
    [InlineData("zzzzz", null)]
    [InlineData("x", null)]
    [InlineData("", null)]
    public void The_closest_word_is_found(string word, string? expected) =>
        Assert.Equal(expected, Suggest.Closest(word, ["return", "printf", "begin", "print", "for"]));

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(2, 1, 3)]
    [InlineData(3, 2, 1)]
    [InlineData(99, 3, 1)]
    public void Positions_are_counted_from_one(int offset, int line, int column) =>
        Assert.Equal((line, column), new SourceText("x", "ab\nc\n").Position(offset));
}
