namespace Sonde.Script.Syntax;

/// <summary>Expressions.</summary>
sealed partial class Parser
{
    // Inside a predicate and outside its parentheses: there a slash before a brace ends it.
    bool _inPredicate;

    /// <summary>Reads one expression.</summary>
    public Expression Expression()
    {
        Enter();
        Expression condition = BinaryAbove(0);
        if (TryTake(TokenKind.Question))
        {
            Expression? then = _tokens.Peek().Kind == TokenKind.Colon ? null : Expression();
            Expect(TokenKind.Colon, ":");
            Expression otherwise = Expression();
            condition = new Conditional(condition.Span.To(otherwise.Span), condition, then, otherwise);
        }

        Leave();
        return condition;
    }

    Expression BinaryAbove(int lowest)
    {
        Expression left = Unary();
        while (OperatorTable.Binary(_tokens.Peek().Kind) is (BinaryOperator op, int precedence) && precedence > lowest)
        {
            if (_inPredicate && op == BinaryOperator.Divide && _tokens.PeekAt(1).Kind is TokenKind.LeftBrace or TokenKind.EndOfFile)
            {
                break;
            }

            Token symbol = _tokens.Take();
            Expression right = BinaryAbove(precedence);
            left = new Binary(left.Span.To(right.Span), op, symbol.Span, left, right);
        }

        return left;
    }

    Expression Unary()
    {
        if (OperatorTable.Prefix(_tokens.Peek().Kind) is not UnaryOperator op)
        {
            return _tokens.Peek().Is("comptime") ? Comptime() : Postfix(Primary());
        }

        Enter();
        Token symbol = _tokens.Take();
        Expression operand = Unary();
        Leave();
        if (op is UnaryOperator.PreIncrement or UnaryOperator.PreDecrement)
        {
            CheckTarget(operand, symbol);
        }

        // The smallest number has no literal of its own.
        return op == UnaryOperator.Minus && operand is IntegerLiteral { Value: var value } && value >= 0 && value <= -(Int128)long.MinValue
            ? new IntegerLiteral(symbol.Span.To(operand.Span), -value)
            : new Unary(symbol.Span.To(operand.Span), op, symbol.Span, operand);
    }

    Comptime Comptime()
    {
        Enter();
        Token word = _tokens.Take();
        Expression operand = Unary();
        Leave();
        return new Comptime(word.Span.To(operand.Span), operand);
    }

    static void CheckTarget(Expression operand, Token symbol)
    {
        if (operand is not (Variable or MapAccess))
        {
            throw Fail(symbol.Span, $"'{symbol.Text}' needs a variable or a map");
        }
    }

    Expression Postfix(Expression operand)
    {
        while (true)
        {
            Token symbol = _tokens.Peek();
            switch (symbol.Kind)
            {
                case TokenKind.Dot or TokenKind.Arrow:
                    _tokens.Take();
                    operand = MemberOf(operand, symbol.Kind == TokenKind.Arrow);
                    break;
                case TokenKind.LeftBracket:
                    _tokens.Take();
                    Expression index = Inside(Expression);
                    Expect(TokenKind.RightBracket, "]");
                    operand = new IndexAccess(From(operand.Span), operand, index);
                    break;
                case TokenKind.PlusPlus or TokenKind.MinusMinus:
                    _tokens.Take();
                    CheckTarget(operand, symbol);
                    UnaryOperator op = symbol.Kind == TokenKind.PlusPlus ? UnaryOperator.PostIncrement : UnaryOperator.PostDecrement;
                    operand = new Unary(From(operand.Span), op, symbol.Span, operand);
                    break;
                default:
                    return operand;
            }
        }
    }

    Expression MemberOf(Expression operand, bool isArrow)
    {
        Token name = _tokens.Peek();
        if (name.Kind == TokenKind.Integer && !isArrow)
        {
            if (!name.Text.All(char.IsAsciiDigit) || name.Number > int.MaxValue)
            {
                throw Fail("expected the index of a tuple's element");
            }

            _tokens.Take();
            return new TupleIndex(From(operand.Span), operand, (int)name.Number);
        }

        name = ExpectName("the name of a member");
        return new Member(From(operand.Span), operand, name.Text, name.Span, isArrow);
    }

    // Between brackets a slash divides.
    T Inside<T>(Func<T> read)
    {
        bool inPredicate = _inPredicate;
        _inPredicate = false;
        T result = read();
        _inPredicate = inPredicate;
        return result;
    }

    Expression Primary()
    {
        Token token = _tokens.Peek();
        switch (token.Kind)
        {
            case TokenKind.Integer:
                _tokens.Take();
                return new IntegerLiteral(token.Span, token.Number);
            case TokenKind.String:
                _tokens.Take();
                return new StringLiteral(token.Span, token.Text);
            case TokenKind.Variable:
                _tokens.Take();
                return new Variable(token.Span, token.Text);
            case TokenKind.Positional:
                _tokens.Take();
                int index = (int)Int128.Min(token.Number, int.MaxValue);
                return new PositionalParameter(token.Span, index, index <= _arguments.Positional.Count ? _arguments.Positional[index - 1] : null);
            case TokenKind.ParameterCount:
                _tokens.Take();
                return new ParameterCount(token.Span, _arguments.Positional.Count);
            case TokenKind.Map:
                return Map();
            case TokenKind.LeftParen:
                return Parenthesized();
            case TokenKind.LeftBrace:
                return BlockBody().AsExpression() ?? throw Fail(From(token.Span), "this block has no value: its last expression must have no semicolon");
            case TokenKind.Identifier:
                return Word();
            case TokenKind.Character:
                throw new SyntaxErrorException(new Diagnostic(Severity.Error, token.Span, "syntax: expected expression", $"the language has no characters: write {token.Number}, or \"{token.Text[1..^1]}\"[0]"));
            default:
                throw Fail("expected expression");
        }
    }

