using System.Globalization;
using System.Text;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>A conversion of a format: <c>%-10.3s</c>.</summary>
/// <param name="Start">Its first character in the format.</param>
/// <param name="End">Behind its last one.</param>
/// <param name="Flags">Of <c>- + space # 0 '</c>.</param>
/// <param name="Width">Least characters; 0 for any.</param>
/// <param name="Precision">After the point; null for none.</param>
/// <param name="Letter">What it shows, without length letters: <c>d</c>, <c>s</c>, <c>rx</c>, <c>gr</c>…</param>
readonly record struct FormatConversion(int Start, int End, string Flags, int Width, int? Precision, string Letter);

/// <summary>The format of <c>printf</c> and its kin: what it holds, and whether values fit it.</summary>
static class FormatString
{
    const int MostWidth = 4096;

    /// <summary>The conversions in order, <c>%%</c> among them; anything else after a <c>%</c> is text.</summary>
    public static List<FormatConversion> Parse(string format)
    {
        var conversions = new List<FormatConversion>();
        for (var at = format.IndexOf('%', StringComparison.Ordinal); at >= 0 && at < format.Length; at = format.IndexOf('%', at))
        {
            if (TryParse(format, at, out var conversion))
            {
                conversions.Add(conversion);
                at = conversion.End;
            }
            else
            {
                at++;
            }

            if (at >= format.Length)
            {
                break;
            }
        }

        return conversions;
    }

    /// <summary>What is wrong with showing values of these types by the format; null when nothing is.</summary>
    public static string? Check(string format, IReadOnlyList<DataType> types)
    {
        var conversions = Parse(format).FindAll(conversion => conversion.Letter != "%");
        foreach (var conversion in conversions)
        {
            if (conversion.Letter is "f" or "F" or "e" or "E" or "g" or "G" or "a" or "A" or "n")
            {
                return $"unsupported format specifier: {conversion.Letter}";
            }
        }

        if (conversions.Count != types.Count)
        {
            return string.Create(CultureInfo.InvariantCulture,
                $"{(conversions.Count > types.Count ? "not enough" : "too many")} arguments for format string ({types.Count} supplied, {conversions.Count} expected)");
        }

        for (var i = 0; i < types.Count; i++)
        {
            if (types[i] is VoidType)
            {
                return $"unable to print none type for specifier: {conversions[i].Letter}";
            }

            if (!Takes(conversions[i].Letter, types[i]))
            {
                return $"unsupported format specifier for type '{types[i]}': {conversions[i].Letter}";
            }
        }

        return null;
    }

    /// <summary>The text with constants put in, for messages of the compiler itself.</summary>
    public static string Fill(string format, IReadOnlyList<BoundExpression> values)
    {
        var text = new StringBuilder();
        var (at, next) = (0, 0);
        foreach (var conversion in Parse(format))
        {
            text.Append(format, at, conversion.Start - at);
            at = conversion.End;
            if (conversion.Letter == "%")
            {
                text.Append('%');
                continue;
            }

            text.Append(values[next++] switch
            {
                BoundText words => Encoding.UTF8.GetString(words.Bytes),
                BoundConstant { Type: BoolType } truth => truth.Value != 0 ? "true" : "false",
                BoundConstant number when conversion.Letter is "x" or "p" => number.Value.ToString("x", CultureInfo.InvariantCulture),
                BoundConstant number => Literals.ValueOf(number).ToString(CultureInfo.InvariantCulture),
                _ => "?",
            });
        }

        return text.Append(format, at, format.Length - at).ToString();
    }

    static bool Takes(string letter, DataType type) => letter switch
    {
        "s" => true,
        "d" or "u" or "x" or "X" or "o" or "i" => type is IntegerType or EnumType or BoolType or PointerType or FloatType,
        "c" or "gr" => type is IntegerType or EnumType or BoolType,
        "p" => type is IntegerType or PointerType or EnumType,
        "r" or "rx" or "rh" => type is BufferType or ArrayType { Element: IntegerType { Size: 1 } },
        _ => false,
    };

    static bool TryParse(string format, int start, out FormatConversion conversion)
    {
        var at = start + 1;
        while (at < format.Length && format[at] is ('-' or '+' or ' ' or '#' or '0' or '\''))
        {
            at++;
        }

        var flags = format[(start + 1)..at];
        var width = ReadNumber(format, ref at) ?? 0;
        int? precision = null;
        if (at < format.Length && format[at] == '.')
        {
            at++;
            precision = ReadNumber(format, ref at) ?? 0;
        }

        while (at < format.Length && format[at] is ('l' or 'h' or 'z' or 'j' or 't' or 'q'))
        {
            at++;
        }

        var letter = Letter(format, at);
        conversion = new(start, at + letter.Length, flags, width, precision, letter);
        return letter.Length > 0;
    }

    static string Letter(string format, int at)
    {
        if (at >= format.Length)
        {
            return "";
        }

        var two = at + 1 < format.Length ? format.Substring(at, 2) : "";
        return two is "rx" or "rh" or "gr" ? two : format[at] switch
        {
            'd' or 'i' or 'u' or 'x' or 'X' or 'o' or 'c' or 's' or 'p' or 'r' or '%' or 'f' or 'F' or 'e' or 'E' or 'g' or 'G' or 'a' or 'A' or 'n' => format[at].ToString(),
            _ => "",
        };
    }

    static int? ReadNumber(string format, ref int at)
    {
        var start = at;
        var number = 0;
        while (at < format.Length && char.IsAsciiDigit(format[at]))
        {
            number = Math.Min(number * 10 + (format[at++] - '0'), MostWidth);
        }

        return at > start ? number : null;
    }
}
