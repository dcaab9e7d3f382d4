using Sonde.Engine.Profiles;
using Sonde.Linux;
using Sonde.Python.Stacks;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Sampling;

/// <summary>One thread that is looked at again and again, and what is remembered of it in between.</summary>
sealed class SampledThread(ThreadRecord record, int tid, int number, ThreadFiles files) : IDisposable
{
    /// <summary>How long it may not be asked how often a running thread was given a processor.</summary>
    const ulong TurnsAgeNs = 5_000_000;

    readonly List<RawFrame> _frames = [];
    readonly List<RawFrame> _newFrames = [];

    /// <summary>The stack's number at each depth, outermost first, of <see cref="_frames"/>.</summary>
    readonly List<int> _stacks = [];

    Func<bool>? _hasSlept;
    ThreadTurns _turns;
    bool _isInCall;
    ulong _turnsReadNs;
    bool _turnsAreOld;
    ulong _delayNotShownNs;

    /// <summary>The thread as the interpreter knows it that it began in.</summary>
    public ThreadRecord Record => record;

    /// <summary>The thread as each interpreter knows it that it runs in, the oldest interpreter first.</summary>
    public IReadOnlyList<ThreadRecord> States { get; set; } = [record];

    /// <summary>The kernel's number of it.</summary>
    public int Tid => tid;

    /// <summary>Its number in the recorder.</summary>
    public int Number => number;

    /// <summary>The interval of the last look at it.</summary>
    public long LastInterval { get; set; } = -1;

    /// <summary>What it was doing at the last look.</summary>
    public ThreadState State { get; private set; }

    /// <summary>Whether it was blocked at the last look.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>The number of its stack at the last look; null when there was none to be had.</summary>
    public int? Stack { get; private set; }

    /// <summary>Its name as far as it is known.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether it had the interpreter lock at the last look.</summary>
    public bool HeldGil { get; set; }

    /// <summary>Set when it is still in the interpreter's list.</summary>
    public bool IsListed { get; set; }

    /// <summary>The address of the outermost frame of a function whose slow calls are recorded; 0 when there is none.</summary>
    public ulong MeantFrame { get; private set; }

    /// <summary>Holds samples back while only those of slow calls are recorded; else null.</summary>
    public SlowCallWindow? Window { get; init; }

    /// <summary>Finds out whether it has been running at all since the last look.</summary>
    /// <returns>True when it has been blocked all the time: then everything is as it was.</returns>
    public bool HasNotMoved()
    {
        var before = _turns.Turns;
        return ReadTurns() && IsBlocked && _turns.Turns == before;
    }

    /// <summary>It was looked at without <see cref="HasNotMoved"/>: what the kernel counts of it is looked at when it is needed, or now if that was long ago.</summary>
    /// <param name="nowNs">The time.</param>
    public void PutOffTurns(ulong nowNs)
    {
        _turnsAreOld = true;
        if (nowNs - _turnsReadNs >= TurnsAgeNs)
        {
            _turnsReadNs = nowNs;
            ReadTurns();
        }
    }

    /// <summary>Whether it was found blocked, but has run since: what was read of it after that is of another moment.</summary>
    public bool HasMovedFromBlock()
    {
        if (!IsBlocked || !files.TryReadTurns(out var turns) || turns.Turns == _turns.Turns)
        {
            return false;
        }

        _turns = _turns with { Turns = turns.Turns };
        return true;
    }

    /// <summary>
    /// Whether it has been in the system call that it was found blocked in all the time since. One that waits for a page of memory instead may be anywhere, also where its frames contradict each other.
    /// </summary>
    bool HasSlept() => IsBlocked && _isInCall && _turns.Turns != 0 && files.TryReadTurns(out var turns) && turns.Turns == _turns.Turns;

    /// <summary>Asks the kernel what it is doing.</summary>
    /// <param name="gils">The locks of its interpreters.</param>
    public void FindState(List<GilState> gils)
    {
        IsBlocked = false;
        if (_turnsAreOld)
        {
            ReadTurns();
        }

        if (!files.TryReadCall(out var call))
        {
            State = files.TryReadState(out var letter) ? Of(letter) : ThreadState.Unknown;
            return;
        }

        if (call.IsRunning)
        {
            State = ThreadState.Running;
            return;
        }

        IsBlocked = true;
        _isInCall = call.Number >= 0;
        State = WaitReason.IsFutex(call, out var address) && gils.Exists(gil => gil.IsWaitedForAt(address)) ? ThreadState.WaitingForGil
            : call.Number < 0 && files.TryReadState(out var reason) ? Of(reason)
            : WaitReason.Of(call);
    }

    /// <summary>Takes it for running, as a thread is that holds the interpreter lock and goes on.</summary>
    public void IsRunning()
    {
        IsBlocked = false;
        State = ThreadState.Running;
    }

    /// <summary>The state to show for a sample of this weight: of the time that a thread is ready or runs, the part without a processor is shown as such.</summary>
    /// <remarks>The kernel tells how long it waited only afterwards, so samples are given to it in the right proportion, not at the very moment.</remarks>
    public ThreadState ShownState(long weightNs)
    {
        if (State != ThreadState.Running || _delayNotShownNs < (ulong)weightNs / 2)
        {
            return State;
        }

        _delayNotShownNs -= Math.Min(_delayNotShownNs, (ulong)weightNs);
        return ThreadState.Runnable;
    }

