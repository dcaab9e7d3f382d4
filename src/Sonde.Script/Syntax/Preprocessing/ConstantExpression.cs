namespace Sonde.Script.Syntax;

/// <summary>Evaluates a C constant expression: of <c>#if</c>, an array's length, an enum constant, a bit field's width.</summary>
sealed class ConstantExpression(IReadOnlyList<Token> tokens, IReadOnlyDictionary<string, long> constants, bool undefinedIsZero)
{
    const int Deepest = 200;

    int _next;
    int _depth;

    public bool IsAtEnd => _next >= tokens.Count;

    /// <summary>The value, or null when it is none or cannot be known.</summary>
    public long? Evaluate() => Conditional();

    TokenKind Kind => _next < tokens.Count ? tokens[_next].Kind : TokenKind.EndOfFile;

    bool Take(TokenKind kind)
    {
        if (Kind != kind)
        {
            return false;
        }

        _next++;
        return true;
    }

    long? Conditional()
    {
        if (_depth >= Deepest)
        {
            return null;
        }

        _depth++;
        long? value = BinaryAbove(0);
        if (value is not null && Take(TokenKind.Question))
        {
            long? then = Conditional();
            long? otherwise = Take(TokenKind.Colon) ? Conditional() : null;
            value = then is null || otherwise is null ? null : value != 0 ? then : otherwise;
        }

        _depth--;
        return value;
    }

    long? BinaryAbove(int lowest)
    {
        long? left = Unary();
        while (left is not null && OperatorTable.Binary(Kind) is (BinaryOperator op, int precedence) && precedence > lowest)
        {
            _next++;
            left = BinaryAbove(precedence) is long right ? Apply(op, left.Value, right) : null;
        }

        return left;
    }

    static long? Apply(BinaryOperator op, long left, long right) => op switch
    {
        BinaryOperator.LogicalOr => left != 0 || right != 0 ? 1 : 0,
        BinaryOperator.LogicalAnd => left != 0 && right != 0 ? 1 : 0,
        BinaryOperator.BitwiseOr => left | right,
        BinaryOperator.BitwiseXor => left ^ right,
        BinaryOperator.BitwiseAnd => left & right,
        BinaryOperator.Equal => left == right ? 1 : 0,
        BinaryOperator.NotEqual => left != right ? 1 : 0,
        BinaryOperator.Less => left < right ? 1 : 0,
        BinaryOperator.Greater => left > right ? 1 : 0,
        BinaryOperator.LessOrEqual => left <= right ? 1 : 0,
        BinaryOperator.GreaterOrEqual => left >= right ? 1 : 0,
        BinaryOperator.ShiftLeft => right is >= 0 and < 64 ? left << (int)right : null,
        BinaryOperator.ShiftRight => right is >= 0 and < 64 ? left >> (int)right : null,
        BinaryOperator.Add => unchecked(left + right),
        BinaryOperator.Subtract => unchecked(left - right),
        BinaryOperator.Multiply => unchecked(left * right),
        BinaryOperator.Divide => right == 0 ? null : right == -1 ? unchecked(-left) : left / right,
        _ => right == 0 ? null : right == -1 ? 0 : left % right,
    };

    long? Unary()
    {
        if (_depth >= Deepest || _next >= tokens.Count)
        {
            return null;
        }

        _depth++;
        Token token = tokens[_next++];
        long? value = token.Kind switch
        {
            TokenKind.Integer or TokenKind.Character => unchecked((long)(ulong)token.Number),
            TokenKind.Minus => Unary() is long v ? unchecked(-v) : null,
            TokenKind.Plus => Unary(),
            TokenKind.Tilde => ~Unary(),
            TokenKind.Exclamation => Unary() is long v ? v == 0 ? 1 : 0 : null,
            TokenKind.LeftParen => Parenthesized(),
            TokenKind.Identifier => Name(token.Text),
            _ => null,
        };
        _depth--;
        return value;
    }

    long? Parenthesized()
    {
        // A cast changes nothing that matters for sizes and conditions of sane code.
        if (CTypes.Skip(tokens, ref _next))
        {
            return Take(TokenKind.RightParen) ? Unary() : null;
        }

        long? value = Conditional();
        return Take(TokenKind.RightParen) ? value : null;
    }

    long? Name(string name)
    {
        if (name is "sizeof" or "_Alignof" or "__alignof__" && !undefinedIsZero)
        {
            return Take(TokenKind.LeftParen) && CTypes.Size(tokens, ref _next) is long size && Take(TokenKind.RightParen) ? size : null;
        }

        if (constants.TryGetValue(name, out long value))
        {
            return value;
        }

        if (!undefinedIsZero)
        {
            return null;
        }

        // An unknown function-like question such as __GNUC_PREREQ(4, 1): no.
        if (Take(TokenKind.LeftParen))
        {
            for (int depth = 1; depth > 0 && !IsAtEnd; _next++)
            {
                depth += Kind == TokenKind.LeftParen ? 1 : Kind == TokenKind.RightParen ? -1 : 0;
            }
        }

        return name == "true" ? 1 : 0;
    }
}
