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

    /// <summary>Calls and returns received with their values.</summary>
    public long Values { get; set; }

    /// <summary>Calls and returns of whose values something is missing that would have been shown.</summary>
    public long ValuesIncomplete { get; set; }

    /// <summary>Those of them where memory could not be read.</summary>
    public long ValuesUnreadable { get; set; }

    /// <summary>Calls whose arguments were given up because too many waited to be shown.</summary>
    public long ValuesDropped { get; set; }

    /// <summary>Processes whose types and names were forgotten because too many were followed; should they be seen again, values of theirs may lack something, and are marked then.</summary>
    public long ValueProcessesForgotten { get; set; }

    /// <summary>Records that made no sense; always zero unless there is a defect.</summary>
    public long Malformed { get; set; }
}
