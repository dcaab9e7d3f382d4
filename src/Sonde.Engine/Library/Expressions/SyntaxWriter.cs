using System.Globalization;
using Sonde.Script.Syntax;

namespace Sonde.Engine.Library.Expressions;

/// <summary>Makes nodes of the language's syntax tree that stand for a piece of C#: messages about them quote it.</summary>
/// <param name="text">The C#.</param>
/// <param name="source">What it is of.</param>
readonly struct SyntaxWriter(string text, string source = SyntaxWriter.ExpressionSource)
{
    /// <summary>The source of what came from an expression.</summary>
    public const string ExpressionSource = "expression";

    /// <summary>The source of what came from a probe's name.</summary>
    public const string ProbeSource = "probe";

    /// <summary>The place of all its nodes.</summary>
    public SourceSpan Span { get; } = new(new SourceText(source, text), 0, text.Length);

    public Identifier Name(string name) => new(Span, name);

    public Variable Variable(string name) => new(Span, name);

    public IntegerLiteral Number(Int128 value) => new(Span, value);

    public StringLiteral Text(string value) => new(Span, ByteText.Encode(value));

    public Call Call(string name, params IReadOnlyList<Expression> arguments) => new(Span, name, Span, arguments);

    public Binary Binary(BinaryOperator op, Expression left, Expression right) => new(Span, op, Span, left, right);

    public Unary Unary(UnaryOperator op, Expression operand) => new(Span, op, Span, operand);

    public Cast Cast(int size, bool isSigned, Expression operand) =>
        new(Span, new TypeName(Span, TypeKeyword.None, string.Create(CultureInfo.InvariantCulture, $"{(isSigned ? "int" : "uint")}{size * 8}"), []), operand);

    public Member Field(Expression of, string name) => new(Span, of, name, Span, false);

    public TupleIndex Element(Expression of, int index) => new(Span, of, index);

    public MapAccess Map(string name, params IReadOnlyList<Expression> keys) => new(Span, name, keys);

    public Assign Set(Expression target, Expression value) => new(Span, target, null, value);

    public ExpressionStatement Do(Expression expression) => new(Span, expression);

    public If When(Expression condition, IReadOnlyList<Statement> then) => new(Span, condition, new Block(Span, then), null);

    public Probe Probe(AttachPoint point, IReadOnlyList<Statement> body) => new(Span, null, [point], null, new Block(Span, body));

    /// <summary>An attach point.</summary>
    public AttachPoint At(string provider, params IReadOnlyList<string> parts) => new(Span, provider, parts);
}
