using System.Runtime.InteropServices;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Values;

/// <summary>What an aggregate holds on all processors together.</summary>
/// <param name="Number">The count, sum, minimum, maximum or mean; the total of a histogram's counters; for a time series the latest interval's number.</param>
/// <param name="Total">For means and statistics: the sum.</param>
/// <param name="Count">For means and statistics: how many values.</param>
/// <param name="Buckets">The counters of a histogram; for a time series (interval, value) pairs from the oldest on; null otherwise.</param>
readonly record struct Aggregate(long Number, long Total = 0, long Count = 0, long[]? Buckets = null)
{
    /// <summary>Puts together what the processors gathered.</summary>
    /// <param name="type">What was gathered.</param>
    /// <param name="values">One value for each processor, each of the type's size, <paramref name="stride"/> bytes apart.</param>
    public static Aggregate Read(AggregateType type, ReadOnlySpan<byte> values, int stride) => type.Kind switch
    {
        AggregateKind.Count or AggregateKind.Sum => new(Sum(values, stride, 0)),
        AggregateKind.Min or AggregateKind.Max => new(Extreme(type, values, stride)),
        AggregateKind.Average or AggregateKind.Stats => Mean(type, Sum(values, stride, 0), Sum(values, stride, 1)),
        AggregateKind.TimeSeries => Series(type, values, stride),
        _ => Histogram(type, values, stride),
    };

    static ReadOnlySpan<long> Words(ReadOnlySpan<byte> values, int at, int bytes) => MemoryMarshal.Cast<byte, long>(values.Slice(at, bytes));

    static long Sum(ReadOnlySpan<byte> values, int stride, int word)
    {
        var sum = 0L;
        for (var at = 0; at + stride <= values.Length; at += stride)
        {
            sum += Words(values, at, stride)[word];
        }

        return sum;
    }

    static long Extreme(AggregateType type, ReadOnlySpan<byte> values, int stride)
    {
        long? best = null;
        for (var at = 0; at + stride <= values.Length; at += stride)
        {
            var words = Words(values, at, stride);
            if (words[1] != 0 && (best is not { } before || IsBetter(type.Kind == AggregateKind.Max, type.IsSigned, words[0], before)))
            {
                best = words[0];
            }
        }

        return best ?? 0;
    }

    static bool IsBetter(bool larger, bool isSigned, long value, long than) =>
        (isSigned ? value.CompareTo(than) : ((ulong)value).CompareTo((ulong)than)) * (larger ? 1 : -1) > 0;

    static Aggregate Mean(AggregateType type, long sum, long count) => new(Divide(sum, count, type.IsSigned), sum, count);

    /// <summary>A quotient of numbers of either sign; 0 by nothing.</summary>
    public static long Divide(long value, long by, bool isSigned) =>
        by == 0 ? 0 : !isSigned ? (long)((ulong)value / (ulong)by) : by == -1 ? unchecked(-value) : value / by;

    static Aggregate Histogram(AggregateType type, ReadOnlySpan<byte> values, int stride)
    {
        var buckets = new long[type.Buckets];
        var total = 0L;
        for (var at = 0; at + stride <= values.Length; at += stride)
        {
            var words = Words(values, at, stride);
            for (var i = 0; i < buckets.Length; i++)
            {
                buckets[i] += words[i];
                total += words[i];
            }
        }

        return new(total, Buckets: buckets);
    }

    /// <summary>Puts the same interval of all processors together. What is older than the ring is left out.</summary>
    static Aggregate Series(AggregateType type, ReadOnlySpan<byte> values, int stride)
    {
        var intervals = new SortedDictionary<long, (long Value, long Count)>();
        for (var at = 0; at + stride <= values.Length; at += stride)
        {
            var words = Words(values, at, stride);
            for (var i = 0; i < type.Intervals; i++)
            {
                var entry = words.Slice(i * (AggregateType.SeriesEntrySize / 8), AggregateType.SeriesEntrySize / 8);
                if (entry[0] != 0)
                {
                    intervals[entry[0]] = intervals.TryGetValue(entry[0], out var before)
                        ? Combine(type, before, (entry[1], entry[2]))
                        : (entry[1], entry[2]);
                }
            }
        }

        var latest = intervals.Count > 0 ? intervals.Keys.Last() : 0;
        var pairs = intervals.Where(each => each.Key > latest - type.Intervals)
            .SelectMany(each => new[] { each.Key, type.Reduction == SeriesReduction.Average ? Divide(each.Value.Value, each.Value.Count, type.IsSigned) : each.Value.Value });
        return new(latest, Buckets: [.. pairs]);
    }

    static (long Value, long Count) Combine(AggregateType type, (long Value, long Count) a, (long Value, long Count) b) => type.Reduction switch
    {
        SeriesReduction.Average or SeriesReduction.Sum => (a.Value + b.Value, a.Count + b.Count),
        SeriesReduction.Min => (IsBetter(false, type.IsSigned, b.Value, a.Value) ? b.Value : a.Value, 0),
        SeriesReduction.Max => (IsBetter(true, type.IsSigned, b.Value, a.Value) ? b.Value : a.Value, 0),
        // The count of the last value is when it came.
        _ => b.Count >= a.Count ? b : a,
    };
}
