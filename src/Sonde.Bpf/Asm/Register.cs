namespace Sonde.Bpf;

/// <summary>The registers of a program, 64 bits wide.</summary>
public enum Register : byte
{
    /// <summary>What a call returned; what the program returns.</summary>
    R0,

    /// <summary>First argument of a call; the context when the program begins.</summary>
    R1,

    /// <summary>Second argument; lost by a call, like R1 to R5 all.</summary>
    R2,

    /// <summary>Third argument.</summary>
    R3,

    /// <summary>Fourth argument.</summary>
    R4,

    /// <summary>Fifth argument.</summary>
    R5,

    /// <summary>Kept over calls.</summary>
    R6,

    /// <summary>Kept over calls.</summary>
    R7,

    /// <summary>Kept over calls.</summary>
    R8,

    /// <summary>Kept over calls.</summary>
    R9,

    /// <summary>The end of the stack, which grows down from it: 512 bytes, read-only register.</summary>
    R10,
}

/// <summary>How much memory an instruction touches.</summary>
public enum Size : byte
{
    /// <summary>4 bytes.</summary>
    Word = 0x00,

    /// <summary>2 bytes.</summary>
    Half = 0x08,

    /// <summary>1 byte.</summary>
    Byte = 0x10,

    /// <summary>8 bytes.</summary>
    Double = 0x18,
}

/// <summary>When a conditional jump is taken. <c>Signed</c> forms compare as two's complement.</summary>
public enum Condition : byte
{
    /// <summary>==</summary>
    Equal = 0x10,

    /// <summary>&gt;</summary>
    Greater = 0x20,

    /// <summary>&gt;=</summary>
    GreaterOrEqual = 0x30,

    /// <summary>&amp;: any bit in common.</summary>
    AnyBits = 0x40,

    /// <summary>!=</summary>
    NotEqual = 0x50,

    /// <summary>&gt;, signed.</summary>
    SignedGreater = 0x60,

    /// <summary>&gt;=, signed.</summary>
    SignedGreaterOrEqual = 0x70,

    /// <summary>&lt; (Linux 4.14+).</summary>
    Less = 0xa0,

    /// <summary>&lt;= (Linux 4.14+).</summary>
    LessOrEqual = 0xb0,

    /// <summary>&lt;, signed (Linux 4.14+).</summary>
    SignedLess = 0xc0,

    /// <summary>&lt;=, signed (Linux 4.14+).</summary>
    SignedLessOrEqual = 0xd0,
}

/// <summary>A place in a program that jumps and calls refer to. Two labels of one name are two places.</summary>
public sealed class Label(string name)
{
    /// <summary>What the disassembler calls it.</summary>
    public string Name { get; } = name;

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
