using Sonde.Kernel.Tests.Targets;
using Sonde.Tests.Script.Specs;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Specs;

/// <summary>
/// Programs as people write them every day, run by Sonde and by the bpftrace 0.17 of Debian bookworm: they print the same and end alike. Empty lines do not count, for 0.17 has some more.
/// </summary>
public sealed class OldBpftraceTests
{
    const string Shape = "struct point { int x; int y; } struct shape { char name[16]; char *label; int color; struct point corner; struct point *other; int sides[4]; }";

    [Theory]
    [InlineData("tracepoint:syscalls:sys_enter_getpriority /pid == cpid/ { @calls[comm, args->which] = count(); }", "syscalls 20")]
    [InlineData("tracepoint:syscalls:sys_enter_openat /pid == cpid/ { printf(\"%s\\n\", str(args->filename)); }", "open")]
    [InlineData("tracepoint:raw_syscalls:sys_enter /pid == cpid && args->id == 140/ { @n = count(); } END { printf(\"end\\n\"); }", "syscalls 7")]
    [InlineData("tracepoint:sched:sched_process_exit /pid == cpid/ { printf(\"%s\\n\", comm); }", "exit 3")]
    [InlineData("uprobe:{target}:add { printf(\"%d %d\\n\", arg0, arg1); }", "calls 5")]
    [InlineData("uprobe:{target}:add { @start[tid] = arg0; } uretprobe:{target}:add /@start[tid]/ { @results = hist(retval); @lin = lhist(retval, 0, 100, 10); delete(@start[tid]); }", "calls 50")]
    [InlineData("uretprobe:{target}:add { @sum = sum(retval); @avg = avg(retval); @min = min(retval); @max = max(retval); @last = retval; }", "calls 50")]
    [InlineData("uprobe:{target}:greet { printf(\"%s %d\\n\", str(arg0), strncmp(str(arg0), \"world\", 5)); } uretprobe:{target}:greet { @[str(retval)] = count(); }", "values")]
    [InlineData(Shape + " uprobe:{target}:area { $s = (struct shape *)arg0; printf(\"%s %s %d %d %d\\n\", $s->name, str($s->label), $s->corner.y, $s->other->x, $s->sides[2]); }", "values")]
    [InlineData("uprobe:{target}:list { join(arg0); join(arg0, \",\"); } uprobe:{target}:bytes { printf(\"%r\\n\", buf(arg0, arg1)); }", "values")]
    [InlineData("uprobe:{target}:small { printf(\"%d %d %d %d\\n\", (int8)arg0, (uint8)arg1, (int16)arg2, (uint16)arg3); }", "values")]
    [InlineData("usdt:{target}:specs:text { printf(\"%d %s\\n\", arg0, str(arg1)); @[probe] = count(); }", "probes 3")]
    [InlineData("profile:hz:99 /pid == cpid && comm == \"spectarget\"/ { @[comm] = 1; exit(); }", "spin 5")]
    [InlineData("interval:ms:20 { @n++; if (@n == 3) { printf(\"%d\\n\", @n); clear(@n); exit(); } }", null)]
    [InlineData("begin { $i = 0; while ($i < 5) { if ($i & 1) { $i++; continue; } printf(\"%d \", $i); $i++; } unroll(3) { @u++; } printf(\"%s\\n\", $i == 5 ? \"five\" : \"other\"); }", null)]
    [InlineData("begin { @a[1, \"x\"] = 1; @a[2, \"y\"] = 2; @b = (1, \"two\", 3); delete(@a[1, \"x\"]); @c[3] = count(); clear(@c); @d[\"k\"] = sum(5); zero(@d); print(@b); exit(); }", null)]
    [InlineData("begin { @x[1] = sum(1); @x[2] = sum(5); @x[3] = sum(3); print(@x, 2); print(@x, 0, 2); clear(@x); exit(); }", null)]
    [InlineData("begin { printf(\"[%5d] [%-5d] [%x] [%s] [%-6s] [%c] [%%] [%lld] [%p]\\n\", 7, 7, 255, \"abc\", \"ab\", 65, -5, 0xdead); }", null)]
    [InlineData("begin { printf(\"%s %s\\n\", ntop(0x0100007f), ntop(10, 0x0100007f)); printf(\"%d %d %d\\n\", sizeof(uint64), 0xff & ~0x0f, 1 << 10 | 3); printf(\"%d\\n\", 10 / 3 * 2 - 7 % 4); }", null)]
    [InlineData("begin { cat(\"/proc/sys/kernel/ostype\"); system(\"echo ran %d\", 5); printf(\"%d %s\\n\", tid == pid, strftime(\"%Y\", nsecs)); exit(); }", null)]
    [InlineData("begin { printf(\"%d\\n\" }", null)]
    [InlineData("begin { $x = 1; $x = \"text\"; nosuch(); }", null)]
    [InlineData("tracepoint:no:such { }", null)]
    [InlineData("uprobe:/no/such/program:f { }", null)]
    public async Task Everyday_programs_do_what_they_did_with_bpftrace_0_17(string program, string? mode)
    {
        (string old, string now) = await Run(program, mode);
        Assert.Equal(old, now);
    }

    /// <summary>What has another result on purpose; docs/bpftrace-compatibility.md says so too.</summary>
    [Theory]
    [InlineData("begin { print((1 == 1, !5)); }", "(1, 0)", "(true, false)", "truth values have a type of their own")]
    [InlineData("begin { @s = stats(10); @s = stats(20); exit(); }", "@s: count 2, average 15, total 30", "@s: { .count = 2, .average = 15, .total = 30 }", "it is a value with fields")]
    [InlineData("begin { @m = max(-5); @m = max(-3); exit(); }", "", "@m: -3", "the greatest of negative numbers is one of them")]
    [InlineData("uprobe:{target}:greet { print(str(arg0, 3)); exit(); }", "wor", "wo", "the length of a text counts its end")]
    [InlineData("begin { print((uint64)3 - (uint64)5); exit(); }", "18446744073709551614", "-2", "a difference has a sign")]
    public async Task Others_differ_for_a_reason(string program, string expectedOld, string expected, string reason)
    {
        (string old, string now) = await Run(program, "values");
        Assert.True((Ended(expectedOld), Ended(expected)) == (old, now), $"{program}: {reason}, so it was to print\n{expected}\nbut printed\n{now}\nand the old one\n{old}");
    }

    static async Task<(string Old, string Now)> Run(string program, string? mode)
    {
        Requires.Root();
        Requires.That(SpecTool.OldBpftrace is not null, "needs tests/setup/bpftrace bookworm");
        var spec = new Spec("everyday", 1, "everyday") { Program = program, Child = mode is null ? null : $"{{target}} {mode}", Options = ["--unsafe"] };
        SpecRun[] runs = await Task.WhenAll(new[] { SpecTool.OldBpftrace!, SpecTool.Sonde }.Select(tool => Task.Run(() => SpecRun.Of(spec, tool))));
        return (Told(runs[0]), Told(runs[1]));
    }

    static string Ended(string output) => $"{output}\nexit code 0";

    static string Told(SpecRun run) =>
        $"{string.Join('\n', run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd()))}\nexit code {run.ExitCode}";
}
