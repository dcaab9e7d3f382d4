namespace Sonde.Bpf;

/// <summary>Where <c>struct pt_regs</c> of x86-64, the context of uprobes and kprobes, holds the registers (arch/x86/include/asm/ptrace.h).</summary>
public static class PtRegs
{
    static readonly short[] _offsets = [80, 88, 96, 40, 152, 32, 104, 112, 72, 64, 56, 48, 24, 16, 8, 0];

    /// <summary>Byte offset of a general register, by the number the instruction encoding gives it: rax 0, rcx 1, rdx 2, rbx 3, rsp 4, rbp 5, rsi 6, rdi 7, r8 to r15.</summary>
    public static short Offset(byte register) => _offsets[register];
}
