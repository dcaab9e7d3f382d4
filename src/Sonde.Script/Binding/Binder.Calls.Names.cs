using System.Net;
using System.Net.Sockets;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>Numbers that only user space can put into words.</summary>
sealed partial class Binder
{
    /// <summary>AF_INET and AF_INET6 (include/linux/socket.h).</summary>
    const int InternetFamily = 2;
    const int Internet6Family = 10;

    BoundExpression BindNamed(Call call, SymbolicKind kind) => IntegerArgument(call, 0) is { } number
        ? Convert(Convert(number, IntegerType.Int64), new SymbolicType(kind))
        : Unknown;

    BoundExpression BindKernelSymbol(Call call) => IntegerOrPointer(call, 0) is { } address
        ? Convert(Convert(address, IntegerType.UInt64), new SymbolicType(SymbolicKind.KernelSymbol))
        : Unknown;

    BoundExpression BindUserSymbol(Call call) => IntegerOrPointer(call, 0) is { } address
        ? new BoundCall(Intrinsic.UserSymbol, [Convert(address, IntegerType.UInt64)], new SymbolicType(SymbolicKind.UserSymbol))
        : Unknown;

    BoundExpression BindNtop(Call call)
    {
        BoundExpression? family = null;
        if (call.Arguments.Count == 2 && (family = IntegerArgument(call, 0)) is null)
        {
            return Unknown;
        }

        var address = AsNumber(WithoutText(BindExpression(call.Arguments[^1])));
        if (IsUnknown(address))
        {
            return Unknown;
        }

        switch (address.Type)
        {
            case IntegerType:
                return Address(Convert(address, IntegerType.UInt32));
            case StructType or ArrayType when address.Type.Size is 4 or 16:
                return Address(address);
            case PointerType { Target: ArrayType or StructType } pointer when pointer.Target.Size is 4 or 16:
                return Address(Load(address, Space(pointer.Space), pointer.Target));
            case ArrayType:
                return Fail(call.Span, $"{call.Name}() argument must be 4 or 16 bytes in size");
            default:
                return Fail(call.Span, $"{call.Name}() expects an integer or array argument, got {NameOf(address.Type)}");
        }

        // The family may only be known when the probe is hit; where none is given, the size says what is meant.
        BoundCall Address(BoundExpression operand) => new(Intrinsic.InternetAddress, family is null ? [operand] : [Convert(family, IntegerType.UInt64), operand], new SymbolicType(SymbolicKind.InternetAddress))
        {
            Number = family is null ? FamilyOf(operand.Type.Size) : 0,
            Space = AddressSpace.Program,
        };
    }

    static int FamilyOf(int size) => size == 4 ? InternetFamily : Internet6Family;

