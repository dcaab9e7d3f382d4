namespace Sonde.Script.Syntax;

/// <summary>Blocks and statements.</summary>
sealed partial class Parser
{
    static readonly string[] _statementKeywords = ["let", "if", "else", "while", "for", "unroll", "break", "continue", "return"];

    static readonly HashSet<string> _reserved =
    [
        "let", "if", "else", "while", "for", "unroll", "break", "continue", "return", "import", "macro", "fn",
        "struct", "union", "enum", "sizeof", "offsetof", "typeof", "typeinfo", "comptime", "true", "false",
    ];

    // What stands between braces; the last expression without a semicolon is its value where one is wanted.
    sealed record Body(SourceSpan Span, List<Statement> Statements, Expression? Value)
    {
        public Block AsBlock() => new(Span, Value is null ? Statements : [.. Statements, AsStatement(Value)]);

        public BlockExpression? AsExpression() => Value is null ? null : new BlockExpression(Span, Statements, Value);
    }

    // if … else …: a statement or an expression, which only its surroundings tell.
    sealed record Branches(SourceSpan Span, Expression Condition, Body Then, Branches? ElseIf, Body? Else)
    {
        public If ToIf() => new(Span, Condition, Then.AsBlock(), ElseIf?.ToIf() ?? (Statement?)Else?.AsBlock());

        public Conditional? ToConditional()
        {
            Expression? then = Then.AsExpression();
            Expression? otherwise = ElseIf?.ToConditional() ?? (Expression?)Else?.AsExpression();
            return then is null || otherwise is null ? null : new Conditional(Span, Condition, then, otherwise);
        }
    }

    /// <summary>An expression as a statement; blocks and branches become the statements they are when nobody wants their value.</summary>
    internal static Statement AsStatement(Expression expression) => expression switch
    {
        BlockExpression block => new Block(block.Span, [.. block.Statements, AsStatement(block.Value)]),
        Conditional { Then: BlockExpression then, Else: BlockExpression or Conditional } branches =>
            new If(branches.Span, branches.Condition, (Block)AsStatement(then), AsBranch(branches.Else)),
        _ => new ExpressionStatement(expression.Span, expression),
    };

    static Statement AsBranch(Expression expression) => AsStatement(expression) is Statement statement and (Block or If)
        ? statement
        : new Block(expression.Span, [AsStatement(expression)]);

    Body BlockBody()
    {
        Enter();
        bool inPredicate = _inPredicate;
        _inPredicate = false;
        Token open = Expect(TokenKind.LeftBrace, "{");
        List<Statement> statements = [];
        Expression? value = null;
        while (!TryTake(TokenKind.RightBrace))
        {
            Token first = _tokens.Peek();
            if (first.Kind == TokenKind.EndOfFile)
            {
                throw Fail("expected '}'");
            }

            if (TryTake(TokenKind.Semicolon))
            {
                continue;
            }

            int depth = _depth;
            try
            {
                Statement? statement = Statement(out value);
                if (statement is not null)
                {
                    statements.Add(statement);
                }
            }
            catch (SyntaxErrorException e) when (depth < DeepestNesting)
            {
                _depth = depth;
                _inPredicate = false;
                Report(e, first, _statementKeywords);
                if (_tokens.Peek().Kind == TokenKind.EndOfFile)
                {
                    break;
                }

                SkipStatement();
            }
        }

        _inPredicate = inPredicate;
        Leave();
        return new Body(From(open.Span), statements, value);
    }

    // Null with a value for a last expression without semicolon.
    Statement? Statement(out Expression? value)
    {
        Token first = _tokens.Peek();
        value = null;
        switch (first.Kind == TokenKind.Identifier ? first.Text : "")
        {
            case "let":
                return Let();
            case "while":
                _tokens.Take();
                Expression condition = Expression();
                Block repeated = BlockBody().AsBlock();
                return Ended(new While(From(first.Span), condition, repeated));
            case "unroll":
                _tokens.Take();
                Expression count = Expression();
                Block unrolled = BlockBody().AsBlock();
                return Ended(new Unroll(From(first.Span), count, unrolled));
            case "for":
                return Ended(For());
            case "if":
                Branches branches = Branching();
                if (_tokens.Peek().Kind == TokenKind.RightBrace && branches.ToConditional() is Conditional conditional)
                {
                    value = conditional;
                    return null;
                }

                return Ended(branches.ToIf());
            case "break":
                _tokens.Take();
                EndOfStatement();
                return new Break(From(first.Span));
            case "continue":
                _tokens.Take();
                EndOfStatement();
                return new Continue(From(first.Span));
            case "return":
                _tokens.Take();
                Expression? result = _tokens.Peek().Kind is TokenKind.Semicolon or TokenKind.RightBrace ? null : Expression();
                EndOfStatement();
                return new Return(From(first.Span), result);
            case "_" when _tokens.PeekAt(1).Kind == TokenKind.Assign:
                _tokens.Take();
                _tokens.Take();
                Discard discard = new(first.Span, Expression());
                EndOfStatement();
                return discard;
            case "import":
                throw Fail("imports must stand before the probes");
        }

        if (first.Kind == TokenKind.LeftBrace)
        {
            Body body = BlockBody();
            if (body.AsExpression() is BlockExpression block && _tokens.Peek().Kind == TokenKind.RightBrace)
            {
                value = block;
                return null;
            }

            return Ended(body.AsBlock());
        }

        return AssignmentOrExpression(first.Span, out value);
    }

