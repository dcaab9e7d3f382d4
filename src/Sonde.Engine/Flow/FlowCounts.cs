namespace Sonde.Engine.Flow;

/// <summary>What became of the records of a flow. Nothing is dropped without being counted here or in the kernel's counters.</summary>
public sealed class FlowCounts
{
    /// <summary>Entries received.</summary>
    public long Entries { get; set; }

    /// <summary>Exits received.</summary>
    public long Exits { get; set; }

    /// <summary>Events shown.</summary>
    public long Shown { get; set; }

    /// <summary>Entries seen at two probe sites, reported once.</summary>
    public long Duplicates { get; set; }

    /// <summary>Exits of frames whose entry was not seen: those that ran when the trace began, and the interpreter's own helper frames.</summary>
    public long Unmatched { get; set; }

    /// <summary>Activations given up because their exits were among the lost records.</summary>
    public long Skipped { get; set; }

    /// <summary>Records that made no sense; always zero unless there is a defect.</summary>
    public long Malformed { get; set; }
}
