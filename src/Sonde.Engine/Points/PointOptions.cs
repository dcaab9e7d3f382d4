using Sonde.Engine.Injection;
using Sonde.Python.Values;

namespace Sonde.Engine.Points;

/// <summary>What a log point tells.</summary>
public enum PointKind
{
    /// <summary>A message.</summary>
    Log,

    /// <summary>All variables, the arguments and the stack.</summary>
    Snapshot,

    /// <summary>How often.</summary>
    Counter,

    /// <summary>How long from one line to another.</summary>
    Timer,
}

/// <summary>A log point and what it may cost.</summary>
public sealed record PointOptions
{
    /// <summary>The process.</summary>
    public required int Pid { get; init; }

    /// <summary>The file, or the end of its path.</summary>
    public required string File { get; init; }

    /// <summary>The line.</summary>
    public required int Line { get; init; }

    /// <summary>For a timer: the line that ends it.</summary>
    public int? ToLine { get; init; }

    /// <summary>What it tells.</summary>
    public PointKind Kind { get; init; }

    /// <summary>For a log: the message, with expressions in braces.</summary>
    public string Message { get; init; } = "";

    /// <summary>An expression that must be true; null for always.</summary>
    public string? When { get; init; }

    /// <summary>Whether the stack goes with a message.</summary>
    public bool Stack { get; init; }

    /// <summary>Hits after which it ends; 0 for no end.</summary>
    public int Hits { get; init; }

    /// <summary>When it ends, whatever happens.</summary>
    public TimeSpan Expiry { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The share of one processor that it may take before it switches itself off.</summary>
    public double Budget { get; init; } = 0.02;

    /// <summary>The shortest time between two snapshots.</summary>
    public TimeSpan SnapshotInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many containers deep values are shown.</summary>
    public int Depth { get; init; } = 4;

    /// <summary>The most items of a container.</summary>
    public int Items { get; init; } = 20;

    /// <summary>The most characters of a value.</summary>
    public int Characters { get; init; } = 1000;

    /// <summary>What is not shown; null to show everything.</summary>
    public Redaction? Redaction { get; init; } = Redaction.Default;

    /// <summary>Consent, patience and the guard.</summary>
    public required InjectionOptions Injection { get; init; }
}
