using Sonde.Engine.Scripts.Sinks.Forms;

namespace Sonde.Engine.Runtimes;

/// <summary>A program of a verb with the form of what it prints.</summary>
/// <param name="Text">The program.</param>
/// <param name="Form">What its maps look like; null for the language's own form.</param>
/// <param name="Warnings">What the user should know before it runs.</param>
sealed record VerbProgram(string Text, MapForm? Form, IReadOnlyList<string> Warnings);

/// <summary>The programs of <c>calls</c>, <c>gc</c>, <c>new</c>, <c>threads</c> and <c>stat</c>, made of the table of runtimes.</summary>
static class RuntimePrograms
{
    const string Depth = "@depth[tid]++; $depth = @depth[tid]; @start[tid, $depth] = nsecs;";
    const string EndDepth = "$depth = @depth[tid]; $took = (uint64)(nsecs - @start[tid, $depth]); delete(@start, (tid, $depth)); @depth[tid]--;";
    const string HasBegun = "@depth[tid] > 0";

    /// <summary>Counts calls per function, and with <paramref name="latency"/> the time they take, callees included.</summary>
    public static VerbProgram Calls(RunningRuntime runtime, bool latency, bool systemCalls, int top, ReportTimes times)
    {
        var text = new ProgramText();
        if (runtime.IsPython)
        {
            text.Add("pycall:*", $"@calls[pyfunc, pyfile] = count();{(latency ? " @start[pid, pyframe] = nsecs;" : "")}");
            if (latency)
            {
                text.Add("pyreturn:*,\npyraise:*", "@ns[pyfunc, pyfile] = sum((uint64)(nsecs - @start[pid, pyframe])); delete(@start, (pid, pyframe));", "has_key(@start, (pid, pyframe))");
            }
        }

        foreach (var call in Present(runtime, runtime.Runtime.Calls, static call => call.Entry))
        {
            var names = string.Join(", ", call.Names);
            text.Add(Place(runtime, call.Entry), $"@calls[{names}] = count();{(latency ? " " + Depth : "")}");
            if (latency)
            {
                text.Add(Place(runtime, call.Return), $"{EndDepth} @ns[{names}] = sum($took);", HasBegun);
            }
        }

        List<string> printed = latency ? ["@calls", "@ns"] : ["@calls"];
        if (systemCalls)
        {
            text.Add("tracepoint:raw_syscalls:sys_enter", "@syscalls[syscall_name(args.id)] = count();");
            printed.Add("@syscalls");
        }

        var table = CallsTable(runtime.IsPython, runtime.Runtime.Separator, latency, top, printed[^1]);
        return new VerbProgram(text.Report(times, printed, !latency ? [] : runtime.IsPython ? ["@start"] : ["@start", "@depth"]).ToString(), new TableForm(table), runtime.Runtime.CallsNote is { } note ? [note] : []);
    }

    /// <summary>The table of <c>calls</c>; a Python function's key is its name and its file.</summary>
    public static TableLayout CallsTable(bool isPython, string separator, bool latency, int top, string lastMap)
    {
        List<TableColumn> columns = [new("# CALLS", ["@calls", "@syscalls"])];
        if (latency)
        {
            columns.Add(new("TIME (us)", ["@ns"]) { Unit = TableUnit.Microseconds });
        }

        return new TableLayout("FUNCTION", columns, lastMap)
        {
            Top = top,
            KeyText = isPython ? static parts => parts.Count == 2 ? $"{parts[0]} ({parts[1]})" : parts[0] : parts => string.Join(separator, parts.Where(static part => part.Length > 0)),
        };
    }

