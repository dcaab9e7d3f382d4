using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Values;

/// <summary>Maps of the language as text and JSON.</summary>
static class MapText
{
    /// <summary>Writes a map, one entry a line, charts on lines of their own.</summary>
    /// <param name="top">How many of the last entries; 0 for all.</param>
    /// <param name="divisor">What numbers are divided by; 0 for nothing.</param>
    public static void Write(Utf8Text text, ValueFormatter values, MapContents contents, long top, long divisor)
    {
        var map = contents.Map;
        foreach (var entry in contents.Top(top))
        {
            text.Add(map.Name);
            if (map.Key is { } key)
            {
                text.Add((byte)'[');
                var from = text.Length;
                values.Write(text, key, entry.Key);
                text.RemoveParentheses(from);
                text.Add((byte)']');
            }

            text.Add(IsChart(map.Value!) ? ":\n"u8 : ": "u8);
            WriteValue(text, values, contents, entry, divisor);
            text.Add((byte)'\n');
        }
    }

    /// <summary>Writes one entry's value alone.</summary>
    public static void WriteValue(Utf8Text text, ValueFormatter values, MapContents contents, in MapEntry entry, long divisor)
    {
        switch (contents.Map.Value)
        {
            case AggregateType { Kind: AggregateKind.Histogram or AggregateKind.LinearHistogram } type:
                HistogramText.Write(text, type, entry.Aggregate.Buckets, divisor);
                break;
            case AggregateType { Kind: AggregateKind.TimeSeries } type:
                SeriesChart.Write(text, type, entry.Aggregate.Buckets, contents.LatestInterval, values.Names);
                break;
            case AggregateType { Kind: AggregateKind.Stats } type:
                text.Add("{ .count = "u8);
                text.AddNumber(entry.Aggregate.Count);
                text.Add(", .average = "u8);
                text.AddNumber(ValueFormatter.Divided(entry.Aggregate.Number, divisor, type.IsSigned), type.IsSigned);
                text.Add(", .total = "u8);
                text.AddNumber(entry.Aggregate.Total, type.IsSigned);
                text.Add(" }"u8);
                break;
            case AggregateType type:
                text.AddNumber(ValueFormatter.Divided(entry.Aggregate.Number, divisor, IsSigned(type)), IsSigned(type));
                break;
            default:
                values.Write(text, contents.Map.Value!, entry.Value, divisor);
                break;
        }
    }

    /// <summary>Writes what stands behind "data" in a map's line.</summary>
    public static void WriteJson(Utf8Text text, ValueFormatter values, MapContents contents, long top, long divisor)
    {
        var map = contents.Map;
        text.Add("{\""u8);
        text.Add(map.Name);
        text.Add("\": "u8);
        text.Add(map.Key is null ? [] : "{"u8);
        var first = true;
        foreach (var entry in contents.Top(top))
        {
            if (map.Key is { } key)
            {
                text.Add(first ? [] : ", "u8);
                first = false;
                values.WriteJsonKey(text, key, entry.Key);
                text.Add(": "u8);
            }

            WriteJsonValue(text, values, contents, entry, divisor);
        }

        text.Add(map.Key is null ? "}"u8 : "}}"u8);
    }

    /// <summary>Writes one entry's value alone.</summary>
    public static void WriteJsonValue(Utf8Text text, ValueFormatter values, MapContents contents, in MapEntry entry, long divisor)
    {
        switch (contents.Map.Value)
        {
            case AggregateType { Kind: AggregateKind.Histogram or AggregateKind.LinearHistogram } type:
                HistogramText.WriteJson(text, type, entry.Aggregate.Buckets, divisor);
                break;
            case AggregateType { Kind: AggregateKind.TimeSeries } type:
                SeriesChart.WriteJson(text, type, entry.Aggregate.Buckets, contents.LatestInterval, values.Names);
                break;
            case AggregateType { Kind: AggregateKind.Stats } type:
                text.Add("{\"count\": "u8);
                ValueFormatter.WriteJsonNumber(text, entry.Aggregate.Count, isSigned: true);
                text.Add(", \"average\": "u8);
                ValueFormatter.WriteJsonNumber(text, ValueFormatter.Divided(entry.Aggregate.Number, divisor, type.IsSigned), type.IsSigned);
                text.Add(", \"total\": "u8);
                ValueFormatter.WriteJsonNumber(text, entry.Aggregate.Total, type.IsSigned);
                text.Add((byte)'}');
                break;
            case AggregateType type:
                ValueFormatter.WriteJsonNumber(text, ValueFormatter.Divided(entry.Aggregate.Number, divisor, IsSigned(type)), IsSigned(type));
                break;
            default:
                values.WriteJson(text, contents.Map.Value!, entry.Value, divisor);
                break;
        }
    }

    /// <summary>The "type" of a map's line.</summary>
    public static string JsonType(DataType type) => type is not AggregateType aggregate ? "map" : aggregate.Kind switch
    {
        AggregateKind.Histogram or AggregateKind.LinearHistogram => "hist",
        AggregateKind.TimeSeries => "tseries",
        AggregateKind.Average or AggregateKind.Stats => "stats",
        _ => "map",
    };

    static bool IsChart(DataType type) =>
        type is AggregateType { Kind: AggregateKind.Histogram or AggregateKind.LinearHistogram or AggregateKind.TimeSeries };

    static bool IsSigned(AggregateType type) => type.IsSigned && type.Kind != AggregateKind.Count;
}
