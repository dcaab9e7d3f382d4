namespace Sonde.Engine.Flow;

/// <summary>Turns ring buffer records into flow events: looks up names, matches exits with entries per thread, and computes depths and durations.</summary>
/// <remarks>Used by one thread. Allocates when a thread or a code object is seen for the first time, never per event.</remarks>
/// <param name="codes">The code objects.</param>
/// <param name="threads">The threads.</param>
/// <param name="counts">Takes what was received.</param>
/// <param name="values">Reads arguments and results; null when they are not asked for.</param>
sealed class FlowDecoder(CodeTable codes, ThreadTable threads, FlowCounts counts, FlowValues? values = null)
{
    CallStack? _latest;
    ulong _latestKey;
    int _forgottenActivations;

    /// <summary>Takes the events.</summary>
    public IFlowSink? Sink { get; set; }

    /// <summary>What was received, and what of it could not be used.</summary>
    public FlowCounts Counts => counts;

    /// <summary>Number of records the kernel had to drop so far; lets the decoder tell a gap from a stack switch.</summary>
    public long Lost { get; set; }

    /// <summary>Number of events still allowed; the caller stops when it reaches zero.</summary>
    public long Remaining { get; set; } = long.MaxValue;

    /// <summary>Takes one record.</summary>
    public void Decode(ReadOnlySpan<byte> record)
    {
        switch (record[FlowRecord.KindOffset])
        {
            case FlowRecord.Enter or FlowRecord.EnterValues:
                Counts.Entries++;
                Enter(record);
                break;
            case FlowRecord.Exit or FlowRecord.ExitValues:
                Counts.Exits++;
                Exit(record);
                break;
            case FlowRecord.Held:
                values?.Hold(record);
                break;
            case FlowRecord.Lasting:
                values?.Learn(record);
                break;
            case FlowRecord.Late:
                Late(record);
                break;
            case FlowRecord.Code:
                codes.Learn(record);
                values?.Forget(record);
                break;
            default:
                Counts.Malformed++;
                break;
        }
    }

    /// <summary>The activations that have not ended, those of processes that were forgotten included.</summary>
    public int OpenActivations => _forgottenActivations + threads.Stacks.Sum(stack => stack.Activations.Length);

    /// <summary>Lets go of all that is remembered of processes that have ended and will send nothing more.</summary>
    /// <returns>The code objects of theirs that were known.</returns>
    public List<(int Pid, ulong Address)> Forget(IReadOnlySet<int> pids)
    {
        _latest = null;
        _forgottenActivations += threads.Forget(pids);
        values?.Forget(pids);
        return codes.Forget(pids);
    }

    void Enter(ReadOnlySpan<byte> record)
    {
        var stack = StackOf(record);
        var entry = ReadEntry(record);
        if (stack.IsNewest(entry))
        {
            Counts.Duplicates++;
            return;
        }

        Reorder(stack, entry.Parent);
        codes.CountCall(entry.Code);
        var isWanted = record[FlowRecord.KindOffset] == FlowRecord.EnterValues && entry.Code.Wanted && stack.Wanted;
        Push(stack, isWanted ? entry with { Arguments = values?.Arguments(record) } : entry);
    }

    /// <summary>Callers reported late come in one batch before the exit they belong to, innermost first.</summary>
    void Late(ReadOnlySpan<byte> record) => StackOf(record).Late.Add(ReadEntry(record) with { Arguments = values?.TakeHeld(record) });

    Entry ReadEntry(ReadOnlySpan<byte> record) => new(
        FlowRecord.UInt64(record, FlowRecord.EnterFrame),
        FlowRecord.UInt64(record, FlowRecord.EnterParent),
        codes.Find((int)(FlowRecord.UInt64(record, FlowRecord.ThreadOffset) >> 32), FlowRecord.UInt64(record, FlowRecord.EnterCode), Image(record)),
        (long)FlowRecord.UInt64(record, FlowRecord.TimeOffset),
        Cpu(record),
        FlowRecord.UInt16(record, FlowRecord.SiteOffset),
        record[FlowRecord.DetailOffset] == (byte)FlowEventKind.Resume);

