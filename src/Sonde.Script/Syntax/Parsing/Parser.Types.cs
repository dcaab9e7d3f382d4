namespace Sonde.Script.Syntax;

/// <summary>Types as the language writes them: base, then suffixes from left to right.</summary>
sealed partial class Parser
{
    static readonly HashSet<string> _builtinTypes =
    [
        "void", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "string", "buffer", "inet",
        "usym_t", "ksym_t", "kstack_t", "ustack_t", "macaddr_t", "timestamp", "cgroup_path_t", "strerror_t",
        "min_t", "max_t", "sum_t", "count_t", "avg_t", "stats_t", "hist_t", "lhist_t", "tseries_t",
        "umin_t", "umax_t", "usum_t", "uavg_t", "ustats_t",
    ];

    TypeName Type() => TryType(out _) ?? throw Fail("expected type");

    // Null, with nothing taken, when no type can stand here. Uncertain is a lone name, which may be a value's.
    TypeName? TryType(out bool isCertain)
    {
        (int, Token) start = _tokens.Mark();
        isCertain = true;
        while (_tokens.Peek() is { Kind: TokenKind.Identifier, Text: "const" or "volatile" })
        {
            _tokens.Take();
        }

        Token first = _tokens.Peek();
        if (first.Kind != TokenKind.Identifier)
        {
            _tokens.Reset(start);
            return null;
        }

        TypeKeyword keyword = TypeKeyword.None;
        string name = first.Text;
        Expression? typeOf = null;
        TypeName? named = null;
        ulong? capacity = null;
        switch (first.Text)
        {
            case "struct" or "union" or "enum":
                _tokens.Take();
                keyword = first.Text == "struct" ? TypeKeyword.Struct : first.Text == "union" ? TypeKeyword.Union : TypeKeyword.Enum;
                name = ExpectName($"a name after '{first.Text}'").Text;
                break;
            case "typeof":
                _tokens.Take();
                (named, typeOf) = Inside(TypeOrExpressionInParentheses);
                name = "";
                break;
            case "string" or "buffer" or "inet":
                _tokens.Take();
                if (_tokens.Peek().Kind == TokenKind.LeftBracket && _tokens.PeekAt(1).Kind is TokenKind.Integer or TokenKind.Positional && _tokens.PeekAt(2).Kind == TokenKind.RightBracket)
                {
                    capacity = TryArray()?.Length;
                }

                break;
            default:
                if (CTypes.IsTypeWord(first.Text) && first.Text is not ("void" or "bool"))
                {
                    name = CTypes.NameOf(Words());
                }
                else if (_reserved.Contains(first.Text))
                {
                    _tokens.Reset(start);
                    return null;
                }
                else
                {
                    _tokens.Take();
                    isCertain = _builtinTypes.Contains(name);
                }

                break;
        }

        List<TypeSuffix> suffixes = [];
        while (TrySuffix() is TypeSuffix suffix)
        {
            isCertain |= suffix.IsPointer || suffix.Length is null;
            suffixes.Add(suffix);
        }

        SourceSpan span = From(first.Span);
        return named is null
            ? new TypeName(span, keyword, name, suffixes) { Capacity = capacity, TypeOf = typeOf }
            : new TypeName(span, named.Keyword, named.Name, [.. named.Suffixes, .. suffixes]) { Capacity = named.Capacity, TypeOf = named.TypeOf };
    }

    List<string> Words()
    {
        List<string> words = [];
        while (_tokens.Peek() is { Kind: TokenKind.Identifier } word && CTypes.IsTypeWord(word.Text))
        {
            words.Add(_tokens.Take().Text);
        }

        return words;
    }

    TypeSuffix? TrySuffix() => TryTake(TokenKind.Star) ? TypeSuffix.Pointer : TryArray();

    TypeSuffix? TryArray()
    {
        if (_tokens.Peek().Kind != TokenKind.LeftBracket)
        {
            return null;
        }

        Token length = _tokens.PeekAt(1);
        if (length.Kind == TokenKind.RightBracket)
        {
            _tokens.Take();
            _tokens.Take();
            return TypeSuffix.Array(null);
        }

        if (_tokens.PeekAt(2).Kind != TokenKind.RightBracket || LengthOf(length) is not ulong value)
        {
            return null;
        }

        _tokens.Take();
        _tokens.Take();
        _tokens.Take();
        return TypeSuffix.Array(value);
    }

    ulong? LengthOf(Token token) => token.Kind switch
    {
        TokenKind.Integer => (ulong)token.Number,
        TokenKind.Positional when token.Number <= _arguments.Positional.Count
            && ulong.TryParse(_arguments.Positional[(int)token.Number - 1], out ulong given) => given,
        TokenKind.Identifier when _tokens.State.Constants.TryGetValue(token.Text, out long constant) && constant >= 0 => (ulong)constant,
        _ => null,
    };

    (TypeName?, Expression?) TypeOrExpressionInParentheses()
    {
        Expect(TokenKind.LeftParen, "(");
        (TypeName?, Expression?) result = TypeOrExpression(TokenKind.RightParen);
        Expect(TokenKind.RightParen, ")");
        return result;
    }

    // A type when it is certainly one and nothing but the end follows; a lone name stays an expression.
    (TypeName? Type, Expression? Operand) TypeOrExpression(TokenKind end)
    {
        (int, Token) start = _tokens.Mark();
        if (TryType(out bool isCertain) is TypeName type && isCertain && _tokens.Peek().Kind == end)
        {
            return (type, null);
        }

        _tokens.Reset(start);
        return (null, Expression());
    }
}