    MapAccess Map()
    {
        Token map = _tokens.Take();
        List<Expression> keys = [];
        if (TryTake(TokenKind.LeftBracket))
        {
            keys = List(TokenKind.RightBracket, "]");
            if (keys.Count == 0)
            {
                throw Fail(_tokens.Previous.Span, "expected expression");
            }
        }

        return new MapAccess(From(map.Span), map.Text, keys);
    }

    // Expressions with commas between and perhaps after, and the bracket that ends them.
    List<Expression> List(TokenKind end, string text) => Inside(() =>
    {
        List<Expression> expressions = [];
        while (!TryTake(end))
        {
            expressions.Add(Expression());
            if (_tokens.Peek().Kind != end && !TryTake(TokenKind.Comma))
            {
                throw Fail($"expected '{text}'");
            }
        }

        return expressions;
    });

    Expression Word()
    {
        Token name = _tokens.Peek();
        switch (name.Text)
        {
            case "true" or "false":
                _tokens.Take();
                return new BoolLiteral(name.Span, name.Text == "true");
            case "sizeof" or "typeinfo":
                _tokens.Take();
                (TypeName? type, Expression? operand) = Inside(TypeOrExpressionInParentheses);
                return name.Text == "sizeof" ? new SizeOf(From(name.Span), type, operand) : new TypeInfo(From(name.Span), type, operand);
            case "offsetof":
                _tokens.Take();
                return Inside(() => OffsetOf(name));
            case "if":
                Branches branches = Inside(Branching);
                return branches.ToConditional() ?? throw Fail(branches.Span, "this 'if' has no value: it needs an 'else', and each block a last expression without semicolon");
            case "typeof" or "struct" or "union" or "enum":
                TypeName named = Type();
                return new TypeExpression(named.Span, named);
            case "comptime":
                return Comptime();
        }

        if (_reserved.Contains(name.Text))
        {
            throw Fail("expected expression");
        }

        _tokens.Take();
        if (!TryTake(TokenKind.LeftParen))
        {
            return new Identifier(name.Span, name.Text);
        }

        List<Expression> arguments = List(TokenKind.RightParen, ")");
        return new Call(From(name.Span), name.Text, name.Span, arguments);
    }

    OffsetOf OffsetOf(Token word)
    {
        Expect(TokenKind.LeftParen, "(");
        (TypeName? type, Expression? operand) = TypeOrExpression(TokenKind.Comma);
        Expect(TokenKind.Comma, ",");
        List<string> path = [ExpectName("the name of a member").Text];
        while (TryTake(TokenKind.Dot))
        {
            path.Add(ExpectName("the name of a member").Text);
        }

        Expect(TokenKind.RightParen, ")");
        return new OffsetOf(From(word.Span), type, operand, path);
    }

    // "()", "(x=1)", "(T)e", "(a, b)" or "(a)"
    Expression Parenthesized() => Inside(() =>
    {
        (int, Token) start = _tokens.Mark();
        Token open = _tokens.Take();
        if (TryTake(TokenKind.RightParen))
        {
            return new TupleLiteral(From(open.Span), []);
        }

        if (_tokens.Peek().Kind == TokenKind.Identifier && _tokens.PeekAt(1).Kind == TokenKind.Assign)
        {
            return Record(open);
        }

        if (TryType(out bool isCertain) is TypeName type && TryTake(TokenKind.RightParen) && StartsOperand(_tokens.Peek(), isCertain))
        {
            Enter();
            Expression operand = Unary();
            Leave();
            return new Cast(open.Span.To(operand.Span), type, operand);
        }

        _tokens.Reset(start);
        _tokens.Take();
        Expression first = Expression();
        if (_tokens.Peek().Kind != TokenKind.Comma)
        {
            Expect(TokenKind.RightParen, ")");
            return first;
        }

        _tokens.Take();
        List<Expression> elements = List(TokenKind.RightParen, ")");
        return (Expression)new TupleLiteral(From(open.Span), [first, .. elements]);
    });

    RecordLiteral Record(Token open)
    {
        List<RecordField> fields = [];
        while (!TryTake(TokenKind.RightParen))
        {
            Token name = ExpectName("the name of a field");
            Expect(TokenKind.Assign, "=");
            Expression value = Expression();
            if (fields.Any(f => f.Name == name.Text))
            {
                throw Fail(name.Span, $"the field '{name.Text}' is there twice");
            }

            fields.Add(new RecordField(name.Span.To(value.Span), name.Text, value));
            if (_tokens.Peek().Kind != TokenKind.RightParen)
            {
                Expect(TokenKind.Comma, ")");
            }
        }

        return new RecordLiteral(From(open.Span), fields);
    }

    // Whether what follows "(name)" makes it a cast. A name that need not be a type is one only before what cannot go on an expression.
    static bool StartsOperand(Token token, bool isCertain) => token.Kind switch
    {
        TokenKind.Identifier => token.Text is not ("else" or "if"),
        TokenKind.Integer or TokenKind.String or TokenKind.Variable or TokenKind.Map or TokenKind.Positional or TokenKind.ParameterCount
            or TokenKind.LeftParen or TokenKind.Exclamation or TokenKind.Tilde => true,
        TokenKind.LeftBrace => isCertain,
        _ => isCertain && OperatorTable.Prefix(token.Kind) is not null,
    };
}
