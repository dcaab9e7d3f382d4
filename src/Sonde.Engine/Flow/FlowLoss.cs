namespace Sonde.Engine.Flow;

/// <summary>Why the kernel side could not report something.</summary>
public enum FlowLoss
{
    /// <summary>An entry found no room in the ring buffer.</summary>
    Entry,

    /// <summary>An exit found no room in the ring buffer.</summary>
    Exit,

    /// <summary>A code object's names found no room; they are sent again at its next call.</summary>
    Code,

    /// <summary>The thread state, frame or code object could not be read at a hit.</summary>
    Unreadable,

    /// <summary>The table of calls in progress was full, so a call was shown without its return, or not considered by a filter.</summary>
    CallsFull,

    /// <summary>A long call had more unshown callers than are walked.</summary>
    CallersCut,

    /// <summary>No loss: a probe hit. Counted under filters, where the records that arrive do not tell how many there were.</summary>
    Hit,

    /// <summary>The values of a call found no room, neither where they are copied nor in the ring buffer; the call is shown without.</summary>
    Values,

    /// <summary>No loss: a call whose condition could not be decided, and was not shown.</summary>
    Undecided,

    /// <summary>No loss: a call of a function without an argument that the condition asks for.</summary>
    Unnamed,
}

/// <summary>The kernel's loss counters at one moment.</summary>
public readonly record struct FlowLosses(long Entries, long Exits, long Codes, long Unreadable, long CallsFull, long CallersCut, long FilteredHits = 0, long Values = 0, long Undecided = 0, long Unnamed = 0)
{
    /// <summary>Number of counters.</summary>
    public const int Kinds = 10;

    /// <summary>Entries and exits that are missing from the output.</summary>
    public long Events => Entries + Exits + Unreadable;

    /// <summary>Reads the counters as the kernel stores them: one 64-bit number per <see cref="FlowLoss"/>.</summary>
    internal static FlowLosses Read(ReadOnlySpan<byte> value) => new(
        At(value, FlowLoss.Entry), At(value, FlowLoss.Exit), At(value, FlowLoss.Code), At(value, FlowLoss.Unreadable), At(value, FlowLoss.CallsFull), At(value, FlowLoss.CallersCut), At(value, FlowLoss.Hit), At(value, FlowLoss.Values), At(value, FlowLoss.Undecided), At(value, FlowLoss.Unnamed));

    static long At(ReadOnlySpan<byte> value, FlowLoss loss) => (long)FlowRecord.UInt64(value, 8 * (int)loss);
}
