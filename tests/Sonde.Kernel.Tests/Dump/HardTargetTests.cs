using System.Globalization;
using System.Text.RegularExpressions;
using Sonde.Engine.Dump;
using Sonde.Engine.Profiles.Formats;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Kernel.Tests.Dump;

/// <summary>Processes that are hard to look into: <c>sonde dump</c> and <c>sonde record</c> show them or say in one line why not, and never harm them.</summary>
public sealed class HardTargetTests : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("sonde-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory, InlineData(10), InlineData(13)]
    public void State_and_machine_code_of_a_thread_that_comes_and_goes_are_of_one_moment(int minor)
    {
        using var target = Target.StartReady(Interpreters.OfVersion(minor), "naps.py");
        var (waiting, running) = (0, 0);
        for (var i = 0; i < 100 && (i < 10 || waiting == 0 || running == 0); i++)
        {
            foreach (var thread in Dumper.Dump(new DumpRequest { Pid = target.Pid, Native = true })[0].Threads)
            {
                if (thread.State.Name?.StartsWith("napper", StringComparison.Ordinal) != true || thread.NativeProblem is not null)
                {
                    continue;
                }

                // Where a thread waits its machine code is at a system call; in its own code it can only be while it runs.
                var (state, innermost) = (thread.State, thread.Frames[0]);
                var isInCall = innermost.IsNative && Path.GetFileName(innermost.File) is var file && !file.Contains("python", StringComparison.Ordinal);
                Assert.True(
                    state.State == ThreadState.Running ? state.Waiting is null : isInCall && (state.Waiting ?? "futex") is "clock_nanosleep" or "select" or "pselect6" or "futex",
                    $"{DumpText.Status(state)}, {state.State}, waits in {state.Waiting ?? "nothing"}: {string.Join(", ", thread.Frames.Select(static frame => frame.Function))}");
                Assert.True(state.State == ThreadState.Running || !state.HoldsGil, $"{state.State} with the lock");
                (waiting, running) = state.State == ThreadState.Running ? (waiting, running + 1) : (waiting + 1, running);
            }
        }

        Assert.True(waiting > 0 && running > 0, $"{waiting} waited, {running} ran");
    }

    [Fact]
    public void A_program_whose_executable_was_deleted()
    {
        var interpreter = Interpreters.OfVersion(13);
        var copy = Path.Combine(_directory, "python");
        File.Copy(File.ResolveLinkTarget(interpreter.Path, returnFinalTarget: true)?.FullName ?? interpreter.Path, copy);
        using var target = Start(new Dictionary<string, string> { ["PYTHONHOME"] = Prefix(interpreter) }, copy, "-c", Spinning);
        target.WaitFor("ready");
        File.Delete(copy);

        Assert.Contains("    spin (<string>:", Dump(target).Output, StringComparison.Ordinal);
        Assert.Contains("spin", Record(target));
        Assert.True(target.IsAlive);
    }

    [Fact]
    public void A_program_that_has_a_Python_in_it()
    {
        Requires.Program("/usr/bin/gcc");
        var interpreter = Interpreters.OfVersion(13);
        var library = Path.Combine(Prefix(interpreter), "lib");
        var program = Path.Combine(_directory, "embeds");
        using (var compiler = Target.Start("gcc", Path.Combine(Repository.Targets, "embeds.c"), "-o", program, $"-L{library}", $"-Wl,-rpath,{library}", "-lpython3.13"))
        {
            Assert.True(compiler.WaitForExit() == 0, compiler.Errors);
        }

        using var target = Start(new Dictionary<string, string> { ["PYTHONHOME"] = Prefix(interpreter) }, program);
        target.WaitFor("ready");

        var output = Dump(target, "-l", "--native").Output;

        Assert.Contains("    embedded (<string>:3)\n", output, StringComparison.Ordinal);
        Assert.Contains("            answer: 42\n", output, StringComparison.Ordinal);
        Assert.Contains("PyRun_SimpleStringFlags", output, StringComparison.Ordinal);
        Assert.Contains("    main (", output, StringComparison.Ordinal);
        target.Send("spin");
        Assert.Contains("embedded", Record(target));
        Assert.True(target.IsAlive);
    }

    [Fact]
    public void A_program_in_mounts_and_a_pid_namespace_of_its_own()
    {
        using var target = Target.StartReady(Interpreters.Get("sid-3.14"), "restless.py");

        Assert.Contains("    spin (restless.py:", Dump(target).Output, StringComparison.Ordinal);
        var functions = Record(target);

        Assert.Contains("spin", functions);
        Assert.Contains("outer", functions);
        Assert.True(target.IsAlive);
    }

    [Theory, InlineData(8), InlineData(11), InlineData(13)]
    public void A_program_that_shuts_its_interpreter_down(int minor)
    {
        using var target = Target.StartReady(Interpreters.OfVersion(minor), "finalizes.py");

        var result = Dump(target);

        Assert.Contains("being shut down", result.Output, StringComparison.Ordinal);
        Assert.Contains("    Last.__del__ (finalizes.py:", result.Output, StringComparison.Ordinal);
        target.Send();
        Assert.Equal(0, target.WaitForExit());
    }

    [Fact]
    public void A_program_with_greenlets()
    {
        using var target = Interpreters.StartWithPackages("greenlets.py");

        var output = Regex.Replace(Dump(target, "-l").Output, "0x[0-9a-f]+", "0x");

        string[] threads = output.Split("\nThread ");
        Assert.Equal(3, threads.Length);
        // The first thread: what runs is its stack; of those suspended one is an instance of a class of its own, and those that have ended or not begun are none.
        Assert.Contains("    waits (greenlets.py:23)\n", threads[1], StringComparison.Ordinal);
        Assert.Contains("    Greenlet 0x (running): greenlet.greenlet\n    Greenlet main (suspended): greenlet.greenlet\n        main (greenlets.py:47)\n", threads[1], StringComparison.Ordinal);
        Assert.Contains("    Greenlet 0x (suspended): greenlet.greenlet\n        leaf (greenlets.py:14)\n", threads[1], StringComparison.Ordinal);
        Assert.Contains("        branch (greenlets.py:18)\n", threads[1], StringComparison.Ordinal);
        Assert.Contains("                value: 1\n", threads[1], StringComparison.Ordinal);
        Assert.Contains("    Greenlet 0x (suspended): Worker\n        leaf (greenlets.py:14)\n", threads[1], StringComparison.Ordinal);
        Assert.Equal(4, Regex.Count(threads[1], "Greenlet"));
        // The other one: it waits outside of its greenlet.
        Assert.Contains("    Greenlet 0x (suspended): greenlet.greenlet\n        other_leaf (greenlets.py:28)\n", threads[2], StringComparison.Ordinal);
        Assert.DoesNotContain("could not be followed", output, StringComparison.Ordinal);
        target.Send();
        Assert.Equal(0, target.WaitForExit());
    }

    [Fact]
    public void A_program_that_is_stopped_is_shown_and_stays_so()
    {
        using var target = Target.StartReady(Interpreters.OfVersion(13), "restless.py");
        target.Signal("STOP");

        var output = Dump(target, "-l").Output;

        Assert.Contains("stopped by a signal or a debugger", output, StringComparison.Ordinal);
        Assert.Contains("    spin (restless.py:", output, StringComparison.Ordinal);
        Assert.DoesNotContain("variables are missing", output, StringComparison.Ordinal);
        Assert.Contains("\nState:\tT ", File.ReadAllText($"/proc/{target.Pid}/status"), StringComparison.Ordinal);
        target.Signal("CONT");
        Assert.True(target.IsAlive);
    }

    [Fact]
    public void A_program_that_becomes_another_again_and_again()
    {
        using var target = Target.Start(Interpreters.OfVersion(13).Path, "-S", "-c", "import os, sys\nos.execv(sys.executable, [sys.executable, '-S', '-c', sys.argv[1], sys.argv[1]])", "import os, sys\nos.execv(sys.executable, [sys.executable, '-S', '-c', sys.argv[1], sys.argv[1]])");
        for (var i = 0; i < 5; i++)
        {
            IsDoneOrSaysWhyNot(SondeCommand.Run("dump", "-l", "-n", "-p", Pid(target)));
        }

        IsDoneOrSaysWhyNot(SondeCommand.Run("record", "-i", "-p", Pid(target), "-d", "300ms", "-o", InDirectory("p.jsonl")), isRecording: true);
        Assert.True(target.IsAlive);
    }

    [Fact]
    public void Programs_that_end_while_they_are_looked_at()
    {
        for (var i = 0; i < 5; i++)
        {
            using var target = Target.Start(Interpreters.OfVersion(13).Path, "-S", "-c", "print('ready', flush=True)\nfor i in range(2_000_000): pass");
            target.WaitFor("ready");
            IsDoneOrSaysWhyNot(SondeCommand.Run("dump", "-l", "-p", Pid(target)));
            Assert.Equal(0, target.WaitForExit());
        }
    }

    [Fact]
    public void Programs_that_may_not_be_looked_into()
    {
        Requires.Root();
        using var target = Target.StartReady(Interpreters.OfVersion(11), "restless.py");
        foreach (string[] command in (string[][])[["dump"], ["record", "-d", "100ms", "-o", InDirectory("p.svg")]])
        {
            var result = SondeCommand.RunAsNobody([.. command, "-p", Pid(target)]);
            Assert.Equal(1, result.ExitCode);
            Assert.Contains("another user", result.Complaint, StringComparison.Ordinal);
        }

        if (Strangers.TryFindKernelThread(out var thread))
        {
            var result = SondeCommand.Run("record", "-p", thread.ToString(CultureInfo.InvariantCulture), "-o", InDirectory("p.svg"));
            Assert.Contains("kernel thread", result.Complaint, StringComparison.Ordinal);
        }

        Assert.True(target.IsAlive);
    }

    const string Spinning = "print('ready', flush=True)\ndef spin():\n    while True: pass\nspin()";

    /// <summary>Fails unless it worked, or told one reason in one line.</summary>
    static void IsDoneOrSaysWhyNot(CommandResult result, bool isRecording = false)
    {
        Assert.InRange(result.ExitCode, 0, 1);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
        if (result.ExitCode == 1 && !isRecording)
        {
            Assert.Empty(result.Output);
            Assert.NotEmpty(result.Complaint);
        }
    }

    HashSet<string> Record(Target target)
    {
        var file = InDirectory("p.jsonl");
        var result = SondeCommand.Run("record", "-p", Pid(target), "-d", "1s", "-r", "500", "-o", file);
        Assert.True(result.ExitCode == 0, result.Errors);
        var profile = ProfileFormats.ReadFile(file);
        return [.. Enumerable.Range(0, profile.Frames.Count).Select(number => profile.Frames[number].Function)];
    }

    static CommandResult Dump(Target target, params string[] options)
    {
        var result = SondeCommand.Run(["dump", "-p", Pid(target), .. options]);
        Assert.True(result.ExitCode == 0, result.Errors);
        return result;
    }

    static Target Start(Dictionary<string, string> environment, string program, params string[] arguments) =>
        Target.Start("env", [.. environment.Select(static variable => $"{variable.Key}={variable.Value}"), program, .. arguments]);

    static string Prefix(Interpreter interpreter) => Path.GetDirectoryName(Path.GetDirectoryName(interpreter.Path))!;

    string InDirectory(string name) => Path.Combine(_directory, name);

    static string Pid(Target target) => target.Pid.ToString(CultureInfo.InvariantCulture);
}
