namespace Sonde.Script.Syntax;

/// <summary>A number: decimal, octal, hexadecimal, exponent, duration (in ns), an enum constant or a literal minus before one.</summary>
sealed class IntegerLiteral(SourceSpan span, Int128 value) : Expression(span)
{
    /// <summary>From −2⁶³ to 2⁶⁴−1.</summary>
    public Int128 Value { get; } = value;
}

/// <summary><c>"…"</c> with its escapes resolved.</summary>
sealed class StringLiteral(SourceSpan span, string bytes) : Expression(span)
{
    /// <summary>The string's bytes, one to a char (0 to 255): text is UTF-8 encoded, <c>\xff</c> is one byte.</summary>
    public string Bytes { get; } = bytes;
}

/// <summary><c>true</c> or <c>false</c></summary>
sealed class BoolLiteral(SourceSpan span, bool value) : Expression(span)
{
    public bool Value { get; } = value;
}

/// <summary><c>$1</c>: a number or a string, by use.</summary>
sealed class PositionalParameter(SourceSpan span, int index, string? value) : Expression(span)
{
    /// <summary>From 1.</summary>
    public int Index { get; } = index;

    /// <summary>What was given on the command line, or null when it was not.</summary>
    public string? Value { get; } = value;
}

/// <summary><c>$#</c></summary>
sealed class ParameterCount(SourceSpan span, int count) : Expression(span)
{
    public int Count { get; } = count;
}

/// <summary>A bare name: a builtin value, an enum constant, a macro without parameters, or a keyword argument such as <c>perf</c>.</summary>
sealed class Identifier(SourceSpan span, string name) : Expression(span)
{
    public string Name { get; } = name;
}

/// <summary><c>$x</c></summary>
sealed class Variable(SourceSpan span, string name) : Expression(span)
{
    /// <summary>The name with its <c>$</c>; a macro's own variables have a suffix that no script can write.</summary>
    public string Name { get; } = name;

    /// <summary>The name for messages, as it is written.</summary>
    public string DisplayName => Name.IndexOf(HygieneMark, StringComparison.Ordinal) is int mark and > 0 ? Name[..mark] : Name;

    /// <summary>Stands between a macro variable's own name and the number of the expansion.</summary>
    public const char HygieneMark = '#';
}

/// <summary><c>@m</c> or <c>@m[k1, k2]</c></summary>
sealed class MapAccess(SourceSpan span, string name, IReadOnlyList<Expression> keys) : Expression(span)
{
    /// <summary>The name with its <c>@</c>; a lone <c>@</c> is a map too.</summary>
    public string Name { get; } = name;

    /// <summary>None for a scalar map or the map as a whole; several are the same as one tuple.</summary>
    public IReadOnlyList<Expression> Keys { get; } = keys;
}

/// <summary><c>f(a, b)</c></summary>
sealed class Call(SourceSpan span, string name, SourceSpan nameSpan, IReadOnlyList<Expression> arguments) : Expression(span)
{
    public string Name { get; } = name;
    public SourceSpan NameSpan { get; } = nameSpan;
    public IReadOnlyList<Expression> Arguments { get; } = arguments;
}

/// <summary>Operators with one operand.</summary>
enum UnaryOperator
{
    Minus,
    LogicalNot,
    BitwiseNot,
    Dereference,
    AddressOf,
    PreIncrement,
    PreDecrement,
    PostIncrement,
    PostDecrement,
}

/// <summary>An operator before or after its operand.</summary>
sealed class Unary(SourceSpan span, UnaryOperator op, SourceSpan operatorSpan, Expression operand) : Expression(span)
{
    public UnaryOperator Operator { get; } = op;
    public SourceSpan OperatorSpan { get; } = operatorSpan;
    public Expression Operand { get; } = operand;
}

/// <summary>Operators with two operands.</summary>
enum BinaryOperator
{
    LogicalOr,
    LogicalAnd,
    BitwiseOr,
    BitwiseXor,
    BitwiseAnd,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    ShiftLeft,
    ShiftRight,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// <summary><c>a op b</c></summary>
sealed class Binary(SourceSpan span, BinaryOperator op, SourceSpan operatorSpan, Expression left, Expression right) : Expression(span)
{
    public BinaryOperator Operator { get; } = op;

