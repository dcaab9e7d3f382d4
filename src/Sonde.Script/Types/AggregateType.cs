namespace Sonde.Script.Types;

/// <summary>What a map gathers.</summary>
enum AggregateKind
{
    /// <summary>How often: one number.</summary>
    Count,

    /// <summary>The sum: the number, then 8 bytes that are not 0 once something was added.</summary>
    Sum,

    /// <summary>The smallest: the number, then 8 bytes that are not 0 once there is one.</summary>
    Min,

    /// <summary>The largest: like <see cref="Min"/>.</summary>
    Max,

    /// <summary>The mean: the sum, then the count.</summary>
    Average,

    /// <summary>Count, mean and total: the sum, then the count.</summary>
    Stats,

    /// <summary>A histogram of powers of two: a count for each bucket (<see cref="AggregateType.Buckets"/>).</summary>
    Histogram,

    /// <summary>A histogram of equal steps: below, the steps, above.</summary>
    LinearHistogram,

    /// <summary>The last so many intervals: for each its number since <c>CLOCK_BOOTTIME</c>'s start, the value, and the count for means.</summary>
    TimeSeries,
}

/// <summary>How a time series makes one value of an interval's values.</summary>
enum SeriesReduction
{
    /// <summary>The last value.</summary>
    Last,

    /// <summary>The mean.</summary>
    Average,

    /// <summary>The smallest.</summary>
    Min,

    /// <summary>The largest.</summary>
    Max,

    /// <summary>The sum.</summary>
    Sum,
}

/// <summary>A value that grows with each use; only maps hold it, one on each processor, put together when it is read.</summary>
/// <param name="Kind">What is gathered; says the layout, all numbers of 8 bytes.</param>
/// <param name="IsSigned">Whether the gathered numbers have a sign.</param>
sealed record AggregateType(AggregateKind Kind, bool IsSigned) : DataType
{
    /// <summary>For <see cref="AggregateKind.Histogram"/>: each power of two is cut into 2^this buckets, 0 to 5.</summary>
    public int Bits { get; init; }

    /// <summary>For <see cref="AggregateKind.LinearHistogram"/>: the lowest value of the first step.</summary>
    public long Minimum { get; init; }

    /// <summary>For <see cref="AggregateKind.LinearHistogram"/>: the value the last step ends before.</summary>
    public long Maximum { get; init; }

    /// <summary>For <see cref="AggregateKind.LinearHistogram"/>: the width of a step.</summary>
    public long Step { get; init; }

    /// <summary>For <see cref="AggregateKind.TimeSeries"/>: nanoseconds of an interval.</summary>
    public long Interval { get; init; }

    /// <summary>For <see cref="AggregateKind.TimeSeries"/>: how many intervals are kept, in a ring at interval number modulo this.</summary>
    public int Intervals { get; init; }

    /// <summary>For <see cref="AggregateKind.TimeSeries"/>: what becomes of an interval's values.</summary>
    public SeriesReduction Reduction { get; init; }

    /// <summary>
    /// How many counters a histogram has. Powers of two, with k = <see cref="Bits"/>: bucket 0 for negative numbers, 1 for 0, then 1 to 2^k each by
    /// itself up to 2^k - 1, then 2^k for each power from 2^k to 2^63. Linear: one below, one for each step, one above.
    /// </summary>
    public int Buckets => Kind switch
    {
        AggregateKind.Histogram => 2 + ((1 << Bits) - 1) + ((64 - Bits) << Bits),
        AggregateKind.LinearHistogram => checked((int)((Maximum - Minimum) / Step) + 2),
        _ => 0,
    };

    /// <summary>Bytes of one interval of a time series: interval number, value, count.</summary>
    public const int SeriesEntrySize = 24;

    public override int Size => Kind switch
    {
        AggregateKind.Count => 8,
        AggregateKind.Histogram or AggregateKind.LinearHistogram => checked(Buckets * 8),
        AggregateKind.TimeSeries => checked(Intervals * SeriesEntrySize),
        _ => 16,
    };

    public override int Alignment => 8;

    /// <summary>Whether it can be read as one number: count, sum, min, max, avg.</summary>
    public bool IsNumber => Kind is AggregateKind.Count or AggregateKind.Sum or AggregateKind.Min or AggregateKind.Max or AggregateKind.Average;

    public override string ToString() => (IsSigned || Kind is AggregateKind.Count or AggregateKind.Histogram or AggregateKind.LinearHistogram or AggregateKind.TimeSeries ? "" : "u") + Kind switch
    {
        AggregateKind.Count => "count_t",
        AggregateKind.Sum => "sum_t",
        AggregateKind.Min => "min_t",
        AggregateKind.Max => "max_t",
        AggregateKind.Average => "avg_t",
        AggregateKind.Stats => "stats_t",
        AggregateKind.Histogram => "hist_t",
        AggregateKind.LinearHistogram => "lhist_t",
        AggregateKind.TimeSeries => "tseries_t",
        _ => throw new InvalidOperationException($"no name for {Kind}"),
    };
}
