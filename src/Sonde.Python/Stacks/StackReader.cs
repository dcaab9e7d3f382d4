using System.Diagnostics;
using System.Runtime.InteropServices;
using Sonde.Python.Layouts;
using Sonde.Symbols;

namespace Sonde.Python.Stacks;

/// <summary>Reads the stacks of threads that run on meanwhile, and gives only such as were there at one moment.</summary>
/// <remarks>
/// A look at a thread is one gathering read of the places where its frames were the last time, and a walk along the chain in the copy. A look proves nothing
/// by itself, as the thread went on while it was copied; nor do two equal ones, as a short loop comes back to where it was. So every caller in it must be at an
/// instruction that calls its callee (<see cref="CallProof"/>), and every instruction pointer must lie in its code. A call that cannot be proven so has to look
/// the same in many looks at random distances; after that it is known. Not safe for concurrent use.
/// </remarks>
public sealed class StackReader
{
    /// <summary>The most frames of one stack; CPython's own limit is 1000 unless raised.</summary>
    public const int MostFrames = 1 << 16;

    /// <summary>How many looks must agree on a call that nothing else proves.</summary>
    const int LooksWithoutProof = 16;

    const int MostPlans = 1 << 16;

    readonly IMemory _memory;
    readonly CodeTable _codes;
    readonly RuntimeLayout _layout;
    readonly CallLayout _calls;
    readonly KnownCalls _known;
    readonly Dictionary<ulong, ReadPlan> _plans = [];
    readonly int _threadBytes;
    readonly int _frameBytes;
    readonly bool _isInline;
    readonly int _instructionUnit;
    byte[] _copy = new byte[1 << 14];
    ulong[] _codesSeen = new ulong[64];
    ulong[] _functions = new ulong[64];
    int[] _before = new int[65];
    int _fresh;
    FrameLook _look = new();
    FrameLook _next = new();
    ulong _random = 0x9e3779b97f4a7c15;