    /// <summary>Its stack is not read this time.</summary>
    public void ForgetStack() => Stack = null;

    /// <summary>Reads its stack.</summary>
    /// <param name="reader">Reads stacks.</param>
    /// <param name="interning">Gives them numbers.</param>
    /// <param name="patienceNs">How long to try while the thread goes on.</param>
    /// <param name="lockPlace">Where the state of its interpreter lock is, to be read at the same time.</param>
    /// <param name="unchanged">True when it is the one of the last look, down to the instruction.</param>
    public StackReadResult ReadStack(StackReader reader, StackInterning interning, long patienceNs, (ulong Address, int Length) lockPlace, out bool unchanged)
    {
        var result = reader.Read(record, _newFrames, patienceNs, beside: lockPlace, hasSlept: _hasSlept ??= HasSlept);
        unchanged = false;
        if (result != StackReadResult.Verified)
        {
            Stack = null;
            return result;
        }

        var same = SameOutermost();
        unchanged = same == _newFrames.Count && same == _frames.Count && Stack is not null;
        if (!unchanged)
        {
            _stacks.RemoveRange(same, _stacks.Count - same);
            _frames.Clear();
            _frames.AddRange(_newFrames);
            Stack = Intern(interning, same);
            MeantFrame = Window is null ? 0 : FindMeant(interning);
        }

        return result;
    }

    /// <summary>Reads its stack where it may go through several interpreters.</summary>
    /// <param name="reader">Reads stacks.</param>
    /// <param name="interning">Gives them numbers.</param>
    /// <param name="patienceNs">How long to try while the thread goes on.</param>
    /// <param name="unchanged">True when it is the one of the last look, down to the instruction.</param>
    public StackReadResult ReadNestedStack(NestedStacks reader, StackInterning interning, long patienceNs, out bool unchanged)
    {
        var result = reader.Read(States, _newFrames, patienceNs, hasSlept: _hasSlept ??= HasSlept);
        unchanged = result == StackReadResult.Verified && Stack is not null && _newFrames.SequenceEqual(_frames);
        // Frames of several interpreters have no numbers of their own at each depth.
        _stacks.Clear();
        if (result != StackReadResult.Verified)
        {
            Stack = null;
        }
        else if (!unchanged)
        {
            _frames.Clear();
            _frames.AddRange(_newFrames);
            Stack = InternNested(interning, reader.Parts);
            MeantFrame = Window is null ? 0 : FindMeant(interning);
        }

        return result;
    }

    /// <summary>Reads its stack with the machine code in it.</summary>
    /// <returns>Whether there is a stack.</returns>
    public bool ReadNativeStack(NestedStacks reader, NativeSampling native, StackInterning interning)
    {
        _stacks.Clear();
        Stack = native.Take(tid, States, reader, _frames);
        MeantFrame = Window is null ? 0 : FindMeant(interning);
        return Stack is not null;
    }

    /// <inheritdoc/>
    public void Dispose() => files.Dispose();

    static ThreadState Of(char letter) => letter switch
    {
        'R' => ThreadState.Running,
        'S' => ThreadState.Sleeping,
        'D' => ThreadState.WaitingForIo,
        'T' or 't' => ThreadState.Stopped,
        _ => ThreadState.Unknown,
    };

    /// <returns>Whether the kernel tells.</returns>
    bool ReadTurns()
    {
        if (!files.TryReadTurns(out var turns) || turns.Turns == 0)
        {
            return false;
        }

        _delayNotShownNs += _turns.Turns == 0 || turns.DelayNs < _turns.DelayNs ? 0 : turns.DelayNs - _turns.DelayNs;
        _turns = turns;
        _turnsAreOld = false;
        return true;
    }

    /// <summary>How many frames, from the outermost on, are those of the last look.</summary>
    int SameOutermost()
    {
        var most = Math.Min(Math.Min(_newFrames.Count, _frames.Count), _stacks.Count);
        var same = 0;
        while (same < most && _newFrames[^(same + 1)] == _frames[^(same + 1)])
        {
            same++;
        }

        return same;
    }

    ulong FindMeant(StackInterning interning)
    {
        var meant = _frames.FindLastIndex(frame => interning.IsMeant(frame));
        return meant < 0 ? 0 : _frames[meant].Address;
    }

    int? Intern(StackInterning interning, int same)
    {
        var stack = same > 0 ? _stacks[same - 1] : record.InterpreterId == 0 ? StackTable.Empty : interning.Enter(StackTable.Empty, record.InterpreterId);
        for (var depth = same; depth < _frames.Count; depth++)
        {
            if (!interning.TryIntern(stack, _frames[^(depth + 1)], out stack))
            {
                return null;
            }

            _stacks.Add(stack);
        }

        return stack;
    }

    int? InternNested(StackInterning interning, IReadOnlyList<StackPart> parts)
    {
        var stack = StackTable.Empty;
        for (var i = _frames.Count - 1; i >= 0; i--)
        {
            if (!interning.TryIntern(interning.Enter(stack, parts, i), _frames[i], out stack))
            {
                return null;
            }
        }

        return stack;
    }
}