    BoundExpression BindPton(Call call)
    {
        if (LiteralArgument(call, 0) is not { } text)
        {
            return Unknown;
        }

        // Only whole addresses: .NET also takes "1.2.3" and zones.
        var isWhole = text.Contains(':', StringComparison.Ordinal) ? !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal) : text.Split('.').Length == 4;
        return isWhole && IPAddress.TryParse(text, out var address) && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            && address.GetAddressBytes() is var bytes
            ? new BoundBytes(new ArrayType(IntegerType.UInt8, bytes.Length), bytes)
            : Fail(call.Span, $"{call.Name}() expects a valid IPv4/IPv6 address, got {text}");
    }

    BoundExpression BindMacaddr(Call call)
    {
        var value = WithoutText(BindExpression(call.Arguments[0]));
        switch (value.Type)
        {
            case var _ when IsUnknown(value):
                return Unknown;
            case ArrayType { Size: < 6 }:
                return Fail(call.Span, $"{call.Name}() argument must be at least 6 bytes in size");
            case ArrayType:
                return new BoundCall(Intrinsic.HardwareAddress, [value], new SymbolicType(SymbolicKind.HardwareAddress)) { Space = AddressSpace.Program };
            case PointerType or IntegerType:
                var memory = new BoundDereference(Convert(value, IntegerType.UInt64), SpaceOf(value), new ArrayType(IntegerType.UInt8, 6));
                return new BoundCall(Intrinsic.HardwareAddress, [memory], new SymbolicType(SymbolicKind.HardwareAddress)) { Space = AddressSpace.Program };
            default:
                return Fail(call.Span, $"{call.Name}() only supports array or pointer arguments ({NameOf(value.Type)} provided)");
        }
    }

    BoundExpression BindCgroupPath(Call call)
    {
        if (IntegerArgument(call, 0) is not { } id || OptionalLiteral(call, 1, "") is not { } filter)
        {
            return Unknown;
        }

        BoundExpression[] parts = [Convert(id, IntegerType.UInt64), new BoundConstant(IntegerType.Int64, -1)];
        return new BoundConvert(new BoundTuple(parts, PayloadOf(parts)), new SymbolicType(SymbolicKind.CgroupPath) { Format = filter });
    }

    BoundExpression BindKernelAddress(Call call)
    {
        if (LiteralArgument(call, 0) is not { } name)
        {
            return Unknown;
        }

        return _target.FindKernelSymbol(name) is { } address
            ? new BoundConstant(IntegerType.UInt64, unchecked((long)address))
            : Fail(call.Span, $"Failed to resolve kernel symbol: {name}");
    }

    BoundExpression BindUserAddress(Call call)
    {
        if (Context.Kind is not (ProbeKind.Uprobe or ProbeKind.Uretprobe or ProbeKind.Usdt))
        {
            return Fail(call.Span, $"{call.Name} can not be used with \"{ProbeWord(Context.Kind)}\" probes");
        }

        if (LiteralArgument(call, 0) is not { } name)
        {
            return Unknown;
        }

        _usesArguments = true;
        if (_target.FindUserSymbol(_program.Places[0], name) is not var (address, size))
        {
            return Fail(call.Span, $"Could not resolve symbol: {_program.Places[0].Path}:{name}");
        }

        var element = size is 1 or 2 or 4 or 8 ? IntegerType.Of(size, isSigned: false) : IntegerType.UInt64;
        return new BoundConstant(PointerTo(element, AddressSpace.User), unchecked((long)address));
    }

    BoundExpression BindPerCpuAddress(Call call)
    {
        if (LiteralArgument(call, 0) is not { } name)
        {
            return Unknown;
        }

        BoundExpression processor = new BoundCall(Intrinsic.Cpu, [], IntegerType.UInt64);
        if (call.Arguments.Count > 1)
        {
            if (IntegerArgument(call, 1) is not { } number)
            {
                return Unknown;
            }

            processor = Convert(number, IntegerType.UInt64);
        }

        if (!_target.HasPerCpuVariable(name))
        {
            return Fail(call.Span, $"Could not resolve variable \"{name}\" from BTF");
        }

        // A processor's own lies at the variable's address plus what this array has for the processor (include/asm-generic/percpu.h).
        return _target.FindKernelSymbol(name) is { } symbol && _target.FindKernelSymbol("__per_cpu_offset") is { } offsets
            ? new BoundCall(Intrinsic.PerCpuAddress, [new BoundConstant(IntegerType.UInt64, unchecked((long)offsets)), processor], IntegerType.UInt64) { Number = unchecked((long)symbol) }
            : Fail(call.Span, $"Failed to resolve kernel symbol: {name}", "this kernel does not tell where its data lies: it is built without CONFIG_KALLSYMS_ALL");
    }

    BoundExpression BindCgroupId(Call call)
    {
        if (LiteralArgument(call, 0) is not { } path)
        {
            return Unknown;
        }

        return _target.FindCgroup(path) is { } id
            ? new BoundConstant(IntegerType.UInt64, unchecked((long)id))
            : Fail(call.Span, $"Failed to get `cgroupid` for path: \"{path}\"");
    }

    BoundExpression BindKernelFunction(Call call)
    {
        var name = call.Arguments[0] is Identifier identifier ? identifier.Name : LiteralArgument(call, 0);
        return name is null ? Unknown : Bool(_target.FindKernelFunction(name) is not null);
    }
}
