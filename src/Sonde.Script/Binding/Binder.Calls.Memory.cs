using System.Buffers.Binary;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>Functions on text and memory.</summary>
sealed partial class Binder
{
    static BoundCall ReadText(BoundExpression address, AddressSpace space, int capacity, BoundExpression? most = null) =>
        new(Intrinsic.ReadString, most is null ? [address] : [address, Convert(most, IntegerType.UInt64)], new StringType(capacity)) { Space = space };

    /// <summary>Part of a text of the program's own memory, which is the kernel's; a field of the kernel's or a process's is read where it is.</summary>
    BoundExpression ReadOwnText(BoundExpression value, int capacity, BoundExpression most)
    {
        if (AddressOf(value) is var (address, space))
        {
            return ReadText(Convert(address, IntegerType.UInt64), space == AddressSpace.Context ? AddressSpace.Kernel : space, capacity, most);
        }

        var variable = Temporary(value.Type);
        variable.NeedsMemory = true;
        BoundExpression place = new BoundAddressOf(variable, null, null, PointerTo(value.Type, AddressSpace.Program));
        return new BoundBlockExpression([new BoundSetVariable(variable, value)], ReadText(Convert(place, IntegerType.UInt64), AddressSpace.Kernel, capacity, most));
    }

    BoundExpression BindStr(Call call)
    {
        var value = ProbeText(BindWantingText(call.Arguments[0]));
        BoundExpression? length = null;
        if (call.Arguments.Count > 1 && (length = IntegerArgument(call, 1)) is null)
        {
            return Unknown;
        }

        var most = _options.Config.MaxStringLength;
        var capacity = most;
        switch (length)
        {
            case BoundConstant { Value: < 0, Type: IntegerType { IsSigned: true } }:
                return Fail(call.Span, $"{call.Name}: invalid size value, need non-negative literal");
            case BoundConstant { Value: var wanted } when wanted > most || wanted < 0:
                Warn(call.Span, $"length param ({Literals.ValueOf((BoundConstant)length)}) is too long and will be shortened to {most} bytes (see BPFTRACE_MAX_STRLEN)");
                length = null;
                break;
            case BoundConstant { Value: var wanted }:
                // The length counts the zero byte at the end.
                length = new BoundConstant(IntegerType.UInt64, Math.Max(1, wanted));
                capacity = (int)Math.Max(0, wanted - 1);
                break;
        }

        var limit = length is null ? null : Convert(length, IntegerType.UInt64);
        if (value is BoundText literal && literal.Bytes.Length > most)
        {
            return Fail(call.Span, $"String is too long (over {most} bytes): {TextOf(literal)}");
        }

        if (value.Type is StringType && limit is not null)
        {
            return value is BoundText known && length is BoundConstant { Value: var count }
                ? Text(known.Bytes[..(int)Math.Min(count - 1, known.Bytes.Length)])
                : ReadOwnText(value, Math.Min(value.Type.Size, capacity + 1), limit);
        }

        return value.Type switch
        {
            _ when IsUnknown(value) => Unknown,
            _ when IsPythonValue(value) => PythonAsText(value, capacity, isAskedFor: length is not null),
            StringType => value,
            PointerType or IntegerType or EnumType => ReadText(Convert(value, IntegerType.UInt64), SpaceOf(value), capacity + 1, limit),
            ArrayType { Element: IntegerType { Size: 1 } } array => AddressOf(value) is var (address, space)
                ? ReadText(Convert(address, IntegerType.UInt64), space, capacity + 1, limit ?? (array.Count > 0 ? new BoundConstant(IntegerType.UInt64, Math.Min(array.Count, most) + 1) : null))
                : ReadOwnText(value, Math.Min(array.Count, most) + 1, new BoundConstant(IntegerType.UInt64, Math.Min(array.Count, most) + 1)),
            _ => Fail(call.Span, $"{call.Name}() expects a string, integer or a pointer type as first argument ({value.Type} provided)"),
        };
    }

