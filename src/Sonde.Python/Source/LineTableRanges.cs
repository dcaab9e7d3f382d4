using Sonde.Python.Stacks;

namespace Sonde.Python.Source;

/// <summary>Instructions that were compiled from one place.</summary>
/// <param name="End">The end of the range, in bytes from the code object's first instruction.</param>
/// <param name="Span">The place; null for instructions that belong to no line.</param>
public readonly record struct LineTableRange(int End, SourceSpan? Span);

/// <summary>Goes through the ranges of a line table.</summary>
public ref struct LineTableRanges
{
    readonly ReadOnlySpan<byte> _table;
    readonly int _minor;
    int _at;
    int _line;
    int _end;

    internal LineTableRanges(PythonVersion version, ReadOnlySpan<byte> table, int firstLine)
    {
        _table = table;
        _minor = version.Minor;
        _line = firstLine;
    }

    /// <summary>The range gone to last.</summary>
    public LineTableRange Current { get; private set; }

    /// <summary>The ranges themselves.</summary>
    public readonly LineTableRanges GetEnumerator() => this;

    /// <summary>Goes to the next range.</summary>
    public bool MoveNext() => _minor switch
    {
        <= 9 => MoveToPair(),
        10 => MoveToRange(),
        _ => MoveToLocation(),
    };

    /// <summary>Up to 3.9: pairs of an address step and a signed line step behind it. The last line goes on to the end, which the table does not tell.</summary>
    bool MoveToPair()
    {
        if (_at > _table.Length)
        {
            return false;
        }

        var line = _line;
        while (_at + 1 < _table.Length)
        {
            var step = _table[_at];
            _end = unchecked(_end + step);
            line = _line;
            _line = unchecked(_line + (sbyte)_table[_at + 1]);
            _at += 2;
            if (step != 0)
            {
                Current = new(_end, OnLine(line));
                return true;
            }
        }

        _at = _table.Length + 1;
        Current = new(int.MaxValue, OnLine(_line));
        return true;
    }

    /// <summary>3.10: pairs of the bytes of a range and a signed line step before it; -128 for a range without a line.</summary>
    bool MoveToRange()
    {
        const sbyte noLine = -128;
        if (_at + 1 >= _table.Length)
        {
            return false;
        }

        var step = (sbyte)_table[_at + 1];
        _end += _table[_at];
        _line = unchecked(_line + (step == noLine ? 0 : step));
        _at += 2;
        Current = new(_end, step == noLine ? null : OnLine(_line));
        return true;
    }

    /// <summary>3.11 and later: entries of a byte 1cccclll (form, code units - 1) and what the form has behind it.</summary>
    bool MoveToLocation()
    {
        const int bytesPerUnit = 2;
        if (_at >= _table.Length)
        {
            return false;
        }

        var first = _table[_at++];
        var form = first >> 3 & 15;
        _end += ((first & 7) + 1) * bytesPerUnit;
        SourceSpan? span;
        switch (form)
        {
            case 15: // no location
                span = null;
                break;
            case 14: // line step, end line, columns + 1
                _line = unchecked(_line + ReadSigned());
                var endLine = unchecked(_line + (int)ReadUnsigned());
                var column = unchecked((int)ReadUnsigned() - 1);
                span = new(_line, endLine, column, unchecked((int)ReadUnsigned() - 1));
                break;
            case 13: // line step
                _line = unchecked(_line + ReadSigned());
                span = OnLine(_line);
                break;
            case >= 10: // up to two lines further, columns
                _line = unchecked(_line + form - 10);
                span = new(_line, _line, ReadByte(), ReadByte());
                break;
            default: // same line, columns near each other
                var second = ReadByte();
                var start = form << 3 | second >> 4;
                span = new(_line, _line, start, start + (second & 15));
                break;
        }

        Current = new(_end, span);
        return true;
    }

    static SourceSpan OnLine(int line) => new(line, line, -1, -1);

    int ReadByte() => _at < _table.Length ? _table[_at++] : 0;

    uint ReadUnsigned()
    {
        uint value = 0;
        for (var shift = 0; _at < _table.Length; shift += 6)
        {
            var piece = _table[_at++];
            value |= shift < 32 ? (uint)(piece & 63) << shift : 0;
            if ((piece & 64) == 0)
            {
                break;
            }
        }

        return value;
    }

    int ReadSigned()
    {
        var value = ReadUnsigned();
        return (value & 1) != 0 ? -(int)(value >> 1) : (int)(value >> 1);
    }
}
