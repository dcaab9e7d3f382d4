namespace Sonde.Engine.Snoop;

/// <summary>How a story looks.</summary>
public sealed record SnoopTextOptions
{
    /// <summary>What every line begins with.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Whether the thread stands in every line.</summary>
    public bool ShowsThreads { get; init; }

    /// <summary>No times, directories and addresses, so that stories can be compared.</summary>
    public bool IsNormalized { get; init; }

    /// <summary>Times since the beginning of the call instead of clock times.</summary>
    public bool IsRelative { get; init; }

    /// <summary>Whether a terminal shows it.</summary>
    public bool UsesColour { get; init; }
}