    BoundExpression BindBuf(Call call)
    {
        var value = WithoutText(BindWantingText(call.Arguments[0]));
        if (IsUnknown(value))
        {
            return Unknown;
        }

        if (value.Type is not (IntegerType or StringType or PointerType or ArrayType))
        {
            return Fail(call.Span, $"{call.Name}() expects an integer, string, or array argument but saw {NameOf(value.Type)}");
        }

        var most = _options.Config.MaxStringLength;
        var capacity = most;
        BoundExpression length;
        if (call.Arguments.Count > 1)
        {
            if (IntegerArgument(call, 1) is not { } given)
            {
                return Unknown;
            }

            if (given is BoundConstant { Value: < 0, Type: IntegerType { IsSigned: true } })
            {
                return Fail(call.Span, $"{call.Name}: invalid size value, need non-negative literal");
            }

            if (given is BoundConstant { Value: var wanted })
            {
                if (wanted > most)
                {
                    Warn(call.Span, $"length param ({wanted}) is too long and will be shortened to {most} bytes (see BPFTRACE_MAX_STRLEN)");
                }

                capacity = (int)Math.Min(wanted, most);
                given = new BoundConstant(IntegerType.UInt64, capacity);
            }

            length = Convert(given, IntegerType.UInt64);
        }
        else if (value.Type is ArrayType { Count: > 0 } array)
        {
            capacity = Math.Min(array.Size, most);
            length = new BoundConstant(IntegerType.UInt64, capacity);
        }
        else
        {
            return Fail(call.Span, $"{call.Name}() expects a length argument for non-array type {NameOf(value.Type)}");
        }

        if (value.Type is StringType or ArrayType && AddressOf(value) is null)
        {
            return new BoundCall(Intrinsic.ReadBuffer, [value, length], new BufferType(Math.Min(capacity, value.Type.Size))) { Space = AddressSpace.Program };
        }

        var (address, space) = AddressOf(value) is { } memory && value.Type is ArrayType ? memory : (value, SpaceOf(value));
        return new BoundCall(Intrinsic.ReadBuffer, [Convert(address, IntegerType.UInt64), length], new BufferType(capacity)) { Space = space };
    }

    BoundExpression BindStrlen(Call call) => TextArgument(call, 0) switch
    {
        null => Unknown,
        BoundText text => new BoundConstant(IntegerType.UInt64, text.Bytes.Length),
        var text => new BoundCall(Intrinsic.StringLength, [text], IntegerType.UInt64),
    };

    BoundExpression BindStrcap(Call call) => TextArgument(call, 0) is { Type: StringType type } ? new BoundConstant(IntegerType.UInt64, type.Capacity) : Unknown;

    BoundExpression BindStrcontains(Call call)
    {
        if (TextArgument(call, 0) is not { } text || TextArgument(call, 1) is not { } part)
        {
            return Unknown;
        }

        return text is BoundText known && part is BoundText wanted
            ? Bool(known.Bytes.AsSpan().IndexOf(wanted.Bytes) >= 0)
            : new BoundCall(Intrinsic.StringContains, [text, part], BoolType.Instance);
    }

    BoundExpression BindStrstr(Call call)
    {
        if (TextArgument(call, 0) is not { } text || TextArgument(call, 1) is not { } part)
        {
            return Unknown;
        }

        return text is BoundText known && part is BoundText wanted
            ? new BoundConstant(IntegerType.Int64, known.Bytes.AsSpan().IndexOf(wanted.Bytes) is >= 0 and var place ? place : NotFound)
            : OrNotFound(new BoundCall(Intrinsic.StringFind, [text, part], IntegerType.Int64));
    }

    /// <summary>What bpftrace's strstr() says of a text that is not there: -ENOENT (include/uapi/asm-generic/errno-base.h).</summary>
    const int NotFound = -2;

    BoundBlockExpression OrNotFound(BoundExpression place)
    {
        var found = Temporary(IntegerType.Int64);
        var read = new BoundVariableRead(found);
        var isThere = new BoundBinary(BinaryOperator.GreaterOrEqual, read, new BoundConstant(IntegerType.Int64, 0), BoolType.Instance);
        return new([new BoundSetVariable(found, place)], new BoundConditional(isThere, read, new BoundConstant(IntegerType.Int64, NotFound), IntegerType.Int64));
    }

