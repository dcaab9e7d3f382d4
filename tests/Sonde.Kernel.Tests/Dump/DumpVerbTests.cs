using System.Globalization;
using System.Text.Json;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Dump;

/// <summary><c>sonde dump</c> of real processes.</summary>
public sealed class DumpVerbTests
{
    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Shows_where_every_thread_is(string name)
    {
        var interpreter = Interpreters.Get(name);
        using var target = Target.StartReady(interpreter, "dumped.py");

        var result = Run(target, "-l", "--hide", "pass*", "--hide", "PASS*");

        Assert.Equal(0, result.ExitCode);
        var lines = result.Output.Split('\n');
        Assert.StartsWith($"Process {target.Pid}: ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith($"Python v3.{interpreter.Version.Minor}.{interpreter.Version.Build} (", lines[1], StringComparison.Ordinal);
        Assert.Equal(3, lines.Count(static line => line.StartsWith("Thread ", StringComparison.Ordinal)));
        // Innermost first, with the source below each, in all threads.
        Follow(result.Output, "    main (dumped.py:", "        line = sys.stdin.readline()", "    <module> (dumped.py:", "        main()");
        for (var thread = 0; thread < 2; thread++)
        {
            Follow(
                result.Output, thread == 0 ? ": \"Worker-A\" - waits in futex" : ": \"Worker-ü\" - waits in futex", "    wait_at.<locals>.inner (dumped.py:", "        event.wait()", "            first: 7", "            second: 2", "            total: 11", "            captured: [0, 'déjà']",
                "    wait_at (dumped.py:", "        return inner(7)", "            depth: 0", "            rest: ('déjà',)", "            named: {'key': 1}", "            text: 'déjà'");
        }

        Assert.DoesNotContain("            unbound:", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("not to be shown", result.Output, StringComparison.Ordinal);
        if (interpreter.Version.Minor >= 11)
        {
            Assert.Contains(
                "        return (len(text), wait_at(event, depth - 1, text, key=depth))\n                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n", result.Output, StringComparison.Ordinal);
        }

        Assert.True(target.IsAlive);
    }

    [Fact]
    public void Shows_the_fields_of_objects_when_asked_twice_and_hides_names_in_them()
    {
        using var target = Target.StartReady(Interpreters.Any(), "dumped.py");

        var result = Run(target, "-ll", "--hide", "pass*", "--hide", "PASS*");

        Assert.Contains("account: <__main__.Account object at 0x", result.Output, StringComparison.Ordinal);
        Assert.Contains("with owner='me', password=<hidden>>", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("not to be shown", result.Output, StringComparison.Ordinal);
        Assert.Contains("password='not to be shown'", Run(target, "-l", "--locals", "--no-redact").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Writes_the_fields_of_py_spy_as_json()
    {
        using var target = Target.StartReady(Interpreters.Any(), "dumped.py");

        using var json = JsonDocument.Parse(Run(target, "--json", "-l").Output);

        var main = json.RootElement[0];
        Assert.Equal(target.Pid, main.GetProperty("pid").GetInt32());
        Assert.Equal(target.Pid, main.GetProperty("os_thread_id").GetInt32());
        foreach (var property in (string[])["thread_id", "thread_name", "active", "owns_gil", "process_info"])
        {
            Assert.True(main.TryGetProperty(property, out _), property);
        }

        var frame = main.GetProperty("frames")[0];
        Assert.Equal("main", frame.GetProperty("name").GetString());
        Assert.EndsWith("/dumped.py", frame.GetProperty("filename").GetString(), StringComparison.Ordinal);
        Assert.Equal("dumped.py", frame.GetProperty("short_filename").GetString());
        Assert.True(frame.GetProperty("line").GetInt32() > 0);
        Assert.Contains(frame.GetProperty("locals").EnumerateArray(), static local => local.GetProperty("name").GetString() == "name" && local.GetProperty("repr").GetString() == "'Worker-ü'");
        Assert.Equal(File.ResolveLinkTarget($"/proc/{target.Pid}/exe", returnFinalTarget: false)!.FullName, main.GetProperty("process_info").GetProperty("executable").GetString());
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Shows_which_task_waits_for_which(string name)
    {
        var interpreter = Interpreters.Get(name);
        using var target = Target.StartReady(interpreter, "tasks.py");

        var result = Run(target, "--tasks");

        Assert.Equal(0, result.ExitCode);
        var output = result.Output;
        Assert.Contains(interpreter.Version.Minor >= 11 ? "\n11 asyncio tasks\n" : "\n9 asyncio tasks\n", output, StringComparison.Ordinal);
        // Before 3.8 tasks have no names.
        var joiner = interpreter.Version.Minor < 8 ? "Task 0x" : "Task \"joiner\"";
        Follow(
            output, joiner, "(waits for 1 task)\n", "    joiner (tasks.py:", "\n    Task ", "(waits for 2 tasks)\n", "        gatherer (tasks.py:", "\n        Task ", "            leaf (tasks.py:", "            branch (tasks.py:", "\n        Task ",
            "            leaf (tasks.py:", "            branch (tasks.py:");
        Follow(output, "(waits for 1 task)\n", "    wait (asyncio/tasks.py:", "    waiter (tasks.py:", "\n    Task ", "        leaf (tasks.py:");
        Follow(output, "    sleep (asyncio/tasks.py:", "    napper (tasks.py:");
        Follow(output, "    leaf (tasks.py:", "    generated (tasks.py:", "    consumer (tasks.py:");
        if (interpreter.Version.Minor >= 11)
        {
            Follow(output, "Task \"grouper\" (waits for 1 task)\n", "    TaskGroup.__aexit__ (asyncio/taskgroups.py:", "    grouper (tasks.py:", "\n    Task \"grouped\" (waits for _asyncio.Future)\n", "        leaf (tasks.py:");
        }
    }

    [Theory, InlineData(9), InlineData(11), InlineData(13)]
    public void Shows_the_machine_code_between_Python_functions(int minor)
    {
        using var target = Target.StartReady(Interpreters.OfVersion(minor), "dumped.py");

        var result = Run(target, "--native");

        Assert.Equal(0, result.ExitCode);
        Follow(result.Output, " (idle): \"MainThread\" - waits in read", "read", "    main (dumped.py:", "    <module> (dumped.py:", "Py_BytesMain", "_start", "Thread ", "acquire", "    Condition.wait (threading.py:", "    wait_at.<locals>.inner (dumped.py:", "    Thread._bootstrap (threading.py:");
    }

    [Fact]
    public void Says_that_there_are_no_tasks()
    {
        using var target = Target.StartReady(Interpreters.Any(), "dumped.py");
        Assert.Contains("\nNo asyncio tasks\n", Run(target, "-t").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Shows_children_and_says_of_those_that_are_no_Python()
    {
        using var target = Target.Start(Interpreters.Any().Path, "-c", "import subprocess, sys\nchild = subprocess.Popen(['sleep', '1000'])\nprint('ready', flush=True)\nsys.stdin.readline()\nchild.kill()");
        target.WaitFor("ready");

        var result = Run(target, "--subprocesses");

        Assert.Equal(0, result.ExitCode);
        Follow(result.Output, $"Process {target.Pid}: ", "Thread ", "------", "Process ", $"Parent Process {target.Pid}: ", "runs no CPython");
        target.Send();
    }

    [Fact]
    public void Says_in_one_line_why_a_process_cannot_be_dumped()
    {
        using var stranger = Strangers.NotPython();
        Fails("runs no CPython", stranger.Pid);
        Fails("does not exist", Strangers.NobodysPid());
        using var parent = Strangers.ParentOfZombie(out var zombie);
        Fails("has exited", zombie);
        using var thirtyTwo = Strangers.ThirtyTwoBit();
        Fails("32-bit", thirtyTwo.Pid);
        if (Strangers.TryFindKernelThread(out var kernelThread))
        {
            Fails("kernel thread", kernelThread);
        }

        using var starting = Strangers.StartingPython(Interpreters.Any(), "dumped.py", out var gate);
        Fails("just starting", starting.Pid);
        Strangers.LetGo(gate);
    }

    [Fact]
    public void Wants_one_process_and_a_core_file_that_is_one()
    {
        Assert.Equal(2, SondeCommand.Run("dump").ExitCode);
        Assert.Equal(2, SondeCommand.Run("dump", "-p", "1", "--core", "x").ExitCode);
        var none = SondeCommand.Run("dump", "--core", "/nowhere/core");
        Assert.Equal(1, none.ExitCode);
        Assert.Single(none.Errors.TrimEnd('\n').Split('\n'));
        var text = SondeCommand.Run("dump", "--core", "/etc/passwd");
        Assert.Equal(1, text.ExitCode);
        Assert.Contains("cannot be read as a core file", text.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Needs_rights_for_other_users_and_none_for_own_processes()
    {
        Requires.Root();
        using var target = Target.StartReady(Interpreters.OfVersion(11), "dumped.py");
        var result = SondeCommand.RunAsNobody("dump", "-p", target.Pid.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(1, result.ExitCode);
        Assert.Single(result.Errors.TrimEnd('\n').Split('\n'));
        Assert.Contains("another user", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Dumps_a_program_whose_files_are_gone()
    {
        var directory = Directory.CreateTempSubdirectory("sonde-");
        var script = Path.Combine(directory.FullName, "gone.py");
        File.WriteAllText(script, "import sys\nprint('ready', flush=True)\nsys.stdin.readline()\n");
        using var target = Target.Start(Interpreters.Any().Path, script);
        target.WaitFor("ready");
        directory.Delete(recursive: true);

        var result = Run(target);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("    <module> (gone.py:3)\n", result.Output, StringComparison.Ordinal);
    }

    static void Fails(string reason, int pid)
    {
        var result = SondeCommand.Run("dump", "-p", pid.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(1, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Single(result.Errors.TrimEnd('\n').Split('\n'));
        Assert.Contains(reason, result.Errors, StringComparison.Ordinal);
        Assert.Contains(pid.ToString(CultureInfo.InvariantCulture), result.Errors, StringComparison.Ordinal);
    }

    static CommandResult Run(Target target, params IEnumerable<string> options) => SondeCommand.Run(["dump", "-p", target.Pid.ToString(CultureInfo.InvariantCulture), .. options]);

    /// <summary>Fails unless the pieces occur in that order.</summary>
    static void Follow(string text, params string[] pieces)
    {
        var at = 0;
        foreach (var piece in pieces)
        {
            var found = text.IndexOf(piece, at, StringComparison.Ordinal);
            Assert.True(found >= 0, $"'{piece}' is missing after character {at} of:\n{text}");
            at = found + piece.Length;
        }
    }
}
