namespace Sonde.Bpf;

/// <summary>Makes instructions; to be used by <c>using static</c>, so that a program reads as a listing.</summary>
/// <remarks>
/// Jumps, loads and stores; <see cref="Asm"/> continues with arithmetic in its other part.
/// Where an instruction needs more than Linux 4.19, its summary says so.
/// </remarks>
public static partial class Asm
{
    /// <summary>Sets a register to a 64-bit constant; takes two slots.</summary>
    public static Instruction LoadImm64(Register dst, long value) => new(Instruction.WideOpcode, dst, 0, 0, value);

    /// <summary>Sets a register to a map, as helpers want it.</summary>
    public static Instruction LoadMap(Register dst, Map map) => new(Instruction.WideOpcode, dst, Pseudo.MapFd, 0, 0, map);

    /// <summary>Sets a register to the map that will be made of <paramref name="map"/> (<see cref="ProgramSpec.Maps"/>).</summary>
    public static Instruction LoadMap(Register dst, MapSpec map) => new(Instruction.WideOpcode, dst, Pseudo.MapFd, 0, 0, map);

    /// <summary>Sets a register to the address of byte <paramref name="offset"/> in the value of an array map of one entry (Linux 5.2+).</summary>
    public static Instruction LoadMapValue(Register dst, Map map, int offset) => new(Instruction.WideOpcode, dst, Pseudo.MapValue, 0, offset, map);

    /// <summary>Sets a register to the address of byte <paramref name="offset"/> in the value of the one-entry array map that will be made of <paramref name="map"/> (Linux 5.2+).</summary>
    public static Instruction LoadMapValue(Register dst, MapSpec map, int offset) => new(Instruction.WideOpcode, dst, Pseudo.MapValue, 0, offset, map);

    /// <summary>Sets a register to a subprogram, to be called back by a helper such as <c>bpf_loop</c> (Linux 5.13+).</summary>
    public static Instruction LoadFunction(Register dst, Label function) => new(Instruction.WideOpcode, dst, Pseudo.Function, 0, 0, function);

    /// <summary>dst = memory at src + offset, zero-extended.</summary>
    public static Instruction Load(Size size, Register dst, Register src, short offset) => Memory(InstructionClass.LoadRegister, Mode.Memory, size, dst, src, offset);

    /// <summary>dst = memory at src + offset, sign-extended; not for <see cref="Size.Double"/> (Linux 6.6+).</summary>
    public static Instruction LoadSigned(Size size, Register dst, Register src, short offset) => Memory(InstructionClass.LoadRegister, Mode.SignedMemory, size, dst, src, offset);

    /// <summary>R0 = packet bytes at a constant offset, in host order; socket filters and classifiers, context in R6.</summary>
    public static Instruction LoadPacket(Size size, int offset) => new((byte)((byte)Mode.Absolute | (byte)size), 0, 0, 0, offset);

    /// <summary>R0 = packet bytes at src + a constant offset, in host order; socket filters and classifiers, context in R6.</summary>
    public static Instruction LoadPacket(Size size, Register src, int offset) => new((byte)((byte)Mode.Indirect | (byte)size), 0, src, 0, offset);

    /// <summary>Memory at dst + offset = src.</summary>
    public static Instruction Store(Size size, Register dst, short offset, Register src) => Memory(InstructionClass.StoreRegister, Mode.Memory, size, dst, src, offset);

    /// <summary>Memory at dst + offset = a constant.</summary>
    public static Instruction StoreImm(Size size, Register dst, short offset, int value) =>
        Memory(InstructionClass.StoreImmediate, Mode.Memory, size, dst, 0, offset) with { Immediate = value };

    /// <summary>Atomically adds src to memory at dst + offset; with <paramref name="fetch"/> src becomes the old value (Linux 5.12+).</summary>
    public static Instruction AtomicAdd(Size size, Register dst, short offset, Register src, bool fetch = false) => Atomic(AtomicOperation.Add, size, dst, offset, src, fetch);

    /// <summary>Atomically ors src into memory at dst + offset (Linux 5.12+); with <paramref name="fetch"/> src becomes the old value.</summary>
    public static Instruction AtomicOr(Size size, Register dst, short offset, Register src, bool fetch = false) => Atomic(AtomicOperation.Or, size, dst, offset, src, fetch);

    /// <summary>Atomically ands src into memory at dst + offset (Linux 5.12+); with <paramref name="fetch"/> src becomes the old value.</summary>
    public static Instruction AtomicAnd(Size size, Register dst, short offset, Register src, bool fetch = false) => Atomic(AtomicOperation.And, size, dst, offset, src, fetch);

