namespace Sonde.Tracing;

/// <summary>How a session gathers events. Each stream has what it says for itself.</summary>
public sealed record SessionOptions
{
    /// <summary>Events that wait for a reader; what comes beyond is lost and counted (<see cref="Losses.Unread"/>).</summary>
    public int BufferedEvents { get; init; } = 1 << 16;

    /// <summary>The most bytes of a text, 1 to 1024; longer ones are cut and counted (<see cref="Losses.CutTexts"/>).</summary>
    public int TextBytes { get; init; } = 255;

    /// <summary>The most keys of an aggregate, and the most calls that can be going on at once; what comes beyond is lost and counted (<see cref="Losses.Keys"/>).</summary>
    public int Keys { get; init; } = 1 << 14;
}
