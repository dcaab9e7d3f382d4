using System.Globalization;
using System.Text;

namespace Sonde.Script.Syntax;

/// <summary>Numbers, strings and characters.</summary>
sealed partial class Lexer
{
    static readonly UInt128 _most = ulong.MaxValue;

    // Decimal, octal (0755), hexadecimal, 1e6; underscores between digits; a C suffix (ignored) or a duration (in ns).
    Token Number()
    {
        int start = _position;
        int end = start;
        while (IsNamePart(At(end)) || (_isC && At(end) == '.'))
        {
            end++;
        }

        string text = _text[start..end];
        Token token = Take(TokenKind.Integer, end - start);
        bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        int digits = isHex ? 2 : 0;
        while (digits < text.Length && (text[digits] == '_' || (isHex ? char.IsAsciiHexDigit(text[digits]) : char.IsAsciiDigit(text[digits]))))
        {
            digits++;
        }

        string number = text[..digits].Replace("_", "", StringComparison.Ordinal);
        UInt128? value = isHex ? Digits(number[2..], 16) : number.Length > 1 && number[0] == '0' ? Digits(number, 8) : Digits(number, 10);
        if (value is null)
        {
            return Invalid(token.Span, $"invalid trailing bytes: {text}");
        }

        if (!isHex && digits < text.Length && text[digits] is 'e' or 'E')
        {
            int exponentEnd = digits + 1;
            while (exponentEnd < text.Length && (char.IsAsciiDigit(text[exponentEnd]) || text[exponentEnd] == '_'))
            {
                exponentEnd++;
            }

            string exponent = text[(digits + 1)..exponentEnd].Replace("_", "", StringComparison.Ordinal);
            if (Digits(exponent, 10) is not UInt128 power)
            {
                return Invalid(token.Span, $"invalid exponent in {text}");
            }

            value = Scaled(value.Value, power);
            digits = exponentEnd;
        }

        string suffix = text[digits..];
        if (FactorOf(suffix) is not ulong factor)
        {
            return Invalid(token.Span, $"invalid integer suffix '{suffix}'") with { ErrorSpan = token.Span with { Start = start + digits } };
        }

        value = value.Value > _most ? value : value.Value * factor;
        return value > _most
            ? Invalid(token.Span, $"overflow error, maximum value is {ulong.MaxValue}: {text}")
            : token with { Number = (Int128)value.Value };
    }

    // Null when a digit is not one of the base's or there is none; what is above 64 bits stays there.
    static UInt128? Digits(string digits, uint radix)
    {
        UInt128 value = 0;
        foreach (char c in digits)
        {
            uint digit = (uint)(char.IsAsciiDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
            if (digit >= radix)
            {
                return null;
            }

            value = value > _most ? value : (value * radix) + digit;
        }

        return digits.Length == 0 ? null : value;
    }

    static UInt128 Scaled(UInt128 value, UInt128 power)
    {
        for (UInt128 i = 0; i < power && value <= _most && value != 0; i++)
        {
            value *= 10;
        }

        return value;
    }

    static ulong? FactorOf(string suffix) => suffix switch
    {
        "" or "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => suffix.ToUpperInvariant() is "U" or "L" or "UL" or "LL" or "ULL" or "LU" or "LLU" ? 1 : null,
    };

    Token String()
    {
        int start = _position;
        Token? error = null;
        StringBuilder bytes = new();
        int i = start + 1;
        while (true)
        {
            if (i >= _text.Length || _text[i] == '\n')
            {
                _position = i;
                return Invalid(new SourceSpan(_source, start, i), "unterminated string");
            }

            char c = _text[i];
            if (c == '"')
            {
                break;
            }

            if (c == '\\' && IsLineEnd(i + 1, out int length))
            {
                i += 1 + length;
            }
            else if (c == '\\')
            {
                Token? wrong = Escape(ref i, bytes);
                error ??= wrong;
            }
            else
            {
                if (c < 0x80)
                {
                    bytes.Append(c);
                    i++;
                    continue;
                }

                int units = char.IsSurrogatePair(c, At(i + 1)) ? 2 : 1;
                bytes.Append(ByteText.Encode(_text.Substring(i, units)));
                i += units;
            }
        }

        Token token = Take(TokenKind.String, i + 1 - start);
        return error is null ? token with { Text = bytes.ToString() } : error with { Span = token.Span };
    }

    // At a backslash; moves past the sequence. An error comes back as a token, whose place is the sequence.
    Token? Escape(ref int i, StringBuilder bytes)
    {
        int start = i;
        char c = At(i + 1);
        i += 2;
        switch (c)
        {
            case 'n':
                bytes.Append('\n');
                return null;
            case 't':
                bytes.Append('\t');
                return null;
            case 'r':
                bytes.Append('\r');
                return null;
            case 'a':
                bytes.Append('\a');
                return null;
            case '\\' or '"' or '\'':
                bytes.Append(c);
                return null;
            case 'x':
                int hexEnd = i;
                while (hexEnd < i + 2 && char.IsAsciiHexDigit(At(hexEnd)))
                {
                    hexEnd++;
                }

                if (hexEnd == i)
                {
                    return Invalid(new SourceSpan(_source, start, i), "invalid hex escape sequence");
                }

                bytes.Append((char)byte.Parse(_text.AsSpan(i, hexEnd - i), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i = hexEnd;
                return null;
            case >= '0' and <= '7':
                int value = 0;
                for (i = start + 1; i < start + 4 && At(i) is >= '0' and <= '7'; i++)
                {
                    value = (value * 8) + (At(i) - '0');
                }

                bytes.Append((char)(value & 0xff));
                return value <= 0xff ? null : Invalid(new SourceSpan(_source, start, i), $"octal escape sequence out of range '{_text[start..i]}'");
            default:
                i = Math.Min(i, _text.Length);
                return Invalid(new SourceSpan(_source, start + 1, i), $"invalid escape character '{_text[start..i]}'");
        }
    }

    // Only as far as constant expressions need it: several characters are worth 0.
    Token Character()
    {
        int start = _position;
        int i = start + 1;
        while (At(i) is not ('\'' or '\n' or '\0'))
        {
            i += At(i) == '\\' ? 2 : 1;
        }

        i = Math.Min(i, _text.Length);
        if (At(i) != '\'')
        {
            return Invalid(Take(TokenKind.Invalid, i - start).Span, "unterminated character");
        }

        Token token = Take(TokenKind.Character, i + 1 - start);
        StringBuilder bytes = new();
        int position = start + 1;
        if (At(position) == '\\')
        {
            Escape(ref position, bytes);
        }
        else
        {
            bytes.Append(At(position));
        }

        return token with { Number = bytes.Length == 1 ? bytes[0] : 0 };
    }
}
