using System.Globalization;
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
    /// <param name="address">Its address there, where its parameters may be of interest; null where they are not.</param>
    public static ProbeContext Function(ProbeKind kind, TargetKernel kernel, UserFile file, ulong? address) => new()
    {
        // Whether parameters are described is found out only if they are asked for; until then each function is one of its own.
        Key = address is null ? kind.ToString() : string.Create(CultureInfo.InvariantCulture, $"{kind}|{file.Binary}|{address}"),
        NamedWhenAsked = address is { } known ? new(() => file.FindArguments(known)) : null,
        Kind = kind,
        ProgramType = ProgramType.Kprobe,
        DefaultSpace = AddressSpace.User,
        HasRegisters = true,
        Convention = kind == ProbeKind.Uprobe ? ArgumentConvention.Registers : ArgumentConvention.None,
        ReturnValue = kind == ProbeKind.Uretprobe ? new("retval", IntegerType.UInt64, new RegisterSource(PtRegs.Offset(ResultRegister))) : null,
        MaySleep = kernel.HasSleepableUprobes,
    };
}
