namespace Sonde.Bpf;

/// <content>Arithmetic. The forms that end in 32 work on the low half and clear the high one.</content>
public static partial class Asm
{
    /// <summary>dst += src.</summary>
    public static Instruction Add(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Add, dst, src);

    /// <summary>dst += a constant, sign-extended.</summary>
    public static Instruction Add(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Add, dst, value);

    /// <summary>dst += src, low half.</summary>
    public static Instruction Add32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Add, dst, src);

    /// <summary>dst += a constant, low half.</summary>
    public static Instruction Add32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Add, dst, value);

    /// <summary>dst -= src.</summary>
    public static Instruction Sub(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Sub, dst, src);

    /// <summary>dst -= a constant, sign-extended.</summary>
    public static Instruction Sub(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Sub, dst, value);

    /// <summary>dst -= src, low half.</summary>
    public static Instruction Sub32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Sub, dst, src);

    /// <summary>dst -= a constant, low half.</summary>
    public static Instruction Sub32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Sub, dst, value);

    /// <summary>dst *= src.</summary>
    public static Instruction Mul(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Mul, dst, src);

    /// <summary>dst *= a constant, sign-extended.</summary>
    public static Instruction Mul(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Mul, dst, value);

    /// <summary>dst *= src, low half.</summary>
    public static Instruction Mul32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Mul, dst, src);

    /// <summary>dst *= a constant, low half.</summary>
    public static Instruction Mul32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Mul, dst, value);

    /// <summary>dst /= src, unsigned; division by zero gives 0.</summary>
    public static Instruction Div(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Div, dst, src);

    /// <summary>dst /= a constant, sign-extended, unsigned; division by zero gives 0.</summary>
    public static Instruction Div(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Div, dst, value);

    /// <summary>dst /= src, unsigned; division by zero gives 0, low half.</summary>
    public static Instruction Div32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Div, dst, src);

    /// <summary>dst /= a constant, unsigned; division by zero gives 0, low half.</summary>
    public static Instruction Div32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Div, dst, value);

    /// <summary>dst %= src, unsigned; modulo zero leaves dst.</summary>
    public static Instruction Mod(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Mod, dst, src);

    /// <summary>dst %= a constant, sign-extended, unsigned; modulo zero leaves dst.</summary>
    public static Instruction Mod(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Mod, dst, value);

    /// <summary>dst %= src, unsigned; modulo zero leaves dst, low half.</summary>
    public static Instruction Mod32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Mod, dst, src);

    /// <summary>dst %= a constant, unsigned; modulo zero leaves dst, low half.</summary>
    public static Instruction Mod32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Mod, dst, value);

    /// <summary>dst |= src.</summary>
    public static Instruction Or(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Or, dst, src);

    /// <summary>dst |= a constant, sign-extended.</summary>
    public static Instruction Or(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Or, dst, value);

    /// <summary>dst |= src, low half.</summary>
    public static Instruction Or32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Or, dst, src);

    /// <summary>dst |= a constant, low half.</summary>
    public static Instruction Or32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Or, dst, value);

    /// <summary>dst &amp;= src.</summary>
    public static Instruction And(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.And, dst, src);

    /// <summary>dst &amp;= a constant, sign-extended.</summary>
    public static Instruction And(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.And, dst, value);

    /// <summary>dst &amp;= src, low half.</summary>
    public static Instruction And32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.And, dst, src);

    /// <summary>dst &amp;= a constant, low half.</summary>
    public static Instruction And32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.And, dst, value);

    /// <summary>dst ^= src.</summary>
    public static Instruction Xor(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Xor, dst, src);

    /// <summary>dst ^= a constant, sign-extended.</summary>
    public static Instruction Xor(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Xor, dst, value);

    /// <summary>dst ^= src, low half.</summary>
    public static Instruction Xor32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Xor, dst, src);

    /// <summary>dst ^= a constant, low half.</summary>
    public static Instruction Xor32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Xor, dst, value);

    /// <summary>dst &lt;&lt;= src.</summary>
    public static Instruction Lsh(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Lsh, dst, src);

    /// <summary>dst &lt;&lt;= a constant.</summary>
    public static Instruction Lsh(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Lsh, dst, value);

    /// <summary>dst &lt;&lt;= src, low half.</summary>
    public static Instruction Lsh32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Lsh, dst, src);

    /// <summary>dst &lt;&lt;= a constant, low half.</summary>
    public static Instruction Lsh32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Lsh, dst, value);

    /// <summary>dst &gt;&gt;= src, zeros from above.</summary>
    public static Instruction Rsh(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Rsh, dst, src);

    /// <summary>dst &gt;&gt;= a constant, zeros from above.</summary>
    public static Instruction Rsh(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Rsh, dst, value);

    /// <summary>dst &gt;&gt;= src, zeros from above, low half.</summary>
    public static Instruction Rsh32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Rsh, dst, src);

    /// <summary>dst &gt;&gt;= a constant, zeros from above, low half.</summary>
    public static Instruction Rsh32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Rsh, dst, value);

    /// <summary>dst &gt;&gt;= src, the sign from above.</summary>
    public static Instruction Arsh(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Arsh, dst, src);

    /// <summary>dst &gt;&gt;= a constant, the sign from above.</summary>
    public static Instruction Arsh(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Arsh, dst, value);

    /// <summary>dst &gt;&gt;= src, the sign from above, low half (Linux 5.0+).</summary>
    public static Instruction Arsh32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Arsh, dst, src);

    /// <summary>dst &gt;&gt;= a constant, the sign from above, low half (Linux 5.0+).</summary>
    public static Instruction Arsh32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Arsh, dst, value);

    /// <summary>dst = src.</summary>
    public static Instruction Mov(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Mov, dst, src);

    /// <summary>dst = a constant, sign-extended.</summary>
    public static Instruction Mov(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Mov, dst, value);

    /// <summary>dst = src, low half.</summary>
    public static Instruction Mov32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Mov, dst, src);

    /// <summary>dst = a constant, low half.</summary>
    public static Instruction Mov32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Mov, dst, value);

    /// <summary>dst /= src, signed (Linux 6.6+).</summary>
    public static Instruction DivSigned(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Div, dst, src) with { Offset = 1 };

    /// <summary>dst /= a constant, signed (Linux 6.6+).</summary>
    public static Instruction DivSigned(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Div, dst, value) with { Offset = 1 };

    /// <summary>dst /= src, signed, low half (Linux 6.6+).</summary>
    public static Instruction DivSigned32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Div, dst, src) with { Offset = 1 };

    /// <summary>dst /= a constant, signed, low half (Linux 6.6+).</summary>
    public static Instruction DivSigned32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Div, dst, value) with { Offset = 1 };

    /// <summary>dst %= src, signed (Linux 6.6+).</summary>
    public static Instruction ModSigned(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic, Operation.Mod, dst, src) with { Offset = 1 };

    /// <summary>dst %= a constant, signed (Linux 6.6+).</summary>
    public static Instruction ModSigned(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic, Operation.Mod, dst, value) with { Offset = 1 };

    /// <summary>dst %= src, signed, low half (Linux 6.6+).</summary>
    public static Instruction ModSigned32(Register dst, Register src) => Arithmetic(InstructionClass.Arithmetic32, Operation.Mod, dst, src) with { Offset = 1 };

    /// <summary>dst %= a constant, signed, low half (Linux 6.6+).</summary>
    public static Instruction ModSigned32(Register dst, int value) => Arithmetic(InstructionClass.Arithmetic32, Operation.Mod, dst, value) with { Offset = 1 };

    /// <summary>dst = the low bytes of src, sign-extended to 64 bits; not for <see cref="Size.Double"/> (Linux 6.6+).</summary>
    public static Instruction MovSigned(Size size, Register dst, Register src) => Mov(dst, src) with { Offset = Bits(size) };

    /// <summary>dst = the low bytes of src, sign-extended to 32 bits; for Byte and Half (Linux 6.6+).</summary>
    public static Instruction MovSigned32(Size size, Register dst, Register src) => Mov32(dst, src) with { Offset = Bits(size) };

    /// <summary>dst = -dst.</summary>
    public static Instruction Neg(Register dst) => Arithmetic(InstructionClass.Arithmetic, Operation.Neg, dst, 0);

    /// <summary>dst = -dst, low half.</summary>
    public static Instruction Neg32(Register dst) => Arithmetic(InstructionClass.Arithmetic32, Operation.Neg, dst, 0);

    /// <summary>Converts the low bytes of dst from or to little-endian order and clears the rest.</summary>
    public static Instruction ToLittleEndian(Size size, Register dst) => Arithmetic(InstructionClass.Arithmetic32, Operation.End, dst, Bits(size));

    /// <summary>Converts the low bytes of dst from or to big-endian order and clears the rest.</summary>
    public static Instruction ToBigEndian(Size size, Register dst)
    {
        Instruction instruction = ToLittleEndian(size, dst);
        return instruction with { Opcode = (byte)(instruction.Opcode | JumpCode.FromRegister) };
    }

    /// <summary>Reverses the low bytes of dst and clears the rest (Linux 6.6+).</summary>
    public static Instruction Swap(Size size, Register dst) => Arithmetic(InstructionClass.Arithmetic, Operation.End, dst, Bits(size));

    static Instruction Arithmetic(InstructionClass kind, Operation operation, Register dst, Register src) =>
        new((byte)((byte)kind | (byte)operation | JumpCode.FromRegister), dst, src, 0, 0);

    static Instruction Arithmetic(InstructionClass kind, Operation operation, Register dst, int value) =>
        new((byte)((byte)kind | (byte)operation), dst, 0, 0, value);

    static short Bits(Size size) => size switch
    {
        Size.Byte => 8,
        Size.Half => 16,
        Size.Word => 32,
        _ => 64,
    };
}
