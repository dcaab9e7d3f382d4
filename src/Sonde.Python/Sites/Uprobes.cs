using Sonde.Symbols.Code;

namespace Sonde.Python.Sites;

/// <summary>Which instructions a uprobe may stand on, and on which it is cheap.</summary>
static class Uprobes
{
    static readonly Version _oldestKernel = new(5, 8);

    /// <summary>Whether every kernel emulates the instruction; kernels before 6.18 step the longer nops.</summary>
    public static bool AreCheapOn(ReadOnlySpan<byte> code) =>
        UprobeCost.Classify(code, _oldestKernel).Execution == UprobeExecution.Emulated && AreSafeOn(code);

    /// <summary>Not on what the kernel refuses, and not on the nop that 6.18 turns into a call which writes below the stack pointer.</summary>
    public static bool AreSafeOn(ReadOnlySpan<byte> code) =>
        UprobeCost.Classify(code).Execution is UprobeExecution.Emulated or UprobeExecution.SingleStepped;
}
