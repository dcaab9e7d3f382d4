using Sonde.Engine;
using Sonde.Engine.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Flow.Inside;

/// <summary>Whatever happens to the tracer, the program goes on, computes what it should, and nothing of the agent runs any more.</summary>
public sealed class InsideSafetyTests
{
    /// <summary>CPython 3.11 never comes out of a function that is traced while a call is pending that it may not make yet: what is put into a process comes one after the other.</summary>
    [Theory, InlineData("debian-3.11"), InlineData("pyenv-3.11"), InlineData("pyenv-3.10"), InlineData("pyenv-3.12")]
    public void Several_sessions_begin_and_end_at_once(string name)
    {
        Requires.Root();
        using Target target = InsideTarget.StartReady(Interpreters.Get(name), "busy.py", "--threads", "2", "--rate", "2000");
        target.Send();
        for (int round = 0; round < 3; round++)
        {
            // From 3.12 on two can be there at a time, before only the first.
            Target[] sessions = [.. Enumerable.Range(0, 2).Select(_ => Target.Start(SondeCommand.Path, "flow", "-p", $"{target.Pid}", "--inject", "--engine", "inside", "--function", "step", "-d", "500ms", "--summary"))];
            try
            {
                Assert.Contains(sessions.Select(session => session.WaitForExit()).ToList(), code => code == 0);
                Assert.All(sessions, session => Assert.DoesNotContain("did not run", session.Errors, StringComparison.Ordinal));
            }
            finally
            {
                Array.ForEach(sessions, session => session.Dispose());
            }
        }

        // It still works.
        using Recording recording = InsideTarget.Record(new FlowOptions { Functions = ["step"] }, target);
        Strangers.WaitUntil(() => recording.Events.Count > 100, "the program goes on");
        recording.Stop();
    }

    [Theory, InlineData("pyenv-3.7", 5), InlineData("pyenv-3.11", 20), InlineData("pyenv-3.12", 20), InlineData("sid-3.15", 5)]
    public void Coming_and_going_again_and_again_changes_nothing(string name, int rounds)
    {
        Requires.Root();
        using Target target = InsideTarget.StartReady(Interpreters.Get(name), "busy.py", "--threads", "2");
        target.Send();
        for (int round = 0; round < rounds; round++)
        {
            using (Recording recording = InsideTarget.Record(new FlowOptions { MaxEvents = 50 }, target))
            {
                recording.WaitForEnd();
                Assert.Equal(50, recording.Events.Count);
            }

            Strangers.WaitUntil(() => !InsideTarget.HasMemory(target.Pid), "the memory is gone");
        }

        AssertComputedRight(target);
    }

    [Theory, InlineData("pyenv-3.9"), InlineData("pyenv-3.11"), InlineData("pyenv-3.13"), InlineData("sid-3.14")]
    public void Nothing_is_left_in_the_interpreter(string name)
    {
        Requires.Root();
        using Target target = InsideTarget.StartReady(Interpreters.Get(name), "watched.py");
        string before = Ask(target);
        using (Recording recording = InsideTarget.Record(new FlowOptions(), target))
        {
            Assert.NotEqual(before, Ask(target));
            Assert.True(InsideTarget.HasMemory(target.Pid), "the memory is not there");
        }

        Assert.Equal(before, Ask(target));
        Assert.False(InsideTarget.HasMemory(target.Pid), "the memory is still there");
    }

