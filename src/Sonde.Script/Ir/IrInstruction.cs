using Sonde.Bpf;

namespace Sonde.Script.Ir;

/// <summary>One step of a basic block.</summary>
abstract record IrInstruction;

/// <summary>dst = constant of 64 bits.</summary>
sealed record IrConstant(VirtualRegister Dst, long Value) : IrInstruction;

/// <summary>dst = src.</summary>
sealed record IrMove(VirtualRegister Dst, VirtualRegister Src) : IrInstruction;

/// <summary>What arithmetic does, on 64 bits.</summary>
enum IrOperation
{
    Add,
    Subtract,
    Multiply,
    UnsignedDivide,
    UnsignedModulo,

    /// <summary>Where the instruction set has none (before Linux 6.6) the emitter composes it.</summary>
    SignedDivide,

    /// <summary>See <see cref="SignedDivide"/>.</summary>
    SignedModulo,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRightLogical,
    ShiftRightArithmetic,
}

/// <summary>dst = a operation b.</summary>
sealed record IrArithmetic(IrOperation Operation, VirtualRegister Dst, IrOperand A, IrOperand B) : IrInstruction;

/// <summary>dst = -src.</summary>
sealed record IrNegate(VirtualRegister Dst, VirtualRegister Src) : IrInstruction;

/// <summary>dst = the low bits of src, extended to 64 by sign or by zeros.</summary>
/// <param name="Bits">8, 16 or 32.</param>
sealed record IrExtend(VirtualRegister Dst, VirtualRegister Src, int Bits, bool IsSigned) : IrInstruction;

/// <summary>dst = the low bytes of src in the other order, zero-extended.</summary>
/// <param name="Bits">16, 32 or 64.</param>
sealed record IrByteSwap(VirtualRegister Dst, VirtualRegister Src, int Bits) : IrInstruction;

/// <summary>dst = memory, extended to 64 bits.</summary>
sealed record IrLoad(VirtualRegister Dst, Size Size, IrAddress From, bool IsSigned = false) : IrInstruction;

/// <summary>Memory = a register's low bytes, or a constant (32 bits, sign-extended; wider ones are loaded first).</summary>
sealed record IrStore(Size Size, IrAddress To, IrOperand Value) : IrInstruction;

/// <summary>What stack memory held before is not asked for any more: until it is written again, others may lie there.</summary>
/// <remarks>Without it, memory that a loop uses is taken to hand something on from turn to turn.</remarks>
sealed record IrBegin(StackSlot Slot) : IrInstruction;

/// <summary>What an atomic instruction does with memory.</summary>
enum IrAtomicOperation
{
    Add,
    Or,
    And,
    Xor,
    Exchange,

    /// <summary>Stores if memory equals <see cref="IrAtomic.Expected"/>; dst becomes the old value.</summary>
    CompareExchange,
}

/// <summary>Memory changes atomically; dst, if wanted, becomes the old value (Linux 5.12+; adding without a result: any).</summary>
sealed record IrAtomic(IrAtomicOperation Operation, Size Size, IrAddress To, VirtualRegister Value, VirtualRegister? Dst = null, VirtualRegister? Expected = null) : IrInstruction;

/// <summary>dst = the address itself.</summary>
sealed record IrAddressOf(VirtualRegister Dst, IrAddress Address) : IrInstruction;

/// <summary>dst = a map, as helpers want it.</summary>
sealed record IrMap(VirtualRegister Dst, MapSpec Map) : IrInstruction;

/// <summary>dst = the address of a byte in the value of a one-entry array map (not per processor).</summary>
sealed record IrMapValue(VirtualRegister Dst, MapSpec Map, int Offset) : IrInstruction;

/// <summary>dst = a function of the program, for helpers that call back.</summary>
sealed record IrFunctionAddress(VirtualRegister Dst, IrFunction Function) : IrInstruction;

/// <summary>Calls a helper with at most 5 arguments.</summary>
sealed record IrCallHelper(VirtualRegister? Dst, Helper Helper, IrArgument[] Arguments) : IrInstruction;

/// <summary>Calls a kernel function by its id in the kernel's BTF.</summary>
sealed record IrCallKernel(VirtualRegister? Dst, int BtfId, IrArgument[] Arguments) : IrInstruction;

/// <summary>Calls a function of the program.</summary>
sealed record IrCallFunction(VirtualRegister? Dst, IrFunction Function, IrArgument[] Arguments) : IrInstruction;

/// <summary>An argument of a call: a value, an address, a map or a function; put where it belongs right before the call, without a register of its own.</summary>
readonly record struct IrArgument
{
    public IrOperand? Value { get; private init; }

    public IrAddress? Address { get; private init; }

    public MapSpec? Map { get; private init; }

    public IrFunction? Function { get; private init; }

    public static implicit operator IrArgument(VirtualRegister register) => new() { Value = register };

    public static implicit operator IrArgument(long constant) => new() { Value = constant };

    public static implicit operator IrArgument(int constant) => new() { Value = constant };

    public static implicit operator IrArgument(IrOperand value) => new() { Value = value };

    public static implicit operator IrArgument(IrAddress address) => new() { Address = address };

    public static implicit operator IrArgument(StackSlot slot) => new() { Address = new IrAddress(slot) };

    public static implicit operator IrArgument(MapSpec map) => new() { Map = map };

    public static implicit operator IrArgument(IrFunction function) => new() { Function = function };

    public override string ToString() => Value?.ToString() ?? (Address is { } address ? $"&{address}" : Map is { } map ? $"map {map.Name}" : $"function {Function!.Name}");
}

/// <summary>How a basic block ends.</summary>
abstract record IrTerminator;

/// <summary>Goes to a block.</summary>
sealed record IrJump(BasicBlock Target) : IrTerminator;

/// <summary>Goes to one of two blocks by a comparison of 64 bits (or the low 32).</summary>
sealed record IrBranch(Condition Condition, VirtualRegister A, IrOperand B, BasicBlock WhenTrue, BasicBlock WhenFalse, bool Is32 = false) : IrTerminator;

/// <summary>Leaves the function with a value.</summary>
sealed record IrReturn(IrOperand Value) : IrTerminator;