    BoundExpression BindStrncmp(Call call)
    {
        if (BindExpression(call.Arguments[2]) is not BoundConstant { Type: IntegerType, Value: >= 0 } limit)
        {
            return Fail(call.Span, "Builtin strncmp requires a non-negative literal");
        }

        if (TextArgument(call, 0) is not { } left || TextArgument(call, 1) is not { } right)
        {
            return Unknown;
        }

        if (limit.Value == 0)
        {
            return new BoundConstant(IntegerType.UInt64, 0);
        }

        var count = (int)Math.Min(limit.Value, int.MaxValue);
        if (left is BoundText a && right is BoundText b)
        {
            var same = a.Bytes.AsSpan(0, Math.Min(count, a.Bytes.Length)).SequenceEqual(b.Bytes.AsSpan(0, Math.Min(count, b.Bytes.Length)));
            return new BoundConstant(IntegerType.UInt64, same ? 0 : 1);
        }

        return Convert(new BoundMemoryEqual(left, right, Negated: true, count), IntegerType.UInt64);
    }

    BoundExpression BindConcat(Call call)
    {
        if (TextArgument(call, 0) is not { Type: StringType left } first || TextArgument(call, 1) is not { Type: StringType right } second)
        {
            return Unknown;
        }

        if (first is BoundText a && second is BoundText b)
        {
            return Text([.. a.Bytes, .. b.Bytes]);
        }

        // A text that grows with each turn of a loop finds its end at the longest there is.
        var most = _options.Config.MaxStringLength + 1;
        var capacity = _pass > MostPasses / 2 ? most : Math.Min(left.Capacity + right.Capacity - 1, most);
        return new BoundCall(Intrinsic.StringConcat, [first, second], new StringType(capacity));
    }

    BoundExpression BindMemcmp(Call call)
    {
        if (BindExpression(call.Arguments[2]) is not BoundConstant { Type: IntegerType, Value: >= 0 } length)
        {
            return Fail(call.Span, $"{call.Name}: invalid size value, need non-negative literal");
        }

        var memory = new[] { WithoutText(BindWantingText(call.Arguments[0])), WithoutText(BindWantingText(call.Arguments[1])) };
        var space = AddressSpace.Program;
        foreach (var operand in memory)
        {
            if (IsUnknown(operand))
            {
                return Unknown;
            }

            if (operand.Type.IsScalar && operand.Type is not PointerType)
            {
                return Fail(operand.Span ?? call.Span, $"{call.Name}() only supports pointer, array or string arguments ({NameOf(operand.Type)} provided)");
            }

            if (operand.Type is PointerType { Target: StructType or ArrayType } or PointerType && operand.Type is PointerType pointer)
            {
                space = Space(pointer.Space);
            }
        }

        // Pointers are followed; memory of the program itself is as it is.
        var size = (int)Math.Min(length.Value, _options.Config.MaxStringLength);
        var values = memory.Select(operand => operand.Type is PointerType
            ? new BoundDereference(Convert(operand, IntegerType.UInt64), SpaceOf(operand), new ArrayType(IntegerType.UInt8, size))
            : operand).ToArray();
        return size == 0 ? Literals.Of(0) : new BoundCall(Intrinsic.MemoryCompare, values, IntegerType.Int64) { Number = size, Space = space };
    }

    BoundExpression BindByteSwap(Call call)
    {
        var value = AsNumber(BindExpression(call.Arguments[0]));
        return value switch
        {
            _ when IsUnknown(value) => Unknown,
            { Type: not IntegerType } => Fail(call.Span, $"{call.Name}() only supports integer arguments ({NameOf(value.Type)} provided)"),
            BoundConstant constant => Literals.Of(Swapped(constant.Value, constant.Type.Size)) is var swapped
                ? new BoundConstant(IntegerType.Of(value.Type.Size, false), Literals.Fit(swapped.Value, IntegerType.Of(value.Type.Size, false))) : Unknown,
            _ => new BoundCall(Intrinsic.ByteSwap, [value], IntegerType.Of(value.Type.Size, false)),
        };
    }

    static long Swapped(long value, int size) => size switch
    {
        2 => BinaryPrimitives.ReverseEndianness(unchecked((ushort)value)),
        4 => BinaryPrimitives.ReverseEndianness(unchecked((uint)value)),
        8 => BinaryPrimitives.ReverseEndianness(value),
        _ => value,
    };

