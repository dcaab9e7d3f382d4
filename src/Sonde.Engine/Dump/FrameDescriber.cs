using System.Globalization;
using Sonde.Engine.Stacks;
using Sonde.Python.Stacks;
using Sonde.Python.Tasks;

namespace Sonde.Engine.Dump;

/// <summary>Adds to the frames of a snapshot what else a dump shows of them: source, variables, machine code, tasks.</summary>
/// <param name="view">The process.</param>
/// <param name="request">What is asked for.</param>
/// <param name="native">Takes the machine code of a thread; null when it is not asked for.</param>
sealed class FrameDescriber(PythonProcessView view, DumpRequest request, Func<ThreadSnapshot, NativeTake>? native)
{
    readonly SourceLines _sources = new(view.Pid, request.Redaction);

    /// <summary>Fills in what the process's interpreter tells.</summary>
    public DumpedProcess Describe(DumpedProcess process, ProcessSnapshot snapshot, LoadedAsyncio? asyncio, GreenletStacks? stacks)
    {
        // What changes comes first: variables and tasks, then the source.
        using var reader = new FrameReader(view, request, snapshot);
        var threads = new List<(ThreadSnapshot State, IReadOnlyList<ReadFrame> Python, JoinedTrace? Joined)>();
        foreach (var thread in snapshot.Threads)
        {
            var (state, frames, joined) = Take(thread, reader);
            threads.Add((state, frames, joined));
        }

        List<(PythonTask Task, IReadOnlyList<ReadFrame> Frames)> tasks = [];
        var hasMore = false;
        if (asyncio is not null)
        {
            var found = new TaskReader(view.Runtime, view.Codes, asyncio.Offsets, asyncio.Data);
            tasks.AddRange(found.Read().Select(task => (task, reader.FillSuspended([.. task.Frames.Select(static frame => new ReadFrame(frame.Raw, frame.Code))]))));
            hasMore = found.IsCut;
        }

        var (greenlets, problem) = ReadGreenlets(stacks, reader);
        return process with
        {
            Version = view.Version,
            Threads = [.. threads.Select(thread => Describe(thread.State, Describe(thread.Python, thread.State.Parts), thread.Joined) with
            {
                Greenlets = [.. greenlets[thread.State.Record.Address].Select(greenlet => new DumpedGreenlet(greenlet.Greenlet, [.. greenlet.Frames.Select(Describe)]))],
            })],
            OtherThreads = snapshot.OtherThreads,
            Tasks = asyncio is not null ? [.. tasks.Select(task => new DumpedTask(task.Task, [.. task.Frames.Select(Describe)]))] : null,
            HasMoreTasks = hasMore,
            Problem = Join(snapshot.Problem, problem),
        };
    }

    /// <summary>The greenlets by their threads' addresses, and what is missing of them.</summary>
    (ILookup<ulong, (PythonGreenlet Greenlet, IReadOnlyList<ReadFrame> Frames)> OfThreads, string? Problem) ReadGreenlets(GreenletStacks? stacks, FrameReader reader)
    {
        var found = new List<(ulong Thread, PythonGreenlet Greenlet, IReadOnlyList<ReadFrame> Frames)>();
        string? problem = null;
        if (stacks is not null)
        {
            var greenlets = new GreenletReader(view.Runtime, view.Codes);
            var homeless = 0;
            foreach (var greenlet in greenlets.Read(stacks.Contains))
            {
                var thread = stacks.ThreadOf(greenlet)?.Record.Address ?? 0;
                // The first greenlet of a thread, while it runs, is the thread's stack itself.
                homeless += thread == 0 && !(greenlet.IsMain && greenlet.IsRunning) ? 1 : 0;
                found.Add((thread, greenlet, reader.FillSuspended([.. greenlet.Frames.Select(static frame => new ReadFrame(frame.Raw, frame.Code))])));
            }

            problem = greenlets.IsCut ? "greenlets can be missing: not all objects could be gone through" : null;
            problem = Join(problem, homeless > 0 ? string.Create(CultureInfo.InvariantCulture, $"{homeless} greenlets are not shown: of which thread they are cannot be told") : null);
            problem = Join(problem, stacks.Unknown > 0 ? string.Create(CultureInfo.InvariantCulture, $"greenlets of {stacks.Unknown} threads can be missing: where the stacks of those lie is not known") : null);
        }

        return (found.ToLookup(static each => each.Thread, static each => (each.Greenlet, each.Frames)), problem);
    }

