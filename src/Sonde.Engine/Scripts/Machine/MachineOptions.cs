namespace Sonde.Engine.Scripts.Machine;

/// <summary>What the command line says about the machine a script is for.</summary>
sealed record MachineOptions
{
    /// <summary>The process of -p, or the child of -c, in this process's numbering; 0 for none.</summary>
    public int ProcessId { get; init; }

    /// <summary>Whether probes may be set where they could damage a process (<c>--unsafe</c>).</summary>
    public bool AllowUnsafe { get; init; }

    /// <summary>BTF to be used in place of the kernel's (BPFTRACE_BTF); null for the kernel's own.</summary>
    public string? BtfPath { get; init; }

    /// <summary>Directories of separate debug files, besides the usual one.</summary>
    public IReadOnlyList<string> DebugDirectories { get; init; } = [];

    /// <summary>Whether <c>pid</c> and <c>tid</c> are numbers of another pid namespace than the host's.</summary>
    public bool UsesPidNamespace { get; init; }

    /// <summary>Finds the places of probe types that are not known here, such as Python's; they come after those of the kernel in listings.</summary>
    public IReadOnlyList<(ProbeType Type, IProbeResolver Resolver)> FurtherTypes { get; init; } = [];
}
