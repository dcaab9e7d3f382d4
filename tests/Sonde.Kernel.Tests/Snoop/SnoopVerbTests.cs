using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Snoop;

/// <summary>The command line of <c>sonde snoop</c>, and how a story looks.</summary>
public sealed class SnoopVerbTests
{
    [Theory, InlineData(8), InlineData(11), InlineData(13)]
    public void A_story_looks_as_users_of_PySnooper_know_it(int minor)
    {
        Requires.Root();
        using Target program = Target.StartReady(Interpreters.OfVersion(minor), "snooped.py");
        using Snooping snooping = Snooping.Start(program, "--normalize", "--prefix", "> ", "--watch", "items[-1]", "--count", "1", "grows");
        program.Send("story.grows(1) if False else story.attempt(story.grows, 2)");
        program.WaitFor("results");
        string[] lines = snooping.WaitForEnd().Split('\n');
        Assert.Equal(
            """
            > Source path:... story.py
            > Starting var:.. count = 2
            >                 call        22 def grows(count):
            >                 line        23     items = []
            > New var:....... items = []
            >                 line        24     for i in range(count):
            > New var:....... i = 0
            >                 line        25         items.append(i * i)
            > Modified var:.. items = [0]
            > New var:....... items[-1] = 0
            >                 line        24     for i in range(count):
            > Modified var:.. i = 1
            >                 line        25         items.append(i * i)
            > Modified var:.. items = [0, 1]
            > Modified var:.. items[-1] = 1
            >                 line        24     for i in range(count):
            >                 line        26     items[0] = "first"
            > Modified var:.. items = ['first', 1]
            >                 line        27     del items[1]
            > Modified var:.. items = ['first']
            > Modified var:.. items[-1] = 'first'
            >                 line        28     items.sort(key=str)
            >                 line        29     return items
            >                 return      29     return items
            > Return value:.. ['first']

            """.Split('\n'), lines);
    }

    [Theory, InlineData("pyenv-3.10"), InlineData("pyenv-3.13")]
    public void The_story_of_several_threads_that_is_too_long_ends_and_is_understood(string name)
    {
        Requires.Root();
        using Injection.Guest target = Injection.Guest.Start(name, "threads");
        CommandResult result = SondeCommand.Run("snoop", "--inject", "-p", $"{target.Pid}", "step", "--json", "-n", "1000");
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.DoesNotContain("not be understood", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("last word", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("mistake", result.Errors, StringComparison.Ordinal);
        Assert.Matches("[0-9]+ calls told", result.Errors);
        target.AssertComputedRight();
    }

    [Theory, InlineData(8), InlineData(12)]
    public void What_a_function_calls_is_told_as_deep_as_asked_for_and_only_from_there(int minor)
    {
        Requires.Root();
        using Target program = Target.StartReady(Interpreters.OfVersion(minor), "snooped.py");
        using Snooping snooping = Snooping.Start(program, "--normalize", "--depth", "2", "nested");
        program.Send("[story.leaf(1), story.nested(1), story.branch(1)]");
        program.WaitFor("results");
        string told = snooping.End();
        Assert.Contains("    Starting var:.. n = 2\n                    call        58 def branch(n):\n", told, StringComparison.Ordinal);
        Assert.DoesNotContain("def leaf", told, StringComparison.Ordinal);
        Assert.Equal(2, told.Split("def branch").Length - 1);
    }

    [Fact]
    public void Lines_of_a_range_are_told_and_no_others()
    {
        Requires.Root();
        using Target program = Target.StartReady(Interpreters.OfVersion(13), "snooped.py");
        using Snooping snooping = Snooping.Start(program, "--normalize", "story.py:26-27");
        program.Send("story.grows(2)");
        program.WaitFor("results");
        string[] told = [.. snooping.End().Split('\n').Where(line => line.Contains(" line ", StringComparison.Ordinal) || line.Contains(" call ", StringComparison.Ordinal))];
        Assert.Equal(["                line        26     items[0] = \"first\"", "                line        27     del items[1]"], told);
    }

    [Fact]
    public void A_command_is_started_and_told_from_its_first_calls_on()
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.OfVersion(13);
        CommandResult result = SondeCommand.Run("snoop", "--inject", "--normalize", "--count", "1", "waits_and_calls", "--", interpreter.Path, Target.PathOf(interpreter, "snoop_start.py"));
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("42\n", result.Output);
        Assert.Contains("Return value:.. 42", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_leave_to_go_inside_the_calls_are_told_and_what_more_there_could_be()
    {
        Requires.Root();
        using Target program = Target.StartReady(Interpreters.OfVersion(13), "snooped.py");
        using Target tool = Target.Start(SondeCommand.Path, "snoop", "-p", $"{program.Pid}", "-n", "1", "nested");
        Strangers.WaitUntil(() => tool.Errors.Contains("following process", StringComparison.Ordinal), "the program is followed");
        program.Send("story.nested(1)");
        program.WaitFor("results");
        Assert.Contains("nested", tool.ReadToEnd(), StringComparison.Ordinal);
        Assert.Contains("With --inject, code of sonde's runs inside the process", tool.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("whose functions?", "leaf")]
    [InlineData("which functions?", "-p", "1")]
    [InlineData("the lines of 'a.py:9-3' are not understood", "-p", "1", "a.py:9-3")]
    [InlineData("'a.py' is no function", "-p", "1", "a.py")]
    [InlineData("'self.f()' cannot be watched: at character 7", "-p", "1", "--watch", "self.f()", "leaf")]
    [InlineData("--depth 0: must be at least 1", "-p", "1", "--depth", "0", "leaf")]
    public void Mistakes_are_told_with_what_to_write(string expected, params string[] arguments)
    {
        CommandResult result = SondeCommand.Run(["snoop", .. arguments]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(expected, result.Complaint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_function_that_is_not_there_is_an_error_and_nothing_stays_in_the_program()
    {
        Requires.Root();
        using Target program = Target.StartReady(Interpreters.OfVersion(13), "snooped.py");
        program.Send("begin");
        program.WaitFor("begin");
        CommandResult result = SondeCommand.Run("snoop", "--inject", "-p", $"{program.Pid}", "nowhere");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("has no function 'nowhere'", result.Complaint, StringComparison.Ordinal);
        program.Send("left");
        Assert.Equal("{}", program.WaitFor("left"));
    }

    [Fact]
    public void Python_3_6_is_told_to_be_too_old()
    {
        Requires.Root();
        using Target program = Target.StartReady(Interpreters.OfVersion(6), "known_calls.py");
        CommandResult result = SondeCommand.Run("snoop", "--inject", "-p", $"{program.Pid}", "main");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("3.7", result.Complaint, StringComparison.Ordinal);
    }
}
