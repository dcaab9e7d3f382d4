using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    /// <summary>A count, sum, min, max or avg as the number it is; anything else as it stands.</summary>
    static BoundExpression AsNumber(BoundExpression value) => value is BoundMapRead { Type: AggregateType { IsNumber: true } } read
        ? new BoundAggregateRead(read.Map, read.Key, NumberOf(read.Type)) { Span = read.Span }
        : value;

    /// <summary>The same value as another type, where the language allows it.</summary>
    static BoundExpression Convert(BoundExpression value, DataType type)
    {
        if (value.Type == type || type is UnknownType || value.Type is UnknownType)
        {
            return value;
        }

        return value switch
        {
            BoundConstant constant when type.IsScalar => new BoundConstant(type, Literals.Fit(constant.Value, type)) { Span = value.Span },
            BoundText text when type is StringType target && target.Capacity > text.Bytes.Length => new BoundText(target, text.Bytes) { Span = value.Span },
            BoundTuple tuple when type is TupleType target && target.Elements.Count == tuple.Elements.Count =>
                new BoundTuple([.. tuple.Elements.Select((element, i) => Convert(element, target.Elements[i]))], target) { Span = value.Span },
            _ => new BoundConvert(value, type) { Span = value.Span },
        };
    }

    /// <summary>A value on its way into a variable or map that others share.</summary>
    BoundExpression ConvertStored(BoundExpression value, DataType type)
    {
        WarnOfLostSign(value, type);
        return Convert(value, type);
    }

    void WarnOfLostSign(BoundExpression value, DataType type)
    {
        if (value.Type == IntegerType.UInt64 && type is IntegerType { IsSigned: true } && value is not BoundConstant)
        {
            Warn(value.Span ?? SourceSpan.None, $"Expression of type: {value.Type} being cast to type: {type}. This may cause unexpected results. Use an explicit cast to suppress this warning.");
        }
        else if (value is BoundTuple tuple && type is TupleType target && target.Elements.Count == tuple.Elements.Count)
        {
            for (var i = 0; i < tuple.Elements.Count; i++)
            {
                WarnOfLostSign(tuple.Elements[i], target.Elements[i]);
            }
        }
    }

    /// <summary>Whether a value counts as true: numbers and pointers that are not 0, texts that are not empty.</summary>
    BoundExpression Truth(BoundExpression value, SourceSpan span)
    {
        value = PythonAsNumber(AsNumber(value));
        return value switch
        {
            _ when IsUnknown(value) => value,
            { Type: BoolType } => value,
            BoundText text => Bool(text.Bytes.Length > 0),
            { Type: StringType } => Convert(new BoundElement(value, 0, IntegerType.Int8), BoolType.Instance),
            { Type.IsScalar: true } => Convert(value, BoolType.Instance),
            _ => Fail(span, $"Invalid condition: an expression of type '{value.Type}' is neither true nor false"),
        };
    }

    static BoundExpression Not(BoundExpression condition) => condition switch
    {
        BoundConstant constant => Bool(constant.Value == 0),
        BoundUnary { Operator: BoundUnaryOperator.LogicalNot } not => not.Operand,
        _ => new BoundUnary(BoundUnaryOperator.LogicalNot, condition, BoolType.Instance) { Span = condition.Span },
    };

    /// <summary>What messages about arguments call a type: without size and sign.</summary>
    static string NameOf(DataType type) => type switch
    {
        IntegerType => "int",
        StringType => "string",
        PointerType => "pointer",
        BufferType => "buffer",
        TupleType { Names: null } => type.ToString(),
        StructType structure => structure.IsUnion ? "union" : "struct",
        ArrayType => "array",
        _ => type.ToString(),
    };

    BoundExpression BindCast(Cast syntax)
    {
        var type = ResolveType(syntax.Type, allowOpenArray: true);
        var operand = syntax.Operand is PositionalParameter && type is StringType ? BindWantingText(syntax.Operand) : BindExpression(syntax.Operand);
        var value = AsNumber(operand);
        if (IsUnknown(value) || type is UnknownType)
        {
            return type is UnknownType ? Unknown : value is BoundConstant && !_isLast ? new BoundConvert(value, type) : Unknown;
        }

        if (value.Type == type && value is not BoundConstant)
        {
            if (ReferenceEquals(value, operand))
            {
                Warn(TypePart(syntax), $"Unnecessary cast: expression is already of type {type}");
            }

            return value;
        }

        if (IsPythonValue(value) && type is IntegerType)
        {
            return Convert(PythonAsNumber(value), type);
        }

        return Cast(value, type, syntax) ?? Fail(TypePart(syntax), $"Cannot cast from \"{value.Type}\" to \"{type}\"");
    }

    /// <summary>The type of a cast with its parentheses.</summary>
    static SourceSpan TypePart(Cast syntax)
    {
        var before = syntax.Span with { End = Math.Max(syntax.Span.Start, syntax.Operand.Span.Start) };
        var end = before.Text.LastIndexOf(')');
        return end < 0 ? syntax.Type.Span : before with { End = before.Start + end + 1 };
    }

    /// <summary>The value seen as another type; null when that has no meaning.</summary>
    BoundExpression? Cast(BoundExpression value, DataType type, Cast syntax)
    {
        switch (type)
        {
            case PointerType pointer:
                // Where the memory is, a cast cannot change: what is known of it stays.
                var space = pointer.Space != AddressSpace.None ? pointer.Space : (value.Type as PointerType)?.Space ?? AddressSpace.None;
                return value.Type switch
                {
                    PointerType or IntegerType or EnumType => Convert(value, pointer with { Space = Space(space) }),
                    ArrayType or StructType when AddressOf(value) is var (address, at) => Convert(address, pointer with { Space = at }),
                    _ => null,
                };
            case BoolType:
                return value.Type is StringType || value.Type.IsScalar ? Truth(value, syntax.Operand.Span) : null;
            case IntegerType or EnumType:
                return value.Type switch
                {
                    IntegerType or EnumType or PointerType or BoolType => Convert(value, type),
                    ArrayType array when array.Size == type.Size => new BoundConvert(value, type),
                    SymbolicType { IsScalar: true } => Convert(value, type),
                    _ => null,
                };
            case ArrayType array:
                return CastToArray(value, array, syntax);
            case StringType text:
                return value.Type switch
                {
                    StringType => text.Capacity >= ((StringType)value.Type).Capacity || value is BoundText ? Convert(Shorten(value, text), text)
                        : ReadOwnText(value, text.Capacity, new BoundConstant(IntegerType.UInt64, text.Capacity)),
                    _ => null,
                };
            case StructType when value.Type is StructType && value.Type.Size == type.Size:
                return new BoundConvert(value, type);
            case TupleType tuple when value.Type is TupleType && TypeJoin.Join(tuple, TypeJoin.Of(value)) == tuple:
                return Convert(value, tuple);
            default:
                return null;
        }
    }

    static BoundExpression Shorten(BoundExpression value, StringType type) => value switch
    {
        BoundText text => new BoundText(type, text.Bytes[..Math.Min(text.Bytes.Length, type.Capacity - 1)]),
        _ => value,
    };

    BoundExpression? CastToArray(BoundExpression value, ArrayType type, Cast syntax)
    {
        if (value.Type is not (IntegerType or ArrayType or EnumType or PointerType or BoolType))
        {
            return null;
        }

        var isOpen = type.Count == 0;
        if (isOpen)
        {
            if (type.Element.Size == 0 || value.Type.Size % type.Element.Size != 0)
            {
                return Fail(syntax.Type.Span, "Cannot determine array size: the element size is incompatible with the cast integer size");
            }

            type = new(type.Element, value.Type.Size / type.Element.Size);
        }

        // Written numbers are as long as the array wants them.
        if (value is BoundConstant { IsLiteral: true } literal && type.Size is 1 or 2 or 4 or 8 && !isOpen)
        {
            value = Convert(value, IntegerType.Of(type.Size, ((IntegerType)literal.Type).IsSigned));
        }

        return value.Type.Size == type.Size ? (value.Type == type ? value : new BoundConvert(value, type)) : null;
    }
}
