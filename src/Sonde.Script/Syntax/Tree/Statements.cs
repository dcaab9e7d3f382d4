namespace Sonde.Script.Syntax;

/// <summary><c>{ … }</c>: a scope of its own.</summary>
sealed class Block(SourceSpan span, IReadOnlyList<Statement> statements) : Statement(span)
{
    public IReadOnlyList<Statement> Statements { get; } = statements;
}

/// <summary>An expression whose value is not used.</summary>
sealed class ExpressionStatement(SourceSpan span, Expression expression) : Statement(span)
{
    public Expression Expression { get; } = expression;
}

/// <summary><c>let $x;</c> <c>let $x = e;</c> <c>let $x: T = e;</c></summary>
sealed class Let(SourceSpan span, Variable variable, TypeName? type, Expression? value) : Statement(span)
{
    public Variable Variable { get; } = variable;
    public TypeName? Type { get; } = type;
    public Expression? Value { get; } = value;
}

/// <summary><c>target = value</c> or <c>target op= value</c>.</summary>
sealed class Assign(SourceSpan span, Expression target, BinaryOperator? op, Expression value) : Statement(span)
{
    /// <summary>A <see cref="Variable"/> or <see cref="MapAccess"/>; the parser admits nothing else.</summary>
    public Expression Target { get; } = target;

    /// <summary>The operator of a compound assignment, null for <c>=</c>.</summary>
    public BinaryOperator? Operator { get; } = op;
    public Expression Value { get; } = value;
}

/// <summary><c>_ = e;</c>: the value is dropped on purpose.</summary>
sealed class Discard(SourceSpan span, Expression expression) : Statement(span)
{
    public Expression Expression { get; } = expression;
}

/// <summary><c>if c { … } else { … }</c>; <c>if comptime c</c> has a <see cref="Comptime"/> condition.</summary>
sealed class If(SourceSpan span, Expression condition, Block then, Statement? otherwise) : Statement(span)
{
    public Expression Condition { get; } = condition;
    public Block Then { get; } = then;

    /// <summary>A <see cref="Block"/>, another <see cref="If"/> (<c>else if</c>), or null.</summary>
    public Statement? Else { get; } = otherwise;
}

/// <summary><c>while c { … }</c></summary>
sealed class While(SourceSpan span, Expression condition, Block body) : Statement(span)
{
    public Expression Condition { get; } = condition;
    public Block Body { get; } = body;
}

/// <summary><c>for $i : start..end { … }</c>, the end excluded.</summary>
sealed class ForRange(SourceSpan span, Variable variable, Expression start, Expression end, Block body) : Statement(span)
{
    public Variable Variable { get; } = variable;
    public Expression Start { get; } = start;
    public Expression End { get; } = end;
    public Block Body { get; } = body;
}

/// <summary><c>for ($kv : @m) { … }</c></summary>
sealed class ForMap(SourceSpan span, Variable variable, MapAccess map, Block body) : Statement(span)
{
    public Variable Variable { get; } = variable;

    /// <summary>The map, without keys.</summary>
    public MapAccess Map { get; } = map;
    public Block Body { get; } = body;
}

/// <summary><c>unroll(n) { … }</c></summary>
sealed class Unroll(SourceSpan span, Expression count, Block body) : Statement(span)
{
    public Expression Count { get; } = count;
    public Block Body { get; } = body;
}

/// <summary><c>break</c></summary>
sealed class Break(SourceSpan span) : Statement(span);

/// <summary><c>continue</c></summary>
sealed class Continue(SourceSpan span) : Statement(span);

/// <summary><c>return</c> or <c>return e</c></summary>
sealed class Return(SourceSpan span, Expression? value) : Statement(span)
{
    public Expression? Value { get; } = value;
}
