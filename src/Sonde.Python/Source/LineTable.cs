namespace Sonde.Python.Source;

/// <summary>Which part of its file an instruction of a code object belongs to.</summary>
/// <remarks>
/// Objects/lnotab_notes.txt up to 3.9 (<c>co_lnotab</c>) and of 3.10 (<c>co_linetable</c>, PEP 626); Objects/locations.md (3.12; locations.md in
/// InternalDocs since) for 3.11 and later, PEP 657. The table is bytes of a target: what it says wrong gives a wrong line, nothing worse.
/// </remarks>
public static class LineTable
{
    /// <summary>The line of an instruction; null when it has none, or the table ends before it.</summary>
    /// <param name="version">The interpreter's version, which decides the form.</param>
    /// <param name="table">The table.</param>
    /// <param name="firstLine">The code object's first line.</param>
    /// <param name="offset">Bytes of the instruction from the first one.</param>
    public static int? Find(PythonVersion version, ReadOnlySpan<byte> table, int firstLine, int offset)
    {
        foreach (var range in Ranges(version, table, firstLine))
        {
            if (offset < range.End)
            {
                return range.Span?.Line;
            }
        }

        return null;
    }

    /// <summary>The table's ranges of instructions, in order of address; each begins where the one before ends.</summary>
    /// <param name="version">The interpreter's version, which decides the form.</param>
    /// <param name="table">The table.</param>
    /// <param name="firstLine">The code object's first line.</param>
    public static LineTableRanges Ranges(PythonVersion version, ReadOnlySpan<byte> table, int firstLine) => new(version, table, firstLine);
}
