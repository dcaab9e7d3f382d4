using System.Globalization;
using System.Text;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Usdt;

/// <summary>What an argument's operand is.</summary>
public enum UsdtOperandKind
{
    /// <summary>The value is in a general register.</summary>
    Register,

    /// <summary>The value is known already.</summary>
    Immediate,

    /// <summary>The value is the address of a symbol.</summary>
    SymbolAddress,

    /// <summary>The value is in memory.</summary>
    Memory,

    /// <summary>The operand cannot be read; the probe and its other arguments can.</summary>
    Unavailable,
}

/// <summary>A general register.</summary>
/// <param name="Number">
/// x86-64: as instructions encode it (rax 0, rcx 1, rdx 2, rbx 3, rsp 4, rbp 5, rsi 6, rdi 7, r8 to r15), and 16 for rip.
/// aarch64: 0 to 30, 31 for the stack pointer, 32 for the register that is always zero.
/// </param>
/// <param name="Name">The full-width name: "rax", "x3", "sp", "zero".</param>
public readonly record struct UsdtRegister(byte Number, string Name);

/// <summary>How an index register is widened before it is scaled.</summary>
public enum UsdtExtend : byte
{
    /// <summary>It is used at its full 64 bits.</summary>
    None,

    /// <summary>Its low 32 bits, unsigned.</summary>
    Uxtw,

    /// <summary>Its low 32 bits, signed.</summary>
    Sxtw,
}

/// <summary>What an address is counted from, besides registers.</summary>
public enum UsdtAnchor : byte
{
    /// <summary>Nothing: the offset is the address.</summary>
    None,

    /// <summary>The instruction pointer at the probe: right in every process, wherever the file is loaded.</summary>
    ProbeAddress,

    /// <summary>The thread pointer: <c>fs</c> base on x86-64, <c>tpidr_el0</c> on aarch64.</summary>
    ThreadPointer,
}

/// <summary>A computable address: anchor + offset + base + extended index * scale, all modulo 2^64.</summary>
/// <param name="Anchor">What the offset is counted from.</param>
/// <param name="Offset">Bytes from the anchor.</param>
/// <param name="Base">A register to add; null for none.</param>
/// <param name="Index">A register to add after extending and scaling; null for none.</param>
/// <param name="Scale">What the index is multiplied by.</param>
/// <param name="Extend">How the index is widened.</param>
public readonly record struct UsdtAddress(
    UsdtAnchor Anchor, long Offset, UsdtRegister? Base = null, UsdtRegister? Index = null, int Scale = 1, UsdtExtend Extend = UsdtExtend.None);

/// <summary>One argument of a probe at one location.</summary>
/// <remarks>
/// What is written in the note (<see cref="Parse"/>) and, for operands with symbols, what that means in a certain file (<see cref="Resolve"/>).
/// </remarks>
public sealed record UsdtArgument
{
    /// <summary>What it is called, as it is in the file: any characters but NUL; empty where the file does not say, as most do not.</summary>
    public string Name { get; init; } = "";

    /// <summary>The operand with its size, as the compiler wrote it.</summary>
    public required string Text { get; init; }

    /// <summary>What the operand is.</summary>
    public required UsdtOperandKind Kind { get; init; }

    /// <summary>How many bytes the value has. It governs: the register's name may be a wider or narrower alias.</summary>
    public required int Size { get; init; }

    /// <summary>Whether the value is a signed number.</summary>
    public bool IsSigned { get; init; }

    /// <summary>Whether the value is a floating-point number.</summary>
    public bool IsFloat { get; init; }

    /// <summary>The register that holds the value; for a value of 16 bytes only its low half.</summary>
    public UsdtRegister? Register { get; init; }

    /// <summary>How many bits the register is shifted right first: 8 for <c>ah</c>, <c>bh</c>, <c>ch</c> and <c>dh</c>.</summary>
    public int RegisterShift { get; init; }

