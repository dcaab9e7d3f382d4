using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Engine.Stacks;
using Sonde.Python.Tasks;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Dump;

/// <summary>Writes a dump for people, in the shape py-spy has made common: innermost frames first, the running part of each line marked.</summary>
/// <param name="output">Where to write.</param>
/// <param name="isTerminal">Whether marks may be bold type instead of a line of their own.</param>
/// <param name="fullFileNames">Whether files are shown with their whole path.</param>
public sealed class DumpText(TextWriter output, bool isTerminal, bool fullFileNames)
{
    const string Bold = "\e[1m", Plain = "\e[0m";

    const int LongestLine = 1 << 16;

    /// <summary>Writes processes; those after the first with their parents.</summary>
    public void Write(IReadOnlyList<DumpedProcess> processes)
    {
        ArgumentNullException.ThrowIfNull(processes);
        for (var i = 0; i < processes.Count; i++)
        {
            if (i > 0)
            {
                output.WriteLine("---------------------------------------------------------");
            }

            var parent = i == 0 ? null : processes.Take(i).FirstOrDefault(other => other.Pid == processes[i].ParentPid);
            Write(processes[i], parent);
        }
    }

    void Write(DumpedProcess process, DumpedProcess? parent)
    {
        Line($"Process {process.Pid}: {Command(process)}");
        if (process.Version is { } version)
        {
            Line($"Python v{version}{(process.Executable is { } executable ? $" ({Escape.Text(executable)})" : "")}");
        }

        if (parent is not null)
        {
            Line($"Parent Process {parent.Pid}: {Command(parent)}");
        }

        if (process.Death is { } death)
        {
            Line("Died: " + Escape.Text(death, LongestLine));
        }

        if (process.Problem is { } problem)
        {
            Line($"({Escape.Text(problem, LongestLine)})");
        }

        if (process.Threads.Count > 0)
        {
            output.WriteLine();
        }

        foreach (var thread in process.Threads)
        {
            Write(thread);
        }

        if (process.Tasks is { } tasks)
        {
            Write(tasks, process.HasMoreTasks);
        }

        if (process.OtherThreads > 0)
        {
            Line($"{process.OtherThreads} more thread{(process.OtherThreads == 1 ? "" : "s")} without Python");
        }
    }

    /// <summary>The tasks as trees: below each those it waits for.</summary>
    void Write(IReadOnlyList<DumpedTask> tasks, bool hasMore)
    {
        output.WriteLine();
        Line(tasks.Count == 0 ? "No asyncio tasks" : string.Create(CultureInfo.InvariantCulture, $"{tasks.Count}{(hasMore ? " of more" : "")} asyncio task{(tasks.Count == 1 ? "" : "s")}"));
        var byAddress = tasks.ToDictionary(static task => task.Task.Address);
        var awaited = tasks.SelectMany(static task => task.Task.Awaits).ToHashSet();
        HashSet<ulong> shown = [];
        // Those that wait for each other in a circle are nobody's root: they come last.
        foreach (var task in tasks.OrderBy(task => awaited.Contains(task.Task.Address)).ThenBy(static task => task.Task.Name?.Length ?? 0).ThenBy(static task => task.Task.Name, StringComparer.Ordinal))
        {
            Write(task, byAddress, shown, depth: 0);
        }
    }

