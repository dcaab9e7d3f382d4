namespace Sonde.Script.Syntax;

/// <summary>A piece of source text with a name for messages: a script, an included header, an expanded preprocessor macro.</summary>
sealed class SourceText
{
    readonly List<int> _lineStarts = [0];

    /// <summary>Keeps the text and finds its lines; a carriage return before a line feed counts as part of the line's end.</summary>
    /// <param name="name">The name in messages: <c>stdin</c> for a program of the command line, else the file's path.</param>
    /// <param name="text">The characters.</param>
    public SourceText(string name, string text)
    {
        Name = name;
        Text = text;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
            {
                _lineStarts.Add(i + 1);
            }
        }
    }

    /// <summary>The name in messages.</summary>
    public string Name { get; }

    /// <summary>The characters.</summary>
    public string Text { get; }

    /// <summary>The 1-based line and column of a character offset; offsets past the end give the place just after the last character.</summary>
    public (int Line, int Column) Position(int offset)
    {
        offset = Math.Clamp(offset, 0, Text.Length);
        int index = _lineStarts.BinarySearch(offset);
        int line = index >= 0 ? index : ~index - 1;
        return (line + 1, offset - _lineStarts[line] + 1);
    }

    /// <summary>A line's characters without its end; <paramref name="line"/> is 1-based.</summary>
    public string Line(int line)
    {
        int start = _lineStarts[line - 1];
        int end = line < _lineStarts.Count ? _lineStarts[line] - 1 : Text.Length;
        return Text[start..end].TrimEnd('\r');
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
