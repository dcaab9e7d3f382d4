using Sonde.Bpf;
using Sonde.Script.Types;
using Sonde.Symbols.Usdt;

namespace Sonde.Script.Binding;

/// <summary>What a program is given when its probe is hit. Two probes of a block share a program when their contexts are equal (<see cref="Key"/>).</summary>
sealed class ProbeContext
{
    /// <summary>Tells contexts apart: equal keys mean programs of equal code.</summary>
    public required string Key { get; init; }

    /// <summary>
    /// Like <see cref="Key"/>, for blocks that use none of <c>argN</c>, <c>args</c>, <c>retval</c> and <c>ctx</c>: one program for all 360
    /// <c>tracepoint:syscalls:sys_enter_*</c> instead of one for each record layout.
    /// </summary>
    public string KeyWithoutArguments => $"{Kind} {ProgramType} {DefaultSpace} {MaySleep}";

    public required ProbeKind Kind { get; init; }

    public required ProgramType ProgramType { get; init; }

    /// <summary>Whose memory <c>str(arg0)</c> and the like mean.</summary>
    public required AddressSpace DefaultSpace { get; init; }

    /// <summary>Whether the context is, or begins with, <c>struct pt_regs</c> (arch/x86/include/uapi/asm/ptrace.h): <c>reg()</c> works.</summary>
    public bool HasRegisters { get; init; }

    /// <summary>The type that <c>ctx</c> points to, if it is known.</summary>
    public DataType? ContextType { get; init; }

    /// <summary><c>arg0</c> and on; null when the number of arguments is not known and arguments follow <see cref="Convention"/>.</summary>
    public IReadOnlyList<ProbeArgument>? Arguments { get; init; }

    /// <summary>How <c>argN</c> is found when <see cref="Arguments"/> does not say.</summary>
    public ArgumentConvention Convention { get; init; }

    /// <summary><c>args.NAME</c>, where each is found by itself (debug information, BTF of functions); null when there are none.</summary>
    public IReadOnlyList<ProbeArgument>? Named
    {
        get => field ?? NamedWhenAsked?.Value;
        init;
    }

    /// <summary><see cref="Named"/> where finding them takes long: most scripts do not ask.</summary>
    public Lazy<IReadOnlyList<ProbeArgument>?>? NamedWhenAsked { get; init; }

    /// <summary><c>args</c> as a structure that lies at the start of the context (tracepoints); null otherwise.</summary>
    public StructType? ArgumentStruct { get; init; }

    /// <summary><c>retval</c>; null where there is none.</summary>
    public ProbeArgument? ReturnValue { get; init; }

    /// <summary>Whether the program may be a sleepable one (uprobes from Linux 6.0 on).</summary>
    public bool MaySleep { get; init; }

    /// <summary>What a Python probe is given; null for others.</summary>
    public PythonContext? Python { get; init; }
}

/// <summary>How arguments without a description lie.</summary>
enum ArgumentConvention
{
    /// <summary>There are none.</summary>
    None,

    /// <summary>System V AMD64 ABI: rdi, rsi, rdx, rcx, r8, r9, then the stack above the return address.</summary>
    Registers,

    /// <summary>An array of 8-byte numbers at the context's start (raw tracepoints, fentry).</summary>
    Array,
}

/// <summary>A value a probe gives, and where it is.</summary>
/// <param name="Name">The name; empty for <c>argN</c>.</param>
/// <param name="Type">The type.</param>
/// <param name="Source">Where it is.</param>
sealed record ProbeArgument(string Name, DataType Type, ArgumentSource Source);

/// <summary>Where a value is when a probe is hit.</summary>
abstract record ArgumentSource;

/// <summary>In the context itself, at a constant offset, as many bytes as the type has (structures: in place).</summary>
sealed record ContextSource(int Offset) : ArgumentSource;

/// <summary>In a register of <c>struct pt_regs</c>, its offset in bytes there; the low bytes as many as the type has.</summary>
sealed record RegisterSource(int Offset) : ArgumentSource;

/// <summary>On the stack of the target: so many bytes above its stack pointer.</summary>
sealed record StackSource(int Offset) : ArgumentSource;

/// <summary>In the target's memory at a register's value plus an offset; the register as its offset in <c>struct pt_regs</c>.</summary>
sealed record MemorySource(int Register, long Offset) : ArgumentSource;

/// <summary>As a USDT note says.</summary>
sealed record UsdtSource(UsdtArgument Argument) : ArgumentSource;

/// <summary>Nowhere: asking for it is an error with this reason.</summary>
sealed record UnavailableSource(string Reason) : ArgumentSource;
