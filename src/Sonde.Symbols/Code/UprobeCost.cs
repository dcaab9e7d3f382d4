using System.Globalization;

namespace Sonde.Symbols.Code;

/// <summary>What the kernel does with an instruction that a uprobe stands on.</summary>
public enum UprobeExecution
{
    /// <summary>The kernel does the instruction's work itself, in the trap it takes anyway. The cheap case.</summary>
    Emulated,

    /// <summary>
    /// After its first hit the site becomes a call into a page the kernel adds, with no trap at all (a <c>nop</c> of exactly
    /// five bytes, Linux 6.18 and later). The call and what it saves overwrite 32 bytes below the stack pointer.
    /// </summary>
    Optimized,

    /// <summary>A copy of the instruction is run elsewhere with a single-step trap after it: correct, but many times dearer.</summary>
    SingleStepped,

    /// <summary>The kernel answers <c>ENOTSUPP</c>, or would run the instruction wrongly.</summary>
    Refused,
}

/// <summary>How the kernel would execute a probed instruction, and why.</summary>
/// <param name="Execution">What it would do.</param>
/// <param name="Reason">Why, as a phrase for people.</param>
public readonly record struct UprobeVerdict(UprobeExecution Execution, string Reason);

/// <summary>Tells what a uprobe on an x86-64 instruction costs, from the instruction's bytes alone.</summary>
/// <remarks>
/// The rules of arch/x86/kernel/uprobes.c (<c>uprobe_init_insn</c>, <c>branch_setup_xol_ops</c>, <c>push_setup_xol_ops</c>), checked against Linux 6.18
/// by attaching to every opcode. Bytes that are no instruction at all are not told apart from one that is single-stepped.
/// </remarks>
public static class UprobeCost
{
    static readonly Version _nopsAreEmulated = new(6, 18);

    // One-byte opcodes the kernel never probes: invalid in 64-bit mode, input and output, interrupts, halting, far jumps, segment register pops.
    static readonly bool[] _refused = Table(
        0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61, 0x62, 0x6c, 0x6d, 0x6e, 0x6f, 0x82, 0x9a,
        0xc4, 0xc5, 0xcc, 0xcd, 0xce, 0xcf, 0xd4, 0xd6, 0xe4, 0xe5, 0xe6, 0xe7, 0xea, 0xec, 0xed, 0xee, 0xef, 0xf1, 0xf4, 0xfa, 0xfb);

    /// <summary>Classifies the instruction at the start of <paramref name="code"/>.</summary>
    /// <param name="code">The original bytes, not the breakpoint; 16 are always enough.</param>
    /// <param name="kernel">The kernel's version; null stands for 6.18 or later.</param>
    public static UprobeVerdict Classify(ReadOnlySpan<byte> code, Version? kernel = null)
    {
        var recent = kernel is null || kernel >= _nopsAreEmulated;
        if (LongNop(code) is var nop and > 0)
        {
            return !recent && nop > 2
                ? new(UprobeExecution.SingleStepped, string.Create(CultureInfo.InvariantCulture, $"nop of {nop} bytes, emulated only from Linux 6.18"))
                : nop == 5
                    ? new(UprobeExecution.Optimized, "nop of 5 bytes, turned into a call")
                    : new(UprobeExecution.Emulated, string.Create(CultureInfo.InvariantCulture, $"nop of {nop} bytes"));
        }

        var at = 0;
        var operandSize = false;
        for (; at < code.Length && IsPrefix(code[at]); at++)
        {
            if (code[at] is 0x26 or 0x2e or 0x36 or 0x3e or 0xf0)
            {
                return new(UprobeExecution.Refused, string.Create(CultureInfo.InvariantCulture, $"prefix 0x{code[at]:x2} (segment override or lock)"));
            }

            operandSize |= code[at] == 0x66;
        }

        var prefixes = at;
        byte rex = 0;
        if (at < code.Length && code[at] is >= 0x40 and <= 0x4f)
        {
            rex = code[at++];
        }

        if (at >= code.Length)
        {
            return new(UprobeExecution.Refused, "no complete instruction");
        }

        var opcode = code[at];
        if (rex == 0 && VectorOpcode(code[at..]) is { } vector)
        {
            // The kernel looks a vector instruction's opcode up in the table of one-byte opcodes.
            return _refused[vector]
                ? new(UprobeExecution.Refused, "vector instruction whose opcode byte the kernel does not accept")
                : new(UprobeExecution.SingleStepped, "vector instruction");
        }

        if (_refused[opcode])
        {
            return new(UprobeExecution.Refused, string.Create(CultureInfo.InvariantCulture, $"opcode 0x{opcode:x2} is not accepted"));
        }

        var next = at + 1 < code.Length ? code[at + 1] : (byte)0;
        return opcode switch
        {
            0x8e when (next >> 3 & 7) == 2 => new(UprobeExecution.Refused, "mov to ss delays exceptions"),
            0x90 when (rex & 1) != 0 => new(UprobeExecution.Refused, "xchg with r8, which the kernel would run as a nop"),
            0x90 => new(UprobeExecution.Emulated, "nop"),
            0xe8 => Branch("call", operandSize),
            0xe9 or 0xeb => Branch("jmp", operandSize),
            >= 0x70 and <= 0x7f => Branch("conditional jump", operandSize),
            0x0f when next is >= 0x80 and <= 0x8f => Branch("conditional jump", operandSize),
            >= 0x50 and <= 0x57 when prefixes == 0 && rex is 0 or 0x41 => new(UprobeExecution.Emulated, "push"),
            _ => new(UprobeExecution.SingleStepped, "not one of nop, push, call, jmp and conditional jumps"),
        };
    }

    static UprobeVerdict Branch(string name, bool operandSize) => operandSize
        ? new(UprobeExecution.Refused, $"{name} with an operand size prefix")
        : new(UprobeExecution.Emulated, name);

    /// <summary>The length of the nop of two to eight bytes that the code starts with; 0 when it starts with none.</summary>
    static int LongNop(ReadOnlySpan<byte> code) => code switch
    {
        [0x66, 0x90, ..] => 2,
        [0x0f, 0x1f, 0x00, ..] => 3,
        [0x0f, 0x1f, 0x40, 0x00, ..] => 4,
        [0x0f, 0x1f, 0x44, 0x00, 0x00, ..] => 5,
        [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00, ..] => 6,
        [0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00, ..] => 7,
        [0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00, ..] => 8,
        _ => 0,
    };

    static bool IsPrefix(byte value) => value is 0x26 or 0x2e or 0x36 or 0x3e or 0x64 or 0x65 or 0x66 or 0x67 or 0xf0 or 0xf2 or 0xf3;

    /// <summary>The opcode byte behind a VEX (c4, c5) or EVEX (62) prefix; null without one.</summary>
    static byte? VectorOpcode(ReadOnlySpan<byte> code) => code switch
    {
        [0xc5, _, var opcode, ..] => opcode,
        [0xc4, _, _, var opcode, ..] => opcode,
        [0x62, _, _, _, var opcode, ..] => opcode,
        _ => null,
    };

    static bool[] Table(params ReadOnlySpan<byte> members)
    {
        var table = new bool[256];
        foreach (var member in members)
        {
            table[member] = true;
        }

        return table;
    }
}