    Statement? AssignmentOrExpression(SourceSpan start, out Expression? value)
    {
        value = null;
        Expression expression = Expression();
        Token op = _tokens.Peek();
        BinaryOperator? compound = OperatorTable.Compound(op.Kind);
        if (op.Kind == TokenKind.Assign || compound is not null)
        {
            if (expression is Member or TupleIndex or IndexAccess)
            {
                _tokens.Take();
                Expression();
                throw Fail(From(start), "Tuples and records are immutable once created. Consider creating a new value and assigning it instead.");
            }

            if (expression is not (Variable or MapAccess))
            {
                throw Fail("expected ';'");
            }

            _tokens.Take();
            Expression assigned = Expression();
            SourceSpan span = From(start);
            EndOfStatement();
            return new Assign(span, expression, compound, assigned);
        }

        if (op.Kind == TokenKind.RightBrace)
        {
            value = expression;
            return null;
        }

        EndOfStatement();
        return AsStatement(expression);
    }

    // A statement that ends with a brace may have a semicolon or not.
    Statement Ended(Statement statement)
    {
        TryTake(TokenKind.Semicolon);
        return statement;
    }

    void EndOfStatement()
    {
        if (_tokens.Peek().Kind != TokenKind.RightBrace)
        {
            Expect(TokenKind.Semicolon, ";", EndHint());
        }
    }

    // A declaration as in C is the commonest thing that ends where no statement does.
    string? EndHint() => (_tokens.Previous, _tokens.Peek()) switch
    {
        (_, { Kind: TokenKind.EndOfFile }) => "a block is not closed: a '}' is missing",
        ({ Kind: TokenKind.Identifier }, { Kind: TokenKind.Identifier } name) => $"a variable is declared by let ${name.Text} = …; and needs no type",
        _ => null,
    };

    Let Let()
    {
        Token word = _tokens.Take();
        Token name = _tokens.Peek().Kind == TokenKind.Variable ? _tokens.Take() : throw Fail("expected a variable after 'let'");
        TypeName? type = TryTake(TokenKind.Colon) ? Type() : null;
        Expression? value = TryTake(TokenKind.Assign) ? Expression() : null;
        SourceSpan span = From(word.Span);
        EndOfStatement();
        return new Let(span, new Variable(name.Span, name.Text), type, value);
    }

    Branches Branching()
    {
        Enter();
        Token word = _tokens.Take();
        Expression condition = Expression();
        Body then = BlockBody();
        Branches? elseIf = null;
        Body? otherwise = null;
        if (_tokens.TryTake("else"))
        {
            if (_tokens.Peek().Is("if"))
            {
                elseIf = Branching();
            }
            else
            {
                otherwise = BlockBody();
            }
        }

        Leave();
        return new Branches(From(word.Span), condition, then, elseIf, otherwise);
    }

    Statement For()
    {
        Token word = _tokens.Take();
        bool isOpen = TryTake(TokenKind.LeftParen);
        Token name = _tokens.Peek().Kind == TokenKind.Variable ? _tokens.Take() : throw Fail("expected variable in for loop", "for ($i : 0..10) { } counts from 0 to 9, for ($entry : @map) { } goes through a map");
        Variable variable = new(name.Span, name.Text);
        Expect(TokenKind.Colon, ":");
        Expression first = Unary();
        Expression? end = TryTake(TokenKind.Range) ? Unary() : null;
        if (end is null && first is not MapAccess { Keys.Count: 0 })
        {
            throw Fail("expected map or range in for loop");
        }

        if (isOpen)
        {
            Expect(TokenKind.RightParen, ")");
        }

        SourceSpan span = From(word.Span);
        Block body = BlockBody().AsBlock();
        return end is null ? new ForMap(span, variable, (MapAccess)first, body) : new ForRange(span, variable, first, end, body);
    }
}