    void Exit(ReadOnlySpan<byte> record)
    {
        var stack = StackOf(record);
        for (var i = stack.Late.Count - 1; i >= 0; i--)
        {
            Push(stack, stack.Late[i]);
        }

        stack.Late.Clear();
        var parent = FlowRecord.UInt64(record, FlowRecord.ExitParent);
        var time = (long)FlowRecord.UInt64(record, FlowRecord.TimeOffset);
        var index = stack.Find(parent);
        if (index < 0)
        {
            Counts.Unmatched++;
            return;
        }

        if (index < stack.Activations.Length - 1 && stack.SeenLoss != Lost)
        {
            Counts.Skipped += stack.Truncate(index + 1);
        }

        stack.SeenLoss = Lost;
        var activation = stack.Remove(index, time);
        if (!activation.Code.Wanted || !stack.Wanted)
        {
            return;
        }

        var duration = time - activation.TimeNs;
        Emit(new FlowEvent
        {
            Kind = (FlowEventKind)record[FlowRecord.DetailOffset],
            Result = record[FlowRecord.KindOffset] == FlowRecord.ExitValues ? values?.Result(record) : null,
            Cpu = Cpu(record),
            Depth = activation.Depth,
            TimeNs = time,
            DurationNs = duration,
            OwnNs = Math.Max(0, duration - activation.ChildrenNs),
            Code = activation.Code,
            Thread = stack.Thread,
        });
    }

    void Push(CallStack stack, in Entry entry)
    {
        var depth = stack.NextDepth;
        stack.Push(entry);
        stack.SeenLoss = Lost;
        if (!entry.Code.Wanted || !stack.Wanted)
        {
            return;
        }

        Emit(new FlowEvent
        {
            Kind = entry.Resumed ? FlowEventKind.Resume : FlowEventKind.Call,
            Cpu = entry.Cpu,
            Arguments = entry.Arguments,
            Depth = depth,
            TimeNs = entry.TimeNs,
            DurationNs = -1,
            OwnNs = -1,
            Code = entry.Code,
            Thread = stack.Thread,
        });
    }

    void Emit(in FlowEvent flowEvent)
    {
        if (Remaining == 0)
        {
            return;
        }

        Remaining--;
        Counts.Shown++;
        Sink?.Write(flowEvent);
    }

    /// <summary>
    /// Gives up activations that must have ended unseen, since their caller calls again. Without a loss only the newest can be one; after a
    /// loss any can.
    /// </summary>
    void Reorder(CallStack stack, ulong parent)
    {
        var activations = stack.Activations;
        var oldest = stack.SeenLoss == Lost ? Math.Max(0, activations.Length - 1) : 0;
        for (var i = activations.Length - 1; i >= oldest; i--)
        {
            if (activations[i].Parent == parent)
            {
                Counts.Skipped += stack.Truncate(i);
                return;
            }

            if (activations[i].Frame == parent)
            {
                Counts.Skipped += stack.Truncate(i + 1);
                return;
            }
        }
    }

    CallStack StackOf(ReadOnlySpan<byte> record)
    {
        var key = FlowRecord.UInt64(record, FlowRecord.ThreadOffset);
        if (_latest is not null && key == _latestKey)
        {
            return _latest;
        }

        _latest = threads.Find((int)(key >> 32), (int)key);
        _latestKey = key;
        return _latest;
    }

    static int Cpu(ReadOnlySpan<byte> record) => FlowRecord.Int32(record, FlowRecord.KindOffset) >>> 16;

    static int Image(ReadOnlySpan<byte> record) => FlowRecord.UInt16(record, FlowRecord.ImageOffset);
}
