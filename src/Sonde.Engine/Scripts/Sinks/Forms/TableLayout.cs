namespace Sonde.Engine.Scripts.Sinks.Forms;

/// <summary>In what a column's numbers are.</summary>
enum TableUnit
{
    /// <summary>As they are.</summary>
    Number,

    /// <summary>Nanoseconds, shown as microseconds.</summary>
    Microseconds,

    /// <summary>Divided by the seconds since the table before.</summary>
    PerSecond,
}

/// <summary>A column of numbers.</summary>
/// <param name="Title">What stands above it.</param>
/// <param name="Maps">The maps its numbers come from.</param>
sealed record TableColumn(string Title, IReadOnlyList<string> Maps)
{
    /// <summary>In what they are.</summary>
    public TableUnit Unit { get; init; }
}

/// <summary>A table that several maps with the same keys make: a row a key, a column a map, the largest first.</summary>
/// <param name="KeyTitle">What stands above the keys.</param>
/// <param name="Columns">The columns; rows are in the order of the last one's numbers.</param>
/// <param name="LastMap">The map that is printed last: then the table is whole.</param>
sealed record TableLayout(string KeyTitle, IReadOnlyList<TableColumn> Columns, string LastMap)
{
    /// <summary>The most rows; 0 for all.</summary>
    public int Top { get; init; }

    /// <summary>A key's text, from the texts of its parts.</summary>
    public Func<IReadOnlyList<string>, string> KeyText { get; init; } = static parts => string.Join(", ", parts);

    /// <summary>A line above the table; null for none.</summary>
    public Func<string>? Heading { get; init; }
}
