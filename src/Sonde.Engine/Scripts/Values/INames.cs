using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Values;

/// <summary>What is known of the machine when a number is to be put into words. Nothing is loaded before it is asked for.</summary>
interface INames
{
    /// <summary>The frames of a stack, innermost first; empty when it could not be taken.</summary>
    /// <param name="shape">Tells the stack map.</param>
    /// <param name="number">Its number there; negative: an error.</param>
    ReadOnlySpan<ulong> Stack(StackShape shape, long number);

    /// <summary>The frames of a stack by build id: 32 bytes each (<c>struct bpf_stack_build_id</c>, include/uapi/linux/bpf.h).</summary>
    ReadOnlySpan<byte> BuildIdStack(StackShape shape, long number);

    /// <summary>The symbol at a kernel address.</summary>
    SymbolName KernelSymbol(ulong address);

    /// <summary>The symbol at an address of a process.</summary>
    /// <param name="process">The process.</param>
    /// <param name="address">The address.</param>
    /// <param name="isCaller">Whether it is where a function returns to: then the line is that of the call before.</param>
    SymbolName UserSymbol(int process, ulong address, bool isCaller);

    /// <summary>The name of a user; null if there is none.</summary>
    string? UserName(uint id);

    /// <summary>The paths of a control group as "hierarchy:path", commas between; empty when there is none.</summary>
    /// <param name="filter">Wanted hierarchies' names, a shell-like pattern; empty for all.</param>
    string CgroupPath(ulong id, string filter);

    /// <summary>What to add to <c>CLOCK_BOOTTIME</c> to get nanoseconds since 1970.</summary>
    long BootToRealNs { get; }

    /// <summary>The time zone of the user.</summary>
    TimeZoneInfo Zone { get; }

    /// <summary>A Python function, file or stack; null when its names never came.</summary>
    string? Python(SymbolicType type, ReadOnlySpan<byte> value);
}

/// <summary>A symbol and how far behind its start an address lies.</summary>
/// <param name="Name">The name; null when nothing is known of the address.</param>
/// <param name="Offset">Bytes from its start.</param>
/// <param name="Module">The file or kernel module; null when not known.</param>
readonly record struct SymbolName(string? Name, ulong Offset, string? Module)
{
    /// <summary>File and line, when they are known and wanted.</summary>
    public string? Place { get; init; }

    /// <summary>Functions whose code is part of this one's there, the innermost first; null when none is, or it is not wanted.</summary>
    public IReadOnlyList<SymbolName>? Inlined { get; init; }
}
