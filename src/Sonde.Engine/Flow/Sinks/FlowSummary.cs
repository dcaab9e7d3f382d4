using System.Globalization;
using System.Text;
using Sonde.Engine.Output;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>How a summary is sorted, the largest first.</summary>
public enum SummaryOrder
{
    /// <summary>By the time spent in the function itself.</summary>
    Own,

    /// <summary>By the time spent in the function and all it called.</summary>
    Total,

    /// <summary>By the number of calls.</summary>
    Calls,
}

/// <summary>What a <see cref="SummarySink"/> knows about one function.</summary>
public sealed record SummaryRow
{
    /// <summary>The qualified name, escaped.</summary>
    public required string Function { get; init; }

    /// <summary>The file name as compiled in, escaped.</summary>
    public required string File { get; init; }

    /// <summary>The function's first line; 0 when unknown.</summary>
    public required int Line { get; init; }

    /// <summary>How often it was called; going on with a generator is no call.</summary>
    public required long Calls { get; init; }

    /// <summary>How often it was left by an exception.</summary>
    public required long Raises { get; init; }

    /// <summary>How many of its calls or activations were still running at the end.</summary>
    public long Running { get; init; }

    /// <summary>Nanoseconds in the function and all it called; a recursive call counts with the outermost one.</summary>
    public required long TotalNs { get; init; }

    /// <summary>Nanoseconds in the function itself.</summary>
    public required long OwnNs { get; init; }

    /// <summary>How many activations have a known time. An activation is a call, or a generator's way from one suspension to the next.</summary>
    public required long Activations { get; init; }

    /// <summary>Nanoseconds of all activations, recursive ones each on its own.</summary>
    public required long ActivationsNs { get; init; }

    /// <summary>The longest activation, in nanoseconds.</summary>
    public required long MaximumNs { get; init; }

    /// <summary>The mean activation, in nanoseconds; null when no activation has a known time.</summary>
    public long? AverageNs => Activations > 0 ? ActivationsNs / Activations : null;
}

/// <summary>Calls and times per function, at one moment.</summary>
public sealed class FlowSummary
{
    const int LongestName = 60;

    /// <summary>A summary of rows in any order.</summary>
    public FlowSummary(IReadOnlyList<SummaryRow> rows) => Rows = rows;

    /// <summary>One row per function, in the order they were first seen.</summary>
    public IReadOnlyList<SummaryRow> Rows { get; }

    /// <summary>The rows, the largest first; equal ones by name, file and line.</summary>
    public IReadOnlyList<SummaryRow> Sorted(SummaryOrder order) =>
    [
        .. Rows.OrderByDescending(row => order switch
            {
                SummaryOrder.Own => row.OwnNs,
                SummaryOrder.Total => row.TotalNs,
                _ => row.Calls,
            })
            .ThenBy(row => row.Function, StringComparer.Ordinal)
            .ThenBy(row => row.File, StringComparer.Ordinal)
            .ThenBy(row => row.Line),
    ];

    /// <summary>Prints an aligned table; what is left out is said.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="top">The most functions to print.</param>
    /// <param name="order">Which come first.</param>
    public void WriteTable(TextWriter writer, int top = 30, SummaryOrder order = SummaryOrder.Own)
    {
        var shown = Sorted(order).Take(top).ToList();
        int nameWidth = Math.Clamp(shown.Select(row => row.Function.Length).DefaultIfEmpty(0).Max(), "FUNCTION".Length, LongestName);
        writer.WriteLine($"{"CALLS",9} {"RAISED",7} {"TOTAL",8} {"OWN",8} {"AVERAGE",8} {"MAXIMUM",8}  {"FUNCTION".PadRight(nameWidth)}  FILE:LINE");
        foreach (var row in shown)
        {
            string line = row.Line > 0 ? string.Create(CultureInfo.InvariantCulture, $":{row.Line}") : "";
            string average = row.AverageNs is { } ns ? Utf8Cursor.Duration(ns) : "-";
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{row.Calls,9} {row.Raises,7} {Utf8Cursor.Duration(row.TotalNs),8} {Utf8Cursor.Duration(row.OwnNs),8} {average,8} {Utf8Cursor.Duration(row.MaximumNs),8}  {row.Function.PadRight(nameWidth)}  {ShortPath.Of(row.File)}{line}"));
        }

        if (Rows.Count > shown.Count)
        {
            writer.WriteLine($"... and {Rows.Count - shown.Count} more");
        }

        long running = Rows.Sum(row => row.Running);
        if (running > 0)
        {
            writer.WriteLine($"{running} still running, counted with the time up to the last event");
        }
    }

    /// <summary>Writes one JSON object a line per function: function, file, line, calls, raised, running, total_ns, own_ns, average_ns (absent when unknown), maximum_ns.</summary>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public void WriteJson(Stream stream, SummaryOrder order = SummaryOrder.Own)
    {
        foreach (var row in Sorted(order))
        {
            string line = row.Line > 0 ? string.Create(CultureInfo.InvariantCulture, $":{row.Line}") : "";
            string average = row.AverageNs is { } ns ? string.Create(CultureInfo.InvariantCulture, $",\"average_ns\":{ns}") : "";
            byte[] numbers = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $",\"line\":{row.Line},\"calls\":{row.Calls},\"raised\":{row.Raises},\"running\":{row.Running},\"total_ns\":{row.TotalNs},\"own_ns\":{row.OwnNs}{average},\"maximum_ns\":{row.MaximumNs}}}\n"));
            stream.Write([.. "{\"function\":"u8, .. JsonText.Encode(row.Function), .. ",\"file\":"u8, .. JsonText.Encode(row.File), .. numbers]);
        }
    }
}
