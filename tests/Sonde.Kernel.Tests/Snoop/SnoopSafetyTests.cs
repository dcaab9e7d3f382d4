using System.Globalization;
using System.Text.Json;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Snoop;

/// <summary>Whatever a program holds and does, and however the session ends, the program goes on as if nobody had looked.</summary>
public sealed class SnoopSafetyTests
{
    /// <summary>The oldest and newest of each way to see lines.</summary>
    public static TheoryData<string> Some => ["pyenv-3.7", "pyenv-3.8", "pyenv-3.10", "pyenv-3.11", "pyenv-3.12", "pyenv-3.13", "sid-3.14", "sid-3.15"];

    [Theory, MemberData(nameof(Some))]
    public void Values_that_lie_raise_loop_or_are_huge_are_shown_and_none_of_their_code_runs(string name)
    {
        using Target program = Start(name, "hostile.py");
        using Snooping snooping = Snooping.Start(program, "--watch", "liars['key']", "--watch-explode", "lying", "--fields", "2", "looks", "resized", "finalizes");
        Assert.Equal("'unharmed'", Ask(program, "repr(looks())"));
        Assert.Equal("19", Ask(program, "resized()"));
        Assert.Equal("1", Ask(program, "finalizes()"));
        Assert.Equal("[]", Ask(program, "Liar.ran"));
        string told = snooping.End();
        Assert.Contains("itself = [1, [...]]", told, StringComparison.Ordinal);
        Assert.Contains("liar = <__main__.Liar object at 0x", told, StringComparison.Ordinal);
        Assert.Contains("lying = LyingList([1, 2, 3])", told, StringComparison.Ordinal);
        Assert.Contains("lying[2] = 3", told, StringComparison.Ordinal);
        Assert.Contains("liars['key'] = 1", told, StringComparison.Ordinal);
        Assert.Contains("digits = <int of 66439 bits>", told, StringComparison.Ordinal);
        Assert.Contains(@"escape = '\x1b[2J\u202e\n'", told, StringComparison.Ordinal);
        Assert.Contains("Exception:..... LoudError: ('loud', <__main__.Liar object at 0x", told, StringComparison.Ordinal);
        Assert.Contains("3 calls told", snooping.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("mistake", snooping.Errors, StringComparison.Ordinal);
        program.Send("end");
        Assert.Equal(0, program.WaitForExit());
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.10"), InlineData("pyenv-3.11"), InlineData("pyenv-3.12"), InlineData("sid-3.14"), InlineData("sid-3.15")]
    public void What_a_signals_handler_raises_in_a_repr_of_the_programs_own_reaches_the_program(string name)
    {
        using Target program = Start(name, "hostile.py");
        using Snooping snooping = Snooping.Start(program, "--repr", "shows");
        string[] codes = ["3", "4", "5", "6", "7", "3"];
        for (int i = 0; i < codes.Length; i++)
        {
            Assert.Equal($"left with {codes[i]}", Ask(program, $"leaves(HANDLERS[{i}])"));
        }

        Assert.Equal("left with interrupt", Ask(program, "leaves(signal.default_int_handler)"));
        snooping.End();
        program.Send("end");
        Assert.Equal(0, program.WaitForExit());
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.11"), InlineData("pyenv-3.12"), InlineData("sid-3.14"), InlineData("sid-3.15")]
    public void Nothing_that_a_repr_of_the_programs_own_raises_reaches_the_program(string name)
    {
        using Target program = Start(name, "hostile.py");
        using Snooping snooping = Snooping.Start(program, "--repr", "mimics");
        Assert.Equal("stayed", Ask(program, "mimics()"));
        string told = snooping.End();
        Assert.Contains("mimicking = <__repr__ raised SystemExit>", told, StringComparison.Ordinal);
        Assert.Contains("interrupting = <__repr__ raised KeyboardInterrupt>", told, StringComparison.Ordinal);
        Assert.Contains("misleading = misleading", told, StringComparison.Ordinal);
        Assert.DoesNotContain("mistake", snooping.Errors, StringComparison.Ordinal);
        program.Send("end");
        Assert.Equal(0, program.WaitForExit());
    }

    [Theory, MemberData(nameof(Some))]
    public void What_asyncio_keeps_for_reuse_is_not_touched(string name)
    {
        Requires.Root();
        using Target program = Target.StartReady(Interpreters.Get(name), "tasks_again.py");
        program.WaitFor("at");
        for (int session = 0; session < 3; session++)
        {
            CommandResult told = SondeCommand.Run("snoop", "-p", $"{program.Pid}", "--inject", "handle", "--count", "2");
            Assert.True(told.ExitCode == 0, told.Errors);
            Assert.Contains("Return value:..", told.Output, StringComparison.Ordinal);
            program.WaitFor("at");
            program.WaitFor("at");
        }
    }

    [Theory, MemberData(nameof(Some))]
    public void After_the_calls_that_were_asked_for_a_busy_function_is_as_fast_as_before(string name)
    {
        using Target program = Begin(name);
        using Snooping snooping = Snooping.Start(program, "--count", "100", "leaf");
        Assert.True(int.Parse(Ask(program, "fast()"), CultureInfo.InvariantCulture) > 0);
        string told = snooping.WaitForEnd();
        Assert.Equal(100, told.Split("Elapsed time").Length - 1);
        Assert.Contains("100 calls told", snooping.Errors, StringComparison.Ordinal);
        AssertNothingIsLeft(program);
    }

    [Theory, MemberData(nameof(Some))]
    public void A_killed_sonde_leaves_nothing_in_the_program(string name)
    {
        using Target program = Begin(name);
        using Snooping snooping = Snooping.Start(program, "loops_until", "leaf", "grows");
        program.Send("loop");
        program.WaitFor("loop");
        while (!snooping.ReadLine().Contains("Modified var:.. rounds", StringComparison.Ordinal))
        {
        }

        snooping.Kill();
        program.Send("story.nested(1)");
        Assert.Equal("18", program.WaitFor("results"));
        Strangers.WaitUntil(() => Left(program) == "{}", "nothing is left");
    }

    [Theory, MemberData(nameof(Some))]
    public void A_call_that_runs_already_is_told_from_there_on(string name)
    {
        using Target program = Begin(name);
        program.Send("loop");
        program.WaitFor("loop");
        using Snooping snooping = Snooping.Start(program, "loops_until");
        string line = snooping.ReadLine();
        while (!line.Contains("running", StringComparison.Ordinal))
        {
            Assert.StartsWith("S", line, StringComparison.Ordinal);
            line = snooping.ReadLine();
        }

        while (!snooping.ReadLine().StartsWith("Modified var:.. rounds = ", StringComparison.Ordinal))
        {
        }

        program.Send("1 + 1");
        Assert.Equal("2", program.WaitFor("results"));
        snooping.End();
        AssertNothingIsLeft(program);
    }

    [Theory, MemberData(nameof(Some))]
    public void Exceptions_of_signal_handlers_come_out_where_they_should_and_forked_children_are_left_alone(string name)
    {
        using Target program = Begin(name);
        using Snooping snooping = Snooping.Start(program, "--json", "grows", "nested", "leaf");
        Assert.Equal("50", Ask(program, "interrupted()"));
        Assert.Equal("0", Ask(program, "fork()"));
        Assert.Equal("18", Ask(program, "story.nested(1)"));
        List<JsonElement> told = Snooping.Events(snooping.End());
        Assert.Single(told, item => item.GetProperty("function").GetString() == "nested" && item.GetProperty("event").GetString() == "return");
        AssertNothingIsLeft(program);
    }

    [Theory, InlineData("pyenv-3.8", 7), InlineData("pyenv-3.11", 6)]
    public void A_trace_function_of_the_programs_own_is_left_alone_and_that_is_said(string name, int events)
    {
        using Target program = Begin(name);
        using Snooping snooping = Snooping.Start(program, "leaf");
        Assert.StartsWith("[true, ", Ask(program, "traced()"), StringComparison.Ordinal);
        // Three events are the function's; the others are of one small call of Sonde's, and nothing else.
        Assert.Equal($"[true, {events}]", Ask(program, "traced()"));
        snooping.End();
        Assert.Contains("is traced by somebody else (<function traced.<locals>.tracer", snooping.Errors, StringComparison.Ordinal);
        AssertNothingIsLeft(program);
    }

    static Target Start(string name, string file)
    {
        Requires.Root();
        return Target.StartReady(Interpreters.Get(name), file);
    }

    static Target Begin(string name)
    {
        Target program = Start(name, "snooped.py");
        program.Send("begin");
        program.WaitFor("begin");
        return program;
    }

    static string Ask(Target program, string expression)
    {
        program.Send(expression);
        return program.WaitFor("results");
    }

    static string Left(Target program)
    {
        program.Send("left");
        return program.WaitFor("left");
    }

    static void AssertNothingIsLeft(Target program)
    {
        Assert.Equal("{}", Left(program));
        Assert.Equal("", program.Errors);
        program.Send("end");
        Assert.Equal(0, program.WaitForExit());
    }
}
