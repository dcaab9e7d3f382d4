using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Sonde.Python.Values;

/// <summary>Writes numbers and texts as Python's <c>repr</c> does.</summary>
/// <remarks>
/// Objects/unicodeobject.c (<c>unicode_repr</c>), Objects/bytesobject.c (<c>PyBytes_Repr</c>), Python/pystrtod.c. Which characters are printable depends on the
/// version of Unicode; those newer than the interpreter's are shown here as themselves where it would show their number.
/// </remarks>
static class PythonLiteral
{
    /// <summary>A float: the shortest digits that read back as the same number, with an exponent below 1e-4 and from 1e16 on.</summary>
    public static string Float(double value) => Float(value, always: true);

    /// <summary>The real or imaginary part of a complex number, which has no ".0".</summary>
    public static string Part(double value) => Float(value, always: false);

    /// <summary>A complex number.</summary>
    public static string Complex(double real, double imaginary)
    {
        if (real == 0 && !double.IsNegative(real))
        {
            return Part(imaginary) + "j";
        }

        var sign = double.IsNaN(imaginary) || !double.IsNegative(imaginary) ? "+" : "";
        return $"({Part(real)}{sign}{Part(imaginary)}j)";
    }

    static string Float(double value, bool always)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        var (digits, point) = Decompose(Math.Abs(value).ToString("R", CultureInfo.InvariantCulture));
        var result = new StringBuilder();
        if (double.IsNegative(value))
        {
            result.Append('-');
        }

        if (point is > 16 or <= -4)
        {
            result.Append(digits[0]);
            if (digits.Length > 1)
            {
                result.Append('.').Append(digits.AsSpan(1));
            }

            var exponent = point - 1;
            result.Append('e').Append(exponent < 0 ? '-' : '+').Append(Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture));
        }
        else if (point <= 0)
        {
            result.Append("0.").Append('0', -point).Append(digits);
        }
        else if (digits.Length > point)
        {
            result.Append(digits.AsSpan(0, point)).Append('.').Append(digits.AsSpan(point));
        }
        else
        {
            result.Append(digits).Append('0', point - digits.Length).Append(always ? ".0" : "");
        }

        return result.ToString();
    }

    /// <summary>The digits without zeros around them, and how many of them stand before the point.</summary>
    static (string Digits, int Point) Decompose(string number)
    {
        var e = number.IndexOf('E');
        var exponent = e < 0 ? 0 : int.Parse(number.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = e < 0 ? number : number[..e];
        var dot = mantissa.IndexOf('.');
        var point = (dot < 0 ? mantissa.Length : dot) + exponent;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var leading = digits.Length - digits.TrimStart('0').Length;
        digits = digits[leading..].TrimEnd('0');
        return digits.Length == 0 ? ("0", 1) : (digits, point - leading);
    }

    /// <summary>Characters of a string, quoted.</summary>
    /// <param name="text">Where to write.</param>
    /// <param name="characters">Latin-1, UCS-2 or UCS-4, little-endian.</param>
    /// <param name="size">Bytes a character: 1, 2 or 4.</param>
    /// <param name="maximum">The most characters to write, in UTF-16 units and with the quotes.</param>
    /// <returns>How many of the characters were written.</returns>
    public static int Quote(StringBuilder text, ReadOnlySpan<byte> characters, int size, int maximum)
    {
        var count = characters.Length / size;
        var (single, twice) = (false, false);
        for (var i = 0; i < count; i++)
        {
            var code = CodeAt(characters, i, size);
            single |= code == '\'';
            twice |= code == '"';
        }

        var quote = single && !twice ? '"' : '\'';
        var limit = text.Length + Math.Max(1, maximum - 1);
        text.Append(quote);
        var done = 0;
        for (; done < count; done++)
        {
            var before = text.Length;
            Append(text, CodeAt(characters, done, size), quote);
            if (text.Length > limit)
            {
                text.Length = before;
                break;
            }
        }

        text.Append(quote);
        return done;
    }

    /// <summary>Bytes, quoted, without the <c>b</c>.</summary>
    /// <param name="alwaysEscape">Escape ' also between ", as <c>bytearray</c> did up to 3.14.</param>
    /// <returns>How many were written.</returns>
    public static int QuoteBytes(StringBuilder text, ReadOnlySpan<byte> bytes, int maximum, bool alwaysEscape = false)
    {
        var quote = bytes.Contains((byte)'\'') && !bytes.Contains((byte)'"') ? '"' : '\'';
        var limit = text.Length + Math.Max(1, maximum - 1);
        text.Append(quote);
        var done = 0;
        for (; done < bytes.Length; done++)
        {
            var before = text.Length;
            if (bytes[done] >= 0x7f)
            {
                AppendCode(text, 'x', bytes[done], 2);
            }
            else
            {
                Append(text, bytes[done], alwaysEscape && bytes[done] == '\'' ? '\'' : quote);
            }

            if (text.Length > limit)
            {
                text.Length = before;
                break;
            }
        }

        text.Append(quote);
        return done;
    }

    /// <summary>A name, which is shown without quotes, with whatever is not printable escaped.</summary>
    public static string Safe(string name)
    {
        if (!name.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return name;
        }

        var text = new StringBuilder(name.Length);
        for (var i = 0; i < name.Length; i++)
        {
            var code = char.IsSurrogatePair(name, i) ? char.ConvertToUtf32(name, i++) : name[i];
            Append(text, (uint)code, '\0', backslash: false);
        }

        return text.ToString();
    }

    static uint CodeAt(ReadOnlySpan<byte> characters, int index, int size) => size switch
    {
        1 => characters[index],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(characters[(2 * index)..]),
        _ => BinaryPrimitives.ReadUInt32LittleEndian(characters[(4 * index)..]),
    };

    static void Append(StringBuilder text, uint code, char quote, bool backslash = true)
    {
        switch (code)
        {
            case '\\' when backslash:
                text.Append("\\\\");
                break;
            case '\t':
                text.Append("\\t");
                break;
            case '\n':
                text.Append("\\n");
                break;
            case '\r':
                text.Append("\\r");
                break;
            case var _ when code == quote && quote != '\0':
                text.Append('\\').Append(quote);
                break;
            case >= ' ' and < 0x7f:
                text.Append((char)code);
                break;
            case var _ when IsPrintable(code):
                text.Append(new Rune(code).ToString());
                break;
            case <= 0xff:
                AppendCode(text, 'x', code, 2);
                break;
            case <= 0xffff:
                AppendCode(text, 'u', code, 4);
                break;
            default:
                AppendCode(text, 'U', code, 8);
                break;
        }
    }

    static void AppendCode(StringBuilder text, char kind, uint code, int digits) =>
        text.Append('\\').Append(kind).Append(code.ToString(digits == 2 ? "x2" : digits == 4 ? "x4" : "x8", CultureInfo.InvariantCulture));

    /// <summary><c>str.isprintable</c> of one character.</summary>
    static bool IsPrintable(uint code) => code >= 0xa0 && Rune.IsValid(code) && Rune.GetUnicodeCategory(new Rune(code)) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
