using Sonde.Engine.Sampling;

namespace Sonde.Engine.Top;

/// <summary>What <c>sonde top</c> was asked for.</summary>
public sealed record TopOptions
{
    /// <summary>What to sample. Threads that wait are always sampled: the screen leaves them out or not.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>A command to start and sample; empty when processes are sampled that run already.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The file that the output of the command goes to, which has no place on the screen; null to throw it away.</summary>
    public string? CommandOutput { get; init; }

    /// <summary>What is sampled, for people.</summary>
    public string Title { get; init; } = "";

    /// <summary>Time between two refreshes, in milliseconds.</summary>
    public int DelayMs { get; init; } = 1000;

    /// <summary>After this time it ends; null for never.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Whether threads that wait count from the beginning.</summary>
    public bool Idle { get; init; }

    /// <summary>Whether only threads that hold the interpreter lock count from the beginning.</summary>
    public bool GilOnly { get; init; }

    /// <summary>Whether it begins with lines instead of functions.</summary>
    public bool Lines { get; init; }

    /// <summary>Whether the terminal may show colours.</summary>
    public bool UsesColour { get; init; }
}
