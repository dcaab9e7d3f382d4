using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    const int MostBuckets = 1000;
    const int MostIntervals = 1_000_000;

    /// <summary>A function that may only be assigned to a map.</summary>
    sealed record Aggregation(AggregateKind Kind, int Least, int Most);

    static readonly Dictionary<string, Aggregation> Aggregations = new()
    {
        ["count"] = new(AggregateKind.Count, 0, 0),
        ["sum"] = new(AggregateKind.Sum, 1, 1),
        ["min"] = new(AggregateKind.Min, 1, 1),
        ["max"] = new(AggregateKind.Max, 1, 1),
        ["avg"] = new(AggregateKind.Average, 1, 1),
        ["stats"] = new(AggregateKind.Stats, 1, 1),
        ["hist"] = new(AggregateKind.Histogram, 1, 2),
        ["lhist"] = new(AggregateKind.LinearHistogram, 4, 4),
        ["tseries"] = new(AggregateKind.TimeSeries, 3, 4),
    };

    BoundStatement BindAggregate(MapAccess access, Call call, Aggregation aggregation, SourceSpan span)
    {
        if (!CheckCount(call, aggregation.Least, aggregation.Most))
        {
            UseMap(access.Name, access.Span).Value.IsBroken = true;
            return new BoundBlock([]);
        }

        var value = call.Arguments.Count == 0 ? null : PythonAsNumber(AsNumber(BindExpression(call.Arguments[0])));
        if (value is not null && !IsUnknown(value) && value.Type is not (IntegerType or EnumType or BoolType))
        {
            Error(call.Span, $"{call.Name}() only supports integer arguments ({NameOf(value.Type)} provided)");
            return new BoundBlock([]);
        }

        if (!TryAccess(access, out var map, out var key) || TypeOf(call, aggregation, value) is not { } type)
        {
            map.Value.IsBroken = true;
            return new BoundBlock([]);
        }

        if (!map.Value.Add(type))
        {
            ReportAggregateMismatch(map, type, call.Span, span);
            return new BoundBlock([]);
        }

        if (value is not null && IsUnknown(value))
        {
            return new BoundBlock([]);
        }

        return new BoundAggregate(map.Map, key, value is null ? null : Convert(value, type.IsSigned ? IntegerType.Int64 : IntegerType.UInt64), null);
    }

    void ReportAggregateMismatch(MapSlot map, AggregateType type, SourceSpan call, SourceSpan span)
    {
        if (map.Value.Gathered is AggregateType known && known.Kind == type.Kind)
        {
            Error(call, type.Kind switch
            {
                AggregateKind.Histogram => "Different bits in a single hist unsupported",
                AggregateKind.LinearHistogram => "Different lhist bounds in a single map unsupported",
                _ => "Different tseries bounds in a single map unsupported",
            });
            return;
        }

        ReportMismatch(call.Source is null ? span : call, map.Name, type, "map", map.Value.Gathered);
    }

    AggregateType? TypeOf(Call call, Aggregation aggregation, BoundExpression? value)
    {
        var isSigned = value is null || value.Type is UnknownType or IntegerType { IsSigned: true } or EnumType { Underlying.IsSigned: true }
            || value is BoundConstant { IsLiteral: true, Value: >= 0 };
        var type = new AggregateType(aggregation.Kind, isSigned);
        return aggregation.Kind switch
        {
            AggregateKind.Histogram => HistogramType(call, type),
            AggregateKind.LinearHistogram => LinearType(call, type),
            AggregateKind.TimeSeries => SeriesType(call, type),
            _ => type,
        };
    }

    AggregateType? HistogramType(Call call, AggregateType type)
    {
        if (call.Arguments.Count == 1)
        {
            return type with { IsSigned = true };
        }

        if (BindExpression(call.Arguments[1]) is not BoundConstant { Type: IntegerType } bits)
        {
            Error(call.Span, $"{call.Name}: invalid bits value, need integer literal");
            return null;
        }

        if (bits.Value is < 0 or > 5)
        {
            Error(call.Span, $"{call.Name}: bits {bits.Value} must be 0..5");
            return null;
        }

        return type with { IsSigned = true, Bits = (int)bits.Value };
    }

    AggregateType? LinearType(Call call, AggregateType type)
    {
        if (Bound(call, 1, "min") is not { } minimum || Bound(call, 2, "max") is not { } maximum || Bound(call, 3, "step") is not { } step)
        {
            return null;
        }

        if (step < 1)
        {
            Error(call.Span, $"lhist() step must be >= 1 ({step} provided)");
        }
        else if (minimum >= maximum)
        {
            Error(call.Span, $"lhist() min must be less than max (provided min {minimum} and max {maximum})");
        }
        else if ((maximum - minimum) / step is > MostBuckets and var buckets)
        {
            Error(call.Span, $"lhist() too many buckets, must be <= {MostBuckets} (would need {buckets})");
        }
        else if (maximum - minimum < step)
        {
            Error(call.Span, $"lhist() step is too large for the given range (provided step {step} for range {maximum - minimum})");
        }
        else
        {
            return type with { IsSigned = true, Minimum = minimum, Maximum = maximum, Step = step };
        }

        return null;
    }

    /// <summary>Whether the settings allow a feature that bpftrace may still change.</summary>
    bool MayUse(string feature, string setting, SourceSpan span)
    {
        switch (setting)
        {
            case "error":
                Error(span, $"{feature} feature is not enabled by default. To enable this unstable feature, set the config flag to enable. unstable_{feature}=enable");
                return false;
            case "warn":
                Warn(SourceSpan.None, $"Script is using an unstable feature: {feature}. To prevent this warning you must explicitly enable it in the config e.g. unstable_{feature}=enable");
                break;
        }

        return true;
    }

    AggregateType? SeriesType(Call call, AggregateType type)
    {
        if (!MayUse("tseries", _options.Config.UnstableTimeSeries, call.Span))
        {
            return null;
        }

        if (Bound(call, 1, "interval_ns") is not { } interval || Bound(call, 2, "num_intervals") is not { } count)
        {
            return null;
        }

        if (interval < 1)
        {
            Error(call.Span, $"tseries() interval_ns must be >= 1 ({interval} provided)");
            return null;
        }

        if (count is < 1 or >= MostIntervals)
        {
            Error(call.Span, count < 1 ? $"tseries() num_intervals must be >= 1 ({count} provided)" : $"tseries() num_intervals must be < {MostIntervals} ({count} provided)");
            return null;
        }

        var reduction = SeriesReduction.Last;
        if (call.Arguments.Count == 4)
        {
            var word = (BindExpression(call.Arguments[3]) as BoundText)?.Bytes;
            switch (word is null ? null : TextOf(word))
            {
                case "avg":
                    reduction = SeriesReduction.Average;
                    break;
                case "min":
                    reduction = SeriesReduction.Min;
                    break;
                case "max":
                    reduction = SeriesReduction.Max;
                    break;
                case "sum":
                    reduction = SeriesReduction.Sum;
                    break;
                case var other:
                    Error(call.Span, $"tseries() expects one of the following aggregation functions: avg, max, min, sum (\"{other}\" provided)");
                    return null;
            }
        }

        return type with { Interval = interval, Intervals = (int)count, Reduction = reduction };
    }

    long? Bound(Call call, int index, string name)
    {
        switch (BindExpression(call.Arguments[index]))
        {
            case BoundConstant { Type: IntegerType, Value: >= 0 } number:
                return number.Value;
            case var other:
                if (!IsUnknown(other) || _isLast)
                {
                    Error(call.Span, $"{call.Name}: invalid {name} value (must be non-negative literal)");
                }

                return null;
        }
    }
}