    [Theory, InlineData("pyenv-3.10", "profile", "profile function"), InlineData("pyenv-3.12", "tools", "in use, by one and two")]
    public void A_profiler_of_the_programs_own_is_respected(string name, string use, string reason)
    {
        Requires.Root();
        using Target target = InsideTarget.StartReady(Interpreters.Get(name), "watched.py");
        target.Send(use);
        string before = target.WaitFor("state");
        var refusal = Assert.Throws<UserErrorException>(() => InsideTarget.Record(new FlowOptions(), target).Dispose());
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, Ask(target));
        Assert.False(InsideTarget.HasMemory(target.Pid), "the memory is still there");
    }

    [Theory, InlineData("pyenv-3.10"), InlineData("pyenv-3.13"), InlineData("sid-3.15")]
    public void Killing_the_tracer_takes_the_agent_out(string name)
    {
        Requires.Root();
        using Target target = InsideTarget.StartReady(Interpreters.Get(name), "busy.py", "--threads", "2", "--rate", "20000");
        target.Send();
        for (int round = 0; round < 3; round++)
        {
            using Target sonde = Target.Start(SondeCommand.Path, "flow", "--json", "--inject", "-p", $"{target.Pid}");
            Assert.NotNull(sonde.ReadLine());
            Assert.True(InsideTarget.HasMemory(target.Pid), "no agent is there while the flow is shown");
            sonde.Signal("KILL");
            sonde.WaitForExit();
            Strangers.WaitUntil(() => !InsideTarget.HasMemory(target.Pid), "the agent is gone");
        }

        AssertComputedRight(target);
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.12")]
    public void A_child_that_the_program_forks_runs_on_without_the_agent(string name)
    {
        Requires.Root();
        using Target target = InsideTarget.StartReady(Interpreters.Get(name), "watched.py");
        using Recording recording = InsideTarget.Record(new FlowOptions { Functions = ["counted"] }, target);
        target.Send("fork");
        Assert.Equal("1000 0", target.WaitFor("forked"));
        target.Send("count");
        Assert.Equal("1000", target.WaitFor("counted"));
        recording.Stop();
        Assert.Equal(2000, recording.Events.Count);
    }

    static string Ask(Target target)
    {
        target.Send("state");
        return target.WaitFor("state");
    }

    static void AssertComputedRight(Target target)
    {
        Assert.True(target.IsAlive, $"it ended with {(target.IsAlive ? 0 : target.ExitCode)}: {target.Errors}");
        target.Send();
        Assert.EndsWith("right", target.WaitFor("done"), StringComparison.Ordinal);
        Assert.Equal(0, target.WaitForExit());
    }

    [Theory, InlineData("pyenv-3.10"), InlineData("pyenv-3.12")]
    public void A_command_is_followed_once_its_Python_runs_and_goes_on_to_its_end(string name)
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get(name);
        using Target sonde = Target.Start(SondeCommand.Path, "flow", "--engine", "inside", "--inject", "--function", "step", "--", interpreter.Path, Target.PathOf(interpreter, "finite.py"));
        Strangers.WaitUntil(() => sonde.Errors.Contains("-> step", StringComparison.Ordinal) || !sonde.IsAlive, "calls are shown");
        Assert.True(sonde.IsAlive, sonde.Errors);
        Assert.Contains("by an agent inside the process", sonde.Errors, StringComparison.Ordinal);

        // The command's standard input is Sonde's.
        sonde.Send();
        Assert.EndsWith("right", sonde.WaitFor("counted"), StringComparison.Ordinal);
        Assert.True(sonde.WaitForExit() == 0, sonde.Errors);
    }

    [Theory, InlineData("snoop", "step"), InlineData("flow", "--engine", "inside")]
    public void A_command_that_cannot_be_followed_from_inside_keeps_the_terminal_and_goes_on_to_its_end(string verb, params string[] words)
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get("pyenv-3.6");
        using Target sonde = Target.Start(SondeCommand.Path, [verb, "--inject", .. words, "--", interpreter.Path, Target.PathOf(interpreter, "finite.py")]);
        Strangers.WaitUntil(() => sonde.Errors.Contains("goes on without being followed", StringComparison.Ordinal) || !sonde.IsAlive, "the refusal is told");
        Assert.True(sonde.IsAlive, sonde.Errors);
        Assert.Contains("CPython 3.6", sonde.Errors, StringComparison.Ordinal);
        sonde.Send();
        Assert.EndsWith("right", sonde.WaitFor("counted"), StringComparison.Ordinal);
        Assert.Equal(1, sonde.WaitForExit());
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_told_before_the_command_is_started()
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get("pyenv-3.12");
        CommandResult result = SondeCommand.Run("snoop", "--inject", "-o", "/nowhere/story.txt", "step", "--", interpreter.Path, Target.PathOf(interpreter, "finite.py"));
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Contains("cannot write '/nowhere/story.txt': the directory does not exist", result.Complaint, StringComparison.Ordinal);
    }

    [Fact]
    public void That_none_of_the_functions_was_called_is_told()
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get("pyenv-3.12");
        using Target sonde = Target.Start(SondeCommand.Path, "snoop", "--inject", "stpe", "--", interpreter.Path, Target.PathOf(interpreter, "finite.py"));
        Strangers.WaitUntil(() => sonde.Errors.Contains("telling the functions", StringComparison.Ordinal) || !sonde.IsAlive, "the program is watched");
        sonde.Send();
        Assert.EndsWith("right", sonde.WaitFor("counted"), StringComparison.Ordinal);
        Assert.Equal(0, sonde.WaitForExit());
        Assert.Contains("0 calls told: no function of these names was called", sonde.Errors, StringComparison.Ordinal);
    }
}
