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

/// <summary>A function that runs at an address.</summary>
/// <param name="Name">Its name in the source, without scope and parameters.</param>
/// <param name="LinkageName">The name the linker knows it by, where that is another; null otherwise.</param>
/// <param name="Line">The line that runs, or that calls the function before it in the list; null when not known.</param>
/// <param name="IsInlined">Whether its code is part of the function behind it in the list.</param>
public readonly record struct SourceFrame(string Name, string? LinkageName, SourceLine? Line, bool IsInlined);

public sealed partial class DwarfFile
{
    /// <summary>The source line an address belongs to.</summary>
    /// <param name="address">In the file's own address space.</param>
    /// <param name="line">The line.</param>
    public bool TryFindLine(ulong address, out SourceLine line)
    {
        foreach (var unit in UnitsAt(address))
        {
            if (unit.Data.LinesAt(unit) is { } lines && lines.TryFind(address, out line))
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
        const int MostCandidates = 1 << 14;
        ArgumentException.ThrowIfNullOrEmpty(file);
        var budget = 2L * _data.Lines.Length;
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

            // Tables do not overlap, but a damaged file may say that all units have the same large one.
            budget -= table.Length;
            if (budget < 0 || candidates.Count > MostCandidates)
            {
                break;
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
                if (candidates.Count > MostCandidates)
                {
                    break;
                }
            }
        }

        // A loop's line has code before and behind the body; only where it begins is the line entered.
        var first = new Dictionary<DieReference, LineAddress>();
        foreach (var (row, table, unit) in candidates)
        {
            var scope = ScopesAt(row.Address) is [.., var innermost] ? new DieReference(innermost.Unit, innermost.Offset) : new DieReference(unit, row.Address);
            if (!first.TryGetValue(scope, out var known) || row.Address < known.Address)
            {
                first[scope] = new(row.Address, new(table.PathOf(row.File), (int)row.Line, row.Column));
            }
        }

        return [.. first.Values.OrderBy(a => a.Address)];
    }

    /// <summary>The functions that run at an address: the innermost inlined one first, the one that has the code last.</summary>
    /// <param name="address">In the file's own address space; for a return address, one less.</param>
    /// <returns>Empty when the debug information has no function there.</returns>
    public IReadOnlyList<SourceFrame> FindFrames(ulong address)
    {
        var frames = new List<SourceFrame>();
        SourceLine? line = TryFindLine(address, out var own) ? own : null;
        var scopes = ScopesAt(address);
        for (var i = scopes.Count - 1; i >= 0; i--)
        {
            var scope = scopes[i];
            var function = new DwarfFunction(scope, FirstRange(scope));
            frames.Add(new(function.Name, function.LinkageName, line, IsInlined: i > 0));
            line = scope.Constant(DwarfAttribute.CallLine) is { } calledAt and <= int.MaxValue && scope.Unit.Data.LinesAt(scope.Unit) is { } lines
                ? new(lines.PathOf((uint)Math.Min(scope.Constant(DwarfAttribute.CallFile) ?? 0, uint.MaxValue)), (int)calledAt, (int)Math.Min(scope.Constant(DwarfAttribute.CallColumn) ?? 0, ushort.MaxValue))
                : null;
        }

        return frames;
    }

    /// <summary>The function around an address and the inlined copies within it, the innermost last.</summary>
    List<Die> ScopesAt(ulong address)
    {
        const int DeepestNesting = 256;
        var scopes = new List<Die>();
        if (FindFunctionRange(address) is not { } range)
        {
            return scopes;
        }

        var die = range.Unit.ReadDie(range.Offset);
        for (var i = 0; die is not null && i < DeepestNesting; i++)
        {
            if (i == 0 || die.Tag == DwarfTag.InlinedSubroutine)
            {
                scopes.Add(die);
            }

            die = die.Children().FirstOrDefault(c => c.Unit.RangesOf(c).Any(r => r.Contains(address)));
        }

        return scopes;
    }
}
