namespace Sonde.Script.Syntax;

/// <summary>Splits a source text into tokens, one at a time, from any position.</summary>
/// <remarks>It reports nothing: what cannot be a token comes as <see cref="TokenKind.Invalid"/>, and is an error only where somebody wants to use it.</remarks>
sealed partial class Lexer
{
    static readonly (string Text, TokenKind Kind)[] _operators =
    [
        ("<<=", TokenKind.ShiftLeftAssign), (">>=", TokenKind.ShiftRightAssign), ("...", TokenKind.Ellipsis),
        ("..", TokenKind.Range), ("->", TokenKind.Arrow), ("<<", TokenKind.ShiftLeft), (">>", TokenKind.ShiftRight),
        ("<=", TokenKind.LessOrEqual), (">=", TokenKind.GreaterOrEqual), ("==", TokenKind.Equal), ("!=", TokenKind.NotEqual),
        ("&&", TokenKind.AndAnd), ("||", TokenKind.OrOr), ("++", TokenKind.PlusPlus), ("--", TokenKind.MinusMinus),
        ("+=", TokenKind.PlusAssign), ("-=", TokenKind.MinusAssign), ("*=", TokenKind.StarAssign), ("/=", TokenKind.SlashAssign),
        ("%=", TokenKind.PercentAssign), ("&=", TokenKind.AmpersandAssign), ("|=", TokenKind.PipeAssign), ("^=", TokenKind.CaretAssign),
        ("##", TokenKind.HashHash), ("(", TokenKind.LeftParen), (")", TokenKind.RightParen), ("{", TokenKind.LeftBrace),
        ("}", TokenKind.RightBrace), ("[", TokenKind.LeftBracket), ("]", TokenKind.RightBracket), (",", TokenKind.Comma),
        (";", TokenKind.Semicolon), (":", TokenKind.Colon), ("?", TokenKind.Question), (".", TokenKind.Dot), ("=", TokenKind.Assign),
        ("+", TokenKind.Plus), ("-", TokenKind.Minus), ("*", TokenKind.Star), ("/", TokenKind.Slash), ("%", TokenKind.Percent),
        ("&", TokenKind.Ampersand), ("|", TokenKind.Pipe), ("^", TokenKind.Caret), ("~", TokenKind.Tilde), ("!", TokenKind.Exclamation),
        ("<", TokenKind.Less), (">", TokenKind.Greater), ("#", TokenKind.Hash),
    ];

    readonly SourceText _source;
    readonly string _text;
    readonly bool _isC;
    int _position;
    bool _startsLine = true;

    /// <summary>Reads a script, or with <paramref name="isC"/> a C header, whose numbers and characters have more forms.</summary>
    public Lexer(SourceText source, bool isC = false)
    {
        _source = source;
        _text = source.Text;
        _isC = isC;
    }

    /// <summary>The number that a text from outside is, written as a script would, with a minus before it if need be; null when it is none.</summary>
    public static Int128? ReadNumber(string text)
    {
        bool isNegative = text.StartsWith('-');
        Lexer lexer = new(new SourceText("", isNegative ? text[1..] : text));
        Token number = lexer.Next();
        if (number.Kind != TokenKind.Integer || number.HasSpaceBefore || lexer.Position < lexer._text.Length)
        {
            return null;
        }

        return !isNegative ? number.Number : number.Number <= -(Int128)long.MinValue ? -number.Number : null;
    }

    public SourceText Source => _source;

    /// <summary>Where the next token is looked for.</summary>
    public int Position => _position;

    /// <summary>Goes to a place; the next token then counts as first on its line when nothing but blanks is before it there.</summary>
    public void MoveTo(int position)
    {
        _position = position;
        int before = position - 1;
        while (before >= 0 && _text[before] is ' ' or '\t' or '\r')
        {
            before--;
        }

        _startsLine = before < 0 || _text[before] == '\n';
    }

    /// <summary>The next token; at the end <see cref="TokenKind.EndOfFile"/>, again and again.</summary>
    public Token Next()
    {
        bool hasSpace = SkipBlanks(out Token? unterminated);
        bool startsLine = _startsLine;
        _startsLine = false;
        Token token = unterminated ?? Read();
        return hasSpace || startsLine ? token with { HasSpaceBefore = hasSpace, StartsLine = startsLine } : token;
    }

    /// <summary>The tokens up to the end of the line; the line's end is not taken.</summary>
    public List<Token> RestOfLine()
    {
        List<Token> tokens = [];
        while (true)
        {
            int start = _position;
            Token token = Next();
            if (token.StartsLine || token.Kind == TokenKind.EndOfFile)
            {
                _position = start;
                return tokens;
            }

            tokens.Add(token);
        }
    }

