using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Sonde.Engine.Scripts.Sinks.Forms;

/// <summary>Rows of numbers that are added up, then written as a table, again and again.</summary>
sealed class CountTable(TableLayout layout)
{
    const int KeyWidth = 60;

    readonly Dictionary<string, long[]> _rows = [];
    long _since = Stopwatch.GetTimestamp();
    bool _hasWritten;

    /// <summary>From now on is counted.</summary>
    public void Begin() => _since = Stopwatch.GetTimestamp();

    /// <summary>Adds to a number.</summary>
    /// <param name="key">The texts of the key's parts.</param>
    /// <param name="column">Which of the row's numbers.</param>
    /// <param name="number">How much.</param>
    public void Add(IReadOnlyList<string> key, int column, long number)
    {
        var text = layout.KeyText(key);
        if (!_rows.TryGetValue(text, out var numbers))
        {
            _rows.Add(text, numbers = new long[layout.Columns.Count]);
        }

        numbers[column] += number;
    }

    /// <summary>The table of what was added since the last one; nothing where that is nothing, except for the first.</summary>
    public string Take()
    {
        var seconds = Math.Max(Stopwatch.GetElapsedTime(_since).TotalSeconds, 1e-3);
        _since = Stopwatch.GetTimestamp();
        if (_rows.Count == 0 && _hasWritten)
        {
            return "";
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

        _rows.Clear();
        _hasWritten = true;
        return text.ToString();
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
