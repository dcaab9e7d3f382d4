namespace Sonde.Script.Syntax;

/// <summary>Copies a tree, every node anew; derived classes put other nodes in the place of some.</summary>
abstract class TreeRewriter(DiagnosticBag diagnostics)
{
    // As deep as the passes behind this one may safely walk by recursion.
    public const int DeepestTree = 500;
    const int MostNodes = 500_000;

    int _depth;
    int _nodes;

    protected DiagnosticBag Diagnostics { get; } = diagnostics;

    /// <summary>Whether the result would be too large, which has been reported; what is left is copied no more.</summary>
    protected bool IsOverflowing { get; private set; }

    protected virtual SourceSpan Place(SourceSpan span) => span;

    protected virtual string VariableName(string name) => name;

    public Expression Rewrite(Expression expression)
    {
        if (!Enter(expression))
        {
            return new IntegerLiteral(Place(expression.Span), 0);
        }

        Expression result = RewriteExpression(expression);
        _depth--;
        return result;
    }

    public Statement Rewrite(Statement statement)
    {
        if (!Enter(statement))
        {
            return new Block(Place(statement.Span), []);
        }

        Statement result = RewriteStatement(statement);
        _depth--;
        return result;
    }

    public Block Rewrite(Block block) => new(Place(block.Span), Rewrite(block.Statements));

    protected IReadOnlyList<Statement> Rewrite(IReadOnlyList<Statement> statements) => [.. statements.Select(Rewrite)];

    protected IReadOnlyList<Expression> Rewrite(IReadOnlyList<Expression> expressions) => [.. expressions.Select(Rewrite)];

    bool Enter(Node node)
    {
        if (!IsOverflowing && _depth < DeepestTree && ++_nodes < MostNodes)
        {
            _depth++;
            return true;
        }

        if (!IsOverflowing)
        {
            IsOverflowing = true;
            Diagnostics.Error(Place(node.Span).Outermost, _depth >= DeepestTree
                ? $"this is nested more than {DeepestTree} deep"
                : $"this is too large: macros expand to more than {MostNodes} nodes");
        }

        return false;
    }

    protected virtual Expression RewriteExpression(Expression expression)
    {
        SourceSpan span = Place(expression.Span);
        return expression switch
        {
            IntegerLiteral e => new IntegerLiteral(span, e.Value),
            StringLiteral e => new StringLiteral(span, e.Bytes),
            BoolLiteral e => new BoolLiteral(span, e.Value),
            PositionalParameter e => new PositionalParameter(span, e.Index, e.Value),
            ParameterCount e => new ParameterCount(span, e.Count),
            Identifier e => new Identifier(span, e.Name),
            Variable e => new Variable(span, VariableName(e.Name)),
            MapAccess e => Map(e),
            Call e => new Call(span, e.Name, Place(e.NameSpan), Rewrite(e.Arguments)),
            Unary e => new Unary(span, e.Operator, Place(e.OperatorSpan), Rewrite(e.Operand)),
            Binary e => new Binary(span, e.Operator, Place(e.OperatorSpan), Rewrite(e.Left), Rewrite(e.Right)),
            Conditional e => new Conditional(span, Rewrite(e.Condition), e.Then is null ? null : Rewrite(e.Then), Rewrite(e.Else)),
            Cast e => new Cast(span, Rewrite(e.Type), Rewrite(e.Operand)),
            Member e => new Member(span, Rewrite(e.Operand), e.Name, Place(e.NameSpan), e.IsArrow),
            TupleIndex e => new TupleIndex(span, Rewrite(e.Operand), e.Index),
            IndexAccess e => new IndexAccess(span, Rewrite(e.Operand), Rewrite(e.Index)),
            TupleLiteral e => new TupleLiteral(span, Rewrite(e.Elements)),
            RecordLiteral e => new RecordLiteral(span, [.. e.Fields.Select(f => new RecordField(Place(f.Span), f.Name, Rewrite(f.Value)))]),
            SizeOf e => Query(e.Type, e.Operand, (type, operand) => new SizeOf(span, type, operand)),
            OffsetOf e => Query(e.Type, e.Operand, (type, operand) => new OffsetOf(span, type, operand, MemberPath(e.Path))),
            TypeInfo e => Query(e.Type, e.Operand, (type, operand) => new TypeInfo(span, type, operand)),
            TypeExpression e => new TypeExpression(span, Rewrite(e.Type)),
            Comptime e => new Comptime(span, Rewrite(e.Operand)),
            BlockExpression e => new BlockExpression(span, Rewrite(e.Statements), Rewrite(e.Value)),
            _ => throw new ArgumentException($"not an expression of the language: {expression.GetType()}"),
        };
    }

    protected virtual Statement RewriteStatement(Statement statement)
    {
        SourceSpan span = Place(statement.Span);
        return statement switch
        {
            Block s => Rewrite(s),
            ExpressionStatement s => Parser.AsStatement(Rewrite(s.Expression)),
            Let s => new Let(span, Rewritten(s.Variable), s.Type is null ? null : Rewrite(s.Type), s.Value is null ? null : Rewrite(s.Value)),
            Assign s => new Assign(span, Rewrite(s.Target), s.Operator, Rewrite(s.Value)),
            Discard s => new Discard(span, Rewrite(s.Expression)),
            If s => new If(span, Rewrite(s.Condition), Rewrite(s.Then), s.Else is null ? null : Rewrite(s.Else)),
            While s => new While(span, Rewrite(s.Condition), Rewrite(s.Body)),
            ForRange s => new ForRange(span, Rewritten(s.Variable), Rewrite(s.Start), Rewrite(s.End), Rewrite(s.Body)),
            ForMap s => new ForMap(span, Rewritten(s.Variable), Map(s.Map), Rewrite(s.Body)),
            Unroll s => new Unroll(span, Rewrite(s.Count), Rewrite(s.Body)),
            Break => new Break(span),
            Continue => new Continue(span),
            Return s => new Return(span, s.Value is null ? null : Rewrite(s.Value)),
            _ => throw new ArgumentException($"not a statement of the language: {statement.GetType()}"),
        };
    }

    protected virtual MapAccess Map(MapAccess map) => new(Place(map.Span), map.Name, Rewrite(map.Keys));

    protected virtual IReadOnlyList<string> MemberPath(IReadOnlyList<string> path) => path;

    Variable Rewritten(Variable variable) => new(Place(variable.Span), VariableName(variable.Name));

    // A macro's parameter in the operand's place may turn out to be a type.
    Expression Query(TypeName? type, Expression? operand, Func<TypeName?, Expression?, Expression> make)
    {
        TypeName? newType = type is null ? null : Rewrite(type);
        Expression? newOperand = operand is null ? null : Rewrite(operand);
        return newOperand is TypeExpression named ? make(named.Type, null) : make(newType, newOperand);
    }

    public virtual TypeName Rewrite(TypeName type)
    {
        SourceSpan span = Place(type.Span);
        Expression? typeOf = type.TypeOf is null ? null : Rewrite(type.TypeOf);
        return typeOf is TypeExpression { Type: var named }
            ? WithSuffixes(span, named, type.Suffixes)
            : new TypeName(span, type.Keyword, type.Name, type.Suffixes) { Capacity = type.Capacity, TypeOf = typeOf, Definition = type.Definition };
    }

    protected static TypeName WithSuffixes(SourceSpan span, TypeName type, IReadOnlyList<TypeSuffix> suffixes) =>
        new(span, type.Keyword, type.Name, [.. type.Suffixes, .. suffixes]) { Capacity = type.Capacity, TypeOf = type.TypeOf, Definition = type.Definition };
}
