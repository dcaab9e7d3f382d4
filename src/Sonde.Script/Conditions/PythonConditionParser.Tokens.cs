using System.Globalization;
using System.Numerics;
using System.Text;

namespace Sonde.Script.Conditions;

/// <content>The words, numbers, texts and signs that a condition is made of.</content>
sealed partial class PythonConditionParser
{
    const int MostConstantBytes = 256;

    static readonly string[] _operators = ["==", "!=", "<=", ">=", "<<", ">>", "**", "//", ":=", "->", "<", ">", "(", ")", "[", "]", "{", "}", ",", ".", "+", "-", "*", "/", "%", "&", "|", "^", "~", "=", ":", "@", ";"];
    static readonly string[] _keywords = ["and", "or", "not", "in", "is", "None", "True", "False", "if", "else", "lambda", "await", "yield", "for"];

    enum Kind
    {
        End,
        Name,
        Keyword,
        Number,
        Text,
        Operator,
    }

    readonly record struct Token(Kind Kind, string Text, int Start, int End, Constant? Value = null);

    bool Is(Kind kind, string text) => _token.Kind == kind && _token.Text == text;

    bool Advance()
    {
        _token = Next();
        return true;
    }

    void Expect(string text, string message)
    {
        if (!Is(Kind.Operator, text))
        {
            throw Mistake(_token, message);
        }

        Advance();
    }

    Token Next()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }

        var start = _at;
        if (start == _text.Length)
        {
            return new Token(Kind.End, "", start, start);
        }

        var first = _text[start];
        if (char.IsAsciiDigit(first) || (first == '.' && start + 1 < _text.Length && char.IsAsciiDigit(_text[start + 1])))
        {
            return Number(start);
        }

        if (first is '\'' or '"')
        {
            return Quoted(start, "");
        }

        if (char.IsLetter(first) || first == '_')
        {
            while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] == '_'))
            {
                _at++;
            }

            var word = _text[start.._at];
            return _at < _text.Length && _text[_at] is '\'' or '"' ? Quoted(start, word) : new Token(_keywords.Contains(word) ? Kind.Keyword : Kind.Name, word, start, _at);
        }

        foreach (var text in _operators)
        {
            if (_text.AsSpan(start).StartsWith(text, StringComparison.Ordinal))
            {
                _at += text.Length;
                return new Token(Kind.Operator, text, start, _at);
            }
        }

        throw Mistake(start, start + 1, $"'{first}' has no meaning in a condition");
    }

    Token Number(int start)
    {
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '.' or '_' || (_text[_at] is '+' or '-' && _text[_at - 1] is 'e' or 'E' && !_text.AsSpan(start).StartsWith("0x", StringComparison.OrdinalIgnoreCase))))
        {
            _at++;
        }

        var text = _text[start.._at];
        var digits = text.Replace("_", "", StringComparison.Ordinal);
        var (radix, skip) = digits.Length > 2 && digits[0] == '0' ? char.ToLowerInvariant(digits[1]) switch { 'x' => (16, 2), 'o' => (8, 2), 'b' => (2, 2), _ => (10, 0) } : (10, 0);
        if (TryInteger(digits[skip..], radix, out var integer))
        {
            return integer <= long.MaxValue ? new Token(Kind.Number, text, start, _at, new IntegerConstant((long)integer)) : throw Mistake(start, _at, $"{text} does not fit 64 bits");
        }

        return radix == 10 && double.TryParse(digits, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var real)
            ? new Token(Kind.Number, text, start, _at, new RealConstant(real))
            : throw Mistake(start, _at, $"'{text}' is no number");
    }

    static bool TryInteger(string digits, int radix, out BigInteger value)
    {
        value = 0;
        foreach (var character in digits)
        {
            var digit = char.IsAsciiHexDigit(character) ? Convert.ToInt32(character.ToString(), 16) : radix;
            if (digit >= radix)
            {
                return false;
            }

            value = (value * radix) + digit;
        }

        return digits.Length > 0;
    }

    Token Quoted(int start, string prefix)
    {
        var lower = prefix.ToLowerInvariant();
        if (lower is not ("" or "b" or "r" or "u" or "br" or "rb"))
        {
            throw Mistake(start, start + prefix.Length + 1, $"texts that begin with '{prefix}' cannot be used in conditions");
        }

        var (isBytes, isRaw) = (lower.Contains('b', StringComparison.Ordinal), lower.Contains('r', StringComparison.Ordinal));
        var quote = _text[_at++];
        var text = new StringBuilder();
        while (true)
        {
            if (_at >= _text.Length)
            {
                throw Mistake(start, _at, "the text has no end");
            }

            var character = _text[_at++];
            if (character == quote)
            {
                break;
            }

            if (character == '\\' && !isRaw)
            {
                AddEscape(text, isBytes);
            }
            else
            {
                text.Append(character);
            }
        }

        if (isBytes && text.ToString().Any(each => each > (isRaw ? 0x7f : 0xff)))
        {
            throw Mistake(start, _at, "bytes hold ASCII and \\x escapes only");
        }

        var value = text.ToString();
        if (Encoding.UTF32.GetByteCount(value) / (isBytes ? 4 : 1) > MostConstantBytes)
        {
            throw Mistake(start, _at, $"the text is too long: at most {MostConstantBytes / 4} characters, or {MostConstantBytes} bytes");
        }

        return new Token(Kind.Text, _text[start.._at], start, _at, isBytes ? new BytesConstant(Encoding.Latin1.GetBytes(value)) : new TextConstant(value));
    }

    void AddEscape(StringBuilder text, bool isBytes)
    {
        var start = _at - 1;
        var letter = _at < _text.Length ? _text[_at++] : '\0';
        var digits = letter switch { 'x' => 2, 'u' when !isBytes => 4, 'U' when !isBytes => 8, _ => 0 };
        if (digits > 0)
        {
            if (_at + digits > _text.Length || !uint.TryParse(_text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || !Rune.IsValid(code))
            {
                throw Mistake(start, Math.Min(_text.Length, _at + digits), $"'\\{letter}' is followed by the {digits} digits of a character");
            }

            text.Append(new Rune(code).ToString());
            _at += digits;
            return;
        }

        text.Append(letter switch
        {
            'n' => '\n', 't' => '\t', 'r' => '\r', '0' => '\0', '\\' => '\\', '\'' => '\'', '"' => '"',
            _ => throw Mistake(start, _at, $"'\\{letter}' is no escape that is known here"),
        });
    }
}
