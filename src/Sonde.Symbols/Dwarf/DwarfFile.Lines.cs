using System.Collections.Concurrent;

namespace Sonde.Symbols.Dwarf;

/// <summary>A place in the source.</summary>
/// <param name="File">The file's path as the compiler knew it.</param>
/// <param name="Line">The line, from 1; 0 for code that belongs to no line.</param>
/// <param name="Column">The column, from 1; 0 when not known.</param>
public readonly record struct SourceLine(string File, int Line, int Column);

/// <summary>Code that a source line was compiled to.</summary>
/// <param name="Address">Where it begins, in the file's own address space.</param>
/// <param name="Line">The line it belongs to, which may be a later one than was asked for.</param>
public readonly record struct LineAddress(ulong Address, SourceLine Line);

public sealed partial class DwarfFile
{
    readonly ConcurrentDictionary<DwarfUnit, UnitLines?> _lines = new();

    /// <summary>The source line an address belongs to.</summary>
    /// <param name="address">In the file's own address space.</param>
    /// <param name="line">The line.</param>
    public bool TryFindLine(ulong address, out SourceLine line)
    {
        foreach (var unit in UnitsAt(address))
        {
            if (_lines.GetOrAdd(unit, static unit => UnitLines.Read(unit)) is { } lines && lines.TryFind(address, out line))
            {
                return true;
            }
        }

        line = default;
        return false;
    }

    /// <summary>Where code of a source line begins: one address for each function, inlined copy or template instance that has it.</summary>
    /// <param name="file">The file's path or the last parts of it: <c>main.c</c>, <c>src/main.c</c>.</param>
    /// <param name="line">The line, from 1. When no code belongs to it, the next line of the file with code is taken.</param>
    /// <param name="column">Only code of this column, from 1; null for any.</param>
    /// <returns>Ascending addresses; empty when the file is unknown, or has no code at or after the line.</returns>
    public IReadOnlyList<LineAddress> FindAddresses(string file, int line, int? column = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        var candidates = new List<(LineRow Row, LineTable Table, DwarfUnit Unit)>();
        var tables = new HashSet<(DwarfData, ulong)>();
        var nearest = (uint)int.MaxValue;
        foreach (var unit in _data.Units)
        {
            // Units of types and partial units share the table of the unit they were taken from.
            if (unit.TypeSignature is not null || unit.Root.StatementList is not { } offset || !tables.Add((unit.Data, offset)) || LineTable.Read(unit) is not { } table
                || table.FilesNamed(file) is not { Count: > 0 } files)
            {
                continue;
            }

            LineRow previous = default;
            foreach (var row in table.Rows())
            {
                var isNew = row.IsStatement && !row.EndsSequence && row.Line >= line && row.Line <= nearest && files.Contains(row.File)
                    && (column is null || row.Column == column)
                    && (previous.EndsSequence || previous.Line != row.Line || previous.File != row.File || (column is not null && previous.Column != row.Column));
                previous = row;
                if (!isNew)
                {
                    continue;
                }

                if (row.Line < nearest)
                {
                    nearest = row.Line;
                    candidates.Clear();
                }

                candidates.Add((row, table, unit));
            }
        }

        // A loop's line has code before and behind the body; only where it begins is the line entered.
        var first = new Dictionary<DieReference, LineAddress>();
        foreach (var (row, table, unit) in candidates)
        {
            var scope = ScopeAt(row.Address) ?? new DieReference(unit, row.Address);
            if (!first.TryGetValue(scope, out var known) || row.Address < known.Address)
            {
                first[scope] = new(row.Address, new(table.PathOf(row.File), (int)row.Line, row.Column));
            }
        }

        return [.. first.Values.OrderBy(a => a.Address)];
    }

    /// <summary>The innermost function or inlined copy around an address.</summary>
    DieReference? ScopeAt(ulong address)
    {
        const int DeepestNesting = 256;
        if (FindFunctionRange(address) is not { } range)
        {
            return null;
        }

        var scope = new DieReference(range.Unit, range.Offset);
        var die = scope.Read();
        for (var i = 0; die is not null && i < DeepestNesting; i++)
        {
            die = die.Children().FirstOrDefault(c => c.Unit.RangesOf(c).Any(r => r.Contains(address)));
            if (die?.Tag == DwarfTag.InlinedSubroutine)
            {
                scope = new(die.Unit, die.Offset);
            }
        }

        return scope;
    }

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

        public static UnitLines? Read(DwarfUnit unit)
        {
            if (LineTable.Read(unit) is not { } table)
            {
                return null;
            }

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

            line = new(_paths.GetOrAdd(row.File, _table.PathOf), (int)row.Line, row.Column);
            return true;
        }
    }
}
