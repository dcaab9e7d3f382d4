using System.Globalization;
using Sonde.Engine.Stacks;
using Sonde.Python.Stacks;
using Sonde.Python.Tasks;
using Sonde.Python.Values;

namespace Sonde.Engine.Dump;

/// <summary>Adds to the frames of a snapshot what else a dump shows of them: source, variables, machine code, tasks.</summary>
/// <param name="view">The process.</param>
/// <param name="request">What is asked for.</param>
/// <param name="native">Takes the machine code of a thread and fills in the Python frames it was joined with; null when it is not asked for.</param>
sealed class FrameDescriber(PythonProcessView view, DumpRequest request, Func<ThreadSnapshot, List<RawFrame>, JoinedTrace>? native)
{
    readonly SourceLines _sources = new(view.Pid);
    readonly FrameVariables _reader = new(view.Memory, view.Version, view.Runtime.Layout.Calls);
    readonly PythonValues _values = new(view.Memory, view.Version, view.Runtime.Layout.Calls);
    readonly ValueLimits _limits = ValueLimits.ForLevel(request.LocalsLevel) with { Hide = request.Hide };

    /// <summary>Fills in what the process's interpreter tells.</summary>
    public DumpedProcess Describe(DumpedProcess process, ProcessSnapshot snapshot, LoadedAsyncio? asyncio)
    {
        // What changes comes first: variables and tasks, then the source.
        var threads = new List<(ThreadSnapshot State, List<(RawFrame Raw, CodeObject Code, IReadOnlyList<DumpedVariable>? Variables)> Python, JoinedTrace? Joined)>();
        foreach (var thread in snapshot.Threads)
        {
            var (frames, joined) = Take(thread);
            threads.Add((thread, [.. frames.Select(frame => (frame.Raw, frame.Code, (IReadOnlyList<DumpedVariable>?)Variables(frame.Raw)))], joined));
        }

        IReadOnlyList<PythonTask> tasks = [];
        var hasMore = false;
        if (asyncio is not null)
        {
            var reader = new TaskReader(view.Runtime, view.Codes, asyncio.Offsets, asyncio.Data);
            (tasks, hasMore) = (reader.Read(), reader.IsCut);
        }

        return process with
        {
            Version = view.Version,
            Threads = [.. threads.Select(thread => Describe(thread.State, [.. thread.Python.Select(frame => Describe(frame.Raw, frame.Code, frame.Variables))], thread.Joined))],
            OtherThreads = snapshot.OtherThreads,
            Tasks = asyncio is not null ? [.. tasks.Select(Describe)] : null,
            HasMoreTasks = hasMore,
            Problem = snapshot.Problem,
        };
    }

    DumpedTask Describe(PythonTask task) =>
        new(task, [.. task.Frames.Select(frame => Describe(frame.Raw, frame.Code, Variables(frame.Raw)))]);

    /// <summary>The Python frames of a thread; with its machine code, where that is asked for, they are read anew, since both must have been there at one moment.</summary>
    (IReadOnlyList<(RawFrame Raw, CodeObject Code)> Frames, JoinedTrace? Joined) Take(ThreadSnapshot thread)
    {
        if (native is not null)
        {
            List<RawFrame> read = [];
            var joined = native(thread, read);
            List<(RawFrame, CodeObject)> frames = [];
            foreach (var frame in read)
            {
                if (view.Codes.TryGet(frame.Code, out var code))
                {
                    frames.Add((frame, code));
                }
            }

            if (joined.Mismatch is null && frames.Count == read.Count)
            {
                return (frames, joined);
            }

            return ([.. thread.Frames.Select(static frame => (frame.Raw, frame.Code))], joined with { Frames = [], Mismatch = joined.Mismatch ?? "its Python stack changed" });
        }

        return ([.. thread.Frames.Select(static frame => (frame.Raw, frame.Code))], null);
    }

    static DumpedThread Describe(ThreadSnapshot thread, IReadOnlyList<DumpedFrame> python, JoinedTrace? joined)
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

    DumpedFrame Describe(in RawFrame raw, CodeObject code, IReadOnlyList<DumpedVariable>? variables)
    {
        var span = code.Locate(raw.InstructionOffsetBytes);
        return new(code.Function, code.File, _sources.Shorten(code.File), span)
        {
            Source = span is { } known ? _sources.Find(code.File, known) : null,
            Variables = variables,
            IsEntry = raw.CalledFromC,
        };
    }

    List<DumpedVariable>? Variables(RawFrame frame)
    {
        if (request.LocalsLevel == 0)
        {
            return null;
        }

        return [.. _reader.Read(frame.Address, frame.Code).Select(variable => new DumpedVariable(
            variable.Name, variable.Address, variable.IsArgument, request.Hide is { } hide && hide(variable.Name) ? "<hidden>" : _values.Describe(variable.Address, _limits)))];
    }
}
