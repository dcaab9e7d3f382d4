namespace Sonde.Script.Syntax;

/// <summary>What the tokens of a line are to each other: whether a sign has one operand or two, whether a blank stands between.</summary>
sealed class Spacing
{
    TokenKind _last = TokenKind.EndOfFile;
    string _text = "";
    bool _lastIsPrefix;
    bool _lastIsCast;
    bool _lastIsTight;
    readonly Stack<bool> _parentheses = new();

    /// <summary>Whether the brace or sign that follows belongs to an expression that has begun.</summary>
    public bool ExpectsOperand => !EndsOperand();

    /// <summary>How many parentheses and brackets are open.</summary>
    public int Parentheses => _parentheses.Count;

    /// <summary>Begins a line: nothing stands before.</summary>
    public void Begin()
    {
        _last = TokenKind.EndOfFile;
        _text = "";
        _lastIsPrefix = _lastIsCast = _lastIsTight = false;
    }

    /// <summary>Takes the next token; whether a blank stands before it.</summary>
    public bool Take(IReadOnlyList<Piece> pieces, int index)
    {
        var piece = pieces[index];
        var kind = piece.Token;
        var isPointer = kind == TokenKind.Star && IsPointer(pieces, index);
        var isPrefix = !isPointer && (kind is TokenKind.Exclamation or TokenKind.Tilde
            || (kind is TokenKind.Minus or TokenKind.Plus or TokenKind.Star or TokenKind.Ampersand or TokenKind.PlusPlus or TokenKind.MinusMinus && !EndsOperand()));
        var isPostfix = kind is TokenKind.PlusPlus or TokenKind.MinusMinus && EndsOperand();
        var isNamed = kind == TokenKind.Assign && _parentheses.Count > 0;
        var isTight = isPointer || isPostfix || isNamed || kind is TokenKind.Dot or TokenKind.Arrow or TokenKind.Range;
        var needsBlank = NeedsBlank(kind, isTight, isPointer);

        var isCast = false;
        if (kind is TokenKind.LeftParen or TokenKind.LeftBracket)
        {
            var isCall = _last == TokenKind.Identifier && !IsWord(_text);
            _parentheses.Push(kind == TokenKind.LeftParen && !isCall && !EndsOperand() && IsCast(pieces, index));
        }
        else if (kind is TokenKind.RightParen or TokenKind.RightBracket && _parentheses.TryPop(out var open))
        {
            isCast = open;
        }

        (_last, _text, _lastIsPrefix, _lastIsCast, _lastIsTight) = (kind, piece.Text, isPrefix, isCast, isTight && !isPostfix && !isPointer);
        return needsBlank;
    }

    bool NeedsBlank(TokenKind kind, bool isTight, bool isPointer) => (_last, kind) switch
    {
        (TokenKind.EndOfFile or TokenKind.LeftParen or TokenKind.LeftBracket, _) => false,
        (_, TokenKind.Comma or TokenKind.Semicolon or TokenKind.RightParen or TokenKind.RightBracket) => false,
        (TokenKind.Question, TokenKind.Colon) => false,
        _ when isPointer || isTight || _lastIsTight || _lastIsPrefix || _lastIsCast => false,
        (TokenKind.Identifier, TokenKind.LeftParen) => IsWord(_text),
        (_, TokenKind.LeftBracket) => !EndsOperand(),
        _ => true,
    };

    bool EndsOperand() => _last switch
    {
        TokenKind.Identifier => !IsWord(_text),
        TokenKind.RightParen => !_lastIsCast,
        TokenKind.Integer or TokenKind.String or TokenKind.Variable or TokenKind.Map or TokenKind.Positional or TokenKind.ParameterCount
            or TokenKind.RightBracket or TokenKind.RightBrace => true,
        TokenKind.PlusPlus or TokenKind.MinusMinus => !_lastIsPrefix,
        _ => false,
    };

    /// <summary>Words that are followed by an expression and are no function.</summary>
    static bool IsWord(string text) => text is "if" or "else" or "while" or "for" or "unroll" or "return" or "let" or "comptime" or "macro" or "fn" or "import";

    /// <summary>A star at the end of a type.</summary>
    static bool IsPointer(IReadOnlyList<Piece> pieces, int index)
    {
        if (index == 0 || pieces[index - 1].Token is not (TokenKind.Identifier or TokenKind.Star))
        {
            return false;
        }

        var next = index + 1;
        while (pieces[next].Token == TokenKind.Star)
        {
            next++;
        }

        return pieces[next].Token is TokenKind.RightParen or TokenKind.Comma or TokenKind.Assign or TokenKind.Semicolon or TokenKind.LeftBrace;
    }

    /// <summary>Whether what stands in these parentheses is a type: a name of one, or something that only a type can be.</summary>
    static bool IsCast(IReadOnlyList<Piece> pieces, int index)
    {
        var first = pieces[index + 1];
        if (first.Token != TokenKind.Identifier)
        {
            return false;
        }

        var next = index + 2;
        while (pieces[next].Token is TokenKind.Identifier or TokenKind.Star or TokenKind.LeftBracket or TokenKind.RightBracket or TokenKind.Integer)
        {
            next++;
        }

        return pieces[next].Token == TokenKind.RightParen
            && (first.Text is "struct" or "union" or "enum" or "void" or "char" or "short" or "int" or "long" or "unsigned" or "signed" or "bool" or "string" or "buffer"
                || first.Text.StartsWith("int", StringComparison.Ordinal) || first.Text.StartsWith("uint", StringComparison.Ordinal)
                || pieces[next - 1].Token is TokenKind.Star or TokenKind.RightBracket
                || (next == index + 2 && pieces[next + 1].Token is TokenKind.Identifier or TokenKind.Variable or TokenKind.Integer or TokenKind.Map));
    }
}
