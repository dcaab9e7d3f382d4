using Xunit;

namespace Sonde.Tests.Script.Specs;

public class SpecFileTests
{
    [Fact]
    public void Reads_fields_on_a_line_and_in_a_block()
    {
        Spec spec = Assert.Single(Read("""
            # A comment.
            feature: type.tuple
            case: in a map
            program:
                begin {

                  print(1); }
            arguments: one "two words" '' three
            masks: time address
            exit: 3
            expect:
                first

                  third
            """));
        Assert.Equal("type.tuple", spec.Feature);
        Assert.Equal("type.tuple: in a map", spec.Name);
        Assert.Equal("begin {\n\n  print(1); }", spec.Program);
        Assert.Equal(["one", "two words", "", "three"], spec.Arguments);
        Assert.Equal(["time", "address"], spec.Masked);
        Assert.Equal(3, spec.Exit);
        Assert.Equal("first\n\n  third", spec.Expect);
        Assert.Equal(2, spec.Line);
    }

    [Fact]
    public void Specs_of_one_name_are_numbered()
    {
        Assert.Equal(["a.b", "a.b #2", "a.c"], Read("""
            feature: a.b
            expect: 1
            feature: a.b
            expect: 2
            feature: a.c
            expect: 3
            """).Select(spec => spec.Name));
    }

    [Theory]
    [InlineData("program: begin { }\n", "test.spec:1: 'program' stands before any feature")]
    [InlineData("feature: a.b\nexpects: 1\n", "test.spec:2: 'expects' is no field")]
    [InlineData("feature: a.b\n    stray\n", "test.spec:2: neither a field nor part of one:     stray")]
    [InlineData("feature: a.b\nprogram: begin { }\n", "test.spec:1 a.b: expects nothing")]
    [InlineData("feature: a.b\noptions: \"open\nexpect: 1\n", "test.spec:2: 'options' has a quote that does not end")]
    public void A_mistake_is_named_with_its_line(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => Read(text)).Message);

    [Fact]
    public void Empty_lines_around_the_output_do_not_count()
    {
        Spec spec = Read("feature: a.b\nexpect: x\n")[0];
        Assert.Empty(SpecCheck.Differences(spec, "\n\nx\n\n", "Attached 1 probe\n", 0));
        Assert.Equal(["expected output:\nx"], SpecCheck.Differences(spec, "y\n", "", 0));
        Assert.Equal(["exit code 1, expected 0"], SpecCheck.Differences(spec, "x\n", "", 1));
    }

    [Fact]
    public void Patterns_match_lines_in_their_order()
    {
        Spec spec = Read("feature: a.b\nmatch:\n    ^one$\n    ^two$\nabsent: three\n")[0];
        Assert.Empty(SpecCheck.Differences(spec, "zero\none\ntwo\n", "", 0));
        Assert.Single(SpecCheck.Differences(spec, "two\none\n", "", 0));
        Assert.Single(SpecCheck.Differences(spec, "one\ntwo\nthree\n", "", 0));
    }

    [Fact]
    public void What_is_masked_is_the_same_in_every_run()
    {
        Spec spec = Read("feature: a.b\nmasks: time address offset number\nexpect: TIME ADDRESS f+N N\n")[0];
        Assert.Empty(SpecCheck.Differences(spec, "12:34:56 0x7f00 f+12 99\n", "", 0));
    }

    static Spec[] Read(string text) => [.. SpecFile.Read("test.spec", text.Split('\n'))];
}