    BoundExpression BindSpace(Call call, AddressSpace space)
    {
        var value = BindExpression(call.Arguments[0]);
        return value.Type switch
        {
            _ when IsUnknown(value) => Unknown,
            PointerType pointer => Convert(value, pointer with { Space = space }),
            IntegerType => Convert(value, PointerTo(VoidType.Instance, space)),
            _ => Fail(call.Span, $"{call.Name}() only supports integer or pointer arguments ({NameOf(value.Type)} provided)"),
        };
    }

    BoundExpression BindContainerOf(Call call)
    {
        var member = BindExpression(call.Arguments[0]);
        var type = (call.Arguments[1] as TypeExpression)?.Type;
        var operand = type is null ? call.Arguments[1] : null;
        var container = OperandType(type, operand);
        if (IsUnknown(member) || IsUnknown(container))
        {
            return Unknown;
        }

        if (member.Type is not PointerType pointer || container is not StructType)
        {
            return Fail(call.Span, $"{call.Name}() expects a pointer, a struct or union type and a field");
        }

        var path = new List<string>();
        var rest = call.Arguments[2];
        while (rest is Member step)
        {
            path.Insert(0, step.Name);
            rest = step.Operand;
        }

        if (rest is not Identifier first)
        {
            return Fail(call.Span, $"{call.Name}() expects a field as its third argument");
        }

        path.Insert(0, first.Name);
        var place = BindOffsetOf(new(call.Span, type, operand, path));
        return place is BoundConstant { Type: IntegerType } offset ? Convert(OffsetBy(member, -offset.Value), PointerTo(container, Space(pointer.Space))) : Unknown;
    }

    BoundExpression BindIsError(Call call) => IntegerOrPointer(call, 0) is { } pointer
        ? new BoundCall(Intrinsic.IsErrorPointer, [Convert(pointer, IntegerType.UInt64)], BoolType.Instance)
        : Unknown;

    BoundExpression? IntegerOrPointer(Call call, int index)
    {
        var value = AsNumber(BindExpression(call.Arguments[index]));
        if (IsUnknown(value))
        {
            return null;
        }

        if (value.Type is IntegerType or PointerType or EnumType)
        {
            return value;
        }

        Error(call.Span, $"{call.Name}() only supports integer or pointer arguments ({NameOf(value.Type)} provided)");
        return null;
    }

    BoundExpression BindPath(Call call)
    {
        if (Context.Kind is not (ProbeKind.Fentry or ProbeKind.Fexit or ProbeKind.Iterator))
        {
            return Fail(call.Span, "The path function can only be used with 'fentry', 'fexit', 'iter' probes");
        }

        var capacity = _options.Config.MaxStringLength + 1;
        if (call.Arguments.Count > 1)
        {
            if (BindExpression(call.Arguments[1]) is not BoundConstant { Type: IntegerType, Value: >= 0 } size)
            {
                return Fail(call.Span, $"{call.Name}: invalid size value, need non-negative literal");
            }

            capacity = (int)Math.Min(size.Value, capacity);
        }

        // The structure in its place is as good as a pointer to it.
        var path = BindExpression(call.Arguments[0]);
        var place = path.Type is StructType ? AddressOf(path)?.Address : path.Type is PointerType ? path : null;
        return IsUnknown(path) ? Unknown
            : place is null ? Fail(call.Span, $"path() only supports pointer or C type argument ({NameOf(path.Type)} provided)")
            : new BoundCall(Intrinsic.Path, [Convert(place, IntegerType.UInt64)], new StringType(Math.Max(capacity, 1))) { Space = AddressSpace.Kernel };
    }

    BoundExpression BindWriteUser(Call call)
    {
        if (IntegerOrPointer(call, 0) is not { } to || IntegerArgument(call, 2) is not { } length)
        {
            return Unknown;
        }

        var from = BindExpression(call.Arguments[1]);
        return IsUnknown(from) ? Unknown
            : new BoundCall(Intrinsic.WriteUser, [Convert(to, IntegerType.UInt64), from, Convert(length, IntegerType.UInt64)], IntegerType.Int64) { Space = AddressSpace.User };
    }
}