    /// <summary>Tells each collection of at least some length.</summary>
    public static VerbProgram Collections(RunningRuntime runtime, TimeSpan least, TimeSpan? duration)
    {
        var text = new ProgramText().Add("begin", "printf(\"%-15s %-7s %12s  %s\\n\", \"TIME\", \"PID\", \"TOOK (us)\", \"WHAT\");");
        var told = $"if ($took >= {(long)least.TotalNanoseconds}) {{ printf(\"%-15s %-7d %8d.%03d  %s\\n\", strftime(\"%H:%M:%S.%f\", nsecs), pid, $took / 1000, $took % 1000, WHAT); }} @took_us = hist($took / 1000);";
        var collections = Present(runtime, runtime.Runtime.Collections, static collection => collection.Begin).ToList();
        foreach (var collection in collections)
        {
            text.Add(Place(runtime, collection.Begin), $"@start[tid] = nsecs; @what[tid] = {collection.What};");
            text.Add(Place(runtime, collection.End), $"$took = (uint64)(nsecs - @start[tid]); {told.Replace("WHAT", "@what[tid]", StringComparison.Ordinal)} delete(@start, tid); delete(@what, tid);", "has_key(@start, tid)");
        }

        if (collections.Count == 0)
        {
            // One collects through another in some versions: only the outermost counts.
            var path = ProgramText.Quoted(runtime.Path);
            text.Add(string.Join(",\n", runtime.Functions.Select(function => $"uprobe:{path}:{ProgramText.Quoted(function)}")), "@depth[tid]++; if (@depth[tid] == 1) { @start[tid] = nsecs; }");
            text.Add(string.Join(",\n", runtime.Functions.Select(function => $"uretprobe:{path}:{ProgramText.Quoted(function)}")),
                $"@depth[tid]--; if (@depth[tid] == 0) {{ $took = (uint64)(nsecs - @start[tid]); {told.Replace("WHAT", "\"collection\"", StringComparison.Ordinal)} delete(@start, tid); }}", HasBegun);
        }

        string[] others = collections.Count == 0 ? ["@start", "@depth"] : ["@start", "@what"];
        return new VerbProgram(text.Report(new ReportTimes(null, null, duration), ["@took_us"], others).ToString(), null, []);
    }

    /// <summary>Counts new objects per type, and their bytes or elements.</summary>
    public static VerbProgram Objects(RunningRuntime runtime, int top, ReportTimes times)
    {
        var text = new ProgramText();
        var allocations = Present(runtime, runtime.Runtime.Allocations, static allocation => allocation.Probe).ToList();
        var hasSizes = allocations.Exists(static allocation => allocation.Size is not null);
        foreach (var (probe, type, size) in allocations)
        {
            text.Add(Place(runtime, probe), $"@objects[{type}] = count();{(size is null ? "" : $" @size[{type}] = sum((int64){size});")}");
        }

        string[] maps = hasSizes ? ["@objects", "@size"] : ["@objects"];
        var table = new TableLayout("TYPE", hasSizes ? [new("# OBJECTS", ["@objects"]), new("SIZE", ["@size"])] : [new("# OBJECTS", ["@objects"])], maps[^1]) { Top = top };
        return new VerbProgram(text.Report(times, maps, []).ToString(), new TableForm(table), []);
    }

    /// <summary>Tells threads as they begin and end.</summary>
    public static VerbProgram Threads(RunningRuntime? runtime, TimeSpan? duration)
    {
        var text = new ProgramText().Add("begin", "printf(\"%-15s %-7s %-7s %-6s %s\\n\", \"TIME\", \"PID\", \"THREAD\", \"EVENT\", \"DESCRIPTION\");");
        const string line = "printf(\"%-15s %-7d %-7d %-6s %s\\n\", strftime(\"%H:%M:%S.%f\", nsecs), pid, ";
        foreach (var thread in runtime is null ? [] : Present(runtime, runtime.Runtime.Threads, static thread => thread.Probe))
        {
            text.Add(Place(runtime!, thread.Probe), $"{line}{thread.Id}, \"{thread.Event}\", {thread.Description});");
        }

        // Threads of machine code: the function that each is to run.
        text.Add("uprobe:libc:pthread_create", $"{line}tid, \"create\", usym(arg2));");
        if (duration is { } end)
        {
            text.Report(new ReportTimes(null, null, end), [], []);
        }

        return new VerbProgram(text.ToString(), null, []);
    }

    /// <summary>Counts per process, for all runtimes.</summary>
    /// <param name="runtimes">Those that run.</param>
    /// <param name="methods">Whether calls are counted too, which costs something at each.</param>
    /// <param name="top">The most rows.</param>
    /// <param name="times">When the table is written.</param>
    public static VerbProgram Rates(IReadOnlyList<RunningRuntime> runtimes, bool methods, int top, ReportTimes times)
    {
        var text = new ProgramText("missing_probes = \"ignore\""); // A process may end before its file is probed.
        var used = new HashSet<string>();
        foreach (var runtime in runtimes)
        {
            void Count(string map, IEnumerable<string> probes)
            {
                var present = probes.Where(runtime.Probes.Contains).ToList();
                if (present.Count > 0)
                {
                    used.Add(map);
                    text.Add(string.Join(",\n", present.Select(probe => Place(runtime, probe))), $"{map}[pid] = count();");
                }
            }

            if (methods)
            {
                Count("@calls", runtime.Runtime.Calls.Select(static call => call.Entry));
            }

            Count("@collections", runtime.Runtime.Collections.Select(static collection => collection.Begin));
            Count("@objects", runtime.Runtime.Allocations.Select(static allocation => allocation.Probe));
            Count("@loads", runtime.Runtime.Load is { } load ? [load] : []);
            Count("@exceptions", runtime.Runtime.Exception is { } exception ? [exception] : []);
            Count("@threads", runtime.Runtime.Threads.Where(static thread => thread.Event == "start").Select(static thread => thread.Probe));
            if (runtime is { IsPython: true, Probes.Count: 0, Functions.Count: > 0 })
            {
                used.Add("@collections");
                text.Add(string.Join(",\n", runtime.Functions.Select(function => $"uprobe:{ProgramText.Quoted(runtime.Path)}:{ProgramText.Quoted(function)}")), "@collections[pid] = count();");
            }
        }

        // Where a Python function is left by an exception is passed by every return: as dear as calls.
        if (methods && runtimes.Any(static runtime => runtime.IsPython))
        {
            used.Add("@calls");
            used.Add("@exceptions");
            text.Add("pycall:*", "@calls[pid] = count();");
            text.Add("pyraise:*", "@exceptions[pid] = count();");
        }

        used.Add("@threads");
        text.Add("uprobe:libc:pthread_create", "@threads[pid] = count();");
        (string Title, string Map)[] all = [("CALLS/s", "@calls"), ("GC/s", "@collections"), ("NEW/s", "@objects"), ("LOADS/s", "@loads"), ("EXC/s", "@exceptions"), ("THR/s", "@threads")];
        var columns = all.Where(column => used.Contains(column.Map)).ToList();
        var table = new TableLayout("PID     COMMAND", [.. columns.Select(column => new TableColumn(column.Title, [column.Map]) { Unit = TableUnit.PerSecond })], columns[^1].Map)
        {
            Top = top,
            KeyText = static parts => ProcessText.Of(parts[0]),
            Heading = static () => ProcessText.Load(),
        };
        return new VerbProgram(text.Report(times, [.. columns.Select(column => column.Map)], []).ToString(), new TableForm(table), []);
    }

    static string Place(RunningRuntime runtime, string probe) => $"usdt:{ProgramText.Quoted(runtime.Path)}:{runtime.Runtime.Provider}:{probe}";

    static IEnumerable<T> Present<T>(RunningRuntime runtime, IEnumerable<T> rows, Func<T, string> probe) => rows.Where(row => runtime.Probes.Contains(probe(row)));
}
