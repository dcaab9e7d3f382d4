using System.Globalization;
using System.Text;
using Sonde.Bpf;
using Sonde.Engine.Scripts.Session;
using Sonde.Kernel.Tests.Bpf;
using Sonde.Kernel.Tests.Targets;
using Sonde.Script;
using Sonde.Script.Binding;
using Sonde.Script.Syntax;
using Xunit;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Kernel.Tests.Script.Session;

/// <summary>Sessions on the running kernel, of scripts made by hand.</summary>
public sealed class ScriptSessionTests
{
    public ScriptSessionTests() => Requires.Root();

    [Fact]
    public void Begin_and_end_run_in_their_order_and_then_maps_are_printed()
    {
        var script = new SmallScript();
        var print = script.Action(ActionKind.Printf, 1, "%d\n");
        var map = script.Scalar("@n");
        script.Program(ProgramType.RawTracepoint, script.Send(print, 4), SmallScript.Probe(ProbeKind.End, "end"));
        script.Program(ProgramType.RawTracepoint, [.. script.Send(print, 1), .. SmallScript.Increment(map)], SmallScript.Probe(ProbeKind.Begin, "begin"));
        script.Program(ProgramType.RawTracepoint, script.Send(print, 2), SmallScript.Probe(ProbeKind.Begin, "begin"));
        var run = Run(script);
        Assert.Equal("1\n2\n4\n\n\n@n: 1\n", run.Output);
        Assert.Equal("Attached 3 probes\n", run.Messages);
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public void An_exit_code_is_the_sessions()
    {
        var script = new SmallScript();
        var exit = script.Action(ActionKind.Exit, 1);
        script.Program(ProgramType.RawTracepoint, script.Send(exit, 7), SmallScript.Probe(ProbeKind.Begin, "begin"));
        script.Program(ProgramType.PerfEvent, [], Interval(1_000_000));
        Assert.Equal(7, Run(script).ExitCode);
    }

    [Fact]
    public void An_interval_fires_until_the_script_ends_itself()
    {
        var script = new SmallScript();
        var print = script.Action(ActionKind.Printf, 1, "%d ");
        var exit = script.Action(ActionKind.Exit, 1);
        var map = script.Scalar("@n");
        var label = new Label("no");
        script.Program(ProgramType.PerfEvent,
        [
            .. SmallScript.Increment(map), Load(Size.Double, R6, R1, 8), .. script.Send(print, 0, R6),
            JumpIf(Condition.NotEqual, R6, 3, label), .. script.Send(exit, 0), Mark(label),
        ], Interval(1_000_000));
        var run = Run(script);
        Assert.StartsWith("1 2 3 ", run.Output, StringComparison.Ordinal);
        Assert.Equal("Attached 1 probe\n", run.Messages);
    }

    [Fact]
    public void Ten_thousand_events_come_in_their_order()
    {
        var (script, _) = OnLldiv(new SmallScript());
        var run = RunWhile(script, () => LibcFunction.Call(0, 10_000));
        Assert.Equal(Enumerable.Range(0, 10_000), Numbers(run.Output));
    }

    [Fact]
    public void What_the_buffer_had_no_room_for_is_told()
    {
        var (script, _) = OnLldiv(new SmallScript { Ring = new() { Type = MapType.RingBuffer, Name = "ring", MaxEntries = 4096 } });
        var run = RunWhile(script, () => LibcFunction.Call(0, 5000), slow: true);
        var lost = run.Messages.Split('\n').Where(line => line.StartsWith("Lost ", StringComparison.Ordinal)).Sum(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
        Assert.True(lost > 0);
        Assert.Equal(5000, lost + Numbers(run.Output).Count());
    }

    [Fact]
    public void Clearing_a_map_happens_between_the_prints_around_it()
    {
        var script = new SmallScript();
        var map = script.Scalar("@n");
        var print = script.Action(ActionKind.PrintMap, 2, map: map);
        var clear = script.Action(ActionKind.ClearMap, 0, map: map);
        var zero = script.Action(ActionKind.ZeroMap, 0, map: map);
        script.Program(ProgramType.RawTracepoint,
            [.. SmallScript.Increment(map), .. script.Send(print, 0), .. script.Send(zero, 0), .. script.Send(print, 0), .. script.Send(clear, 0), .. script.Send(print, 0)],
            SmallScript.Probe(ProbeKind.Begin, "begin"));
        Assert.Equal("@n: 1\n@n: 0\n@n: 0\n\n\n", Run(script).Output);
    }

    [Fact]
    public void Json_has_a_line_for_each_thing()
    {
        var script = new SmallScript();
        var map = script.Scalar("@n");
        var print = script.Action(ActionKind.Printf, 1, "%d\n");
        var value = script.Action(ActionKind.PrintValue, 1);
        var error = script.Action(ActionKind.Errorf, 1, "bad %d");
        script.Program(ProgramType.RawTracepoint, [.. script.Send(print, 5), .. script.Send(value, 6), .. script.Send(error, 7), .. SmallScript.Increment(map)], SmallScript.Probe(ProbeKind.Begin, "begin"));
        var run = Run(script, options => options with { Format = OutputFormat.Json });
        Assert.Equal("""
            {"type": "attached_probes", "count": 1, "data": {"probes": 1}}
            {"type": "printf", "data": "5\n"}
            {"type": "value", "data": 6}
            {"type": "errorf", "msg": "bad 7", "filename": "", "line": 0, "col": 0}
            {"type": "map", "data": {"@n": 1}}

            """, run.Output);
        Assert.Equal("", run.Messages);
    }

    [Fact]
    public void A_place_that_cannot_be_attached_to_is_an_error_or_a_warning_as_the_script_says()
    {
        var missing = SmallScript.Probe(ProbeKind.Uprobe, "uprobe:/nonexistent:f") with { Path = "/nonexistent", FileOffset = 16 };
        var strict = new SmallScript();
        strict.Program(ProgramType.Kprobe, [], missing);
        var problem = Assert.Throws<ScriptLoadException>(() => Run(strict));
        Assert.Contains("Unable to attach probe: uprobe:/nonexistent:f", problem.Message, StringComparison.Ordinal);
        Assert.Contains("missing_probes", problem.Message, StringComparison.Ordinal);

        var lenient = new SmallScript { Config = new ScriptConfig { MissingProbes = "warn" } };
        lenient.Program(ProgramType.Kprobe, [], missing);
        Assert.Contains("WARNING: Unable to attach probe: uprobe:/nonexistent:f", Run(lenient).Messages, StringComparison.Ordinal);
    }

    [Fact]
    public void One_bad_place_among_many_costs_only_itself()
    {
        var script = new SmallScript { Config = new ScriptConfig { MissingProbes = "warn" } };
        var good = Lldiv("good");
        script.Program(ProgramType.Kprobe, [], [good, .. Enumerable.Range(0, 9).Select(i => good with { Name = $"again{i}" }), good with { Name = "bad", FileOffset = 1UL << 40 }]);
        var run = RunWhile(script, () => { });
        Assert.Contains("Attached 10 probes\n", run.Messages, StringComparison.Ordinal);
        Assert.Contains("Unable to attach probe: bad", run.Messages, StringComparison.Ordinal);
    }

    [Fact]
    public void Kprobes_say_what_the_kernel_lacks()
    {
        Assert.SkipWhen(KernelFeatures.Kprobes.IsSupported, "this kernel has kprobes");
        var script = new SmallScript();
        script.Program(ProgramType.Kprobe, [], SmallScript.Probe(ProbeKind.Kprobe, "kprobe:vfs_read") with { Function = "vfs_read" });
        Assert.Contains("CONFIG_KPROBES", Assert.Throws<ScriptLoadException>(() => Run(script)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_ends_with_its_process()
    {
        using var target = Target.Start("sleep", "1000");
        var script = new SmallScript();
        script.Program(ProgramType.PerfEvent, [], Interval(1_000_000_000));
        var run = Run(script, options => options with { ProcessId = target.Pid, Attached = () => target.Signal("KILL") });
        Assert.Equal("\n\n", run.Output);
    }

    [Fact]
    public void A_command_is_held_until_everything_is_attached_and_ends_the_script()
    {
        using var child = ScriptChild.Start(["/bin/true"]);
        child.EnterProgram();
        Assert.Equal("/usr/bin/true", File.ResolveLinkTarget($"/proc/{child.Pid}/exe", returnFinalTarget: true)?.FullName);
        var script = new SmallScript();
        var print = script.Action(ActionKind.Printf, 1, "%d\n");
        // exit() of the C library runs once in the command.
        script.Program(ProgramType.Kprobe, script.Send(print, 1), Libc("_exit") with { ProcessId = child.Pid });
        var run = Run(script, options => options with { Child = child });
        Assert.Equal("1\n\n\n", run.Output);
        Assert.Equal(0, child.Status);
    }

    [Fact]
    public void A_command_that_is_not_let_go_never_runs()
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        foreach (bool enters in (bool[])[false, true])
        {
            using var child = ScriptChild.Start(["/usr/bin/touch", file]);
            if (enters)
            {
                child.EnterProgram();
            }
        }
        Assert.False(File.Exists(file));
    }

    [Fact]
    public void A_command_that_cannot_be_started_has_ended()
    {
        using var child = ScriptChild.Start(["/nonexistent/command"]);
        child.EnterProgram();
        Assert.True(child.HasEnded);
        Assert.Equal(127, child.Status >> 8);
    }

    [Fact]
    public void A_signal_runs_its_probe()
    {
        const int user1 = 10;
        var script = new SmallScript();
        var print = script.Action(ActionKind.Printf, 1, "%d\n");
        var exit = script.Action(ActionKind.Exit, 1);
        script.Program(ProgramType.RawTracepoint, [.. script.Send(print, 5), .. script.Send(exit, 0)], SmallScript.Probe(ProbeKind.SelfSignal, "self:signal:SIGUSR1") with { Signal = user1 });
        var run = Run(script, options => options with { Attached = () => { using var kill = System.Diagnostics.Process.Start("kill", ["-USR1", $"{Environment.ProcessId}"]); } });
        Assert.Equal("5\n\n\n", run.Output);
    }

    [Fact]
    public void A_reader_who_leaves_ends_the_session_quietly()
    {
        var script = new SmallScript();
        var print = script.Action(ActionKind.Printf, 1, "%d\n");
        script.Program(ProgramType.PerfEvent, script.Send(print, 1), Interval(1_000_000));
        using var session = new ScriptSession(script.Compile(), new SessionOptions { Output = new ClosedPipe() });
        Assert.Equal(0, session.Run(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Twenty_thousand_places_are_attached_to()
    {
        Assert.SkipUnless(KernelFeatures.UprobeMulti.IsSupported, "needs uprobe_multi");
        const int count = 20_000;
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, Enumerable.Repeat((byte)0x90, 16 * count).ToArray());
            var script = new SmallScript();
            script.Program(ProgramType.Kprobe, [], [.. Enumerable.Range(0, count).Select(i => SmallScript.Probe(ProbeKind.Uprobe, $"place{i}") with { Path = path, FileOffset = 16UL * (ulong)i })]);
            Assert.Equal("Attached 20000 probes\n", RunWhile(script, () => { }).Messages);
        }
        finally
        {
            File.Delete(path);
        }
    }

    static ResolvedProbe Interval(ulong ns) => SmallScript.Probe(ProbeKind.Interval, $"interval:us:{ns / 1000}") with { Period = ns };

    static ResolvedProbe Lldiv(string name) => SmallScript.Probe(ProbeKind.Uprobe, name) with { Path = LibcFunction.Path, FileOffset = LibcFunction.Offset, ProcessId = Environment.ProcessId };

    static ResolvedProbe Libc(string function)
    {
        var file = Sonde.Symbols.Elf.ElfFile.Parse(File.ReadAllBytes(LibcFunction.Path), "libc");
        var table = Sonde.Symbols.Tables.SymbolTable.Read(file);
        Assert.True(table.TryFind(function, out var symbol));
        Assert.True(symbol.TryGetFileOffset(out var offset));
        return SmallScript.Probe(ProbeKind.Uprobe, $"uprobe:libc:{function}") with { Path = LibcFunction.Path, FileOffset = offset };
    }

    /// <summary>Prints the first argument of a function that only tests call.</summary>
    static (SmallScript Script, int Print) OnLldiv(SmallScript script)
    {
        const int firstArgument = 112; // rdi in struct pt_regs
        var print = script.Action(ActionKind.Printf, 1, "%d\n");
        script.Program(ProgramType.Kprobe, [Load(Size.Double, R6, R1, firstArgument), .. script.Send(print, 0, R6)], Lldiv("uprobe:libc:lldiv"));
        return (script, print);
    }

    static IEnumerable<int> Numbers(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line, CultureInfo.InvariantCulture));

    static SessionRun Run(SmallScript script, Func<SessionOptions, SessionOptions>? change = null) => Execute(script, change, TestContext.Current.CancellationToken);

    static SessionRun Execute(SmallScript script, Func<SessionOptions, SessionOptions>? change, CancellationToken cancellation)
    {
        using var output = new MemoryStream();
        using var messages = new StringWriter(CultureInfo.InvariantCulture);
        var options = new SessionOptions { Output = output, Messages = messages };
        using var session = new ScriptSession(script.Compile(), change?.Invoke(options) ?? options);
        var code = session.Run(cancellation);
        return new SessionRun(code, Encoding.UTF8.GetString(output.ToArray()), messages.ToString());
    }

    /// <summary>Runs a script that does not end by itself while something is done.</summary>
    static SessionRun RunWhile(SmallScript script, Action work, bool slow = false)
    {
        using var cancel = new CancellationTokenSource();
        // All of the work is done before the session first looks at its records, when it is to be slow.
        return Execute(script, options => options with
        {
            Attached = () =>
            {
                if (slow)
                {
                    work();
                    cancel.Cancel();
                    return;
                }

                new Thread(() =>
                {
                    work();
                    cancel.Cancel();
                }).Start();
            },
        }, cancel.Token);
    }

    sealed record SessionRun(int ExitCode, string Output, string Messages);

    /// <summary>Fails as a pipe does that nobody reads any more.</summary>
    sealed class ClosedPipe : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("closed", 32);

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("closed", 32);
    }
}