    /// <summary>The number as written, before it is cut to size.</summary>
    public Int128 Written { get; init; }

    /// <summary>The base register of a memory operand.</summary>
    public UsdtRegister? Base { get; init; }

    /// <summary>The index register of a memory operand.</summary>
    public UsdtRegister? Index { get; init; }

    /// <summary>What the index is multiplied by.</summary>
    public int Scale { get; init; } = 1;

    /// <summary>How the index is widened first (aarch64).</summary>
    public UsdtExtend Extend { get; init; }

    /// <summary>The constant part of a memory operand or of a symbol's address, in bytes.</summary>
    public long Displacement { get; init; }

    /// <summary>The symbol in the operand; null for none.</summary>
    public string? Symbol { get; init; }

    /// <summary>What the operand takes of the symbol: "GOTPCREL", "tpoff", "lo12", ...; null for its address.</summary>
    public string? Modifier { get; init; }

    /// <summary>The segment register of a memory operand: "fs" or "gs"; null for none.</summary>
    public string? Segment { get; init; }

    /// <summary>Where the value is (<see cref="UsdtOperandKind.Memory"/>) or what it is (<see cref="UsdtOperandKind.SymbolAddress"/>); null before <see cref="Resolve"/>.</summary>
    public UsdtAddress? Address { get; init; }

    /// <summary>Why the argument cannot be read; null when it can.</summary>
    public string? Unavailable { get; init; }

    /// <summary>The number, cut to size and read with its sign: what the user must see of an immediate integer.</summary>
    public Int128 Constant
    {
        get
        {
            if (Size >= 16)
            {
                return Written;
            }

            var bits = Size * 8;
            var masked = Written & ((Int128.One << bits) - 1);
            return IsSigned && (masked >> (bits - 1)) != 0 ? masked - (Int128.One << bits) : masked;
        }
    }

    /// <summary>The value's type: "uint64", "int32", "float64", "bytes[24]" for a structure passed in memory.</summary>
    public string TypeName => (IsFloat, Size) switch
    {
        (true, 16) => "x87 80-bit float",
        (true, _) => Invariant($"float{Size * 8}"),
        (false, 1 or 2 or 4 or 8) => Invariant($"{(IsSigned ? "" : "u")}int{Size * 8}"),
        (false, 16) when Kind != UsdtOperandKind.Memory => IsSigned ? "int128" : "uint128",
        _ => Invariant($"bytes[{Size}]"),
    };

    /// <summary>One line for people: "8 unsigned bytes at [rsp+16]".</summary>
    public string Description => UsdtDescription.Of(this);

    /// <summary>Splits and reads the arguments of a note. Nothing in <paramref name="text"/> makes it fail: what cannot be read is unavailable.</summary>
    /// <param name="text">The note's third string.</param>
    /// <param name="machine">Whose assembler wrote it: x86-64 or aarch64.</param>
    public static IReadOnlyList<UsdtArgument> Parse(string text, ElfMachine machine) => UsdtArgumentParser.Parse(text, machine);

    /// <summary>Says what the operand's symbol and registers mean in the file that holds the note.</summary>
    /// <param name="file">The file.</param>
    /// <param name="probe">Address of the probed instruction in that file.</param>
    /// <param name="debug">The file's separate debug file, for symbols that were stripped; null for none.</param>
    /// <returns>The argument with <see cref="Address"/> set, or unavailable with the reason.</returns>
    /// <exception cref="ElfException">A symbol table lies outside its file.</exception>
    public UsdtArgument Resolve(ElfFile file, ulong probe, ElfFile? debug = null) => UsdtResolver.Resolve(this, new(file, debug), probe);

    internal UsdtArgument MakeUnavailable(string reason) => this with { Kind = UsdtOperandKind.Unavailable, Unavailable = reason };

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    bool PrintMembers(StringBuilder builder)
    {
        builder.Append(Text).Append(": ").Append(Description);
        return true;
    }
}