    /// <summary>Atomically xors src into memory at dst + offset (Linux 5.12+); with <paramref name="fetch"/> src becomes the old value.</summary>
    public static Instruction AtomicXor(Size size, Register dst, short offset, Register src, bool fetch = false) => Atomic(AtomicOperation.Xor, size, dst, offset, src, fetch);

    /// <summary>Atomically exchanges src and memory at dst + offset (Linux 5.12+).</summary>
    public static Instruction AtomicExchange(Size size, Register dst, short offset, Register src) => Atomic(AtomicOperation.Exchange, size, dst, offset, src, false);

    /// <summary>Atomically stores src at dst + offset if R0 is there; R0 becomes the old value (Linux 5.12+).</summary>
    public static Instruction AtomicCompareExchange(Size size, Register dst, short offset, Register src) => Atomic(AtomicOperation.CompareExchange, size, dst, offset, src, false);

    /// <summary>The place named <paramref name="label"/>: the next instruction.</summary>
    public static Instruction Mark(Label label) => new(Instruction.MarkOpcode, 0, 0, 0, 0, label);

    /// <summary>Goes to <paramref name="target"/>, at most 32,767 slots away.</summary>
    public static Instruction Jump(Label target) => new((byte)InstructionClass.Jump | JumpCode.Always, 0, 0, 0, 0, target);

    /// <summary>Goes to <paramref name="target"/> however far (<c>gotol</c>; Linux 6.6+).</summary>
    public static Instruction JumpLong(Label target) => new((byte)InstructionClass.Jump32 | JumpCode.Always, 0, 0, 0, 0, target);

    /// <summary>Goes to <paramref name="target"/> if the condition holds between two registers.</summary>
    public static Instruction JumpIf(Condition condition, Register dst, Register src, Label target) =>
        new((byte)((byte)InstructionClass.Jump | (byte)condition | JumpCode.FromRegister), dst, src, 0, 0, target);

    /// <summary>Goes to <paramref name="target"/> if the condition holds between a register and a constant, sign-extended to 64 bits.</summary>
    public static Instruction JumpIf(Condition condition, Register dst, int value, Label target) =>
        new((byte)((byte)InstructionClass.Jump | (byte)condition), dst, 0, 0, value, target);

    /// <summary>Goes to <paramref name="target"/> if the condition holds between the low halves of two registers (Linux 5.1+).</summary>
    public static Instruction JumpIf32(Condition condition, Register dst, Register src, Label target) =>
        new((byte)((byte)InstructionClass.Jump32 | (byte)condition | JumpCode.FromRegister), dst, src, 0, 0, target);

    /// <summary>Goes to <paramref name="target"/> if the condition holds between the low half of a register and a constant (Linux 5.1+).</summary>
    public static Instruction JumpIf32(Condition condition, Register dst, int value, Label target) =>
        new((byte)((byte)InstructionClass.Jump32 | (byte)condition), dst, 0, 0, value, target);

    /// <summary>Calls a helper: arguments in R1 to R5, which are lost; the result in R0.</summary>
    public static Instruction Call(Helper helper) => new((byte)InstructionClass.Jump | JumpCode.Call, 0, 0, 0, (int)helper);

    /// <summary>Calls a subprogram of this program: arguments in R1 to R5, which are lost; the result in R0; 512 bytes of stack for both (Linux 4.16+).</summary>
    public static Instruction CallSubprogram(Label function) => new((byte)InstructionClass.Jump | JumpCode.Call, 0, Pseudo.Call, 0, 0, function);

    /// <summary>Calls a kernel function by its number in the kernel's BTF (Linux 5.13+).</summary>
    public static Instruction CallKernelFunction(int btfId) => new((byte)InstructionClass.Jump | JumpCode.Call, 0, Pseudo.KernelFunctionCall, 0, btfId);

    /// <summary>Ends the program or subprogram; R0 is the result.</summary>
    public static Instruction Exit() => new((byte)InstructionClass.Jump | JumpCode.Exit, 0, 0, 0, 0);

    static Instruction Memory(InstructionClass kind, Mode mode, Size size, Register dst, Register src, short offset) =>
        new((byte)((byte)kind | (byte)mode | (byte)size), dst, src, offset, 0);

    static Instruction Atomic(AtomicOperation operation, Size size, Register dst, short offset, Register src, bool fetch)
    {
        if (size is not (Size.Word or Size.Double))
        {
            throw new ArgumentOutOfRangeException(nameof(size), size, "Atomic instructions work on Word and Double only.");
        }

        return Memory(InstructionClass.StoreRegister, Mode.Atomic, size, dst, src, offset)
            with { Immediate = (int)operation | (fetch ? (int)AtomicOperation.Fetch : 0) };
    }
}
