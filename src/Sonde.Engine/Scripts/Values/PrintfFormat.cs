using System.Text;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Values;

/// <summary>A format of printf, taken apart once and then filled with the values of each record.</summary>
/// <remarks>
/// <code>
/// %[-+ #0…][width][.precision][hh h l ll L j z t](d i u o x X c p s r rx rh gr %)
/// </code>
/// As in C, an integer without a length is cut to 32 bits. What is no conversion stands for itself.
/// </remarks>
sealed class PrintfFormat
{
    const int LongestField = 1 << 16;

    readonly List<Piece> _pieces = [];

    public PrintfFormat(string format)
    {
        var literal = new StringBuilder();
        for (var at = 0; at < format.Length;)
        {
            if (format[at] == '%' && TryParse(format, at, out var piece, out var end))
            {
                at = end;
                if (piece.Conversion == Conversion.Percent)
                {
                    literal.Append('%');
                    continue;
                }

                AddLiteral(literal);
                _pieces.Add(piece);
            }
            else
            {
                literal.Append(format[at++]);
            }
        }

        AddLiteral(literal);
    }

    enum Conversion
    {
        Literal,
        Signed,
        Unsigned,
        Octal,
        Hex,
        UpperHex,
        Character,
        Pointer,
        Text,
        Buffer,
        BufferEscaped,
        BufferDigits,
        AllocationFlags,
        Percent,
    }

    /// <summary>Writes the format with the payload's values.</summary>
    /// <param name="payload">The values, in the layout of <paramref name="types"/>.</param>
    /// <param name="firstValue">Which element is the first to be used.</param>
    public void Write(Utf8Text text, ValueFormatter values, TupleType types, ReadOnlySpan<byte> payload, int firstValue = 0)
    {
        var next = firstValue;
        foreach (var piece in _pieces)
        {
            if (piece.Conversion == Conversion.Literal)
            {
                text.Add(piece.Bytes);
            }
            else if (next < types.Elements.Count)
            {
                WriteField(text, values, piece, types.Elements[next], ValueFormatter.Element(types, next, payload));
                next++;
            }
        }
    }

    static void WriteField(Utf8Text text, ValueFormatter values, in Piece piece, DataType type, ReadOnlySpan<byte> value)
    {
        var from = text.Length;
        var zeros = piece.PadsWithZeros;
        switch (piece.Conversion)
        {
            case Conversion.Signed when type.IsScalar:
                WriteSigned(text, piece, Cut(ValueFormatter.Number(type, value), piece.Bits, isSigned: true));
                return;
            case Conversion.Unsigned or Conversion.Octal or Conversion.Hex or Conversion.UpperHex when type.IsScalar:
                WriteUnsigned(text, piece, (ulong)Cut(ValueFormatter.Number(type, value), piece.Bits, isSigned: false));
                return;
            case Conversion.Character when type.IsScalar:
                text.Add((byte)ValueFormatter.Number(type, value));
                zeros = false;
                break;
            case Conversion.Pointer when type.IsScalar:
                text.Add("0x"u8);
                text.AddHex((ulong)ValueFormatter.Number(type, value));
                zeros = false;
                break;
            case Conversion.BufferEscaped or Conversion.BufferDigits when type is BufferType:
                ValueFormatter.WriteHex(text, value, piece.Conversion == Conversion.BufferEscaped);
                zeros = false;
                break;
            case Conversion.AllocationFlags when type.IsScalar:
                AllocationFlags.Write(text, (uint)ValueFormatter.Number(type, value));
                zeros = false;
                break;
            default:
                values.Write(text, type, value);
                zeros = false;
                CutText(text, from, piece.Precision);
                break;
        }

        text.Pad(from, piece.Width, piece.Left, zeros ? (byte)'0' : (byte)' ');
    }

    /// <summary>Cuts what was written to so many bytes, at a character's start.</summary>
    static void CutText(Utf8Text text, int from, int precision)
    {
        if (precision >= 0 && text.Length - from > precision)
        {
            var end = from + precision;
            while (end > from && (text.Written[end] & 0xc0) == 0x80)
            {
                end--;
            }

            text.Truncate(end);
        }
    }

    static long Cut(long value, int bits, bool isSigned) =>
        isSigned ? value << (64 - bits) >> (64 - bits) : (long)((ulong)value << (64 - bits) >> (64 - bits));

    static void WriteSigned(Utf8Text text, in Piece piece, long value)
    {
        var from = text.Length;
        text.Add(value < 0 ? "-"u8 : piece.Plus ? "+"u8 : piece.Blank ? " "u8 : []);
        var digits = text.Length;
        text.AddNumber(value < 0 ? 0UL - (ulong)value : (ulong)value);
        PadNumber(text, piece, from, digits);
    }