    static string? Join(string? one, string? other) => one is null ? other : other is null ? one : $"{one}; {other}";

    /// <summary>The Python frames of a thread; with its machine code, where that is asked for, they are read anew, since both must have been there at one moment.</summary>
    (ThreadSnapshot State, IReadOnlyList<ReadFrame> Frames, JoinedTrace? Joined) Take(ThreadSnapshot thread, FrameReader reader)
    {
        if (native is null)
        {
            var frames = reader.Read(thread, out var partsOfFrames, out var problem);
            return (thread with { Parts = partsOfFrames, Problem = problem }, frames, null);
        }

        var (joined, read, parts, state) = native(thread);
        List<ReadFrame> python = [];
        foreach (var frame in read)
        {
            if (view.Codes.TryGet(frame.Code, out var code))
            {
                python.Add(new ReadFrame(frame, code));
            }
        }

        if (joined.Mismatch is null && python.Count == read.Count)
        {
            return (state with { Parts = parts }, reader.Fill(parts, python), joined);
        }

        var alone = reader.Read(thread, out var partsOfAlone, out var missing);
        return (thread with { Parts = partsOfAlone, Problem = missing }, alone, joined with { Frames = [], Mismatch = joined.Mismatch ?? "its Python stack changed" });
    }

    static DumpedThread Describe(ThreadSnapshot thread, List<DumpedFrame> python, JoinedTrace? joined)
    {
        if (joined is null || joined.Mismatch is not null)
        {
            return new DumpedThread(thread, python) { NativeProblem = joined?.Mismatch };
        }

        // The Python functions stand for the interpreter's own code that evaluates them.
        return new DumpedThread(thread with { Problem = null }, [.. joined.Frames.Where(static frame => frame.Native is not { IsEvaluation: true }).Select(frame => frame.Native is { } code ? Describe(code) : python[frame.PythonIndex])])
        {
            NativeProblem = joined.Native.Truncated,
        };
    }

    static DumpedFrame Describe(NativeFrame frame)
    {
        var file = frame.File ?? frame.Module;
        return new DumpedFrame(
            frame.Function ?? string.Create(CultureInfo.InvariantCulture, $"0x{frame.Address:x}"), file, file[(file.LastIndexOf('/') + 1)..], frame.Line > 0 ? new SourceSpan(frame.Line, frame.Line, -1, -1) : null)
        {
            IsNative = true,
        };
    }

    List<DumpedFrame> Describe(IReadOnlyList<ReadFrame> frames, IReadOnlyList<StackPart> parts)
    {
        List<DumpedFrame> described = [];
        foreach (var part in parts)
        {
            described.AddRange(frames.Skip(described.Count).Take(part.Frames).Select(frame => Describe(frame) with { Interpreter = part.State.InterpreterId }));
        }

        return described;
    }

    DumpedFrame Describe(ReadFrame frame)
    {
        var span = frame.Code.Locate(frame.Raw.InstructionOffsetBytes);
        return new(frame.Code.Function, frame.Code.File, _sources.Shorten(frame.Code.File), span)
        {
            Source = span is { } known ? _sources.Find(frame.Code.File, known) : null,
            Variables = frame.Variables,
            MoreVariables = frame.More,
            VariablesProblem = frame.Problem,
            IsEntry = frame.Raw.CalledFromC,
        };
    }
}
