using System.Globalization;
using System.Text;

namespace Sonde.Engine.Output;

/// <summary>
/// JSON strings as UTF-8 (RFC 8259): quotes, backslashes, control characters and those that cannot be seen or turn the direction of text escaped, a lone surrogate replaced by U+FFFD.
/// </summary>
public static class JsonText
{
    /// <summary>The most bytes <see cref="Write"/> needs for a text of that many UTF-16 units.</summary>
    public static int MaxLength(int units) => checked(2 + 6 * units);

    /// <summary>The text as a JSON string with its quotes.</summary>
    public static byte[] Encode(string text)
    {
        byte[] room = new byte[MaxLength(text.Length)];
        return room[..Write(text, room)];
    }

    /// <summary>Writes the text as a JSON string with its quotes.</summary>
    /// <param name="text">Any UTF-16.</param>
    /// <param name="room">At least <see cref="MaxLength"/> bytes.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Write(ReadOnlySpan<char> text, Span<byte> room)
    {
        var cursor = new Utf8Cursor(room);
        Span<byte> piece = stackalloc byte[4];
        Span<char> units = stackalloc char[2];
        cursor.Add((byte)'"');
        while (!text.IsEmpty)
        {
            // An invalid unit decodes as U+FFFD.
            Rune.DecodeFromUtf16(text, out var rune, out int used);
            text = text[used..];
            switch (rune.Value)
            {
                case '"':
                    cursor.Add("\\\""u8);
                    break;
                case '\\':
                    cursor.Add("\\\\"u8);
                    break;
                case '\n':
                    cursor.Add("\\n"u8);
                    break;
                case '\t':
                    cursor.Add("\\t"u8);
                    break;
                case < ' ' or (>= 0x7f and < 0xa0):
                    cursor.Add("\\u00"u8);
                    cursor.Add((byte)('0' + (rune.Value >> 4)));
                    cursor.Add("0123456789abcdef"u8[rune.Value & 0xf]);
                    break;
                case >= 0xa0 when Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator:
                    foreach (char unit in units[..rune.EncodeToUtf16(units)])
                    {
                        cursor.Add("\\u"u8);
                        for (int shift = 12; shift >= 0; shift -= 4)
                        {
                            cursor.Add("0123456789abcdef"u8[unit >> shift & 0xf]);
                        }
                    }

                    break;
                default:
                    cursor.Add(piece[..rune.EncodeToUtf8(piece)]);
                    break;
            }
        }

        cursor.Add((byte)'"');
        return cursor.Length;
    }
}