    /// <summary>Reads stacks of a runtime's threads.</summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="codes">Its code objects.</param>
    public StackReader(PythonRuntime runtime, CodeTable codes)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        _memory = runtime.Memory;
        _codes = codes;
        _layout = runtime.Layout;
        _calls = runtime.Layout.Calls;
        _known = new KnownCalls(codes, new CallProof(runtime));
        _isInline = _layout.FrameFunction is not null;
        _instructionUnit = runtime.Version.Minor == 10 ? 2 : 1;
        // The chunk of the data stack, its top and its limit lie one after the other.
        const int chunkTopAndLimit = 24;
        _threadBytes = Math.Max(Math.Max(Math.Max(_layout.ThreadInterpreter, _calls.ThreadFrame), _layout.ThreadCFrame ?? 0) + 8, _layout.ThreadStackChunk + chunkTopAndLimit ?? 0);
        _frameBytes = 8 + Math.Max(Math.Max(_calls.FrameInstruction, _calls.FramePrevious), Math.Max(_calls.FrameCode, Math.Max(_calls.FrameOwner ?? 0, _layout.FrameIsEntry ?? 0)));
    }

    /// <summary>The code object of the function that the thread was in when its stack was last found <see cref="StackReadResult.Changed"/>; 0 when not even that is known.</summary>
    public ulong ChangedIn { get; private set; }

    /// <summary>
    /// Whether the stack was last found <see cref="StackReadResult.Changed"/> only because nothing proves a call in it, which had not been seen often enough yet: the thread may well have stood still.
    /// </summary>
    public bool IsUncertain { get; private set; }

    /// <summary>How many looks the last reading took.</summary>
    public int Looks { get; private set; }

    /// <summary>
    /// Where on the machine's stack the evaluation loop keeps something of the frames read last: its <c>_PyCFrame</c> (3.10 to 3.12) or its own frame (3.13 and later). 0 where they are none, or it keeps
    /// nothing there (up to 3.9).
    /// </summary>
    public ulong MachinePlace { get; private set; }

    /// <summary>What was read along with the thread by the last look; until the next reading.</summary>
    public ReadOnlyMemory<byte> Beside { get; private set; }

    /// <summary>Reads a thread's stack.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="innermostFirst">Filled with its frames; empty unless the result is <see cref="StackReadResult.Verified"/>.</param>
    /// <param name="budgetNs">How long to try again while the thread goes on, in nanoseconds.</param>
    /// <param name="isAsleep">
    /// Whether the thread is known to sleep, or to be stopped, or is that of a core file; then what looks the same needs no other proof. Without this, a call that
    /// nothing proves is taken for real only once it has been seen several times.
    /// </param>
    /// <param name="beside">A place to read in the same system call, for <see cref="Beside"/>; its length 0 for none. Best the same for a thread each time.</param>
    /// <param name="hasSlept">Asked after the looks at a call that nothing proves: whether the thread has been blocked in a system call from before the reading until now. Null when that is not known.</param>
    public StackReadResult Read(
        in ThreadRecord thread, List<RawFrame> innermostFirst, long budgetNs = 1_000_000, bool isAsleep = false, (ulong Address, int Length) beside = default, Func<bool>? hasSlept = null)
    {
        ArgumentNullException.ThrowIfNull(innermostFirst);
        innermostFirst.Clear();
        ChangedIn = 0;
        IsUncertain = false;
        MachinePlace = 0;
        Looks = 0;
        var start = Stopwatch.GetTimestamp();
        var plan = PlanOf(thread, beside);
        TryLook(thread, plan, _look, out var isReadable);
        if (!isReadable)
        {
            return StackReadResult.Unreadable;
        }

        while (true)
        {
            // What was copied without a break and is all proven needs no second look.
            var isDescribed = _look.IsWhole && TryDescribe(plan, innermostFirst);
            if (isDescribed && _look.IsUnbroken && EndsWell(plan, innermostFirst) && FindUnproven(innermostFirst, 0) < 0)
            {
                Keep(plan, innermostFirst);
                MachinePlace = _look.MachinePlace;
                return StackReadResult.Verified;
            }

            TryLook(thread, plan, _next, out isReadable);
            if (!isReadable)
            {
                innermostFirst.Clear();
                return StackReadResult.Unreadable;
            }

            if (isDescribed && _next.IsWhole && StaysTheSame(thread, plan, innermostFirst, isAsleep, hasSlept))
            {
                MachinePlace = innermostFirst.Count == 0 ? 0 : _look.MachinePlace;
                return innermostFirst.Count == 0 ? StackReadResult.NoFrames : StackReadResult.Verified;
            }

            innermostFirst.Clear();
            (_look, _next) = (_next, _look);
            if (Stopwatch.GetElapsedTime(start).TotalNanoseconds >= budgetNs)
            {
                return StackReadResult.Changed;
            }
        }
    }

    /// <summary>Whether a thread state has frames at this moment.</summary>
    /// <param name="thread">The thread state.</param>
    /// <param name="frame">The innermost one, a frame of the evaluation loop's included.</param>
    /// <param name="machinePlace">Its <see cref="MachinePlace"/> where a <c>CFrame</c> tells it (3.10 to 3.12); else 0.</param>
    public bool HasFrames(in ThreadRecord thread, out ulong frame, out ulong machinePlace)
    {
        machinePlace = 0;
        return _memory.TryReadWord(unchecked(thread.Address + (ulong)_calls.ThreadFrame), out frame)
            && (_layout.ThreadCFrame is not { } cFrame || _memory.TryReadWord(unchecked(thread.Address + (ulong)cFrame), out machinePlace))
            && (_calls.CFrameFrame is not { } field || _memory.TryReadWord(unchecked(frame + (ulong)field), out frame))
            && frame != 0;
    }

    /// <summary>Forgets threads that are no more; to be called now and then by whoever reads for long.</summary>
    /// <param name="living">The threads that there are.</param>
    public void Forget(IReadOnlyList<ThreadRecord> living)
    {
        ArgumentNullException.ThrowIfNull(living);
        if (_plans.Count > 2 * living.Count)
        {
            HashSet<ulong> kept = [.. living.Select(thread => thread.Address)];
            foreach (var address in _plans.Keys)
            {
                if (!kept.Contains(address))
                {
                    _plans.Remove(address);
                }
            }
        }
    }

    void Keep(ReadPlan plan, List<RawFrame> frames) =>
        plan.Proven.Keep(_look.Frames, _before.AsSpan(0, _look.Count + 1), CollectionsMarshal.AsSpan(frames), _codes.Changes);

    ReadPlan PlanOf(in ThreadRecord thread, (ulong Address, int Length) beside)
    {
        if (!_plans.TryGetValue(thread.Address, out var plan))
        {
            if (_plans.Count >= MostPlans)
            {
                _plans.Clear();
            }

            plan = new ReadPlan();
            plan.Forget(thread.Address, _threadBytes, beside);
            _plans.Add(thread.Address, plan);
        }
        else if (plan.Beside != beside)
        {
            plan.Forget(thread.Address, _threadBytes, beside);
        }

        return plan;
    }

    /// <summary>Looks once. Where the thread's frames were not where they were expected, the plan is made anew for the next look.</summary>
    bool TryLook(in ThreadRecord thread, ReadPlan plan, FrameLook look, out bool isReadable)
    {
        look.Clear();
        Looks++;
        if (_copy.Length < plan.TotalBytes)
        {
            _copy = new byte[2 * plan.TotalBytes];
        }

        var start = Stopwatch.GetTimestamp();
        var read = _memory.ReadGather(plan.Addresses, plan.Lengths, _copy);
        var isUnbroken = plan.IsUnbroken(Stopwatch.GetTimestamp() - start);
        if (read < plan.Count)
        {
            look.IsAtOnce = false;
            plan.Forget(thread.Address, _threadBytes, plan.Beside);
            read = _memory.TryRead(thread.Address, _copy.AsSpan(plan.ThreadOffset, _threadBytes)) ? plan.Count : 0;
            _copy.AsSpan(0, plan.ThreadOffset).Clear();
        }

        isReadable = read == plan.Count && MemoryWords.Word(_copy, plan.ThreadOffset + _layout.ThreadInterpreter) == thread.Interpreter;
        if (!isReadable)
        {
            return false;
        }

        ReadOnlySpan<byte> head = _copy.AsSpan(plan.ThreadOffset, _threadBytes);
        Beside = plan.Beside.Length == 0 ? default : _copy.AsMemory(plan.BesideOffset, plan.Beside.Length);
        ulong chunk = 0, limit = 0;
        if (_layout.ThreadStackChunk is { } chunkField)
        {
            chunk = head.Word(chunkField);
            limit = head.Word(chunkField + 16);
        }

        var holder = head.Word(_calls.ThreadFrame);
        look.IsWhole = TryWalk(plan, look, holder);
        look.MachinePlace = _layout.ThreadCFrame is { } cFrame ? head.Word(cFrame) : 0;
        look.IsUnbroken = isUnbroken && look.IsAtOnce;
        if (look.IsWhole && (!look.IsAtOnce || plan.IsTooLargeFor(look.Count)))
        {
            var frameHolder = _calls.CFrameFrame is { } field ? unchecked(holder + (ulong)field) : 0;
            plan.Make(look.Frames, _frameBytes, (chunk, limit), frameHolder, 8, thread.Address, _threadBytes);
        }

        return look.IsWhole;
    }

    bool TryWalk(ReadPlan plan, FrameLook look, ulong holder)
    {
        Span<byte> apart = stackalloc byte[_frameBytes];
        var address = holder;
        if (_calls.CFrameFrame is { } field)
        {
            var at = plan.FindHolder(unchecked(holder + (ulong)field), 8);
            if (at >= 0)
            {
                address = MemoryWords.Word(_copy, at);
            }
            else
            {
                look.IsAtOnce = false;
                if (!_memory.TryReadWord(unchecked(holder + (ulong)field), out address))
                {
                    return false;
                }
            }
        }

        // A chain stitched together from two moments can be a ring.
        ulong mark = 0;
        var markAgain = 16;
        var hint = 0;
        while (address != 0)
        {
            if (look.Count == MostFrames || address == mark || !TryGet(plan, look, address, apart, ref hint, out var frame))
            {
                return false;
            }

            if (look.Count == markAgain)
            {
                mark = address;
                markAgain *= 2;
            }

            look.Add(new SeenFrame(
                address,
                frame.Word(_calls.FrameCode) & ~(ulong)_calls.CodeTagMask,
                _isInline ? frame.Word(_calls.FrameInstruction) : unchecked((ulong)frame.Int32(_calls.FrameInstruction)),
                frame.Word(_calls.FramePrevious),
                _layout.FrameFunction is { } function ? frame.Word(function) & ~(ulong)_calls.CodeTagMask : 0,
                _calls.FrameOwner is { } owner ? frame[owner] : (byte)0,
                !_isInline || (_layout.FrameIsEntry is { } entry && frame[entry] != 0)));
            address = frame.Word(_calls.FramePrevious);
        }

        return true;
    }

    bool TryGet(ReadPlan plan, FrameLook look, ulong address, Span<byte> apart, ref int hint, out ReadOnlySpan<byte> found)
    {
        var at = plan.FindFrame(address, apart.Length, ref hint);
        if (at >= 0)
        {
            found = _copy.AsSpan(at, apart.Length);
            return true;
        }

        look.IsAtOnce = false;
        found = apart;
        return _memory.TryRead(address, apart);
    }

    /// <summary>
    /// Turns what the first look saw into frames, and keeps the function that each runs. Those outermost ones that are as they were when proven are taken over.
    /// False when some of it cannot be: then it is of more than one moment.
    /// </summary>
    bool TryDescribe(ReadPlan plan, List<RawFrame> frames)
    {
        var seen = _look.Frames;
        if (_codesSeen.Length < seen.Length)
        {
            _codesSeen = new ulong[2 * seen.Length];
            _functions = new ulong[2 * seen.Length];
            _before = new int[2 * seen.Length + 1];
        }

        plan.Proven.FindSame(seen, _codes.Changes, out var from);
        var mostSeen = plan.Proven.IsOld() ? seen.Length : from;
        for (var i = 0; i < mostSeen; i++)
        {
            _codesSeen[i] = seen[i].Code;
        }

        _codes.Recheck(_codesSeen.AsSpan(0, mostSeen));
        // What was found to be gone counts against what was known with it.
        var same = plan.Proven.FindSame(seen, _codes.Changes, out from);
        ChangedIn = 0;
        for (var i = 0; i < from; i++)
        {
            ref readonly var frame = ref seen[i];
            _before[i] = frames.Count;
            if (frame.IsShim)
            {
                if (frames.Count > 0)
                {
                    frames[^1] = frames[^1] with { CalledFromC = true };
                }

                continue;
            }

            if (!_codes.TryGet(frame.Code, out var code))
            {
                return false;
            }

            ChangedIn = ChangedIn == 0 ? frame.Code : ChangedIn;
            var offset = _isInline ? unchecked((long)(frame.Instruction - code.Instructions)) : (long)frame.Instruction * _instructionUnit;
            if (offset < -2 || offset >= Math.Max(code.InstructionBytes, 1))
            {
                return false;
            }

            // A frame still being made, or one of those without a function that CPython puts below a class's __init__.
            const byte generator = 1;
            if (offset < code.FirstTraceableBytes && frame.Owner != generator)
            {
                continue;
            }

            _functions[frames.Count] = frame.Function;
            frames.Add(new RawFrame(frame.Address, frame.Code, (int)offset, (FrameOwner)frame.Owner, frame.IsEntry));
        }

        _fresh = frames.Count;
        plan.Proven.CopyBefore(_before.AsSpan(0, seen.Length + 1), from, _fresh);
        ChangedIn = ChangedIn == 0 && !same.IsEmpty ? same[0].Code : ChangedIn;
        frames.AddRange(same);
        return true;
    }

    /// <summary>Whether the frames that the first look saw were there at one moment, by those of later looks.</summary>
    bool StaysTheSame(in ThreadRecord thread, ReadPlan plan, List<RawFrame> frames, bool isAsleep, Func<bool>? hasSlept)
    {
        IsUncertain = false;
        var same = _look.CountSame(_next);
        var isSame = same == _look.Count && _next.Count == same;
        plan.Moves += isSame ? 0 : 1;
        isSame |= same == _look.Count - 1 && _next.Count == _look.Count && _look.Frames[0].IsSameActivation(_next.Frames[0]);
        if (!isSame)
        {
            return false;
        }

        var unproven = FindUnproven(frames, 0);
        var endsWell = EndsWell(plan, frames);
        if (unproven < 0 && endsWell)
        {
            Keep(plan, frames);
            return true;
        }

        var innermost = unproven >= 0 ? frames[unproven].Address : _look.Count > 0 ? _look.Frames[^1].Address : 0;
        if (!LooksTheSame(thread, plan, innermost))
        {
            return false;
        }

        // Only what is known after the looks holds for them.
        isAsleep = isAsleep || hasSlept?.Invoke() == true;
        var isEnough = true;
        for (; unproven >= 0; unproven = FindUnproven(frames, unproven + 1))
        {
            isEnough &= _known.Witness(frames[unproven + 1], frames[unproven], plan.Moves, isAsleep);
        }

        // The thread's beginning is witnessed like a call from nowhere.
        if (!endsWell && frames.Count > 0)
        {
            isEnough &= _known.Witness(new RawFrame(0, frames[^1].Code, 0, default, false), frames[^1], plan.Moves, isAsleep);
        }

        if (isEnough && frames.Count > 0)
        {
            plan.Outermost = (frames[^1].Address, frames[^1].Code);
        }

        IsUncertain = !isEnough;
        return isEnough;
    }

    /// <summary>
    /// Whether the chain ends where a thread begins. A frame just made or given back has no caller yet or any more, and a chain that leads to one ends too early.
    /// </summary>
    bool EndsWell(ReadPlan plan, List<RawFrame> frames)
    {
        if (frames.Count == 0)
        {
            return false;
        }

        if (plan.Outermost == (frames[^1].Address, frames[^1].Code))
        {
            return true;
        }

        // The evaluation loop's own frame is the last one where it has one, and where it has none it marks the frame that it was entered with.
        var last = _look.Frames[^1];
        var isEntered = _layout.HasShims ? last.IsShim : last.IsEntry;
        return isEntered && _codes.TryGet(frames[^1].Code, out var code) && code.Name is "<module>" or "_bootstrap";
    }

    /// <summary>The innermost callee, from an index on, that is not known to be called by its caller; -1 when all are. Callees taken over from the proven stack are.</summary>
    int FindUnproven(List<RawFrame> frames, int from)
    {
        for (var i = from; i < _fresh && i < frames.Count - 1; i++)
        {
            if (!_known.IsKnown(frames[i + 1], frames[i], _functions[i]))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Looks again and again, at random distances, whether all frames from the outermost to that one stay as they are.</summary>
    bool LooksTheSame(in ThreadRecord thread, ReadPlan plan, ulong innermost)
    {
        const ulong longestPauseNs = 4000;
        var callee = 0;
        while (callee < _look.Count - 1 && _look.Frames[callee].Address != innermost)
        {
            callee++;
        }

        var callers = _look.Count - 1 - callee;
        for (var i = 0; i < LooksWithoutProof; i++)
        {
            _random ^= _random << 13;
            _random ^= _random >> 7;
            _random ^= _random << 17;
            var start = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(start).TotalNanoseconds < _random % longestPauseNs)
            {
                Thread.SpinWait(1);
            }

            if (!TryLook(thread, plan, _next, out _))
            {
                return false;
            }

            // The callee itself may go on, its callers may not.
            var same = _look.CountSame(_next);
            var isSame = _look.Count == 0 ? _next.Count == 0
                : same >= callers && _next.Count > callers && _next.Frames[_next.Count - 1 - callers].IsSameActivation(_look.Frames[callee]);
            if (!isSame)
            {
                return false;
            }
        }

        return true;
    }
}
