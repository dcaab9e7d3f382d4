namespace Sonde.Engine.Flow;

/// <summary>What a flow saw, lost and cost.</summary>
public sealed record FlowReport
{
    /// <summary>What was received.</summary>
    public required FlowCounts Counts { get; init; }

    /// <summary>What the kernel side could not send.</summary>
    public required FlowLosses Losses { get; init; }

    /// <summary>Functions that were seen and asked for.</summary>
    public required int Functions { get; init; }

    /// <summary>Functions that were seen, asked for or not.</summary>
    public int FunctionsSeen { get; init; }

    /// <summary>Patterns of functions and files that were asked for and that nothing fits which was seen.</summary>
    public IReadOnlyList<string> Unmatched { get; init; } = [];

    /// <summary>Functions whose name or file could not be read.</summary>
    public required int UnresolvedNames { get; init; }

    /// <summary>Calls that had not ended when the trace did.</summary>
    public required int OpenCalls { get; init; }

    /// <summary>How long the trace took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Processor time that the traced processes used meanwhile.</summary>
    public required TimeSpan TargetCpu { get; init; }

    /// <summary>Hits whose program the kernel left out, because one ran on that processor already; only one perf event a place (before 6.6) knows this.</summary>
    public long MissedRuns { get; init; }

    /// <summary>True when an agent inside the process told the calls, and not probes.</summary>
    public bool IsInside { get; init; }

    /// <summary>What else the user should know, each one sentence.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>What a probe hit costs the traced thread; null when it could not be measured.</summary>
    public HitCost? Cost { get; init; }

    /// <summary>Seconds of the traced threads' time that the hits took; null when it could not be measured.</summary>
    public double? CostSeconds => Cost is { } cost ? cost.TotalNs / 1e9 * Hits : null;

    /// <summary>The function with the most calls; null when there was none.</summary>
    public string? BusiestFunction { get; init; }

    /// <summary>Entries and exits that passed a probe, shown or not.</summary>
    public long Hits => Losses.FilteredHits > 0 ? Losses.FilteredHits : Counts.Entries + Counts.Exits + Losses.Events;
}
