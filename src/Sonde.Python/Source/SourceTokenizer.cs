using System.Buffers;

namespace Sonde.Python.Source;

/// <summary>The tokens that matter for scopes; everything else is <see cref="Other"/>.</summary>
enum SourceTokenKind : byte
{
    End,
    Newline,
    Name,
    String,
    Open,
    Close,
    Colon,
    Comma,
    Semicolon,
    At,
    Bang,
    Other,
}

/// <summary>A piece of source text.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Line">The line it begins in, 1-based.</param>
readonly record struct SourceToken(SourceTokenKind Kind, int Start, int Length, int Line);

/// <summary>Splits Python source into tokens (Python reference, "Lexical analysis", as of 3.10). Takes any bytes and always moves on.</summary>
ref struct SourceTokenizer(ReadOnlySpan<byte> source)
{
    static readonly SearchValues<byte> _nameBytes =
        SearchValues.Create([.. Enumerable.Range(0, 256).Where(i => i >= 0x80 || i == '_' || char.IsAsciiLetterOrDigit((char)i)).Select(i => (byte)i)]);

    static readonly SearchValues<byte> _prefixBytes = SearchValues.Create("rRbBuUfF"u8);

    const int TabSize = 8;

    readonly ReadOnlySpan<byte> _source = source;
    bool _atLineStart = true;

    /// <summary>Where the next token is looked for.</summary>
    public int Position { get; set; }

    /// <summary>Where the text ends; within an f-string its end.</summary>
    public int Limit { get; set; } = source.Length;

    /// <summary>The line at <see cref="Position"/>, 1-based.</summary>
    public int Line { get; set; } = 1;

    /// <summary>The indentation of the logical line that the last token belongs to.</summary>
    public int Column { get; private set; }

    /// <summary>The bytes of a token.</summary>
    public readonly ReadOnlySpan<byte> Text(in SourceToken token) => _source.Slice(token.Start, token.Length);

    /// <summary>The byte at <see cref="Position"/> plus an offset, 0 behind the end.</summary>
    public readonly byte Peek(int offset = 0) => Position + offset < Limit ? _source[Position + offset] : (byte)0;

    /// <summary>The next token.</summary>
    /// <param name="insideBrackets">Whether line ends and indentation mean nothing.</param>
    public SourceToken Next(bool insideBrackets)
    {
        if (_atLineStart && !insideBrackets)
        {
            SkipToLogicalLine();
        }

        _atLineStart = false;
        SkipBlanks(insideBrackets);

        int start = Position, line = Line;
        if (start >= Limit)
        {
            return new SourceToken(SourceTokenKind.End, start, 0, line);
        }

        var kind = Scan();
        return new SourceToken(kind, start, Position - start, line);
    }

    /// <summary>Moves past one byte, counting lines; <c>\r\n</c> is one line end.</summary>
    public void Advance()
    {
        byte passed = _source[Position++];
        if (passed == '\n' || (passed == '\r' && Peek() != '\n'))
        {
            Line++;
        }
    }

    SourceTokenKind Scan()
    {
        byte first = _source[Position];
        switch (first)
        {
            case (byte)'\n' or (byte)'\r':
                Advance();
                if (first == '\r' && Peek() == '\n')
                {
                    Advance();
                }

                _atLineStart = true;
                return SourceTokenKind.Newline;
            case (byte)'"' or (byte)'\'':
                SkipString();
                return SourceTokenKind.String;
            case (byte)'(' or (byte)'[' or (byte)'{':
                Position++;
                return SourceTokenKind.Open;
            case (byte)')' or (byte)']' or (byte)'}':
                Position++;
                return SourceTokenKind.Close;
            case (byte)',':
                Position++;
                return SourceTokenKind.Comma;
            case (byte)';':
                Position++;
                return SourceTokenKind.Semicolon;
            case (byte)'@':
                Position++;
                return SourceTokenKind.At;
            case (byte)':':
                Position++;
                return SourceTokenKind.Colon;
            case (byte)'!':
                Position++;
                if (Peek() != '=')
                {
                    return SourceTokenKind.Bang;
                }

                Position++;
                return SourceTokenKind.Other;
            case >= (byte)'0' and <= (byte)'9':
                SkipNumber();
                return SourceTokenKind.Other;
            default:
                if (!_nameBytes.Contains(first))
                {
                    Position++;
                    return SourceTokenKind.Other;
                }

                return ScanName();
        }
    }

    SourceTokenKind ScanName()
    {
        int start = Position;
        int length = _source[start..Limit].IndexOfAnyExcept(_nameBytes);
        Position = length < 0 ? Limit : start + length;
        bool isPrefix = Position - start <= 2 && !_source[start..Position].ContainsAnyExcept(_prefixBytes);
        if (!isPrefix || Peek() is not ((byte)'"' or (byte)'\''))
        {
            return SourceTokenKind.Name;
        }

        SkipString();
        return SourceTokenKind.String;
    }

    void SkipString()
    {
        byte quote = Peek();
        bool isTriple = Peek(1) == quote && Peek(2) == quote;
        Position += isTriple ? 3 : 1;
        while (Position < Limit)
        {
            byte next = Peek();
            if (next == '\\')
            {
                Advance();
                // A backslash also keeps a line end of two bytes in the string.
                if (Peek() == '\r' && Peek(1) == '\n')
                {
                    Advance();
                }

                if (Position < Limit)
                {
                    Advance();
                }
            }
            else if (next == quote && (!isTriple || (Peek(1) == quote && Peek(2) == quote)))
            {
                Position += isTriple ? 3 : 1;
                return;
            }
            else if (next is (byte)'\n' or (byte)'\r' && !isTriple)
            {
                return;
            }
            else
            {
                Advance();
            }
        }
    }

    // A keyword may follow a number without a blank: "1if x else 2".
    void SkipNumber()
    {
        if (Peek() == '0' && (Peek(1) | 0x20) is 'x' or 'o' or 'b')
        {
            Position += 2;
            while (char.IsAsciiHexDigit((char)Peek()) || Peek() == '_')
            {
                Position++;
            }

            return;
        }

        while (char.IsAsciiDigit((char)Peek()) || Peek() is (byte)'_' or (byte)'.')
        {
            Position++;
        }

        int sign = Peek(1) is (byte)'+' or (byte)'-' ? 1 : 0;
        if ((Peek() | 0x20) == 'e' && char.IsAsciiDigit((char)Peek(1 + sign)))
        {
            Position += 1 + sign;
            while (char.IsAsciiDigit((char)Peek()) || Peek() == '_')
            {
                Position++;
            }
        }

        if ((Peek() | 0x20) == 'j')
        {
            Position++;
        }
    }

    void SkipToLogicalLine()
    {
        Column = 0;
        while (Position < Limit)
        {
            switch (Peek())
            {
                case (byte)' ':
                    Column++;
                    Position++;
                    break;
                case (byte)'\t':
                    Column = (Column / TabSize + 1) * TabSize;
                    Position++;
                    break;
                case (byte)'\f':
                    Column = 0;
                    Position++;
                    break;
                case (byte)'\n' or (byte)'\r':
                    Column = 0;
                    Advance();
                    break;
                case (byte)'#':
                    SkipComment();
                    break;
                default:
                    return;
            }
        }
    }

    void SkipBlanks(bool insideBrackets)
    {
        while (Position < Limit)
        {
            byte next = Peek();
            if (next == '#')
            {
                SkipComment();
            }
            else if (next == '\\')
            {
                Advance();
                if (Peek() == '\r' && Peek(1) == '\n')
                {
                    Advance();
                }

                if (Peek() is (byte)'\n' or (byte)'\r')
                {
                    Advance();
                }
            }
            else if (next is (byte)' ' or (byte)'\t' or (byte)'\f' or 0 || (insideBrackets && next is (byte)'\n' or (byte)'\r'))
            {
                Advance();
            }
            else
            {
                return;
            }
        }
    }

    void SkipComment()
    {
        int length = _source[Position..Limit].IndexOfAny((byte)'\n', (byte)'\r');
        Position = length < 0 ? Limit : Position + length;
    }
}
