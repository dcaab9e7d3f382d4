using System.Globalization;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Values;

/// <summary>Histograms as charts of characters and as JSON, of powers of two and of equal steps alike.</summary>
static class HistogramText
{
    const int BarWidth = 52;
    const int LabelWidth = 16;
    const int CountWidth = 8;
    const int Kilo = 1024;
    const int Mega = 1024 * 1024;

    /// <summary>Writes the lines from the first to the last bucket that holds something.</summary>
    /// <param name="divisor">What the counts are divided by; has no effect on steps.</param>
    public static void Write(Utf8Text text, AggregateType type, ReadOnlySpan<long> buckets, long divisor)
    {
        var (first, last) = Range(buckets);
        divisor = DivisorOf(type, divisor);
        var most = 0UL;
        for (var i = first; i <= last; i++)
        {
            most = Math.Max(most, (ulong)(buckets[i] / divisor));
        }

        for (var i = first; i <= last; i++)
        {
            var count = buckets[i] / divisor;
            WriteLabel(text, type, i);
            var from = text.Length;
            text.AddNumber(count);
            text.Pad(from, CountWidth, left: false);
            text.Add(" |"u8);
            // Single precision, for the same bars as bpftrace's.
            var bar = most == 0 ? 0 : (int)((float)count / most * BarWidth);
            text.Repeat((byte)'@', bar);
            text.Repeat((byte)' ', BarWidth - bar);
            text.Add("|\n"u8);
        }
    }

    /// <summary>Writes the buckets as objects with the lowest and highest value each counts.</summary>
    public static void WriteJson(Utf8Text text, AggregateType type, ReadOnlySpan<long> buckets, long divisor)
    {
        var (first, last) = Range(buckets);
        divisor = DivisorOf(type, divisor);
        text.Add((byte)'[');
        for (var i = first; i <= last; i++)
        {
            text.Add(i > first ? ",{"u8 : "{"u8);
            if (i > 0)
            {
                text.Add("\"min\": "u8);
                WriteNumber(text, LowEdge(type, i));
                text.Add(", "u8);
            }

            if (!IsOpenAbove(type, i))
            {
                text.Add("\"max\": "u8);
                WriteNumber(text, LowEdge(type, i + 1) - 1);
                text.Add(", "u8);
            }

            text.Add("\"count\": "u8);
            ValueFormatter.WriteJsonNumber(text, buckets[i] / divisor, isSigned: true);
            text.Add((byte)'}');
        }

        text.Add((byte)']');
    }

    static long DivisorOf(AggregateType type, long divisor) => divisor == 0 || type.Kind == AggregateKind.LinearHistogram ? 1 : divisor;

    static void WriteNumber(Utf8Text text, Int128 value) => ValueFormatter.WriteJsonNumber(text, (long)value, isSigned: value < 0 || value <= long.MaxValue);

    static (int First, int Last) Range(ReadOnlySpan<long> buckets)
    {
        var first = 0;
        while (first < buckets.Length && buckets[first] == 0)
        {
            first++;
        }

        var last = buckets.Length - 1;
        while (last >= 0 && buckets[last] == 0)
        {
            last--;
        }

        return (first, last);
    }

    static bool IsOpenAbove(AggregateType type, int bucket) => type.Kind == AggregateKind.LinearHistogram && bucket == type.Buckets - 1;

    /// <summary>The lowest value of a bucket; of bucket 0 there is none, of the one after the last it is where it ends.</summary>
    static Int128 LowEdge(AggregateType type, int bucket)
    {
        if (type.Kind == AggregateKind.LinearHistogram)
        {
            return type.Minimum + (Int128)(bucket - 1) * type.Step;
        }

        // As AggregateType.Buckets has them: below 2 * 2^k one value each, then 2^k buckets for each power.
        var index = bucket - 1;
        var ones = 2 << type.Bits;
        return index <= ones ? index : (Int128)((1 << type.Bits) + (index & ((1 << type.Bits) - 1))) << ((index >> type.Bits) - 1);
    }

    static void WriteLabel(Utf8Text text, AggregateType type, int bucket)
    {
        var from = text.Length;
        if (bucket == 0)
        {
            text.Add("(..., "u8);
            WriteEdge(text, type, 1);
            text.Add((byte)')');
        }
        else
        {
            text.Add((byte)'[');
            WriteEdge(text, type, bucket);
            if (IsOpenAbove(type, bucket))
            {
                text.Add(", ...)"u8);
            }
            else if (IsPlain(type, bucket + 1) && LowEdge(type, bucket) + 1 == LowEdge(type, bucket + 1))
            {
                text.Add((byte)']');
            }
            else
            {
                text.Add(", "u8);
                WriteEdge(text, type, bucket + 1);
                text.Add((byte)')');
            }
        }

        text.Pad(from, LabelWidth, left: true);
    }

    /// <summary>Whether an edge is written as the number it is.</summary>
    static bool IsPlain(AggregateType type, int bucket) =>
        type.Kind == AggregateKind.LinearHistogram ? type.Step % Kilo != 0 : bucket - 1 <= 2 << type.Bits;

    static void WriteEdge(Utf8Text text, AggregateType type, int bucket)
    {
        var edge = LowEdge(type, bucket);
        if (IsPlain(type, bucket))
        {
            text.Add(edge.ToString(CultureInfo.InvariantCulture));
        }
        else if (type.Kind == AggregateKind.LinearHistogram)
        {
            var (divisor, suffix) = edge == 0 ? (1, "") : edge % Mega == 0 ? (Mega, "M") : edge % Kilo == 0 ? (Kilo, "K") : (1, "");
            text.Add((edge / divisor).ToString(CultureInfo.InvariantCulture));
            text.Add(suffix);
        }
        else
        {
            var power = ((bucket - 1) >> type.Bits) - 1;
            text.Add((edge >> (power / 10 * 10)).ToString(CultureInfo.InvariantCulture));
            text.Add(power >= 10 ? "KMGTPE"[(power / 10 - 1)..(power / 10)] : "");
        }
    }
}
