using Sonde.Engine.Sampling;

namespace Sonde.Cli.Verbs;

/// <summary>What the user asked of <c>sonde record</c>.</summary>
sealed record RecordRequest
{
    public IReadOnlyList<string> Command { get; init; } = [];

    public SamplingOptions Sampling { get; init; } = new();

    public TimeSpan? Duration { get; init; }

    public string? Output { get; init; }

    public string? Format { get; init; }

    public bool ByFunction { get; init; }

    public bool NoLines { get; init; }

    public bool Threads { get; init; }

    public bool FullFileNames { get; init; }

    public string? Session { get; init; }

    public TimeSpan? Loop { get; init; }
}
