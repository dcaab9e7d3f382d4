using System.Globalization;
using Sonde.Engine.Scripts.Values;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Sinks.Forms;

/// <summary>Histograms of powers of two as <c>funclatency</c> draws them, with mean, total and count below.</summary>
/// <param name="unit">What the values are in: <c>nsecs</c>, <c>usecs</c>, <c>msecs</c>.</param>
sealed class LatencyForm(string unit) : MapForm
{
    const int BarWidth = 40;

    readonly Utf8Text _key = new();
    readonly Dictionary<string, Aggregate> _histograms = [];

    /// <inheritdoc/>
    public override void Write(Utf8Text text, ValueFormatter values, MapContents contents)
    {
        foreach (var entry in contents.IsEmpty ? [] : contents.Entries)
        {
            var name = contents.Map.Key is { } type ? string.Join(' ', Parts(values, type, entry.Key, _key)) : "";
            if (contents.Map.Value is AggregateType { Kind: AggregateKind.Histogram })
            {
                _histograms[name] = entry.Aggregate;
            }
            else if (_histograms.Remove(name, out var histogram))
            {
                text.Add(name.Length > 0 ? $"\nFunction = {name}\n" : "\n");
                WriteChart(text, histogram.Buckets!);
                text.Add(string.Create(CultureInfo.InvariantCulture, $"\navg = {entry.Aggregate.Number} {unit}, total: {entry.Aggregate.Total} {unit}, count: {entry.Aggregate.Count}\n"));
            }
        }
    }

    /// <summary>The language counts below 0, then 0 and 1 apart, then by powers of two; here 0 and 1 are one row.</summary>
    void WriteChart(Utf8Text text, long[] buckets)
    {
        long[] rows = [buckets[1] + buckets[2], .. buckets[3..]];
        var last = Array.FindLastIndex(rows, static count => count != 0);
        var most = rows.Max();
        text.Add($"     {unit,-20}: count     distribution\n");
        for (var i = 0; i <= last; i++)
        {
            var low = i == 0 ? 0 : 1L << i;
            var bar = most == 0 ? 0 : (int)(rows[i] * BarWidth / most);
            text.Add(string.Create(CultureInfo.InvariantCulture, $"{low,10} -> {(2L << i) - 1,-10} : {rows[i],-8} |"));
            text.Repeat((byte)'*', bar);
            text.Repeat((byte)' ', BarWidth - bar);
            text.Add("|\n"u8);
        }
    }
}
