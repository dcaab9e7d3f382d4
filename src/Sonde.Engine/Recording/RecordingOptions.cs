using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Engine.Sampling;

namespace Sonde.Engine.Recording;

/// <summary>What to record and where to.</summary>
public sealed record RecordingOptions
{
    /// <summary>What to sample and how.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>A command to start and record; empty when processes are recorded that run already.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>After this time it ends; null for never.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The file to write, a pattern for <see cref="OutputName"/>.</summary>
    public required string Output { get; init; }

    /// <summary>The format to write.</summary>
    public required IProfileFormat Format { get; init; }

    /// <summary>How the profile is shown in the file.</summary>
    public ProfileView View { get; init; } = new();

    /// <summary>A file is written, and a new one begun, each time that this has passed; null for one file at the end.</summary>
    public TimeSpan? Loop { get; init; }

    /// <summary>The name under which it can be reached while it goes on; null when it cannot.</summary>
    public string? Session { get; init; }

    /// <summary>What the file says it is, such as the command line.</summary>
    public string Title { get; init; } = "";
}