    static void WriteUnsigned(Utf8Text text, in Piece piece, ulong value)
    {
        var from = text.Length;
        text.Add(!piece.Alternate || value == 0 ? [] : piece.Conversion switch
        {
            Conversion.Hex => "0x"u8,
            Conversion.UpperHex => "0X"u8,
            _ => [],
        });
        var digits = text.Length;
        switch (piece.Conversion)
        {
            case Conversion.Hex:
                text.AddHex(value);
                break;
            case Conversion.UpperHex:
                WriteDigits(text, value, 4);
                break;
            case Conversion.Octal:
                text.Add(piece.Alternate && value != 0 ? "0"u8 : []);
                WriteDigits(text, value, 3);
                break;
            default:
                text.AddNumber(value);
                break;
        }

        PadNumber(text, piece, from, digits);
    }

    static void WriteDigits(Utf8Text text, ulong value, int bits)
    {
        var shift = 0;
        while (shift + bits < 64 && value >> (shift + bits) != 0)
        {
            shift += bits;
        }

        for (; shift >= 0; shift -= bits)
        {
            text.Add("0123456789ABCDEF"u8[(int)(value >> shift) & ((1 << bits) - 1)]);
        }
    }

    /// <summary>Zeros come between the sign and the digits; a precision takes the place of the zero flag.</summary>
    static void PadNumber(Utf8Text text, in Piece piece, int from, int digits)
    {
        if (piece.Precision >= 0)
        {
            text.Pad(digits, piece.Precision, left: false, (byte)'0');
        }
        else if (piece.PadsWithZeros)
        {
            text.Pad(digits, piece.Width - (digits - from), left: false, (byte)'0');
        }

        text.Pad(from, piece.Width, piece.Left);
    }

    void AddLiteral(StringBuilder literal)
    {
        if (literal.Length > 0)
        {
            _pieces.Add(new Piece { Bytes = Encoding.UTF8.GetBytes(literal.ToString()) });
            literal.Clear();
        }
    }

    static bool TryParse(string format, int at, out Piece piece, out int end)
    {
        piece = new Piece { Precision = -1, Bits = 32 };
        end = at + 1;
        for (; end < format.Length && "-+ #0".Contains(format[end]); end++)
        {
            piece = format[end] switch
            {
                '-' => piece with { Left = true },
                '+' => piece with { Plus = true },
                ' ' => piece with { Blank = true },
                '#' => piece with { Alternate = true },
                _ => piece with { Zeros = true },
            };
        }

        piece = piece with { Width = TakeNumber(format, ref end) };
        if (end < format.Length && format[end] == '.')
        {
            end++;
            piece = piece with { Precision = TakeNumber(format, ref end) };
        }

        var length = end;
        while (end < format.Length && "hlLjzt".Contains(format[end]))
        {
            end++;
        }

        piece = piece with { Bits = BitsOf(format.AsSpan(length, end - length)), Conversion = ConversionAt(format, ref end) };
        return piece.Conversion != Conversion.Literal;
    }

    static int BitsOf(ReadOnlySpan<char> length) => length switch
    {
        "" => 32,
        "h" => 16,
        "hh" => 8,
        _ => 64,
    };

    static Conversion ConversionAt(string format, ref int end)
    {
        var rest = format.AsSpan(Math.Min(end, format.Length));
        // The longest first: r, rx and rh begin alike.
        foreach (var (name, conversion) in _conversions)
        {
            if (rest.StartsWith(name, StringComparison.Ordinal))
            {
                end += name.Length;
                return conversion;
            }
        }

        return Conversion.Literal;
    }

    static readonly (string, Conversion)[] _conversions =
    [
        ("d", Conversion.Signed), ("i", Conversion.Signed), ("u", Conversion.Unsigned), ("o", Conversion.Octal),
        ("x", Conversion.Hex), ("X", Conversion.UpperHex), ("c", Conversion.Character), ("p", Conversion.Pointer), ("s", Conversion.Text),
        ("rx", Conversion.BufferEscaped), ("rh", Conversion.BufferDigits), ("r", Conversion.Buffer), ("gr", Conversion.AllocationFlags),
        ("%", Conversion.Percent),
    ];

    static int TakeNumber(string format, ref int at)
    {
        var value = 0;
        for (; at < format.Length && char.IsAsciiDigit(format[at]); at++)
        {
            value = Math.Min(LongestField, value * 10 + (format[at] - '0'));
        }

        return value;
    }

    /// <summary>A stretch of characters, or a conversion with what stands between it and its percent sign.</summary>
    readonly record struct Piece
    {
        public Conversion Conversion { get; init; }

        public byte[]? Bytes { get; init; }

        public bool Left { get; init; }

        public bool Plus { get; init; }

        public bool Blank { get; init; }

        public bool Alternate { get; init; }

        public bool Zeros { get; init; }

        public int Width { get; init; }

        /// <summary>-1 for none.</summary>
        public int Precision { get; init; }

        /// <summary>How many bits of an integer count.</summary>
        public int Bits { get; init; }

        public bool PadsWithZeros => Zeros && !Left;
    }
}
