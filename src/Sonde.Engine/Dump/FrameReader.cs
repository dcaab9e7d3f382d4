using System.Buffers.Binary;
using Sonde.Engine.Stacks;
using Sonde.Python.Stacks;
using Sonde.Python.Values;

namespace Sonde.Engine.Dump;

/// <summary>A frame with what it held.</summary>
/// <param name="Raw">The frame as it lies in memory.</param>
/// <param name="Code">The code object it runs.</param>
sealed record ReadFrame(RawFrame Raw, CodeObject Code)
{
    /// <summary>Its variables; null when they were not asked for, or with a <see cref="Problem"/>.</summary>
    public IReadOnlyList<DumpedVariable>? Variables { get; init; }

    /// <summary>How many more there are.</summary>
    public int More { get; init; }

    /// <summary>Why they are missing; null when they are not.</summary>
    public string? Problem { get; init; }
}

/// <summary>Reads frames together with their variables, so that these are those of the very frame at the moment it is shown at.</summary>
/// <remarks>
/// A thread that runs frees its objects and makes others of the same memory within tens of nanoseconds: neither that a variable points to the same place before and after its object was read
/// nor that the object looks fine says that it was the variable's. So all is read while the Python code stands still (<see cref="Standstill"/>). Where no such moment is to be had,
/// as on a processor we may not run on, only what stays the same for several looks is shown.
/// </remarks>
sealed class FrameReader(PythonProcessView view, DumpRequest request, ProcessSnapshot snapshot) : IDisposable
{
    const string WentOn = "the thread went on while they were read", Changed = "<changed>";

    readonly FrameVariables _reader = new(view.Memory, view.Version, view.Runtime.Layout.Calls);
    readonly PythonValues _values = new(view.Memory, view.Version, view.Runtime.Layout.Calls);
    readonly ValueLimits _limits = ValueLimits.ForLevel(request.LocalsLevel) with { Redaction = request.Redaction };
    readonly Standstill? _standstill = view.Pid == 0 ? null : new Standstill(view);
    readonly List<ThreadRecord> _threads = [.. snapshot.Threads.SelectMany(static thread => thread.States)];
    readonly List<int> _tids = [.. snapshot.Threads.SelectMany(static thread => thread.States.Select(_ => thread.Tid))];
    readonly List<RawFrame> _now = [];
    readonly List<FrameVariable> _found = [];

    /// <summary>The stack of a thread, anew, with variables.</summary>
    /// <param name="thread">The thread, as it was seen first.</param>
    /// <param name="parts">Which of its frames run in which interpreter, the innermost part first.</param>
    /// <param name="problem">Why there is no stack; null when there is one.</param>
    public IReadOnlyList<ReadFrame> Read(ThreadSnapshot thread, out IReadOnlyList<StackPart> parts, out string? problem)
    {
        (parts, problem) = (thread.Parts, thread.Problem);
        IReadOnlyList<ReadFrame> first = [.. thread.Frames.Select(static frame => new ReadFrame(frame.Raw, frame.Code))];
        if (request.LocalsLevel == 0 && problem is null)
        {
            return first;
        }

        if (parts.Count > 1)
        {
            return Fill(parts, first);
        }

        // Of a thread that never stood still, the innermost interpreter is most likely the one it runs in.
        var state = parts is [var only] ? only.State : thread.States[^1];
        IReadOnlyList<ReadFrame> found = [];
        if (_standstill is not null && _standstill.TryDuring(state, _threads, _tids, () => TryTakeAll(thread.States) && TryDescribe(out found)))
        {
            (parts, problem) = ([.. view.Nested.Parts], null);
            return parts.Count > 1 ? Fill(parts, found) : found;
        }

        return problem is null ? Confirm(state, first) : first;
    }

    /// <summary>Adds variables to frames that were read before. Each interpreter has a lock of its own, so those of each are read by themselves.</summary>
    /// <param name="parts">Which of the frames run in which interpreter, the innermost part first.</param>
    /// <param name="frames">The frames, innermost first.</param>
    public IReadOnlyList<ReadFrame> Fill(IReadOnlyList<StackPart> parts, IReadOnlyList<ReadFrame> frames)
    {
        List<ReadFrame> filled = [];
        foreach (var part in parts)
        {
            filled.AddRange(Fill(part.State, [.. frames.Skip(filled.Count).Take(part.Frames)]));
        }

        return filled;
    }

    IReadOnlyList<ReadFrame> Fill(in ThreadRecord thread, IReadOnlyList<ReadFrame> frames)
    {
        if (request.LocalsLevel == 0)
        {
            return frames;
        }

        var record = thread;
        IReadOnlyList<ReadFrame> filled = [];
        return _standstill is not null && _standstill.TryDuring(record, _threads, _tids, () => TryTake(record, isAsleep: true) && TryFill(frames, CountSame(frames), out filled)) ? filled : Confirm(record, frames);
    }

    /// <summary>The frames of a chain of coroutines, with variables: those of coroutines that run just now are in a thread's stack.</summary>
    public IReadOnlyList<ReadFrame> FillSuspended(IReadOnlyList<ReadFrame> frames)
    {
        if (request.LocalsLevel == 0 || frames.Count == 0)
        {
            return frames;
        }

        IReadOnlyList<ReadFrame> filled = [];
        return _standstill is not null && _threads.Count > 0 && _standstill.TryDuring(_threads[0], _threads, _tids, () => TryFill(frames, CountSuspended(frames), out filled))
            ? filled
            : Agree(frames, () => CountSuspended(frames));
    }

