using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>Finds the one type that holds all that is assigned to a variable or map.</summary>
static class TypeJoin
{
    /// <summary>What an expression asks of the place it is stored in: its type, with written numbers left open.</summary>
    public static DataType Of(BoundExpression expression) => expression switch
    {
        BoundConstant { IsLiteral: true, Type: IntegerType { IsSigned: true }, Value: >= 0 } constant => new LiteralType((ulong)constant.Value),
        BoundConstant { IsLiteral: true, Type: IntegerType { IsSigned: false } } constant => new LiteralType(unchecked((ulong)constant.Value)),
        BoundTuple tuple => new TupleType([.. tuple.Elements.Select(Of)], tuple.Tuple.Names),
        _ => expression.Type,
    };

    /// <summary>The type with all open numbers decided.</summary>
    public static DataType Settle(DataType type) => type switch
    {
        LiteralType literal => Literals.TypeOf(literal.Largest),
        TupleType tuple => new TupleType([.. tuple.Elements.Select(Settle)], tuple.Names),
        _ => type,
    };

    /// <summary>The smallest type that holds both; null if there is none.</summary>
    public static DataType? Join(DataType first, DataType second) => (first, second) switch
    {
        _ when first == second => first,
        (UnknownType, _) => second,
        (_, UnknownType) => first,
        (LiteralType a, LiteralType b) => a.Largest > b.Largest ? a : b,
        (LiteralType a, IntegerType b) => Join(a, b),
        (IntegerType a, LiteralType b) => Join(b, a),
        (IntegerType a, IntegerType b) => a.IsSigned == b.IsSigned ? (a.Size > b.Size ? a : b) : IntegerType.Int64,
        (EnumType a, EnumType b) => Join(a.Underlying, b.Underlying),
        (EnumType a, IntegerType or LiteralType) => Join(a.Underlying, second),
        (IntegerType or LiteralType, EnumType b) => Join(first, b.Underlying),
        (StringType a, StringType b) => a.Capacity > b.Capacity ? a : b,
        (SymbolicType { Kind: SymbolicKind.Probe } a, StringType b) => Join(new StringType(a.TextCapacity), b),
        (StringType a, SymbolicType { Kind: SymbolicKind.Probe } b) => Join(a, new StringType(b.TextCapacity)),
        (BufferType a, BufferType b) => a.Capacity > b.Capacity ? a : b,
        (PointerType a, PointerType b) => Join(a, b),
        (TupleType a, TupleType b) => Join(a, b),
        (AggregateType a, AggregateType b) when a with { IsSigned = b.IsSigned } == b => a.IsSigned ? a : b,
        _ => null,
    };

    static IntegerType? Join(LiteralType literal, IntegerType number)
    {
        if (number.IsSigned)
        {
            var own = Literals.TypeOf(literal.Largest);
            return !own.IsSigned ? null : own.Size > number.Size ? own : number;
        }

        var size = literal.Largest switch
        {
            <= byte.MaxValue => 1,
            <= ushort.MaxValue => 2,
            <= uint.MaxValue => 4,
            _ => 8,
        };
        return IntegerType.Of(Math.Max(size, number.Size), isSigned: false);
    }

    static PointerType? Join(PointerType first, PointerType second)
    {
        // Memory of both kinds in one place: each use reads as its own probe does.
        var space = first.Space == second.Space || second.Space == AddressSpace.None ? first.Space
            : first.Space == AddressSpace.None ? second.Space : AddressSpace.None;
        return first.Target == second.Target || second.Target is VoidType ? first with { Space = space }
            : first.Target is VoidType ? second with { Space = space }
            : null;
    }

    static TupleType? Join(TupleType first, TupleType second)
    {
        if (first.Elements.Count != second.Elements.Count || !(first.Names ?? []).SequenceEqual(second.Names ?? []))
        {
            return null;
        }

        var elements = new DataType[first.Elements.Count];
        for (var i = 0; i < elements.Length; i++)
        {
            if (Join(first.Elements[i], second.Elements[i]) is not { } element)
            {
                return null;
            }

            elements[i] = element;
        }

        return new(elements, first.Names);
    }
}