    /// <summary>The operator's own characters, which type errors of operands underline.</summary>
    public SourceSpan OperatorSpan { get; } = operatorSpan;
    public Expression Left { get; } = left;
    public Expression Right { get; } = right;
}

/// <summary><c>c ? a : b</c>, <c>a ?: b</c>, and <c>if c { …; a } else { …; b }</c> where a value is wanted.</summary>
sealed class Conditional(SourceSpan span, Expression condition, Expression? then, Expression otherwise) : Expression(span)
{
    public Expression Condition { get; } = condition;

    /// <summary>The value when true; null for <c>a ?: b</c>, whose value is then the condition's, evaluated once.</summary>
    public Expression? Then { get; } = then;
    public Expression Else { get; } = otherwise;
}

/// <summary><c>(T)e</c></summary>
sealed class Cast(SourceSpan span, TypeName type, Expression operand) : Expression(span)
{
    public TypeName Type { get; } = type;
    public Expression Operand { get; } = operand;
}

/// <summary><c>e.name</c> or its alias <c>e->name</c></summary>
sealed class Member(SourceSpan span, Expression operand, string name, SourceSpan nameSpan, bool isArrow) : Expression(span)
{
    public Expression Operand { get; } = operand;
    public string Name { get; } = name;
    public SourceSpan NameSpan { get; } = nameSpan;
    public bool IsArrow { get; } = isArrow;
}

/// <summary><c>e.0</c></summary>
sealed class TupleIndex(SourceSpan span, Expression operand, int index) : Expression(span)
{
    public Expression Operand { get; } = operand;
    public int Index { get; } = index;
}

/// <summary><c>e[i]</c></summary>
sealed class IndexAccess(SourceSpan span, Expression operand, Expression index) : Expression(span)
{
    public Expression Operand { get; } = operand;
    public Expression Index { get; } = index;
}

/// <summary><c>(a, b)</c>, <c>(a,)</c>, <c>()</c></summary>
sealed class TupleLiteral(SourceSpan span, IReadOnlyList<Expression> elements) : Expression(span)
{
    public IReadOnlyList<Expression> Elements { get; } = elements;
}

/// <summary><c>(x=1, y="z")</c></summary>
sealed class RecordLiteral(SourceSpan span, IReadOnlyList<RecordField> fields) : Expression(span)
{
    public IReadOnlyList<RecordField> Fields { get; } = fields;
}

/// <summary><c>name=value</c> of a record.</summary>
sealed class RecordField(SourceSpan span, string name, Expression value) : Node(span)
{
    public string Name { get; } = name;
    public Expression Value { get; } = value;
}

/// <summary><c>sizeof(T)</c> or <c>sizeof(e)</c>: exactly one of type and operand is there.</summary>
/// <remarks>A bare name is parsed as an <see cref="Identifier"/> operand unless it is one of the language's own types; it may still name a typedef.</remarks>
sealed class SizeOf(SourceSpan span, TypeName? type, Expression? operand) : Expression(span)
{
    public TypeName? Type { get; } = type;
    public Expression? Operand { get; } = operand;
}

/// <summary><c>offsetof(T, a.b)</c> or <c>offsetof(e, a.b)</c>; type and operand as in <see cref="SizeOf"/>.</summary>
sealed class OffsetOf(SourceSpan span, TypeName? type, Expression? operand, IReadOnlyList<string> path) : Expression(span)
{
    public TypeName? Type { get; } = type;
    public Expression? Operand { get; } = operand;
    public IReadOnlyList<string> Path { get; } = path;
}

/// <summary><c>typeinfo(T)</c> or <c>typeinfo(e)</c>; type and operand as in <see cref="SizeOf"/>.</summary>
sealed class TypeInfo(SourceSpan span, TypeName? type, Expression? operand) : Expression(span)
{
    public TypeName? Type { get; } = type;
    public Expression? Operand { get; } = operand;
}

/// <summary>A type where an expression stands: a macro's or function's argument such as <c>typeof(e)</c> or <c>struct foo</c>.</summary>
sealed class TypeExpression(SourceSpan span, TypeName type) : Expression(span)
{
    public TypeName Type { get; } = type;
}

/// <summary><c>comptime e</c>: must be known when the script is compiled.</summary>
sealed class Comptime(SourceSpan span, Expression operand) : Expression(span)
{
    public Expression Operand { get; } = operand;
}

/// <summary><c>{ a; b; value }</c></summary>
sealed class BlockExpression(SourceSpan span, IReadOnlyList<Statement> statements, Expression value) : Expression(span)
{
    public IReadOnlyList<Statement> Statements { get; } = statements;
    public Expression Value { get; } = value;
}
