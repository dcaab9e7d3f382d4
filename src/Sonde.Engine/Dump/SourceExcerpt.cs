using System.Globalization;
using System.Text;
using Sonde.Engine.Output;
using Sonde.Python.Stacks;

namespace Sonde.Engine.Dump;

/// <summary>A line of source, made safe to show, and the part of it that runs.</summary>
/// <param name="Text">The line without the blanks around it.</param>
/// <param name="Start">Where the running part begins in it, in UTF-16 units.</param>
/// <param name="Length">How long that part is; 0 when it is the whole line, or not known.</param>
/// <param name="Indent">How many columns of a terminal stand before that part.</param>
/// <param name="Width">How many columns it has.</param>
public readonly record struct SourceExcerpt(string Text, int Start, int Length, int Indent, int Width)
{
    const int MaximumCharacters = 300;

    const string TabStop = "    ";

    /// <summary>Takes a line out of a source file.</summary>
    /// <param name="line">The line's bytes, UTF-8 as a rule.</param>
    /// <param name="span">What runs; its columns count bytes.</param>
    public static SourceExcerpt? Of(ReadOnlySpan<byte> line, SourceSpan span)
    {
        line = line.TrimEnd("\r\n \t\f"u8);
        var blanks = line.Length - line.TrimStart(" \t\f"u8).Length;
        line = line[blanks..];
        if (line.IsEmpty)
        {
            return null;
        }

        // What goes on in further lines runs to the end of this one.
        var first = span.Column < 0 ? -1 : span.Column - blanks;
        var last = span.EndLine > span.Line ? line.Length : span.EndColumn < 0 ? -1 : span.EndColumn - blanks;
        var text = new StringBuilder();
        var (start, end, indent, until, columns, at) = (-1, -1, 0, 0, 0, 0);
        while (at < line.Length && text.Length < MaximumCharacters)
        {
            if (at >= first && first >= 0 && start < 0)
            {
                (start, indent) = (text.Length, columns);
            }

            if (at >= last && last >= 0 && end < 0)
            {
                (end, until) = (text.Length, columns);
            }

            _ = Rune.DecodeFromUtf8(line[at..], out _, out var used);
            var piece = line[at] == '\t' ? TabStop : Escape.Utf8(line.Slice(at, used));
            text.Append(piece);
            columns += Columns(piece);
            at += used;
        }

        if (at < line.Length)
        {
            text.Append('…');
            columns++;
        }

        (end, until) = end < 0 ? (text.Length, columns) : (end, until);
        var isPart = start >= 0 && last > first && (start > 0 || end < text.Length);
        return isPart ? new SourceExcerpt(text.ToString(), start, end - start, indent, until - indent) : new SourceExcerpt(text.ToString(), 0, 0, 0, 0);
    }

    /// <summary>How many columns a terminal gives a text: two for wide characters, none for those that combine with the one before.</summary>
    static int Columns(string text)
    {
        var columns = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            columns += Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format ? 0 : IsWide(rune.Value) ? 2 : 1;
        }

        return columns;
    }

    /// <summary>The blocks that Unicode's EastAsianWidth.txt calls wide throughout, or nearly so.</summary>
    static bool IsWide(int code) => code is >= 0x1100 and <= 0x115f or >= 0x2e80 and <= 0x303e or >= 0x3041 and <= 0x33ff or >= 0x3400 and <= 0x4dbf or >= 0x4e00 and <= 0x9fff
        or >= 0xa000 and <= 0xa4cf or >= 0xac00 and <= 0xd7a3 or >= 0xf900 and <= 0xfaff or >= 0xfe30 and <= 0xfe6f or >= 0xff00 and <= 0xff60 or >= 0xffe0 and <= 0xffe6
        or >= 0x1f300 and <= 0x1f64f or >= 0x1f900 and <= 0x1f9ff or >= 0x20000 and <= 0x3fffd;
}
