using Sonde.Python.Values;

namespace Sonde.Engine.Flow;

/// <summary>An argument of a call.</summary>
/// <param name="Name">Its name, escaped; with one or two stars in front where it takes the rest of the arguments.</param>
/// <param name="Text">Its value as it was at the call, one line of printable characters.</param>
public readonly record struct FlowValue(string Name, string Text);

/// <summary>Turns what was copied at a call into the text of its arguments, and at a return into that of the result.</summary>
/// <remarks>Nothing of a value is read later from the process: what was not copied is marked so. Only types and the names of variables are, which stay as they are.</remarks>
/// <param name="process">What is known about the interpreter of a process, by process id and image number.</param>
/// <param name="limits">How much is shown.</param>
/// <param name="counts">Takes what is missing.</param>
sealed class FlowValues(Func<int, int, PythonProcess> process, ValueLimits limits, FlowCounts counts)
{
    const string NotCaptured = "<not captured>";

    /// <summary>Arguments of calls that may be shown later; a program has no more calls in progress as a rule.</summary>
    internal const int MaximumHeld = 4096;

    /// <summary>Processes whose types and names are remembered, and functions of each whose arguments are known: under a trace of everything there is no end to either.</summary>
    internal const int MaximumProcesses = 256, MaximumFunctions = 1 << 16;

    /// <summary>The functions whose arguments are known.</summary>
    internal int Functions => _processes.Values.Sum(static process => process.Arguments.Count);

    /// <summary>The processes that are remembered.</summary>
    internal IEnumerable<int> Processes => _processes.Keys.Select(static key => key.Pid);

    readonly Dictionary<(int Pid, int Image), ProcessValues> _processes = [];
    long _uses;
    readonly Dictionary<(ulong Thread, ulong Parent), byte[]> _held = [];

    /// <summary>What is known of a process.</summary>
    sealed class ProcessValues
    {
        public ProcessValues(PythonProcess process)
        {
            Captured = new CapturedMemory();
            Lasting = new LastingMemory(process.Memory);
            Values = new PythonValues(Captured, Lasting, process.Version, process.Layout);
            Variables = new FrameVariables(Captured, Lasting, process.Version, process.Layout);
        }

        /// <summary>When it was last asked for, by the number of the record.</summary>
        public long LastUse { get; set; }

        public CapturedMemory Captured { get; }

        public LastingMemory Lasting { get; }

        public PythonValues Values { get; }

        public FrameVariables Variables { get; }

        public Dictionary<ulong, IReadOnlyList<ArgumentSlot>> Arguments { get; } = [];
    }

    /// <summary>Takes a record of types or names.</summary>
    public void Learn(ReadOnlySpan<byte> record)
    {
        var owner = Owner(record);
        if (!Load(owner.Captured, record))
        {
            return;
        }

        owner.Captured.ForEach((address, bytes) =>
        {
            if (address != 0)
            {
                owner.Lasting.Add(address, bytes.Span);
                owner.Values.Forget(address);
                owner.Variables.Forget(address);
                owner.Arguments.Remove(address);
            }
        });
    }

    /// <summary>Takes note that a code object is new, or another than was at its address before.</summary>
    public void Forget(ReadOnlySpan<byte> record)
    {
        var owner = Owner(record);
        var code = FlowRecord.UInt64(record, FlowRecord.CodeAddress);
        owner.Lasting.Remove(code);
        owner.Arguments.Remove(code);
    }

    /// <summary>Keeps the arguments of a call until it turns out whether it is shown.</summary>
    public void Hold(ReadOnlySpan<byte> record)
    {
        if (_held.Count >= MaximumHeld)
        {
            counts.ValuesDropped += _held.Count;
            _held.Clear();
        }

        _held[(FlowRecord.UInt64(record, FlowRecord.ThreadOffset), FlowRecord.UInt64(record, FlowRecord.EnterParent))] = record.ToArray();
    }

    /// <summary>The arguments that were kept of a call; null when there are none.</summary>
    /// <param name="record">The call's record.</param>
    public List<FlowValue>? TakeHeld(ReadOnlySpan<byte> record) =>
        _held.Remove((FlowRecord.UInt64(record, FlowRecord.ThreadOffset), FlowRecord.UInt64(record, FlowRecord.EnterParent)), out var kept)
            && FlowRecord.UInt64(kept, FlowRecord.EnterFrame) == FlowRecord.UInt64(record, FlowRecord.EnterFrame)
            ? Arguments(kept) : null;

