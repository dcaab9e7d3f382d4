using System.Globalization;
using Sonde.Engine.Scripts.Sinks.Forms;

namespace Sonde.Engine.Runtimes;

/// <summary>In what latency is measured.</summary>
enum LatencyUnit
{
    Nanoseconds,
    Microseconds,
    Milliseconds,
}

/// <summary>The programs of the verbs that take any probe: <c>calls</c> with probes, <c>latency</c>, <c>stacks</c>.</summary>
static class ProbePrograms
{
    static readonly string[] _countMaps = ["@functions", "@probes", "@python"];

    /// <summary>Counts hits per function or probe.</summary>
    public static VerbProgram Counts(IReadOnlyList<ProbeSpelling> probes, int top, ReportTimes times)
    {
        var text = new ProgramText();
        foreach (var probe in probes)
        {
            text.Add(probe.Entry, probe.IsPython ? "@python[pyfunc] = count();" : probe.Entry.StartsWith("uprobe:", StringComparison.Ordinal) || probe.Entry.StartsWith("kprobe:", StringComparison.Ordinal) ? "@functions[func] = count();" : "@probes[probe] = count();");
        }

        var maps = _countMaps.Where(text.ToString().Contains).ToList();
        var table = new TableLayout("FUNCTION", [new("# CALLS", maps)], maps[^1]) { Top = top };
        return new VerbProgram(text.Report(times, maps, []).ToString(), new TableForm(table), []);
    }

    /// <summary>A histogram of how long calls take, callees included.</summary>
    /// <param name="probes">Functions.</param>
    /// <param name="unit">In what.</param>
    /// <param name="perFunction">A histogram for each function.</param>
    /// <param name="times">When it is told.</param>
    /// <exception cref="UserErrorException">A probe is no function.</exception>
    public static VerbProgram Latency(IReadOnlyList<ProbeSpelling> probes, LatencyUnit unit, bool perFunction, ReportTimes times)
    {
        var text = new ProgramText();
        var divisor = unit switch { LatencyUnit.Microseconds => 1000, LatencyUnit.Milliseconds => 1_000_000, _ => 1 };
        var isPython = probes.Any(static probe => probe.IsPython);
        foreach (var probe in probes)
        {
            if (probe.Return is not { } end)
            {
                throw new UserErrorException($"latency of '{probe.Entry}': it has no end to measure to; name a function: libc:malloc, vfs_read, pycall:app.handle");
            }

            if (probe.IsPython != isPython)
            {
                throw new UserErrorException("latency: Python functions and others cannot be measured together; run it twice");
            }

            var record = $"@latency[NAME] = hist($took / {divisor}); @total[NAME] = stats($took / {divisor});";
            if (isPython)
            {
                text.Add(probe.Entry, "@start[pid, pyframe] = nsecs;");
                text.Add(end, $"$took = (uint64)(nsecs - @start[pid, pyframe]); {Named(record, perFunction ? "pyfunc" : null)} delete(@start, (pid, pyframe));", "has_key(@start, (pid, pyframe))");
                continue;
            }

            // Where a function ends its name is not known, so it is remembered: calls of a thread end in the reverse order.
            text.Add(probe.Entry, $"@depth[tid]++; $depth = @depth[tid]; @start[tid, $depth] = nsecs;{(perFunction ? " @name[tid, $depth] = func;" : "")}");
            text.Add(end, $"$depth = @depth[tid]; $took = (uint64)(nsecs - @start[tid, $depth]); {Named(record, perFunction ? "@name[tid, $depth]" : null)} delete(@start, (tid, $depth));{(perFunction ? " delete(@name, (tid, $depth));" : "")} @depth[tid]--;", "@depth[tid] > 0");
        }

        string[] others = isPython ? ["@start"] : perFunction ? ["@start", "@depth", "@name"] : ["@start", "@depth"];
        var word = unit switch { LatencyUnit.Microseconds => "usecs", LatencyUnit.Milliseconds => "msecs", _ => "nsecs" };
        return new VerbProgram(text.Report(times, ["@latency", "@total"], others).ToString(), new LatencyForm(word), []);
    }

    static string Named(string record, string? name) => name is null ? record.Replace("[NAME]", "", StringComparison.Ordinal) : record.Replace("NAME", name, StringComparison.Ordinal);

    /// <summary>Counts the stacks that lead to probes.</summary>
    /// <param name="probes">The probes.</param>
    /// <param name="kernel">Frames of the kernel.</param>
    /// <param name="user">Frames of machine code.</param>
    /// <param name="tables">Whether those are followed by unwind tables, which needs a process to be named: where a function begins, its caller has no frame pointer yet.</param>
    /// <param name="python">Frames of Python.</param>
    /// <param name="depth">The most frames of each.</param>
    /// <param name="folded">As lines that flame graphs are made of.</param>
    /// <param name="times">When they are told.</param>
    public static VerbProgram Stacks(IReadOnlyList<ProbeSpelling> probes, bool kernel, bool user, bool tables, bool python, int depth, bool folded, ReportTimes times)
    {
        // The kernel has nothing on a stack that stands in user space.
        kernel &= probes.Any(static probe => !probe.IsOfProgram);
        var frames = string.Create(CultureInfo.InvariantCulture, $"{(kernel ? $"kstack({depth}), " : "")}{(user ? $"{(tables ? "dw_ustack" : "ustack")}({depth}), " : "")}{(python ? $"pystack({depth}), " : "")}comm");
        var text = new ProgramText(tables ? "unstable_dw_ustack = enable" : null).Add(string.Join(",\n", probes.Select(static probe => probe.Entry)), $"@stacks[{frames}] = count();");
        return new VerbProgram(text.Report(times, ["@stacks"], []).ToString(), folded ? new FoldedForm() : null, []);
    }
}
