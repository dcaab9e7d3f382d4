using System.Buffers;
using System.Text;

namespace Sonde.Python.Values;

/// <summary>Finds what must not be shown in a text: what stands behind a name that hides its value, and what looks like a secret itself.</summary>
/// <remarks>The agent inside a process does the same (Injection/Agent/redaction.py in Sonde.Engine), and one table of examples tests both.</remarks>
/// <param name="text">The text.</param>
/// <param name="names">Knows the names.</param>
/// <param name="isSource">Whether it is a line of a program: there only literals are hidden.</param>
ref struct SecretText(string text, Redaction names, bool isSource)
{
    const int ShortestCard = 13, LongestCard = 19;
    const char FirstOfCards = '2', LastOfCards = '6';

    /// <summary>Of a number that the end of what is shown cuts off, so many digits are not told to be no card's.</summary>
    const int ShortestCut = 8;

    /// <summary>What has fewer characters is no key.</summary>
    const int ShortestToken = 16;

    /// <summary>Numbers in a program's text that are shorter hide nothing.</summary>
    const int ShortestNumber = 4;

    const char Cut = '…';

    /// <summary>How keys begin whose makers want them to be found.</summary>
    static readonly string[] _beginnings = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "sk_live_", "rk_live_", "sk-", "npm_", "pypi-", "hf_", "AKIA", "ASIA", "AIza"];

    static readonly SearchValues<char> _endsOfAuthority = SearchValues.Create("/?# \t\r\n\"'\\<>" + Cut), _endsOfLine = SearchValues.Create("\r\n\"'\\}>"), _endsOfWord = SearchValues.Create(" \t\r\n&;,)]}>\"'\\#");

    StringBuilder? _result;
    int _kept;

    readonly ReadOnlySpan<char> Text => text;

    /// <summary>The text with <see cref="Redaction.Mark"/> in the place of what was found.</summary>
    public string Scrub()
    {
        for (var at = 0; at < Text.Length; at++)
        {
            var (start, end) = At(at);
            if (end > start)
            {
                (_result ??= new StringBuilder(Text.Length)).Append(Text[_kept..start]).Append(Redaction.Mark);
                _kept = end;
                at = end - 1;
            }
        }

        return _result is null ? text : _result.Append(Text[_kept..]).ToString();
    }

    /// <summary>What is to be hidden because of what stands here.</summary>
    readonly (int Start, int End) At(int at) => Text[at] switch
    {
        '=' or ':' when Named(at, at + 1, isPair: false) is var named && named.End > named.Start => named,
        ':' => Credentials(at),
        ',' => at > 0 && Text[at - 1] is '\'' or '"' ? Named(at, at + 1, isPair: true) : default,
        '-' => (at, at + PrivateKeyLength(Text[at..])),
        >= '0' and <= '9' => IsInWord(at) ? default : (at, at + CardLength(Text[at..])),
        'B' or 'b' or 'e' or 'g' or 'x' or 's' or 'r' or 'n' or 'p' or 'h' or 'A' => IsInWord(at) ? default : (at, at + TokenLength(Text[at..])),
        _ => default,
    };

    readonly bool IsInWord(int at) => at > 0 && char.IsLetterOrDigit(Text[at - 1]);

    /// <summary>The value behind a separator, when the name before it hides it: <c>password=x</c>, <c>"token": "x"</c>, <c>Cookie: x</c>, <c>('Authorization', 'x')</c>.</summary>
    readonly (int Start, int End) Named(int at, int after, bool isPair)
    {
        var end = at;
        while (end > _kept && Text[end - 1] is ' ' or '!' or '<' or '>' or '+' && !isPair)
        {
            end--;
        }

        while (end > _kept && Text[end - 1] is '"' or '\'' or '\\' or ']')
        {
            end--;
        }

        var begin = end;
        while (begin > _kept && end - begin < Redaction.LongestName && (char.IsLetterOrDigit(Text[begin - 1]) || Text[begin - 1] is '_' or '-'))
        {
            begin--;
        }

        if (begin == end || !(char.IsLetter(Text[begin]) || Text[begin] == '_') || (isPair && !OpensPair(begin)) || !names.HidesName(Text[begin..end]))
        {
            return default;
        }

        var start = SkipBlanks(after);
        if (!isPair && Text[at] == ':')
        {
            start = BehindAnnotation(start);
        }

        while (start < Text.Length && Text[start] is '=' or ' ')
        {
            start++;
        }

        return start < Text.Length && !Text[start..].StartsWith(Redaction.Mark) ? Value(start, Text[at]) : default;
    }

    /// <summary>Whether a name is the first of two: behind an opening bracket and a quotation mark.</summary>
    readonly bool OpensPair(int begin)
    {
        var at = begin;
        while (at > 0 && Text[at - 1] is '"' or '\'' or '\\')
        {
            at--;
        }

        at -= at < begin && at > 0 && Text[at - 1] == 'b' ? 1 : 0;
        return at < begin && at > 0 && Text[at - 1] is '(' or '[';
    }

    /// <summary>Where a type stands between a name and its value, the end of it: <c>password: str = "x"</c>.</summary>
    readonly int BehindAnnotation(int start)
    {
        var at = start;
        while (at < Text.Length && (char.IsLetterOrDigit(Text[at]) || Text[at] is '_' or '.' or '[' or ']' or '|' or ' '))
        {
            at++;
        }

        return at > start && at < Text.Length && Text[at] == '=' && Text[at - 1] == ' ' ? at + 1 : start;
    }

    readonly int SkipBlanks(int at)
    {
        while (at < Text.Length && Text[at] == ' ')
        {
            at++;
        }

        return at;
    }

    /// <summary>The extent of a value that begins here.</summary>
    readonly (int Start, int End) Value(int start, char separator)
    {
        var at = start;
        while (at < Text.Length && at - start < 2 && Text[at] is 'b' or 'B' or 'r' or 'R' or 'u' or 'U' or 'f' or 'F')
        {
            at++;
        }

        var quote = at;
        while (at < Text.Length && Text[at] == '\\')
        {
            at++;
        }

        if (at < Text.Length && Text[at] is '"' or '\'')
        {
            return Quoted(quote, at + 1 - quote);
        }

        if (isSource && !IsInLiteral(start))
        {
            at = start;
            while (at < Text.Length && char.IsAsciiDigit(Text[at]))
            {
                at++;
            }

            return at - start >= ShortestNumber ? (start, at) : default;
        }

        if (Text[start] is '(' or '[' or '{' or '<')
        {
            return (start, EndOfBrackets(start));
        }

        var length = Text[start..].IndexOfAny(separator == ':' ? _endsOfLine : _endsOfWord);
        return (start, length < 0 ? Text.Length : start + length);
    }

    /// <summary>Whether a place in a line of source lies between quotation marks.</summary>
    readonly bool IsInLiteral(int place)
    {
        var quote = '\0';
        for (var at = 0; at < place; at++)
        {
            if (quote == '\0' ? Text[at] is '"' or '\'' : Text[at] == quote)
            {
                quote = quote == '\0' ? Text[at] : '\0';
            }
            else if (Text[at] == '\\')
            {
                at++;
            }
        }

        return quote != '\0';
    }

    readonly (int Start, int End) Quoted(int at, int length)
    {
        var quote = Text.Slice(at, length);
        if (length == 1 && Text[at..].StartsWith([quote[0], quote[0], quote[0]]))
        {
            quote = Text.Slice(at, 3);
        }

        var first = at + quote.Length;
        for (var end = first; Text[end..].IndexOf(quote) is >= 0 and var found; end = end + found + 1)
        {
            var backslashes = 0;
            while (end + found - backslashes > first && Text[end + found - backslashes - 1] == '\\')
            {
                backslashes++;
            }

            if (backslashes % 2 == 0)
            {
                return (first, end + found);
            }
        }

        return (first, Text.Length);
    }

    readonly int EndOfBrackets(int start)
    {
        var (open, close) = Text[start] switch { '(' => ('(', ')'), '[' => ('[', ']'), '{' => ('{', '}'), _ => ('<', '>') };
        var depth = 0;
        for (var at = start; at < Text.Length; at++)
        {
            depth += Text[at] == open ? 1 : Text[at] == close ? -1 : 0;
            if (depth == 0)
            {
                return at + 1;
            }
        }

        return Text.Length;
    }

    /// <summary>What stands for a user in a URL: the password, or a long name that is one (RFC 3986, section 3.2.1).</summary>
    readonly (int Start, int End) Credentials(int at)
    {
        if (!Text[at..].StartsWith("://"))
        {
            return default;
        }

        var start = at + 3;
        var length = Text[start..].IndexOfAny(_endsOfAuthority);
        var authority = length < 0 ? Text[start..] : Text.Slice(start, length);
        var (user, colon) = (authority.LastIndexOf('@'), authority.IndexOf(':'));
        if (user >= 0)
        {
            return colon >= 0 && colon < user ? (start + colon + 1, start + user) : user >= ShortestToken ? (start, start + user) : default;
        }

        // Cut off before the '@'; behind a host there would be a number.
        return colon >= 0 && IsCut(start + authority.Length) && authority[(colon + 1)..].ContainsAnyExceptInRange('0', '9') ? (start + colon + 1, start + authority.Length) : default;
    }

    readonly bool IsCut(int at) => at == Text.Length || Text[at] == Cut || (at + 1 < Text.Length && Text[at + 1] == Cut);

    static int PrivateKeyLength(ReadOnlySpan<char> rest)
    {
        if (!rest.StartsWith("-----BEGIN ") || !rest[..Math.Min(rest.Length, 64)].Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            return 0;
        }

        var end = rest.IndexOf("-----END ");
        var last = end < 0 ? -1 : rest[(end + 9)..].IndexOf("-----");
        return last < 0 ? rest.Length : end + 9 + last + 5;
    }

    /// <summary>What proves who somebody is: bearer tokens, JSON web tokens, keys with a known beginning.</summary>
    static int TokenLength(ReadOnlySpan<char> rest)
    {
        if (rest.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return CharactersOfToken(rest[7..]) is >= 8 and var bearer ? 7 + bearer : 0;
        }

        // {"…} in base 64, twice, with a point between: header and payload of a JSON web token (RFC 7519).
        if (rest.StartsWith("eyJ"))
        {
            return CharactersOfToken(rest) is >= ShortestToken and var token && rest[..token].Contains(".eyJ", StringComparison.Ordinal) ? token : 0;
        }

        foreach (var beginning in _beginnings)
        {
            if (rest.StartsWith(beginning))
            {
                return CharactersOfToken(rest[beginning.Length..]) is >= ShortestToken and var key ? beginning.Length + key : 0;
            }
        }

        return 0;
    }

    /// <summary>
    /// Digits, single blanks or hyphens between them, whose check digit is right (ISO/IEC 7812-1, Luhn), of those that cards for payments begin with: 2 to 6. Thread idents, times in nanoseconds and most
    /// other large numbers of programs begin with another.
    /// </summary>
    static int CardLength(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text[0] is < FirstOfCards or > LastOfCards)
        {
            return 0;
        }

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

        var isCut = count >= ShortestCut && length + 1 < text.Length && (text[length] == Cut || text[length + 1] == Cut);
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

    static int CharactersOfToken(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] is '-' or '_' or '.' or '~' or '+' or '/' or '='))
        {
            length++;
        }

        return length;
    }
}
