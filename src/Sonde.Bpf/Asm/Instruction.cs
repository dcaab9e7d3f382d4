namespace Sonde.Bpf;

/// <summary>One eBPF instruction, as the kernel reads it once assembled (<c>struct bpf_insn</c>, include/uapi/linux/bpf.h).</summary>
/// <remarks>
/// <code>
/// +--------+-----+-----+--------+-----------+
/// | opcode | dst | src | offset | immediate |
/// |   8    |  4  |  4  |   16   |    32     |
/// +--------+-----+-----+--------+-----------+
/// </code>
/// The opcode's low three bits are its class. <see cref="Asm"/> makes them; the value is public for those who generate or transform code.
/// A wide instruction (<c>lddw</c>) is one value here and takes two slots in the program; a <see cref="Asm.Mark"/> takes none.
/// </remarks>
/// <param name="Opcode">Operation, operand source and class.</param>
/// <param name="Dst">The register written, or the base of a store.</param>
/// <param name="Src">The register read, or what kind of thing the immediate is.</param>
/// <param name="Offset">Offset in bytes of a memory access, in instructions of a jump; a variant of some arithmetic.</param>
/// <param name="Immediate">The constant: 32 bits, sign-extended, but for wide instructions all 64.</param>
/// <param name="Operand">What the assembler resolves: a <see cref="Label"/>, <see cref="Map"/> or <see cref="MapSpec"/>; null when nothing is open.</param>
public readonly record struct Instruction(byte Opcode, Register Dst, Register Src, short Offset, long Immediate, object? Operand = null)
{
    // No instruction has opcode 0: it is the second slot of a wide one. A mark stands for a place between two.
    internal const byte MarkOpcode = 0;

    internal const byte WideOpcode = 0x18;

    /// <summary>Whether it is the mark of a label rather than an instruction.</summary>
    public bool IsMark => Opcode == MarkOpcode;

    /// <summary>Whether it holds a 64-bit constant and takes two slots.</summary>
    public bool IsWide => Opcode == WideOpcode;

    /// <summary>Slots of 8 bytes it takes in the program.</summary>
    public int Slots => IsMark ? 0 : IsWide ? 2 : 1;

    internal InstructionClass Class => (InstructionClass)(Opcode & 7);

    /// <summary>The instruction as the disassembler prints it.</summary>
    public override string ToString() => Disassembler.Format(this);
}

/// <summary>The low three bits of an opcode (Documentation/bpf/standardization/instruction-set.rst, 3.1).</summary>
enum InstructionClass : byte
{
    Load = 0,
    LoadRegister = 1,
    StoreImmediate = 2,
    StoreRegister = 3,
    Arithmetic32 = 4,
    Jump = 5,
    Jump32 = 6,
    Arithmetic = 7,
}

/// <summary>The high four bits of an arithmetic opcode (instruction-set.rst, 4.1).</summary>
enum Operation : byte
{
    Add = 0x00,
    Sub = 0x10,
    Mul = 0x20,
    Div = 0x30,
    Or = 0x40,
    And = 0x50,
    Lsh = 0x60,
    Rsh = 0x70,
    Neg = 0x80,
    Mod = 0x90,
    Xor = 0xa0,
    Mov = 0xb0,
    Arsh = 0xc0,
    End = 0xd0,
}

/// <summary>The addressing bits of a load or store opcode (instruction-set.rst, 5).</summary>
enum Mode : byte
{
    Immediate = 0x00,
    Absolute = 0x20,
    Indirect = 0x40,
    Memory = 0x60,
    SignedMemory = 0x80,
    Atomic = 0xc0,
}

/// <summary>What an atomic instruction does, in its immediate (instruction-set.rst, 5.3).</summary>
enum AtomicOperation
{
    Add = 0x00,
    Or = 0x40,
    And = 0x50,
    Xor = 0xa0,
    Fetch = 0x01,
    Exchange = 0xe1,
    CompareExchange = 0xf1,
}

/// <summary>What the source register field says about the immediate (instruction-set.rst, 5.4; <c>BPF_PSEUDO_*</c>).</summary>
static class Pseudo
{
    internal const Register MapFd = (Register)1;
    internal const Register MapValue = (Register)2;
    internal const Register BtfId = (Register)3;
    internal const Register Function = (Register)4;
    internal const Register Call = (Register)1;
    internal const Register KernelFunctionCall = (Register)2;
}

static class JumpCode
{
    internal const byte Always = 0x00;
    internal const byte Call = 0x80;
    internal const byte Exit = 0x90;
    internal const byte FromRegister = 0x08;
}
