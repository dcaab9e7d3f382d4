using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>What programs on user functions are given: the registers.</summary>
static class UserContexts
{
    const byte ResultRegister = 0; // rax

    /// <summary>A function's entry, or its return.</summary>
    public static ProbeContext Function(ProbeKind kind, TargetKernel kernel) => new()
    {
        Key = kind.ToString(),
        Kind = kind,
        ProgramType = ProgramType.Kprobe,
        DefaultSpace = AddressSpace.User,
        HasRegisters = true,
        Convention = kind == ProbeKind.Uprobe ? ArgumentConvention.Registers : ArgumentConvention.None,
        ReturnValue = kind == ProbeKind.Uretprobe ? new("retval", IntegerType.UInt64, new RegisterSource(PtRegs.Offset(ResultRegister))) : null,
        MaySleep = kernel.HasSleepableUprobes,
    };
}
