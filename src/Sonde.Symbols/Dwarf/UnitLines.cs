using System.Collections.Concurrent;

namespace Sonde.Symbols.Dwarf;

/// <summary>The rows of a unit in order of address.</summary>
sealed class UnitLines
{
    readonly LineTable _table;
    readonly LineRow[] _rows;
    readonly ConcurrentDictionary<uint, string> _paths = new();

    UnitLines(LineTable table, LineRow[] rows)
    {
        _table = table;
        _rows = rows;
    }

    public static UnitLines Read(LineTable table)
    {
        // Each sequence is in order. Where one ends and another begins, the beginning comes later, and counts.
        var rows = table.Rows();
        var sequences = new List<(ulong Address, int Start, int End)>();
        for (int start = 0, i = 0; i < rows.Count; i++)
        {
            if (rows[i].EndsSequence)
            {
                sequences.Add((rows[start].Address, start, i + 1));
                start = i + 1;
            }
        }

        sequences.Sort();
        var ordered = new LineRow[rows.Count];
        var filled = 0;
        foreach (var (_, start, end) in sequences)
        {
            rows.CopyTo(start, ordered, filled, end - start);
            filled += end - start;
        }

        return new(table, ordered);
    }

    /// <summary>The path of a file of the table.</summary>
    public string PathOf(uint file) => _paths.GetOrAdd(file, _table.PathOf);

    public bool TryFind(ulong address, out SourceLine line)
    {
        int low = 0, high = _rows.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_rows[middle].Address <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        if (low == 0 || _rows[low - 1] is not { EndsSequence: false, Line: <= int.MaxValue } row)
        {
            line = default;
            return false;
        }

        line = new(PathOf(row.File), (int)row.Line, row.Column);
        return true;
    }
}
