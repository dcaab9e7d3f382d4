using Sonde.Engine.Flow;

namespace Sonde.Cli.Verbs;

/// <summary>What the user asked of <c>sonde flow</c>.</summary>
sealed record FlowRequest
{
    public IReadOnlyList<int> Pids { get; init; } = [];

    public bool All { get; init; }

    public FlowEngine Engine { get; init; }

    /// <summary>Whether the user has said, for this command, that code may be put into the process.</summary>
    public bool IsInjectionAllowed { get; init; }

    /// <summary>Whether that may be done where the process could be killed for it.</summary>
    public bool AcceptsRisk { get; init; }

    public IReadOnlyList<string> Command { get; init; } = [];

    public TimeSpan? Duration { get; init; }

    public bool ClockTime { get; init; }

    public bool Json { get; init; }

    public string? Output { get; init; }

    public bool Summary { get; init; }

    /// <summary>With a summary, the events too; the demonstration wants both.</summary>
    public bool ShowEventsWithSummary { get; init; }

    /// <summary>Whether arguments are shown; null leaves it to what else is asked for.</summary>
    public bool? Arguments { get; init; }

    /// <summary>Whether results are shown; null leaves it to what else is asked for.</summary>
    public bool? Results { get; init; }

    public bool ShowProgram { get; init; }

    public bool DryRun { get; init; }

    public FlowOptions Options { get; init; } = new();
}
