using Sonde.Engine.Snoop;

namespace Sonde.Cli.Verbs;

/// <summary>What the user asked of <c>sonde snoop</c>.</summary>
sealed record SnoopRequest
{
    public int Pid { get; init; }

    public bool IsAllowed { get; init; }

    /// <summary>Whether code may be put into the process where it could be killed for it.</summary>
    public bool AcceptsRisk { get; init; }

    public TimeSpan? Duration { get; init; }

    public bool Json { get; init; }

    public string? Output { get; init; }

    public SnoopTextOptions Text { get; init; } = new();

    public SnoopOptions Options { get; init; } = new();
}
