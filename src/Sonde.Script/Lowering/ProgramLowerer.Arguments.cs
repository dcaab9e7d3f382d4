using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Types;
using Sonde.Symbols.Usdt;

namespace Sonde.Script.Lowering;

/// <summary>What the probe gives: registers, context fields, the operands of USDT notes.</summary>
sealed partial class ProgramLowerer
{
    // Offsets in struct pt_regs (arch/x86/include/uapi/asm/ptrace.h).
    const int InstructionPointer = 128;
    const int CodeSegment = 136;
    const int StackPointer = 152;

    IrOperand Argument(ArgumentSource source, DataType type)
    {
        switch (source)
        {
            case ContextSource { Offset: var offset }:
                return _probe.Context.ProgramType == ProgramType.Tracepoint
                    ? LoadScalar(type, new IrAddress(Context(), offset))
                    : Narrow(Ir.Load(Size.Double, new IrAddress(Context(), offset)), type);
            case RegisterSource { Offset: var offset }:
                return Narrow(LoadRegister(offset), type);
            case StackSource { Offset: var offset }:
                return ReadScalar(type, Ir.Arithmetic(IrOperation.Add, LoadRegister(StackPointer), offset));
            case MemorySource memory:
                return ReadScalar(type, Ir.Arithmetic(IrOperation.Add, LoadRegister(memory.Register), memory.Offset));
            case UsdtSource { Argument: var argument }:
                return Usdt(argument, type);
            case UnavailableSource { Reason: var reason }:
                throw new IrException(reason);
            default:
                throw new IrException($"There is no code for {source.GetType().Name}.");
        }
    }

    void ArgumentInto(ArgumentSource source, DataType type, IrAddress to)
    {
        switch (source)
        {
            case ContextSource { Offset: var offset }:
                CopyFromContext(to, offset, type.Size);
                break;
            case StackSource { Offset: var offset }:
                Read(AddressSpace.None, to, type.Size, Ir.Arithmetic(IrOperation.Add, LoadRegister(StackPointer), offset));
                break;
            case MemorySource memory:
                Read(AddressSpace.None, to, type.Size, Ir.Arithmetic(IrOperation.Add, LoadRegister(memory.Register), memory.Offset));
                break;
            case RegisterSource { Offset: var offset } when type.Size <= 8:
                var value = Temporary(8);
                Ir.Store(Size.Double, value, LoadRegister(offset));
                Copy(to, value, type.Size);
                break;
            case UsdtSource { Argument: { Kind: UsdtOperandKind.Memory } argument }:
                Read(AddressSpace.User, to, type.Size, Address(PlaceOf(argument)));
                break;
            case UsdtSource { Argument.Kind: not UsdtOperandKind.Unavailable } word when type.Size <= 8:
                // Floating-point numbers are values in memory to us, and stand in general registers at most probes.
                var bits = Temporary(8);
                Ir.Store(Size.Double, bits, Usdt(word.Argument, type));
                Copy(to, bits, type.Size);
                break;
            case UnavailableSource { Reason: var reason }:
                throw new IrException(reason);
            default:
                throw new IrException($"A {type} cannot be taken from where the probe has it.");
        }
    }

    VirtualRegister LoadRegister(int offset) => Ir.Load(Size.Double, new IrAddress(Context(), offset));

    VirtualRegister ReadScalar(DataType type, IrOperand address, AddressSpace space = AddressSpace.None)
    {
        var value = Temporary(8);
        Read(space, value, type.Size, address);
        return LoadScalar(type, value);
    }

    IrOperand Usdt(UsdtArgument argument, DataType type)
    {
        switch (argument.Kind)
        {
            case UsdtOperandKind.Register when argument.Register is { } register:
                var value = LoadRegister(OffsetOf(register));
                return Sized(argument.RegisterShift == 0 ? value : Ir.Arithmetic(IrOperation.ShiftRightLogical, value, argument.RegisterShift), argument);
            case UsdtOperandKind.Immediate:
                return unchecked((long)(ulong)(argument.Constant & ulong.MaxValue));
            case UsdtOperandKind.SymbolAddress:
                return Sized(Address(PlaceOf(argument)), argument);
            case UsdtOperandKind.Memory:
                var shape = argument.Size is 1 or 2 or 4 or 8 ? IntegerType.Of(argument.Size, argument.IsSigned) : type;
                return ReadScalar(shape, Address(PlaceOf(argument)), AddressSpace.User);
            default:
                throw new IrException($"The argument {argument.Text} cannot be read: {argument.Unavailable ?? "nothing is known of where it is"}.");
        }
    }

    /// <summary>An operand without a symbol says itself where it is.</summary>
    static UsdtAddress PlaceOf(UsdtArgument argument) => argument.Address
        ?? (argument is { Symbol: null, Segment: null }
            ? new UsdtAddress(UsdtAnchor.None, argument.Displacement, argument.Base, argument.Index, argument.Scale, argument.Extend)
            : throw new IrException($"The argument {argument.Text} cannot be read: what its symbol stands for is not known."));

    IrOperand Sized(VirtualRegister value, UsdtArgument argument) =>
        argument.Size is 1 or 2 or 4 ? Ir.Extend(value, argument.Size * 8, argument.IsSigned) : value;

    VirtualRegister Address(UsdtAddress address)
    {
        var result = address.Anchor switch
        {
            UsdtAnchor.ProbeAddress => LoadRegister(InstructionPointer),
            UsdtAnchor.ThreadPointer => ThreadPointer(),
            _ => Ir.Constant(0),
        };
        if (address.Base is { } start)
        {
            result = Ir.Arithmetic(IrOperation.Add, result, LoadRegister(OffsetOf(start)));
        }

        if (address.Index is { } index)
        {
            var distance = LoadRegister(OffsetOf(index));
            if (address.Extend != UsdtExtend.None)
            {
                distance = Ir.Extend(distance, 32, address.Extend == UsdtExtend.Sxtw);
            }

            result = Ir.Arithmetic(IrOperation.Add, result, address.Scale == 1 ? distance : Ir.Arithmetic(IrOperation.Multiply, distance, address.Scale));
        }

        return address.Offset == 0 ? result : Ir.Arithmetic(IrOperation.Add, result, address.Offset);
    }

    VirtualRegister ThreadPointer()
    {
        var offset = _kernel.ThreadPointerOffset ?? throw new IrException("An argument is counted from the thread pointer, which needs the kernel's BTF (CONFIG_DEBUG_INFO_BTF).");
        return ReadScalar(IntegerType.UInt64, Ir.Arithmetic(IrOperation.Add, Ir.Call(Helper.GetCurrentTask), offset), AddressSpace.Kernel);
    }

    /// <summary>Where a register lies in <c>struct pt_regs</c>, by its number in instructions; 16 is rip.</summary>
    static int OffsetOf(UsdtRegister register) => register.Number switch
    {
        0 => 80,
        1 => 88,
        2 => 96,
        3 => 40,
        4 => 152,
        5 => 32,
        6 => 104,
        7 => 112,
        8 => 72,
        9 => 64,
        10 => 56,
        11 => 48,
        12 => 24,
        13 => 16,
        14 => 8,
        15 => 0,
        16 => InstructionPointer,
        _ => throw new IrException($"The register {register.Name} is not one that programs are given."),
    };
}
