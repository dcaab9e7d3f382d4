using System.Text.Json;
using Sonde.Engine.Stacks;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;

namespace Sonde.Kernel.Tests.Stacks;

/// <summary>What stack_truth.py says of its own frames, and how a snapshot differs from it.</summary>
sealed class StackTruth : IDisposable
{
    readonly Target _target;
    readonly PythonProcessView _view;

    public StackTruth(Interpreter interpreter)
    {
        _target = Target.StartReady(interpreter, "stack_truth.py");
        Subinterpreter = _target.WaitFor("sub");
        _view = PythonProcessView.Open(_target.Pid);
        Differences = Compare();
        // A thread may not have gone to sleep yet when it says where it does.
        for (var i = 0; i < 50 && Differences.Count > 0; i++)
        {
            Differences = Compare();
        }
    }

    public int Pid => _target.Pid;

    /// <summary>The frames that the thread in the sub-interpreter says it has, as JSON; "none" where there is no such interpreter.</summary>
    public string Subinterpreter { get; }

    /// <summary>What the last snapshot showed.</summary>
    public ProcessSnapshot Snapshot { get; private set; } = null!;

    /// <summary>Every difference between the last snapshot and the truth.</summary>
    public IReadOnlyList<string> Differences { get; private set; }

    /// <summary>How many frames were compared.</summary>
    public int Compared { get; private set; }

    public void Dispose()
    {
        _view.Dispose();
        _target.Dispose();
    }

    List<string> Compare()
    {
        _target.Send();
        using var truth = JsonDocument.Parse(_target.WaitFor("truth"));
        Snapshot = _view.Snapshot();
        Compared = 0;
        var main = truth.RootElement.GetProperty("main").GetUInt64();
        List<string> differences = [];
        foreach (var expected in truth.RootElement.GetProperty("threads").EnumerateArray())
        {
            var ident = expected.GetProperty("ident").GetUInt64();
            var name = expected.GetProperty("name").GetString();
            if (Snapshot.Threads.FirstOrDefault(thread => thread.Record.PthreadId == ident && thread.Record.InterpreterId == 0) is not { } thread)
            {
                differences.Add($"{name}: not there");
                continue;
            }

            if (thread.Name != name)
            {
                differences.Add($"{name}: called {thread.Name}");
            }

            var native = expected.GetProperty("native").GetInt32();
            if (!ProcFs.TryReadStatus(thread.Tid, out var status) || status.NamespacePids[^1] != native || status.ThreadGroup != Pid)
            {
                differences.Add($"{name}: {thread.Tid} is not its number");
            }

            var frames = expected.GetProperty("frames");
            // The program knows of a thread only what it runs in the main interpreter.
            List<StackFrame> found = [.. thread.Frames.Skip(thread.Parts.Where(static part => part.State.InterpreterId != 0).Sum(static part => part.Frames))];
            if (frames.GetArrayLength() != found.Count)
            {
                differences.Add($"{name}: {found.Count} frames instead of {frames.GetArrayLength()}; {thread.Problem}");
                continue;
            }

            for (var i = 0; i < found.Count; i++)
            {
                Compared++;
                // The main thread goes on, within its line, to where it waits.
                Compare(frames[i], found[i], isMoving: ident == main && i == 0, $"{name} frame {i}", differences);
            }
        }

        return differences;
    }

    static void Compare(JsonElement expected, StackFrame frame, bool isMoving, string where, List<string> differences)
    {
        Expect(expected.GetProperty("name").GetString(), frame.Code.Name);
        Expect(expected.GetProperty("file").GetString(), frame.File);
        Expect(expected.GetProperty("line").GetInt32(), frame.Span?.Line);
        if (expected.GetProperty("qualified").GetString() is { } qualified)
        {
            Expect(qualified, frame.Function);
        }

        if (expected.GetProperty("position") is { ValueKind: JsonValueKind.Array } position && !isMoving)
        {
            Expect(Number(position[1]), frame.Span?.EndLine);
            Expect(Number(position[2]), frame.Span?.Column);
            Expect(Number(position[3]), frame.Span?.EndColumn);
        }

        void Expect<T>(T wanted, T found)
        {
            if (!EqualityComparer<T>.Default.Equals(wanted, found))
            {
                differences.Add($"{where} ({frame.Function}): {found} instead of {wanted}");
            }
        }

        static int? Number(JsonElement element) => element.ValueKind == JsonValueKind.Null ? -1 : element.GetInt32();
    }
}