    /// <inheritdoc/>
    public void Dispose() => _standstill?.Dispose();

    /// <summary>Reads the thread's stack as it is now.</summary>
    bool TryTake(in ThreadRecord thread, bool isAsleep)
    {
        const long budgetNs = 5_000_000;
        return view.Stacks.Read(thread, _now, budgetNs, isAsleep) is StackReadResult.Verified or StackReadResult.NoFrames;
    }

    /// <summary>Reads the thread's stack through all its interpreters, as it is now while it stands still.</summary>
    bool TryTakeAll(IReadOnlyList<ThreadRecord> states)
    {
        const long budgetNs = 5_000_000;
        return view.Nested.Read(states, _now, budgetNs, isAsleep: true) is StackReadResult.Verified or StackReadResult.NoFrames;
    }

    bool TryDescribe(out IReadOnlyList<ReadFrame> found)
    {
        List<ReadFrame> frames = [];
        found = frames;
        foreach (var raw in _now)
        {
            if (!view.Codes.TryGet(raw.Code, out var code))
            {
                return false;
            }

            frames.Add(WithVariables(new ReadFrame(raw, code)));
        }

        return true;
    }

    bool TryFill(IReadOnlyList<ReadFrame> frames, int same, out IReadOnlyList<ReadFrame> filled)
    {
        filled = [.. frames.Select((frame, i) => i >= frames.Count - same ? WithVariables(frame) : frame with { Problem = WentOn })];
        return true;
    }

    /// <summary>How many of some frames, from the outermost on, the thread is in now.</summary>
    int CountSame(IReadOnlyList<ReadFrame> frames)
    {
        var same = 0;
        while (same < Math.Min(frames.Count, _now.Count))
        {
            var (before, now) = (frames[frames.Count - 1 - same].Raw, _now[_now.Count - 1 - same]);
            if (before.Address != now.Address || before.Code != now.Code)
            {
                break;
            }

            same++;
            // It has come back to a function that it called another one from.
            if (before.InstructionOffsetBytes != now.InstructionOffsetBytes)
            {
                break;
            }
        }

        return same;
    }

    /// <summary>How many of some coroutines, from the outermost on, are where they were.</summary>
    int CountSuspended(IReadOnlyList<ReadFrame> frames)
    {
        var calls = view.Runtime.Layout.Calls;
        Span<byte> word = stackalloc byte[8];
        var same = 0;
        while (same < frames.Count)
        {
            var (raw, code) = (frames[frames.Count - 1 - same].Raw, frames[frames.Count - 1 - same].Code);
            if (!view.Memory.TryRead(unchecked(raw.Address + (ulong)calls.FrameInstruction), word))
            {
                break;
            }

            var instruction = BinaryPrimitives.ReadUInt64LittleEndian(word);
            // Up to 3.10 it is a number, in units of two bytes from 3.10 on (f_lasti).
            var offset = view.Runtime.Layout.FrameFunction is not null ? unchecked((long)(instruction - code.Instructions)) : (int)instruction * (view.Version.Minor == 10 ? 2 : 1);
            if (offset != raw.InstructionOffsetBytes)
            {
                break;
            }

            same++;
        }

        return same;
    }

    /// <summary>Adds variables of which nothing but looking again tells whose they are.</summary>
    List<ReadFrame> Confirm(ThreadRecord thread, IReadOnlyList<ReadFrame> frames) =>
        view.Pid == 0
            ? [.. frames.Select(WithVariables)]
            : Agree(frames, () => TryTake(thread, isAsleep: false) ? CountSame(frames) : 0);

    /// <summary>Looks several times and keeps what is always the same.</summary>
    List<ReadFrame> Agree(IReadOnlyList<ReadFrame> frames, Func<int> countSame)
    {
        const int looks = 3;
        List<ReadFrame>? agreed = null;
        for (var look = 0; look < looks; look++)
        {
            TryFill(frames, countSame(), out var filled);
            agreed = agreed is null ? [.. filled] : [.. agreed.Zip(filled, Agree)];
            Thread.Sleep(1);
        }

        return agreed!;
    }

    static ReadFrame Agree(ReadFrame first, ReadFrame second)
    {
        if (first.Variables is null || second.Variables is null)
        {
            return first with { Variables = null, More = 0, Problem = first.Problem ?? second.Problem };
        }

        // A damaged code object can have two variables of one name.
        var others = second.Variables.DistinctBy(static variable => (variable.Name, variable.IsArgument)).ToDictionary(static variable => (variable.Name, variable.IsArgument));
        return first with
        {
            Variables = [.. first.Variables.Select(variable => others.TryGetValue((variable.Name, variable.IsArgument), out var other) && other.Value == variable.Value ? variable : variable with { Value = Changed })],
        };
    }

    ReadFrame WithVariables(ReadFrame frame)
    {
        if (request.LocalsLevel == 0)
        {
            return frame;
        }

        if (!_reader.TryRead(frame.Raw.Address, frame.Raw.Code, _limits.Items, _found, out var more))
        {
            return frame with { Problem = WentOn };
        }

        return frame with
        {
            Variables = [.. _found.Select(variable => new DumpedVariable(
                variable.Name, variable.Address, variable.IsArgument, request.Redaction?.HidesName(variable.Name) == true ? Redaction.Mark : _values.Describe(variable.Address, _limits)))],
            More = more,
        };
    }
}
