using System.Text;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    BoundExpression BindExpression(Expression syntax)
    {
        var bound = Bind(syntax);
        return bound.Span is null && !ReferenceEquals(bound, Unknown) && !ReferenceEquals(bound, Nothing) ? bound with { Span = syntax.Span } : bound;
    }

    BoundExpression Bind(Expression syntax) => syntax switch
    {
        IntegerLiteral literal => Literals.Of(literal.Value),
        StringLiteral literal => BindTextValue(literal),
        BoolLiteral literal => Bool(literal.Value),
        PositionalParameter parameter => BindPositional(parameter),
        ParameterCount count => Literals.Of(count.Count),
        Identifier name => BindIdentifier(name),
        Variable variable => BindVariable(variable),
        MapAccess access => BindMapAccess(access),
        Call call => BindCall(call),
        Unary unary => BindUnary(unary),
        Binary binary => BindBinary(binary),
        Conditional conditional => BindConditional(conditional),
        Cast cast => BindCast(cast),
        Member member => BindMember(member),
        TupleIndex index => BindTupleIndex(index.Operand, index.Index, index.Span),
        IndexAccess index => BindIndex(index),
        TupleLiteral tuple => BindTuple(tuple),
        RecordLiteral record => BindRecord(record),
        SizeOf size => BindSizeOf(size),
        OffsetOf offset => BindOffsetOf(offset),
        TypeInfo info => BindTypeInfo(info),
        TypeExpression type => Fail(type.Span, "A type cannot be used as a value here"),
        Comptime comptime => BindComptime(comptime),
        BlockExpression block => BindBlockExpression(block),
        _ => throw new InvalidOperationException($"no meaning for {syntax.GetType().Name}"),
    };

    static BoundConstant Bool(bool value) => new(BoolType.Instance, value ? 1 : 0);

    static BoundText Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    static BoundText Text(byte[] bytes) => new(new(bytes.Length + 1), bytes);

    static string TextOf(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    static string TextOf(BoundText text) => TextOf(text.Bytes);

    /// <summary>A text that programs hold; formats and other words for the compiler may be longer.</summary>
    BoundText BindTextValue(StringLiteral literal)
    {
        if (literal.Bytes.Length > _options.Config.MaxStringLength)
        {
            Error(literal.Span, $"String is too long (over {_options.Config.MaxStringLength} bytes): {ByteText.Decode(literal.Bytes)}");
        }

        return BindText(literal);
    }

    static BoundText BindText(StringLiteral literal)
    {
        var bytes = Encoding.Latin1.GetBytes(literal.Bytes);
        var end = Array.IndexOf(bytes, (byte)0);
        return Text(end < 0 ? bytes : bytes[..end]);
    }

    /// <summary>A number if it can be one, else a text; a text in any case where one is wanted (<see cref="BindWantingText"/>).</summary>
    BoundExpression BindPositional(PositionalParameter parameter)
    {
        if (parameter.Value is not { Length: > 0 } value)
        {
            Warn(parameter.Span, $"Positional parameter ${parameter.Index} is empty or not provided. ");
            return Literals.Of(0);
        }

        return Lexer.ReadNumber(value) is { } number ? Literals.Of(number) : Text(value);
    }

    /// <summary>An operand where a text is wanted: a positional parameter that looks like a number is one too.</summary>
    BoundExpression BindWantingText(Expression syntax) => syntax is PositionalParameter parameter ? Text(parameter.Value ?? "") : BindExpression(syntax);

    BoundExpression BindConditional(Conditional syntax)
    {
        BoundStatement? setUp = null;
        var tested = BindExpression(syntax.Condition);
        if (syntax.Then is null)
        {
            (setUp, var once) = Once(AsNumber(tested));
            tested = once!;
        }

        var condition = Truth(tested, syntax.Condition.Span);
        var then = syntax.Then is null ? tested : BindExpression(syntax.Then);
        var otherwise = BindExpression(syntax.Else);
        if (condition is BoundConstant { Type: BoolType, Value: var known })
        {
            return WithSetUp(setUp, known != 0 ? then : otherwise);
        }

        (then, otherwise) = (AsNumber(then), AsNumber(otherwise));
        if (IsUnknown(condition))
        {
            return Unknown;
        }

        if (then.Type is VoidType && otherwise.Type is VoidType)
        {
            return new BoundConditional(condition, then, otherwise, VoidType.Instance);
        }

        if (IsUnknown(then) || IsUnknown(otherwise))
        {
            return IsUnknown(then) ? otherwise : then;
        }

        if (then.Type is VoidType || otherwise.Type is VoidType || TypeJoin.Join(TypeJoin.Of(then), TypeJoin.Of(otherwise)) is not { } joined)
        {
            return Fail(syntax.Span, $"Branches must return the same type or compatible types: have '{then.Type}' and '{otherwise.Type}'");
        }

        var type = TypeJoin.Settle(joined);
        return WithSetUp(setUp, new BoundConditional(condition, ConvertStored(then, type), ConvertStored(otherwise, type), type));
    }

    static BoundExpression WithSetUp(BoundStatement? setUp, BoundExpression value) => setUp is null ? value : new BoundBlockExpression([setUp], value);

    BoundExpression BindTuple(TupleLiteral syntax) => TupleOf([.. syntax.Elements.Select(BindExpression)]);

    BoundExpression BindRecord(RecordLiteral syntax)
    {
        var values = syntax.Fields.Select(field => BindExpression(field.Value)).ToArray();
        return TupleOf(values, [.. syntax.Fields.Select(field => field.Name)]);
    }

    /// <summary>A tuple, or a record with names; aggregates go in as the numbers they are.</summary>
    BoundExpression TupleOf(IReadOnlyList<BoundExpression> elements, IReadOnlyList<string>? names = null)
    {
        var values = elements.Select(AsNumber).ToArray();
        foreach (var value in values)
        {
            if (value.Type is VoidType or AggregateType)
            {
                return Fail(value.Span ?? SourceSpan.None, $"Value '{value.Type}' cannot exist inside a {(names is null ? "tuple" : "record")}.");
            }
        }

        if (values.Any(IsUnknown))
        {
            return Unknown;
        }

        return values.Length == 0 ? new BoundBytes(new TupleType([], names), []) : new BoundTuple(values, new([.. values.Select(value => value.Type)], names));
    }

    BoundExpression BindComptime(Comptime syntax)
    {
        var value = BindExpression(syntax.Operand);
        return IsUnknown(value) || value is BoundConstant or BoundText or BoundBytes or BoundTuple ? value : Fail(syntax.Span, "Unable to resolve comptime expression");
    }

    BoundExpression BindBlockExpression(BlockExpression syntax)
    {
        EnterScope();
        var statements = BindInScope(syntax.Statements);
        var value = BindExpression(syntax.Value);
        LeaveScope();
        return statements.Count == 0 ? value
            : value is BoundBlockExpression inner ? new([.. statements, .. inner.Statements], inner.Value)
            : new BoundBlockExpression(statements, value);
    }
}
