namespace Sonde.Python.Source;

/// <summary>Which line of its file an instruction of a code object belongs to.</summary>
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
    public static int? Find(PythonVersion version, ReadOnlySpan<byte> table, int firstLine, int offset) => version.Minor switch
    {
        <= 9 => FindInPairs(table, firstLine, offset),
        10 => FindInRanges(table, firstLine, offset),
        _ => FindInLocations(table, firstLine, offset),
    };

    /// <summary>Pairs of an address step and a signed line step.</summary>
    static int? FindInPairs(ReadOnlySpan<byte> table, int firstLine, int offset)
    {
        var line = firstLine;
        var address = 0;
        for (var i = 0; i + 1 < table.Length; i += 2)
        {
            address += table[i];
            if (address > offset)
            {
                break;
            }

            line += (sbyte)table[i + 1];
        }

        return line;
    }

    /// <summary>Pairs of the bytes of a range and a signed line step before it; -128 for a range without a line.</summary>
    static int? FindInRanges(ReadOnlySpan<byte> table, int firstLine, int offset)
    {
        const sbyte noLine = -128;
        var line = firstLine;
        var end = 0;
        for (var i = 0; i + 1 < table.Length; i += 2)
        {
            var step = (sbyte)table[i + 1];
            end += table[i];
            line += step == noLine ? 0 : step;
            if (offset < end)
            {
                return step == noLine ? null : line;
            }
        }

        return null;
    }

    /// <summary>Entries of a byte 1cccclll (form, code units - 1) and what the form has behind it.</summary>
    static int? FindInLocations(ReadOnlySpan<byte> table, int firstLine, int offset)
    {
        const int bytesPerUnit = 2;
        var line = firstLine;
        var end = 0;
        var at = 0;
        while (at < table.Length)
        {
            var first = table[at++];
            var form = first >> 3 & 15;
            end += ((first & 7) + 1) * bytesPerUnit;
            switch (form)
            {
                case 15: // no location
                    break;
                case 14: // line step, end line, columns
                    line = unchecked(line + ReadSigned(table, ref at));
                    ReadUnsigned(table, ref at);
                    ReadUnsigned(table, ref at);
                    ReadUnsigned(table, ref at);
                    break;
                case 13: // line step
                    line = unchecked(line + ReadSigned(table, ref at));
                    break;
                case >= 10: // up to two lines further, columns
                    line = unchecked(line + form - 10);
                    at += 2;
                    break;
                default: // same line, columns
                    at++;
                    break;
            }

            if (offset < end)
            {
                return form == 15 ? null : line;
            }
        }

        return null;
    }

    static uint ReadUnsigned(ReadOnlySpan<byte> table, ref int at)
    {
        uint value = 0;
        for (var shift = 0; at < table.Length; shift += 6)
        {
            var piece = table[at++];
            value |= shift < 32 ? (uint)(piece & 63) << shift : 0;
            if ((piece & 64) == 0)
            {
                break;
            }
        }

        return value;
    }

    static int ReadSigned(ReadOnlySpan<byte> table, ref int at)
    {
        var value = ReadUnsigned(table, ref at);
        return (value & 1) != 0 ? -(int)(value >> 1) : (int)(value >> 1);
    }
}
