using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>The machine a script is compiled for: facts only. Tests give a fixture, the engine the live machine.</summary>
interface ITarget
{
    /// <summary>What the kernel can do.</summary>
    TargetKernel Kernel { get; }

    /// <summary>
    /// The places an attach point names, in the kernel's or file's order; none when nothing matches, which is the caller's to judge.
    /// Reports to <paramref name="diagnostics"/> what is wrong with the attach point itself (a file that is missing, an unknown event…).
    /// </summary>
    IReadOnlyList<ResolvedProbe> Resolve(AttachPoint point, DiagnosticBag diagnostics);

    /// <summary>
    /// Why an attach point for which <see cref="Resolve"/> found nothing has no places, or what was meant: a hint for the caller's message
    /// (<c>did you mean 'sched_switch'?</c>, <c>this kernel has no kprobes…</c>); null when nothing is known.
    /// </summary>
    string? ExplainMissing(AttachPoint point) => null;

    /// <summary>A type of the kernel by name: <paramref name="tag"/> is "struct", "union", "enum" or "" for typedefs and base types.</summary>
    DataType? FindKernelType(string tag, string name);

    /// <summary>A type of the debug information of the file an attach point is in; null if there is none.</summary>
    DataType? FindProgramType(ResolvedProbe probe, string tag, string name);

    /// <summary>The value of a named constant of the kernel's enums; false if there is none of that name.</summary>
    bool TryFindEnumValue(string name, out EnumType type, out long value);

    /// <summary>The address of a kernel symbol (<c>kaddr</c>); null if there is none.</summary>
    ulong? FindKernelSymbol(string name);

    /// <summary>Whether the kernel has a variable of this name of which every processor has its own; by its BTF, which names them since Linux 5.10.</summary>
    bool HasPerCpuVariable(string name);

    /// <summary>The address of a symbol of a probe's file as it lies in the traced process (<c>uaddr</c>), and its size; null if there is none.</summary>
    (ulong Address, int Size)? FindUserSymbol(ResolvedProbe probe, string name);

    /// <summary>The number of a cgroup v2 directory; null if it is none.</summary>
    ulong? FindCgroup(string path);

    /// <summary>Where the kernel keeps what threads are told by; null without the kernel's BTF.</summary>
    KernelThreadLayout? KernelThreads => null;

    /// <summary>The id in the kernel's BTF of a function programs may call (kfunc); null if there is none.</summary>
    int? FindKernelFunction(string name);
}

/// <summary>Offsets in <c>struct task_struct</c>, by the kernel's BTF.</summary>
/// <param name="ThreadPointer">The thread pointer of user space (x86-64: <c>thread.fsbase</c>).</param>
/// <param name="Memory"><c>mm</c>, the process's memory; null for threads of the kernel.</param>
sealed record KernelThreadLayout(int ThreadPointer, int Memory);

/// <summary>What the kernel a script is compiled for can do.</summary>
sealed record TargetKernel
{
    /// <summary>How many processors there can be.</summary>
    public required int Processors { get; init; }

    /// <summary><c>bpf_loop</c>, Linux 5.17.</summary>
    public required bool HasLoop { get; init; }

    /// <summary>Loops the verifier walks, Linux 5.3.</summary>
    public required bool HasBoundedLoops { get; init; }

    /// <summary><c>bpf_for_each_map_elem</c>, Linux 5.13.</summary>
    public required bool HasForEachMapElement { get; init; }

    /// <summary>Ring buffers, Linux 5.8; records go to a perf buffer without them.</summary>
    public required bool HasRingBuffer { get; init; }

    /// <summary>Atomic operations that return a value, Linux 5.12.</summary>
    public required bool HasFetchingAtomics { get; init; }

    /// <summary><c>bpf_get_attach_cookie</c>, Linux 5.15.</summary>
    public required bool HasCookies { get; init; }

    /// <summary>One link for many uprobes, Linux 6.6.</summary>
    public required bool HasUprobeMulti { get; init; }

    /// <summary>One link for many kprobes, Linux 5.18.</summary>
    public required bool HasKprobeMulti { get; init; }

    /// <summary>uprobe programs that may sleep, Linux 6.0.</summary>
    public required bool HasSleepableUprobes { get; init; }

    /// <summary><c>bpf_map_lookup_percpu_elem</c>, Linux 5.19.</summary>
    public required bool HasPerCpuLookup { get; init; }

    /// <summary>Sign-extending loads and moves, signed division, <c>bswap</c>, <c>gotol</c>: Linux 6.6.</summary>
    public required bool HasInstructionSetV4 { get; init; }

    /// <summary>32-bit conditional jumps, Linux 5.1.</summary>
    public required bool HasJump32 { get; init; }

    /// <summary><c>bpf_probe_read_user</c> and <c>bpf_probe_read_kernel</c>, Linux 5.5; before, one helper for both.</summary>
    public required bool HasSeparateReads { get; init; }

    /// <summary><c>bpf_ktime_get_boot_ns</c>, Linux 5.8.</summary>
    public required bool HasBootTime { get; init; }

    /// <summary><c>bpf_ktime_get_tai_ns</c>, Linux 6.1.</summary>
    public required bool HasTaiTime { get; init; }

    /// <summary>Hash maps that take memory for an entry when it is stored, safely from every program (kernel/bpf/memalloc.c), Linux 6.1.</summary>
    public required bool HasMapAllocator { get; init; }

    /// <summary>The kernel's BTF.</summary>
    public required bool HasBtf { get; init; }

    /// <summary>Whether <c>pid</c> and <c>tid</c> are numbers of another pid namespace than the host's (<see cref="Globals.NamespaceDevice"/>).</summary>
    public bool UsesPidNamespace { get; init; }

    /// <summary>Where the thread pointer of user space lies in <c>struct task_struct</c> (x86-64: <c>thread.fsbase</c>), by the kernel's BTF; null if not known.</summary>
    public int? ThreadPointerOffset { get; init; }

    /// <summary>Everything, as of Linux 6.18 on two processors: for tests.</summary>
    public static TargetKernel Newest { get; } = new()
    {
        Processors = 2,
        HasLoop = true,
        HasBoundedLoops = true,
        HasForEachMapElement = true,
        HasRingBuffer = true,
        HasFetchingAtomics = true,
        HasCookies = true,
        HasUprobeMulti = true,
        HasKprobeMulti = true,
        HasSleepableUprobes = true,
        HasPerCpuLookup = true,
        HasInstructionSetV4 = true,
        HasJump32 = true,
        HasSeparateReads = true,
        HasBootTime = true,
        HasTaiTime = true,
        HasMapAllocator = true,
        HasBtf = true,
    };
}
