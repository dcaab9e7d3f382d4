namespace Sonde.Tracing;

/// <summary>What did not come through, by cause. All numbers only grow.</summary>
public sealed record Losses
{
    /// <summary>Events the reader did not take in time (<see cref="SessionOptions.BufferedEvents"/>).</summary>
    public long Unread { get; init; }

    /// <summary>Events the buffer between the kernel and this process had no room for.</summary>
    public long Records { get; init; }

    /// <summary>Hits whose key or call found no room (<see cref="SessionOptions.Keys"/>).</summary>
    public long Keys { get; init; }

    /// <summary>Hits that were left out since programs interrupted one another on a processor too often.</summary>
    public long Interrupted { get; init; }

    /// <summary>Stacks that could not be taken, or end early.</summary>
    public long Stacks { get; init; }

    /// <summary>Python frames, functions or threads that could not be read, and hits of processes of which it was not known yet whether they run Python.</summary>
    public long Python { get; init; }

    /// <summary>Values that fitted no bucket, and records that made no sense.</summary>
    public long Values { get; init; }

    /// <summary>Texts that were cut (<see cref="SessionOptions.TextBytes"/>).</summary>
    public long CutTexts { get; init; }

    /// <summary>Texts that could not be read, and are null.</summary>
    public long UnreadableTexts { get; init; }

    /// <summary>All of them together; 0 when everything came through whole.</summary>
    public long Total => Unread + Records + Keys + Interrupted + Stacks + Python + Values + CutTexts + UnreadableTexts;

    /// <summary>Both together.</summary>
    public static Losses operator +(Losses left, Losses right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return new Losses
        {
            Unread = left.Unread + right.Unread,
            Records = left.Records + right.Records,
            Keys = left.Keys + right.Keys,
            Interrupted = left.Interrupted + right.Interrupted,
            Stacks = left.Stacks + right.Stacks,
            Python = left.Python + right.Python,
            Values = left.Values + right.Values,
            CutTexts = left.CutTexts + right.CutTexts,
            UnreadableTexts = left.UnreadableTexts + right.UnreadableTexts,
        };
    }

    /// <summary>Both together.</summary>
    public static Losses Add(Losses left, Losses right) => left + right;
}
