using System.Text;

namespace Sonde.Engine.Top;

/// <summary>One place on a screen.</summary>
/// <param name="Text">One character, with what is set above it; empty where the one before takes two places.</param>
/// <param name="Style">What it means.</param>
public readonly record struct Cell(string Text, Style Style);

/// <summary>What is on a terminal: a character and its style in each place. Made once, then painted and compared.</summary>
public sealed class Screen
{
    static readonly string[] _ascii = [.. Enumerable.Range(0, 128).Select(static code => ((char)code).ToString())];

    readonly Cell[] _cells;
    int _row;
    int _column;

    /// <summary>An empty one.</summary>
    public Screen(int columns, int rows)
    {
        Columns = columns;
        Rows = rows;
        _cells = new Cell[columns * rows];
        _cells.AsSpan().Fill(new Cell(" ", Style.Plain));
    }

    /// <summary>Its width.</summary>
    public int Columns { get; }

    /// <summary>Its height.</summary>
    public int Rows { get; }

    /// <summary>What is in a place.</summary>
    public Cell this[int row, int column] => _cells[row * Columns + column];

    /// <summary>How many places are left in the row.</summary>
    public int Left => Columns - _column;

    /// <summary>Goes on writing at a place.</summary>
    public Screen At(int row, int column = 0)
    {
        _row = row;
        _column = column;
        return this;
    }

    /// <summary>Writes text from here on; what has no room in the row is cut and marked with "…". The text must be escaped already.</summary>
    public Screen Write(string text, Style style = Style.Plain)
    {
        if (_row < 0 || _row >= Rows || Left <= 0)
        {
            return this;
        }

        foreach (var character in text.EnumerateRunes())
        {
            int width = CharacterWidth.Of(character);
            if (width == 0)
            {
                AddAbove(character);
                continue;
            }

            if (width > Left)
            {
                Cut();
                break;
            }

            Put(character.IsAscii ? _ascii[character.Value] : character.ToString(), style);
            if (width == 2)
            {
                Put("", style);
            }
        }

        return this;
    }

    /// <summary>Gives the rest of the row a style.</summary>
    public Screen Fill(Style style)
    {
        while (_row >= 0 && _row < Rows && Left > 0)
        {
            Put(" ", style);
        }

        return this;
    }

    /// <summary>The text in the rows, blanks at their ends cut off.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (int row = 0; row < Rows; row++)
        {
            var line = string.Concat(Enumerable.Range(0, Columns).Select(column => this[row, column].Text));
            text.Append(line.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    void Put(string text, Style style) => _cells[_row * Columns + _column++] = new Cell(text, style);

    /// <summary>Accents and their like; a bounded number of them, for a name may have any number.</summary>
    void AddAbove(Rune mark)
    {
        const int most = 8;
        int column = _column - 1;
        if (column > 0 && this[_row, column].Text.Length == 0)
        {
            column--;
        }

        if (column >= 0 && this[_row, column] is { Text.Length: < most } cell)
        {
            _cells[_row * Columns + column] = cell with { Text = cell.Text + mark };
        }
    }

    /// <summary>The last place says that there was more.</summary>
    void Cut()
    {
        int last = Columns - 1;
        var style = this[_row, last].Style;
        if (this[_row, last].Text.Length == 0)
        {
            _cells[_row * Columns + last - 1] = new Cell(" ", style);
        }

        _column = last;
        Put("…", style);
    }
}
