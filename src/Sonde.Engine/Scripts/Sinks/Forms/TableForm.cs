using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sonde.Engine.Scripts.Values;

namespace Sonde.Engine.Scripts.Sinks.Forms;

/// <summary>Maps put together to a table.</summary>
sealed class TableForm(TableLayout layout) : MapForm
{
    const int KeyWidth = 60;

    readonly Dictionary<string, long[]> _rows = [];
    readonly Utf8Text _part = new();
    long _since = Stopwatch.GetTimestamp();
    bool _hasWritten;

    /// <inheritdoc/>
    public override void Begin() => _since = Stopwatch.GetTimestamp();

    /// <inheritdoc/>
    public override void Write(Utf8Text text, ValueFormatter values, MapContents contents)
    {
        for (var i = 0; i < layout.Columns.Count; i++)
        {
            if (layout.Columns[i].Maps.Contains(contents.Map.Name) && !contents.IsEmpty)
            {
                Add(values, contents, i);
            }
        }

        if (contents.Map.Name == layout.LastMap)
        {
            WriteTable(text);
        }
    }

    void Add(ValueFormatter values, MapContents contents, int column)
    {
        foreach (var entry in contents.Entries)
        {
            var key = layout.KeyText(Parts(values, contents.Map.Key!, entry.Key, _part));
            if (!_rows.TryGetValue(key, out var numbers))
            {
                _rows.Add(key, numbers = new long[layout.Columns.Count]);
            }

            numbers[column] += entry.Aggregate.Number;
        }
    }

    void WriteTable(Utf8Text line)
    {
        var seconds = Math.Max(Stopwatch.GetElapsedTime(_since).TotalSeconds, 1e-3);
        _since = Stopwatch.GetTimestamp();
        if (_rows.Count == 0 && _hasWritten)
        {
            return;
        }

        var text = new StringBuilder();
        text.Append(_hasWritten ? "\n" : "");
        if (layout.Heading is { } heading)
        {
            text.Append(heading()).Append('\n');
        }

        var rows = _rows.OrderByDescending(static row => row.Value[^1]).ThenByDescending(static row => row.Value[0]).ThenBy(static row => row.Key, StringComparer.Ordinal).ToList();
        var shown = layout.Top > 0 ? rows.Take(layout.Top).ToList() : rows;
        var width = Math.Min(KeyWidth, shown.Select(static row => row.Key.Length).Append(layout.KeyTitle.Length).Max());
        text.Append(layout.KeyTitle.PadRight(width));
        foreach (var column in layout.Columns)
        {
            text.Append(' ').Append(column.Title.PadLeft(WidthOf(column)));
        }

        text.Append('\n');
        foreach (var (key, numbers) in shown)
        {
            text.Append(Cut(key).PadRight(width));
            for (var i = 0; i < numbers.Length; i++)
            {
                text.Append(' ').Append(Format(layout.Columns[i].Unit, numbers[i], seconds).PadLeft(WidthOf(layout.Columns[i])));
            }

            text.Append('\n');
        }

        if (rows.Count > shown.Count)
        {
            text.Append(CultureInfo.InvariantCulture, $"... and {rows.Count - shown.Count} more\n");
        }

        line.Add(text.ToString());
        _rows.Clear();
        _hasWritten = true;
    }

    /// <summary>A long key without its middle.</summary>
    static string Cut(string key) => key.Length <= KeyWidth ? key : $"{key.AsSpan(0, KeyWidth / 2 - 1)}…{key.AsSpan(key.Length - KeyWidth / 2)}";

    static int WidthOf(TableColumn column) => Math.Max(10, column.Title.Length);

    static string Format(TableUnit unit, long number, double seconds) => unit switch
    {
        TableUnit.Microseconds => (number / 1000.0).ToString("0.00", CultureInfo.InvariantCulture),
        TableUnit.PerSecond => (number / seconds).ToString("0.#", CultureInfo.InvariantCulture),
        _ => number.ToString(CultureInfo.InvariantCulture),
    };
}
