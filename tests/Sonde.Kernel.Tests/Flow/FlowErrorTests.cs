using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Flow;

/// <summary>What cannot be followed is refused with one line that says what is wrong and what to do.</summary>
public sealed class FlowErrorTests
{
    [Fact]
    public void A_process_that_does_not_exist() => Refused($"{Strangers.NobodysPid()}", "does not exist");

    [Fact]
    public void A_program_that_is_no_python()
    {
        using Target target = Strangers.NotPython();
        Refused($"{target.Pid}", "runs no CPython");
    }

    [Fact]
    public void A_zombie()
    {
        using Target parent = Strangers.ParentOfZombie(out int zombie);
        Refused($"{zombie}", "has exited");
    }

    [Fact]
    public void A_process_without_its_main_thread()
    {
        using Target target = Target.StartReady(Interpreters.Get("pyenv-3.12"), "leaving.py", "--leader");
        Refused($"{target.Pid}", "main thread has ended");
        target.Send();
        Assert.Equal("1000", target.WaitFor("done"));
    }

    [Fact]
    public void A_kernel_thread()
    {
        Requires.Root();
        Requires.That(Strangers.TryFindKernelThread(out int pid), "sees a kernel thread");
        Refused($"{pid}", "is a kernel thread");
    }

    [Fact]
    public void A_thirty_two_bit_program()
    {
        using Target target = Strangers.ThirtyTwoBit();
        Refused($"{target.Pid}", "is a 32-bit program");
    }

    [Fact]
    public void A_python_that_is_just_starting()
    {
        using Target target = Strangers.StartingPython(Interpreters.Get("pyenv-3.12"), "busy.py", out string gate);
        Refused($"{target.Pid}", "is just starting");
        Strangers.LetGo(gate);
        target.WaitFor("ready");
    }

    [Fact]
    public void A_python_in_its_exit_handlers_can_still_be_followed()
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get("pyenv-3.12"), "leaving.py", "--atexit");
        using Target sonde = Target.Start(SondeCommand.Path, "flow", "--json", "-p", $"{target.Pid}");
        Strangers.WaitUntil(() => sonde.Errors.Contains("following", StringComparison.Ordinal), "sonde has attached");
        target.Send();
        Assert.Equal(0, sonde.WaitForExit());
        Assert.Equal(0, target.WaitForExit());
    }

    [Theory, InlineData("outside"), InlineData("inside")]
    public void Patterns_that_no_function_fits_are_told(string engine)
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get("pyenv-3.12"), "subinterpreters.py");
        string[] asked = ["--function", "step", "--function", "Step", "--file", "subinterpreters.py", "--module", "nosuch"];
        using Target sonde = Target.Start(SondeCommand.Path, ["flow", "-p", $"{target.Pid}", "--inject", "--engine", engine, "--max-events", "20", .. asked]);
        Assert.True(sonde.WaitForExit() == 0, sonde.Errors);
        Assert.Contains("nothing that was called (1 function) fits 'Step', 'nosuch': ", sonde.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_that_sees_no_proc_is_followed_from_outside_and_that_is_said()
    {
        Requires.Root();
        string[] hide = ["--mount", "sh", "-c", "umount -l /proc; exec \"$0\" \"$1\""];
        using Target target = Target.Start("unshare", [.. hide, Interpreters.Get("pyenv-3.12").Path, Path.Combine(Repository.Targets, "subinterpreters.py")]);
        target.WaitFor("ready");
        CommandResult result = SondeCommand.Run("flow", "-p", $"{target.Pid}", "--inject", "--function", "step", "--max-events", "2");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("-> step", result.Output, StringComparison.Ordinal);
        Assert.Contains("engine: outside, although --inject allows the one inside", result.Errors, StringComparison.Ordinal);
        Assert.Contains("sees no /proc", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_of_another_user_without_rights()
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get("debian-3.11"), "busy.py");
        CommandResult result = SondeCommand.RunAsNobody("flow", "-p", $"{target.Pid}");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("needs root", result.Complaint, StringComparison.Ordinal);
        Assert.Contains("doctor", result.Complaint, StringComparison.Ordinal);
        Assert.True(target.IsAlive);
    }

    [Theory]
    [InlineData("flow", "what shall be followed")]
    [InlineData("flow -p 1 --all", "exclude each other")]
    [InlineData("flow -p 1 --depth 0", "--depth 0")]
    [InlineData("flow -p 1 --min-duration soon", "'soon' is no duration")]
    [InlineData("flow -p 1 --max-events -3", "--max-events -3")]
    [InlineData("flow -p 1 --buffer 0", "--buffer 0")]
    [InlineData("flow -p one", "one")]
    [InlineData("flow --nosuch", "--nosuch")]
    [InlineData("nosuch", "nosuch")]
    public void A_wrong_command_line_is_exit_code_two(string arguments, string expected)
    {
        CommandResult result = SondeCommand.Run(arguments.Split(' '));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(expected, result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void An_output_whose_format_is_unknown_or_that_cannot_be_written()
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get("pyenv-3.12"), "busy.py");
        Assert.Equal(2, SondeCommand.Run("flow", "-p", $"{target.Pid}", "-o", "/tmp/flow.xyz").ExitCode);
        CommandResult unwritable = SondeCommand.Run("flow", "-p", $"{target.Pid}", "-o", "/nosuch/flow.txt");
        Assert.Equal(1, unwritable.ExitCode);
        Assert.Contains("/nosuch/flow.txt", unwritable.Errors, StringComparison.Ordinal);
        Assert.True(target.IsAlive);
    }

    static void Refused(string pid, string expected)
    {
        CommandResult result = SondeCommand.Run("flow", "-p", pid);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(expected, result.Complaint, StringComparison.Ordinal);
        Assert.Contains(pid, result.Complaint, StringComparison.Ordinal);
    }
}