    /// <summary>The arguments in a call's record.</summary>
    public List<FlowValue>? Arguments(ReadOnlySpan<byte> record)
    {
        var owner = Owner(record);
        if (!Load(owner.Captured, record))
        {
            return null;
        }

        var (frame, code) = (FlowRecord.UInt64(record, FlowRecord.EnterFrame), FlowRecord.UInt64(record, FlowRecord.EnterCode));
        if (!owner.Arguments.TryGetValue(code, out var slots))
        {
            if (owner.Arguments.Count >= MaximumFunctions)
            {
                // They are found again from what the kernel has told.
                owner.Arguments.Clear();
            }

            owner.Arguments.Add(code, slots = owner.Variables.Arguments(code));
        }

        var found = new List<FlowValue>(slots.Count);
        var lacks = false;
        foreach (var slot in slots)
        {
            var text = limits.Redaction?.HidesName(slot.Name) == true ? Redaction.Mark
                : !owner.Variables.TryRead(frame, slot, out var value) ? NotCaptured
                : value == 0 ? null
                : Describe(owner, value, ref lacks);
            if (text is not null)
            {
                lacks |= ReferenceEquals(text, NotCaptured);
                found.Add(new FlowValue(slot.Stars + Output.Escape.Text(slot.Name), text));
            }
        }

        Count(record, lacks);
        return found;
    }

    /// <summary>The result in an exit's record.</summary>
    public string? Result(ReadOnlySpan<byte> record)
    {
        var owner = Owner(record);
        if (!Load(owner.Captured, record) || owner.Captured.First.Length < 8)
        {
            return null;
        }

        var lacks = false;
        var value = FlowRecord.UInt64(owner.Captured.First, 0);
        var text = value == 0 ? NotCaptured : Describe(owner, value, ref lacks);
        Count(record, lacks || value == 0);
        return text;
    }

    string Describe(ProcessValues owner, ulong value, ref bool lacks)
    {
        var text = owner.Values.Describe(value, limits);
        lacks |= owner.Values.LacksSomething;
        return text;
    }

    void Count(ReadOnlySpan<byte> record, bool lacks)
    {
        counts.Values++;
        if (lacks)
        {
            counts.ValuesIncomplete++;
            counts.ValuesUnreadable += FlowRecord.Int32(record, FlowRecord.ValuesUnreadable) > 0 ? 1 : 0;
        }
    }

    static bool Load(CapturedMemory captured, ReadOnlySpan<byte> record)
    {
        var length = record.Length < FlowRecord.Values ? -1 : FlowRecord.Int32(record, FlowRecord.ValuesLength);
        return length >= 0 && length <= record.Length - FlowRecord.Values && captured.Load(record.Slice(FlowRecord.Values, length));
    }

    ProcessValues Owner(ReadOnlySpan<byte> record)
    {
        var key = ((int)(FlowRecord.UInt64(record, FlowRecord.ThreadOffset) >> 32), (int)FlowRecord.UInt16(record, FlowRecord.ImageOffset));
        if (!_processes.TryGetValue(key, out var owner))
        {
            if (_processes.Count >= MaximumProcesses)
            {
                Forget();
            }

            _processes.Add(key, owner = new ProcessValues(process(key.Item1, key.Item2)));
        }

        owner.LastUse = ++_uses;
        return owner;
    }

    /// <summary>Lets go of all that is remembered of processes that have ended.</summary>
    public void Forget(IReadOnlySet<int> pids)
    {
        foreach (var key in _processes.Keys.Where(key => pids.Contains(key.Pid)).ToList())
        {
            _processes.Remove(key);
        }

        foreach (var key in _held.Keys.Where(key => pids.Contains((int)(key.Thread >> 32))).ToList())
        {
            _held.Remove(key);
        }
    }

    /// <summary>Forgets the process that was not seen for longest. Should it be seen again, what it was told of is read from it, as long as it runs.</summary>
    void Forget()
    {
        var oldest = _processes.MinBy(static each => each.Value.LastUse).Key;
        _processes.Remove(oldest);
        counts.ValueProcessesForgotten++;
    }
}