    void Write(DumpedTask task, Dictionary<ulong, DumpedTask> byAddress, HashSet<ulong> shown, int depth)
    {
        const int deepest = 40;
        var indent = new string(' ', 4 * depth);
        var name = $"Task {(task.Task.Name is { } known ? $"\"{Escape.Text(known)}\"" : $"0x{task.Task.Address:x}")}";
        if (!shown.Add(task.Task.Address))
        {
            if (depth > 0)
            {
                Line($"{indent}{name} (shown above)");
            }

            return;
        }

        var awaits = task.Task.Awaits.Select(address => byAddress.GetValueOrDefault(address)).OfType<DumpedTask>().ToList();
        var state = task.Task.State switch
        {
            TaskState.Running => "running",
            TaskState.Ready => "ready",
            TaskState.Waiting when awaits.Count > 0 => string.Create(CultureInfo.InvariantCulture, $"waits for {awaits.Count} task{(awaits.Count == 1 ? "" : "s")}"),
            TaskState.Waiting => $"waits for {Escape.Text(task.Task.WaitsFor ?? "something")}",
            _ => "?",
        };
        Line($"{indent}{name} ({state})");
        foreach (var frame in task.Frames)
        {
            Write(frame, indent);
        }

        foreach (var other in awaits)
        {
            if (depth == deepest)
            {
                Line($"{indent}    …");
                return;
            }

            Write(other, byAddress, shown, depth + 1);
        }
    }

    void Write(DumpedThread thread)
    {
        var state = thread.State;
        var number = state.Tid != 0 ? state.Tid.ToString(CultureInfo.InvariantCulture) : $"0x{state.Record.PthreadId:x}";
        var name = state.Name is { } known ? $": \"{Escape.Text(known)}\"" : "";
        var notes = Notes(state);
        Line($"Thread {number} ({Status(state)}){name}{(notes.Length > 0 ? " - " : "")}{notes}");
        if (state.Problem is { } problem)
        {
            Line($"    ({problem})");
        }

        var interpreter = state.Parts is [var innermost, ..] ? innermost.State.InterpreterId : 0;
        foreach (var frame in thread.Frames)
        {
            if (frame.Interpreter is { } its && its != interpreter)
            {
                interpreter = its;
                Line($"    (called from {Interpreter(its)})");
            }

            Write(frame, "");
        }

        if (thread.NativeProblem is { } missing)
        {
            Line($"    (machine code is missing: {Escape.Text(missing, LongestLine)})");
        }

        foreach (var greenlet in thread.Greenlets.OrderBy(static greenlet => !greenlet.Greenlet.IsRunning).ThenBy(static greenlet => !greenlet.Greenlet.IsMain))
        {
            Write(greenlet);
        }
    }

    void Write(DumpedGreenlet dumped)
    {
        const string indent = "    ";
        var greenlet = dumped.Greenlet;
        Line($"{indent}Greenlet {(greenlet.IsMain ? "main" : $"0x{greenlet.Address:x}")} ({(greenlet.IsRunning ? "running" : "suspended")}): {Escape.Text(greenlet.Type)}");
        foreach (var frame in dumped.Frames)
        {
            Write(frame, indent);
        }

        if (greenlet.IsCut)
        {
            Line($"{indent}    (its outer frames could not be followed)");
        }
    }

    void Write(DumpedFrame frame, string indent)
    {
        var file = Escape.Text(fullFileNames ? frame.File : frame.ShortFile, 4096);
        Line($"{indent}    {Escape.Text(frame.Function)} ({file}{(frame.Line > 0 ? string.Create(CultureInfo.InvariantCulture, $":{frame.Line}") : "")})");
        if (frame.Source is { } source)
        {
            Write(source, indent + "        ");
        }

        if (frame.Variables is { Count: > 0 } variables)
        {
            Write(indent, "Arguments", variables.Where(static variable => variable.IsArgument));
            Write(indent, "Locals", variables.Where(static variable => !variable.IsArgument));
        }

        if (frame.MoreVariables > 0)
        {
            Line(string.Create(CultureInfo.InvariantCulture, $"{indent}            … {frame.MoreVariables} more"));
        }

        if (frame.VariablesProblem is { } problem)
        {
            Line($"{indent}        (variables are missing: {problem})");
        }
    }

    void Write(SourceExcerpt source, string indent)
    {
        if (source.Length == 0)
        {
            Line(indent + source.Text);
        }
        else if (isTerminal)
        {
            Line($"{indent}{source.Text[..source.Start]}{Bold}{source.Text.AsSpan(source.Start, source.Length)}{Plain}{source.Text[(source.Start + source.Length)..]}");
        }
        else
        {
            Line(indent + source.Text);
            Line(indent + new string(' ', source.Indent) + new string('^', source.Width));
        }
    }

    void Write(string indent, string title, IEnumerable<DumpedVariable> variables)
    {
        foreach (var variable in variables)
        {
            if (title.Length > 0)
            {
                Line($"{indent}        {title}:");
                title = "";
            }

            Line($"{indent}            {Escape.Text(variable.Name)}: {Escape.Text(variable.Value, int.MaxValue)}");
        }
    }

    /// <summary>The state in py-spy's words.</summary>
    internal static string Status(ThreadSnapshot thread) =>
        thread.HoldsGil ? "active+gil" : IsActive(thread) ? "active" : thread.State == ThreadState.Unknown ? "unknown" : "idle";

    internal static bool IsActive(ThreadSnapshot thread) => thread.HoldsGil || thread.State is ThreadState.Running or ThreadState.Runnable;

    static string Notes(ThreadSnapshot thread)
    {
        List<string> notes = [];
        if (thread.CollectsGarbage)
        {
            notes.Add("collects garbage");
        }

        if (thread.AskedToDropGil)
        {
            notes.Add("asked to let go of the GIL");
        }

        if (thread.WaitsForGil)
        {
            notes.Add("waits for the GIL");
        }
        else if (thread.State == ThreadState.Stopped)
        {
            notes.Add("stopped by a signal or a debugger");
        }
        else if (thread.Waiting is { } waiting)
        {
            notes.Add("waits in " + Escape.Text(waiting));
        }
        else if (thread.State == ThreadState.Runnable)
        {
            notes.Add("waits for a processor");
        }

        if (thread.Parts is [{ State.InterpreterId: not 0 } innermost, ..])
        {
            notes.Add("in " + Interpreter(innermost.State.InterpreterId));
        }

        if (thread.Exception is { } exception)
        {
            notes.Add("handles " + Escape.Text(exception));
        }

        return string.Join(", ", notes);
    }

    static string Interpreter(long number) => number == 0 ? "the main interpreter" : string.Create(CultureInfo.InvariantCulture, $"sub-interpreter {number}");

    static string Command(DumpedProcess process) => process.CommandLine.Count > 0
        ? Escape.Text(string.Join(' ', process.CommandLine), 4096)
        : Escape.Text(process.Executable ?? "?");

    void Line(string line) => output.WriteLine(line);
}
