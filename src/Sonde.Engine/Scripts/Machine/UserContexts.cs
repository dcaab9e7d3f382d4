using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>What programs on user functions are given: the registers.</summary>
static class UserContexts
{
    const byte ResultRegister = 0; // rax

    /// <summary>A function's entry, or its return.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="kernel">What the kernel can do.</param>
    /// <param name="file">The file it is in.</param>
    /// <param name="named">Its parameters, where they are known.</param>
    public static ProbeContext Function(ProbeKind kind, TargetKernel kernel, UserFile file, IReadOnlyList<ProbeArgument>? named) => new()
    {
        // Types of one name are different ones in different programs.
        Key = named is null ? kind.ToString() : $"{kind}|{file.Binary.Path}|{string.Join('|', named.Select(argument => $"{argument.Name}:{argument.Type}:{argument.Source}"))}",
        Named = named,
        Kind = kind,
        ProgramType = ProgramType.Kprobe,
        DefaultSpace = AddressSpace.User,
        HasRegisters = true,
        Convention = kind == ProbeKind.Uprobe ? ArgumentConvention.Registers : ArgumentConvention.None,
        ReturnValue = kind == ProbeKind.Uretprobe ? new("retval", IntegerType.UInt64, new RegisterSource(PtRegs.Offset(ResultRegister))) : null,
        MaySleep = kernel.HasSleepableUprobes,
    };
}