    /// <summary>The first token that is a <c>#</c> at the start of a line, from here on, or the end of the file.</summary>
    public Token SkipToDirective()
    {
        while (true)
        {
            Token token = Next();
            if (token.Kind == TokenKind.EndOfFile || (token.Kind == TokenKind.Hash && token.StartsLine))
            {
                return token;
            }
        }
    }

    /// <summary>Skips blanks and comments; an open comment at the end of the file comes back as an invalid token.</summary>
    public bool SkipBlanks(out Token? unterminated)
    {
        int start = _position;
        unterminated = null;
        while (_position < _text.Length)
        {
            char c = _text[_position];
            if (c == '\n')
            {
                _startsLine = true;
                _position++;
            }
            else if (char.IsWhiteSpace(c) || c == '\uFEFF')
            {
                _position++;
            }
            else if (c == '\\' && IsLineEnd(_position + 1, out int length))
            {
                _position += 1 + length;
            }
            else if (c == '/' && At(_position + 1) == '/')
            {
                SkipLineComment();
            }
            else if (c == '/' && At(_position + 1) == '*')
            {
                int end = _text.IndexOf("*/", _position + 2, StringComparison.Ordinal);
                if (end < 0)
                {
                    SourceSpan span = new(_source, _position, _position + 2);
                    _position = _text.Length;
                    unterminated = Invalid(span, "unterminated comment");
                    return true;
                }

                _position = end + 2;
            }
            else
            {
                break;
            }
        }

        return _position > start;
    }

    void SkipLineComment()
    {
        while (_position < _text.Length && _text[_position] != '\n')
        {
            _position++;
        }
    }

    bool IsLineEnd(int position, out int length)
    {
        length = At(position) == '\n' ? 1 : At(position) == '\r' && At(position + 1) == '\n' ? 2 : 0;
        return length > 0;
    }

    char At(int position) => position < _text.Length ? _text[position] : '\0';

    Token Read()
    {
        if (_position >= _text.Length)
        {
            return new Token(TokenKind.EndOfFile, new SourceSpan(_source, _text.Length, _text.Length));
        }

        char c = _text[_position];
        if (IsNameStart(c))
        {
            return Word(TokenKind.Identifier, 0);
        }

        if (char.IsAsciiDigit(c))
        {
            return Number();
        }

        switch (c)
        {
            case '"':
                return String();
            case '@' when !_isC:
                return Word(TokenKind.Map, 1);
            case '$' when !_isC:
                return Sigil();
            case '\'':
                return Character();
        }

        foreach ((string text, TokenKind kind) in _operators)
        {
            if (string.CompareOrdinal(_text, _position, text, 0, text.Length) == 0)
            {
                return Take(kind, text.Length);
            }
        }

        int length = char.IsSurrogatePair(c, At(_position + 1)) ? 2 : 1;
        Token unknown = Take(TokenKind.Invalid, length);
        return unknown with { Error = $"unexpected character '{unknown.Text}'", ErrorSpan = unknown.Span };
    }

    // "$x", "$1", "$#"
    Token Sigil()
    {
        char next = At(_position + 1);
        if (next == '#')
        {
            return Take(TokenKind.ParameterCount, 2);
        }

        if (IsNameStart(next))
        {
            return Word(TokenKind.Variable, 1);
        }

        if (!char.IsAsciiDigit(next))
        {
            Token lone = Take(TokenKind.Invalid, 1);
            return lone with { Error = "expected a variable's name or a number after '$'", ErrorSpan = lone.Span };
        }

        int end = _position + 1;
        while (char.IsAsciiDigit(At(end)))
        {
            end++;
        }

        Token parameter = Take(TokenKind.Positional, end - _position);
        return long.TryParse(parameter.Text.AsSpan(1), out long index) && index > 0
            ? parameter with { Number = index }
            : Invalid(parameter.Span, $"param {parameter.Text} is out of integer range [1, {long.MaxValue}]");
    }

    Token Word(TokenKind kind, int sigil)
    {
        int end = _position + sigil;
        if (IsNameStart(At(end)))
        {
            while (IsNamePart(At(end)))
            {
                end++;
            }
        }

        return Take(kind, end - _position);
    }

    Token Take(TokenKind kind, int length)
    {
        SourceSpan span = new(_source, _position, _position + length);
        _position += length;
        return new Token(kind, span) { Text = span.Text };
    }

    static Token Invalid(SourceSpan span, string error) => new(TokenKind.Invalid, span) { Text = span.Text, Error = error, ErrorSpan = span };

    static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_';

    static bool IsNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
}
