using System.Globalization;
using System.Text.RegularExpressions;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Python;

/// <summary>Python frames in probes that are not Python's: what tests/targets/places.py is known to be at when it is hit.</summary>
public sealed class PythonStackTests
{
    const int Rounds = 50;
    const int Depth = 300;

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Every_probe_has_the_frames_of_its_thread(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        string file = Target.PathOf(interpreter, "places.py");
        string output = Trace(interpreter, """
            tracepoint:syscalls:sys_enter_getppid { @asked[pystack(3)] = count(); @place[pyfunc, pyfile, pyline] = count(); @depths[len(pystack)] = count(); }
            uprobe://libc[.-]*:getppid { @called[pystack(2)] = count(); }
            tracepoint:syscalls:sys_enter_getpgid { @deep = max(len(pystack(1024))); @most = max(len(pystack)); @last = pystack(1024); $near = pystack(7); @stored = max(len(@last)); @near = max(len($near)); }
            tracepoint:syscalls:sys_enter_getuid /tid != pid/ { @thread[pystack(1)] = count(); }
            tracepoint:sched:sched_switch /pid == $1/ { @rests[pyfunc] = count(); }
            profile:hz:999 /pid == $1/ { @works[pyfunc] = count(); }
            """);
        Assert.Contains($"""
            @asked[
                    ask ({file}:15)
                    between ({file}:20)
                    main ({file}:47)
            ]: {Rounds}
            """, output, StringComparison.Ordinal);
        Assert.Contains($"@place[ask, {file}, 15]: {Rounds}\n", output, StringComparison.Ordinal);
        Assert.Contains($"@depths[4]: {Rounds}\n", output, StringComparison.Ordinal);
        Assert.Contains($"""
            @called[
                    ask ({file}:15)
                    between ({file}:20)
            ]: {Rounds}
            """, output, StringComparison.Ordinal);
        // Those of deep, main and the module.
        Assert.Contains($"@deep: {Depth + 3}\n", output, StringComparison.Ordinal);
        Assert.Contains($"@stored: {Depth + 3}\n", output, StringComparison.Ordinal);
        Assert.Contains("@near: 7\n", output, StringComparison.Ordinal);
        Assert.Contains("@most: 256\n", output, StringComparison.Ordinal);
        Assert.Contains($"""
            @thread[
                    in_thread ({file}:42)
            ]: {Rounds}
            """, output, StringComparison.Ordinal);
        Assert.InRange(Count(output, "@rests[rest]"), Rounds, int.MaxValue);
        Assert.InRange(Count(output, "@works[work]"), 1, int.MaxValue);
    }

    [Fact]
    public void A_process_that_begins_later_is_known_when_it_is_hit_again()
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Any();
        using Target sonde = Target.Start(SondeCommand.Path, "-q", "-e", "BEGIN { print(\"attached\"); } tracepoint:syscalls:sys_enter_getppid { printf(\"%d %s\\n\", pid, pyfunc); }");
        sonde.WaitFor("attached");
        using Target target = Target.Start(interpreter.Path, "-c", "import os\ndef again():\n  while True: os.getppid()\nagain()");
        sonde.WaitFor($"{target.Pid} again");
    }

    [Fact]
    public void A_process_without_python_has_no_python_stack()
    {
        Requires.Root();
        CommandResult result = SondeCommand.Run("-q", "-c", "/bin/sh -c 'echo $PPID'", "-e", "tracepoint:syscalls:sys_enter_getppid /pid == cpid/ { printf(\"[%s][%s][%d]\", pystack, pyfunc, pyline); }");
        Assert.Contains("[\n        (no Python)\n][][0]", result.Output, StringComparison.Ordinal);
    }

    static int Count(string output, string key) =>
        Regex.Match(output, $"^{Regex.Escape(key)}: ([0-9]+)$", RegexOptions.Multiline) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    /// <summary>Runs a program on places.py from before its first round to its end, and gives what it printed.</summary>
    static string Trace(Interpreter interpreter, string program)
    {
        Requires.Root();
        using Target target = Target.StartReady(interpreter, "places.py");
        using Target sonde = Target.Start(SondeCommand.Path, "-q", "-p", $"{target.Pid}", "-e",
            program.Replace("$1", $"{target.Pid}", StringComparison.Ordinal) + " interval:ms:1 /@told == 0/ { @told = 1; print(\"attached\"); }");
        sonde.WaitFor("attached");
        target.Send();
        target.WaitFor("done");
        target.Send();
        target.WaitForExit();
        string output = sonde.ReadToEnd();
        Assert.Equal(0, sonde.WaitForExit());
        Assert.Equal("", sonde.Errors);
        return output;
    }
}
