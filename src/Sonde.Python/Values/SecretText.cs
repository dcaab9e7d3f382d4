using System.Text;

namespace Sonde.Python.Values;

/// <summary>Finds what must not be shown by what it looks like.</summary>
static class SecretText
{
    const int ShortestCard = 13, LongestCard = 19;

    /// <summary>Of a number that the end of what is shown cuts off, so many digits are not told to be no card's.</summary>
    const int ShortestCut = 8;

    public static string Scrub(string text)
    {
        StringBuilder? result = null;
        var kept = 0;
        for (var at = 0; at < text.Length; at++)
        {
            var length = LengthAt(text, at);
            if (length > 0)
            {
                (result ??= new StringBuilder(text.Length)).Append(text, kept, at - kept).Append(Redaction.Mark);
                at += length - 1;
                kept = at + 1;
            }
        }

        return result is null ? text : result.Append(text, kept, text.Length - kept).ToString();
    }

    /// <summary>How long the secret is that begins here; 0 when none does.</summary>
    static int LengthAt(string text, int at)
    {
        var rest = text.AsSpan(at);
        if (char.IsAsciiDigit(rest[0]) && (at == 0 || !char.IsLetterOrDigit(text[at - 1])))
        {
            return CardLength(rest);
        }

        if (rest.StartsWith("-----BEGIN ") && rest[..Math.Min(rest.Length, 64)].Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            var end = rest.IndexOf("-----END ");
            var last = end < 0 ? -1 : rest[(end + 9)..].IndexOf("-----");
            return last < 0 ? rest.Length : end + 9 + last + 5;
        }

        if (rest.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && TokenLength(rest[7..]) is >= 8 and var bearer)
        {
            return 7 + bearer;
        }

        // {"…} in base 64, twice, with a point between: header and payload of a JSON web token (RFC 7519).
        return rest.StartsWith("eyJ") && (at == 0 || !char.IsLetterOrDigit(text[at - 1])) && TokenLength(rest) is >= 16 and var token && rest[..token].Contains(".eyJ", StringComparison.Ordinal) ? token : 0;
    }

    /// <summary>Digits, single blanks or hyphens between them, whose check digit is right (ISO/IEC 7812-1, Luhn).</summary>
    static int CardLength(ReadOnlySpan<char> text)
    {
        Span<int> digits = stackalloc int[LongestCard];
        int count = 0, length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsAsciiDigit(text[i]))
            {
                if (count == LongestCard)
                {
                    return 0;
                }

                digits[count++] = text[i] - '0';
                length = i + 1;
            }
            else if (text[i] is not (' ' or '-') || i + 1 == text.Length || !char.IsAsciiDigit(text[i + 1]))
            {
                break;
            }
        }

        var isCut = count >= ShortestCut && length + 1 < text.Length && (text[length] == '…' || text[length + 1] == '…');
        return isCut || (count >= ShortestCard && (length == text.Length || !char.IsLetter(text[length])) && IsLuhn(digits[..count])) ? length : 0;
    }

    static bool IsLuhn(ReadOnlySpan<int> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] * (i % 2 == 0 ? 1 : 2);
            sum += digit > 9 ? digit - 9 : digit;
        }

        return sum > 0 && sum % 10 == 0;
    }

    static int TokenLength(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] is '-' or '_' or '.' or '~' or '+' or '/' or '='))
        {
            length++;
        }

        return length;
    }
}
