namespace Sonde.Tracing;

/// <summary>How often values of each size were seen.</summary>
/// <param name="Buckets">Those that have something, the smallest first.</param>
public sealed record Histogram(IReadOnlyList<HistogramBucket> Buckets)
{
    /// <summary>How many values.</summary>
    public long Count => Buckets.Sum(static bucket => bucket.Count);

    /// <summary>The largest value of the bucket that a share of the values is in or below: 0.5 is the median.</summary>
    /// <param name="share">From 0 to 1.</param>
    public long Percentile(double share)
    {
        var wanted = Math.Clamp(share, 0, 1) * Count;
        var seen = 0L;
        foreach (var bucket in Buckets)
        {
            seen += bucket.Count;
            if (seen >= wanted)
            {
                return bucket.Maximum;
            }
        }

        return 0;
    }

    /// <summary>Both together.</summary>
    public static Histogram operator +(Histogram left, Histogram right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return new([.. left.Buckets.Concat(right.Buckets).GroupBy(static bucket => (bucket.Minimum, bucket.Maximum), static bucket => bucket.Count)
            .OrderBy(static group => group.Key.Minimum).Select(static group => new HistogramBucket(group.Key.Minimum, group.Key.Maximum, group.Sum()))]);
    }

    /// <summary>Both together.</summary>
    public static Histogram Add(Histogram left, Histogram right) => left + right;

    /// <summary>Buckets of powers of two: negative numbers, 0, then 1, 2 to 3, 4 to 7, … (<see cref="Sonde.Script.Types.AggregateType.Buckets"/> with no bits).</summary>
    internal static Histogram Of(AggregateCell cell) => new([.. (cell.Content.Buckets ?? []).Select(static (count, i) => i switch
    {
        0 => new HistogramBucket(long.MinValue, -1, count),
        1 => new HistogramBucket(0, 0, count),
        >= 64 => new HistogramBucket(1L << 62, long.MaxValue, count),
        _ => new HistogramBucket(1L << (i - 2), (1L << (i - 1)) - 1, count),
    }).Where(static bucket => bucket.Count > 0)]);
}

/// <summary>Values of about one size.</summary>
/// <param name="Minimum">The smallest.</param>
/// <param name="Maximum">The largest.</param>
/// <param name="Count">How many were seen.</param>
public readonly record struct HistogramBucket(long Minimum, long Maximum, long Count);
