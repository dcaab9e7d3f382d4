using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    BoundExpression BindMember(Member syntax)
    {
        if (syntax.Operand is Identifier { Name: "args" } or Call { Name: "args", Arguments.Count: 0 })
        {
            return BindArgumentField(syntax);
        }

        if (Context.Python is not null && syntax.Operand is Identifier { Name: "locals" })
        {
            return BindPythonVariable(syntax.Name);
        }

        if (syntax.Operand is TypeInfo info)
        {
            return BindTypeInfoField(info, syntax);
        }

        var operand = BindExpression(syntax.Operand);
        return IsUnknown(operand) ? Unknown : MemberOf(operand, syntax.Name, syntax.Span);
    }

    BoundExpression MemberOf(BoundExpression operand, string name, SourceSpan span)
    {
        operand = WithoutText(operand);
        switch (operand.Type)
        {
            case PointerType { Target: StructType structure } pointer:
                return FindField(structure, name, span) is { } field ? ReadField(operand, Space(pointer.Space), field) : Unknown;
            case StructType structure:
                if (FindField(structure, name, span) is not { } member)
                {
                    return Unknown;
                }

                return AddressOf(operand) is var (address, space)
                    ? ReadField(address, space, member)
                    : Readable(new BoundElement(operand, member.Offset, member.Type) { BitOffset = member.BitOffset, BitSize = member.BitSize });
            case TupleType { Names: { } names } record:
                for (var i = 0; i < names.Count; i++)
                {
                    if (names[i] == name)
                    {
                        return ElementOf(operand, record, i);
                    }
                }

                return Fail(span, $"Record of type '{record}' does not contain a field named '{name}'", DidYouMean(name, names));
            default:
                return Fail(span, $"Can not access field '{name}' on expression of type '{(operand.Type as PointerType)?.Target ?? operand.Type}'");
        }
    }

    StructField? FindField(StructType structure, string name, SourceSpan span)
    {
        if (structure.Find(name) is { } field)
        {
            return field;
        }

        if (structure.Size == 0 && structure.Fields.Count == 0)
        {
            Error(span, $"Cannot resolve unknown type \"{structure}\"");
            return null;
        }

        Error(span, $"Struct/union of type '{structure}' does not contain a field named '{name}'",
            DidYouMean(name, structure.Fields.Select(known => known.Name)));
        return null;
    }

    static BoundExpression ReadField(BoundExpression address, AddressSpace space, StructField field)
    {
        if (field.DataLocation != DataLocation.None)
        {
            return DataLocated(address, field);
        }

        var type = field.Type is PointerType { Space: AddressSpace.None } pointer && space is AddressSpace.User or AddressSpace.Kernel
            ? pointer with { Space = space } : field.Type;
        return Readable(new BoundDereference(OffsetBy(address, field.Offset), space, type) { BitOffset = field.BitOffset, BitSize = field.BitSize });
    }

    /// <summary>A pointer to what a tracepoint's <c>__data_loc</c> stands for: the record is the kernel's memory, at an offset only known at run time.</summary>
    static BoundExpression DataLocated(BoundExpression record, StructField field)
    {
        BoundExpression location = new BoundDereference(OffsetBy(record, field.Offset), AddressSpace.Context, IntegerType.UInt32);
        BoundExpression offset = new BoundBinary(BinaryOperator.BitwiseAnd, Convert(location, IntegerType.UInt64), new BoundConstant(IntegerType.UInt64, 0xffff), IntegerType.UInt64);
        var start = field.DataLocation == DataLocation.FromRecord ? record : OffsetBy(record, field.Offset + 4);
        var element = field.Type is ArrayType array ? array.Element : field.Type;
        return Convert(OffsetBy(start, offset), PointerTo(element, AddressSpace.Kernel));
    }

    /// <summary>Arrays of characters are texts to everything but <c>sizeof</c>, indexing and addresses.</summary>
    static BoundExpression Readable(BoundExpression memory) => memory.Type is ArrayType { Element: IntegerType { Size: 1, IsSigned: true }, Count: > 0 } characters
        ? new BoundConvert(memory, new StringType(characters.Count + 1))
        : memory;

    static BoundExpression WithoutText(BoundExpression value) => value is BoundConvert { Type: StringType, Operand: { Type: ArrayType } memory } ? memory : value;

    /// <summary>Where an expression's memory is, when it is not the program's own.</summary>
    static (BoundExpression Address, AddressSpace Space)? AddressOf(BoundExpression value) => WithoutText(value) is BoundDereference { BitSize: 0 } memory
        ? (memory.Address, memory.Space)
        : null;

    BoundExpression BindDereference(Unary syntax)
    {
        var operand = BindExpression(syntax.Operand);
        if (IsUnknown(operand))
        {
            return Unknown;
        }

        return operand.Type switch
        {
            PointerType { Target: VoidType } => Fail(syntax.Span, "Cannot dereference pointer to \"void\" type"),
            PointerType pointer => Load(operand, Space(pointer.Space), pointer.Target),
            IntegerType => Load(operand, Context.DefaultSpace, IntegerType.UInt64),
            StructType structure => Fail(syntax.Span, $"Can not dereference struct/union of type '{structure}'. It is not a pointer."),
            _ => Fail(syntax.Span, $"Can not dereference type '{operand.Type}'. It is not a pointer."),
        };
    }

    static BoundExpression Load(BoundExpression address, AddressSpace space, DataType type)
    {
        var inherited = type is PointerType { Space: AddressSpace.None } pointer && space is AddressSpace.User or AddressSpace.Kernel ? pointer with { Space = space } : type;
        return Readable(new BoundDereference(OffsetBy(address, 0), space, inherited));
    }

    BoundExpression BindAddressOf(Unary syntax)
    {
        switch (syntax.Operand)
        {
            case Variable name:
                if (BindVariable(name) is not BoundVariableRead read)
                {
                    return Unknown;
                }

                read.Variable.NeedsMemory = true;
                return new BoundAddressOf(read.Variable, null, null, PointerTo(read.Type, AddressSpace.Program));
            case MapAccess access:
                return BindMapAccess(access) switch
                {
                    BoundMapRead { Type: AggregateType aggregate } => Fail(syntax.Span, $"Cannot take the address of a value of type '{aggregate}'"),
                    BoundMapRead value => new BoundAddressOf(null, value.Map, value.Key, PointerTo(value.Type, AddressSpace.Program)),
                    var other => other,
                };
            default:
                return BindExpression(syntax.Operand) is var operand && AddressOf(operand) is var (address, space)
                    ? Convert(address, PointerTo(WithoutText(operand).Type, space))
                    : Fail(syntax.Span, "address-of operator (&) can only be used on a map or variable");
        }
    }

    BoundExpression BindTupleIndex(Expression operandSyntax, long index, SourceSpan span)
    {
        var operand = BindExpression(operandSyntax);
        return operand.Type switch
        {
            _ when IsUnknown(operand) => Unknown,
            TupleType tuple => index >= 0 && index < tuple.Elements.Count
                ? ElementOf(operand, tuple, (int)index)
                : Fail(span, $"Invalid tuple index: {index}. Found {tuple.Elements.Count} elements in tuple."),
            _ => Fail(span, $"Can not access index '{index}' on expression of type '{operand.Type}'"),
        };
    }

    static BoundExpression ElementOf(BoundExpression operand, TupleType tuple, int index) => operand is BoundTuple { Elements: var elements } && elements[index] is BoundConstant or BoundText
        ? elements[index]
        : new BoundElement(operand, tuple.OffsetOf(index), tuple.Elements[index]);

    BoundExpression BindIndex(IndexAccess syntax)
    {
        var operand = ProbeText(WithoutText(BindExpression(syntax.Operand)));
        var index = AsNumber(BindExpression(syntax.Index));
        if (IsUnknown(operand) || IsUnknown(index))
        {
            return Unknown;
        }

        if (operand.Type is TupleType)
        {
            return index is BoundConstant { Type: IntegerType } position
                ? BindTupleIndex(syntax.Operand, position.Value, syntax.Span)
                : Fail(syntax.Span, "Array-style access for tuples only valid for integer literals");
        }

        if (operand.Type is not (ArrayType or PointerType or StringType))
        {
            return Fail(syntax.Span, $"The array index operator [] can only be used on arrays, pointers, and tuples, found {operand.Type}.");
        }

        if (index.Type is not (IntegerType or EnumType))
        {
            return Fail(syntax.Span, $"The array index operator [] only accepts integer indices. Got: {index.Type}");
        }

        return operand.Type switch
        {
            PointerType { Target: VoidType } => Fail(syntax.Span, "The array index operator [] cannot be used on a pointer to an unsized type (void *)."),
            PointerType { Target: ArrayType } pointer => IndexArray(Load(operand, Space(pointer.Space), pointer.Target), (ArrayType)pointer.Target, index, syntax),
            PointerType pointer => Load(Advance(operand, pointer, index), Space(pointer.Space), pointer.Target),
            StringType text => IndexMemory(operand, new(IntegerType.Int8, text.Capacity), index, syntax),
            _ => IndexArray(operand, (ArrayType)operand.Type, index, syntax),
        };
    }

    BoundExpression IndexArray(BoundExpression array, ArrayType type, BoundExpression index, IndexAccess syntax)
    {
        array = WithoutText(array);
        if (AddressOf(array) is not var (address, space))
        {
            return IndexMemory(array, type, index, syntax);
        }

        return IsInside(index, type, syntax.Span)
            ? Load(Advance(address, PointerTo(type.Element, space), index), space, type.Element)
            : Unknown;
    }

    BoundExpression IndexMemory(BoundExpression memory, ArrayType type, BoundExpression index, IndexAccess syntax)
    {
        if (!IsInside(index, type, syntax.Span))
        {
            return Unknown;
        }

        return Readable(index is BoundConstant known
            ? memory is BoundText text
                ? new BoundConstant(IntegerType.Int8, known.Value < text.Bytes.Length ? unchecked((sbyte)text.Bytes[known.Value]) : 0)
                : new BoundElement(memory, checked((int)(known.Value * type.Element.Size)), type.Element)
            : new BoundElement(memory, 0, type.Element) { Index = Convert(index, IntegerType.UInt64), Count = type.Count });
    }

    bool IsInside(BoundExpression index, ArrayType type, SourceSpan span)
    {
        if (index is not BoundConstant { Value: var known })
        {
            return true;
        }

        if (known < 0)
        {
            Error(span, $"The array index operator [] only accepts non-negative integer indices. Got: {known}");
            return false;
        }

        if (type.Count > 0 && known >= type.Count)
        {
            Error(span, $"the index {known} is out of bounds for array of size {type.Count}");
            return false;
        }

        return true;
    }
}
