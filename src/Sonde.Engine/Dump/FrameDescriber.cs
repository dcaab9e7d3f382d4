using Sonde.Engine.Stacks;
using Sonde.Python.Stacks;
using Sonde.Python.Tasks;
using Sonde.Python.Values;

namespace Sonde.Engine.Dump;

/// <summary>Adds to the frames of a snapshot what else a dump shows of them: source, variables, tasks.</summary>
sealed class FrameDescriber(PythonProcessView view, DumpRequest request)
{
    readonly SourceLines _sources = new(view.Pid);
    readonly FrameVariables _reader = new(view.Memory, view.Version, view.Runtime.Layout.Calls);
    readonly PythonValues _values = new(view.Memory, view.Version, view.Runtime.Layout.Calls);
    readonly ValueLimits _limits = ValueLimits.ForLevel(request.LocalsLevel) with { Hide = request.Hide };

    /// <summary>Fills in what the process's interpreter tells.</summary>
    public DumpedProcess Describe(DumpedProcess process, ProcessSnapshot snapshot, LoadedAsyncio? asyncio)
    {
        // What changes comes first: variables and tasks, then the source.
        var variables = snapshot.Threads.SelectMany(static thread => thread.Frames).Select(frame => Variables(frame.Raw)).ToList();
        IReadOnlyList<PythonTask> tasks = [];
        var hasMore = false;
        if (asyncio is not null)
        {
            var reader = new TaskReader(view.Runtime, view.Codes, asyncio.Offsets, asyncio.Data);
            (tasks, hasMore) = (reader.Read(), reader.IsCut);
        }

        var next = 0;
        return process with
        {
            Version = view.Version,
            Threads = [.. snapshot.Threads.Select(thread => new DumpedThread(thread, [.. thread.Frames.Select(frame => Describe(frame.Raw, frame.Code, frame.Span, variables[next++]))]))],
            OtherThreads = snapshot.OtherThreads,
            Tasks = asyncio is not null ? [.. tasks.Select(Describe)] : null,
            HasMoreTasks = hasMore,
            IsFinalizing = view.Runtime.IsFinalizing,
            Problem = snapshot.Problem,
        };
    }

    DumpedTask Describe(PythonTask task) =>
        new(task, [.. task.Frames.Select(frame => Describe(frame.Raw, frame.Code, frame.Code.Locate(frame.Raw.InstructionOffsetBytes), Variables(frame.Raw)))]);

    DumpedFrame Describe(in RawFrame raw, CodeObject code, SourceSpan? span, IReadOnlyList<DumpedVariable>? variables) =>
        new(code.Function, code.File, _sources.Shorten(code.File), span)
        {
            Source = span is { } known ? _sources.Find(code.File, known) : null,
            Variables = variables,
            IsEntry = raw.CalledFromC,
        };

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
