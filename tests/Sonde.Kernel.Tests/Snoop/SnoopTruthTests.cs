using System.Text.Json;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Snoop;

/// <summary>The story that is told of a running program is what sys.settrace tells of a run of the same program, and the program is as it was.</summary>
public sealed class SnoopTruthTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. Interpreters.Names.Select(row => row.Data).Where(name => name != "pyenv-3.6")];

    [Theory, MemberData(nameof(Names))]
    public void Every_line_variable_and_value_is_told_as_settrace_tells_it_and_nothing_is_left(string name)
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get(name);
        List<JsonElement> reference;
        using (Target run = Target.Start(interpreter, "snooped.py", "reference"))
        {
            reference = Snooping.Events(run.ReadToEnd());
        }

        using Target program = Target.StartReady(interpreter, "snooped.py");
        program.Send("begin");
        program.WaitFor("begin");
        using Snooping snooping = Snooping.Start(program, "--json", "--no-redact", "story.py:*");
        program.Send("story.run()");
        string results = program.WaitFor("results");
        string told = snooping.End();

        Assert.Equal(JsonSerializer.Serialize(reference[^1].GetProperty("value")), JsonSerializer.Serialize(JsonDocument.Parse(results).RootElement));
        StoryScore score = Story.Compare(Story.OfReference(reference.SkipLast(1)), Story.OfSonde(Snooping.Events(told)));
        output.WriteLine($"{name}: {score}");
        Assert.Equal("", score.FirstDifference);
        Assert.True(score.FlowOf > 500 && score.Flow == score.FlowOf && score.Variables == score.VariablesOf && score.Values == score.ValuesOf, score.ToString());
        program.Send("left");
        Assert.Equal("{}", program.WaitFor("left"));
        Assert.Equal("", program.Errors);
        Assert.DoesNotContain("could not", snooping.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("found no room", snooping.Errors, StringComparison.Ordinal);
    }
}
