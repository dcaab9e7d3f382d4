using Sonde.Script.Syntax;

namespace Sonde.Script.Binding;

/// <summary>What a probe is attached to.</summary>
enum ProbeKind
{
    Begin,
    End,
    Test,
    Bench,
    SelfSignal,
    Uprobe,
    Uretprobe,
    Usdt,
    Tracepoint,
    RawTracepoint,
    Profile,
    Interval,
    Software,
    Hardware,
    Watchpoint,
    Kprobe,
    Kretprobe,
    Fentry,
    Fexit,
    Iterator,
    PythonCall,
    PythonReturn,
    PythonRaise,
}

/// <summary>One place to attach to: what an attach point of the script became on this machine.</summary>
/// <remarks>Which of the fields are set follows from <see cref="Kind"/>.</remarks>
sealed record ResolvedProbe
{
    public required ProbeKind Kind { get; init; }

    /// <summary>The full name as <c>probe</c> shows it, in bpftrace's spelling: <c>uprobe:/bin/bash:readline</c>, <c>tracepoint:sched:sched_switch</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What the program can know there. Probes with equal contexts share a program.</summary>
    public required ProbeContext Context { get; init; }

    /// <summary>Index of <see cref="Name"/> in the script's probe names; given to the program as its attach cookie. Set by the binder.</summary>
    public int NameIndex { get; set; }

    /// <summary>User probes: a path that opens the file, wherever it is (<c>/proc/PID/root/…</c>, <c>/proc/PID/map_files/…</c>).</summary>
    public string Path { get; init; } = "";

    /// <summary>User probes: offset of the instruction in the file.</summary>
    public ulong FileOffset { get; init; }

    /// <summary>USDT: offset of the semaphore in the file; 0 for none.</summary>
    public ulong SemaphoreOffset { get; init; }

    /// <summary>Narrow to this process at attach; 0 for all.</summary>
    public int ProcessId { get; init; }

    /// <summary>The function's or tracepoint's or event's own name (<c>func</c>).</summary>
    public string Function { get; init; } = "";

    /// <summary>Tracepoints: the subsystem. Kernel functions: the module.</summary>
    public string Group { get; init; } = "";

    /// <summary>Tracepoints: the number in tracefs.</summary>
    public int TracepointId { get; init; }

    /// <summary>Kernel functions: offset in bytes from the function's start, or an address when <see cref="Function"/> is empty.</summary>
    public ulong Offset { get; init; }

    /// <summary>fentry, fexit, iter, raw tracepoints: the id in the BTF of the kernel, or of <see cref="Module"/>.</summary>
    public int BtfId { get; init; }

    /// <summary>fentry, fexit, raw tracepoints: the module that has it; empty for the kernel itself.</summary>
    public string Module { get; init; } = "";

    /// <summary>Timers: nanoseconds between two hits when <see cref="Frequency"/> is 0. Software and hardware events: how many make a hit.</summary>
    public ulong Period { get; init; }

    /// <summary>Timers: hits a second, 0 when a period was given.</summary>
    public ulong Frequency { get; init; }

    /// <summary>Perf events: type and config of <c>perf_event_attr</c>.</summary>
    public uint PerfType { get; init; }

    /// <summary>See <see cref="PerfType"/>.</summary>
    public ulong PerfConfig { get; init; }

    /// <summary>Watchpoints: address, length in bytes, and HW_BREAKPOINT_R/W/X bits (include/uapi/linux/hw_breakpoint.h).</summary>
    public ulong Address { get; init; }

    /// <summary>See <see cref="Address"/>.</summary>
    public int WatchLength { get; init; }

    /// <summary>See <see cref="Address"/>.</summary>
    public int WatchMode { get; init; }

    /// <summary>self:signal: the signal's number.</summary>
    public int Signal { get; init; }

    /// <summary>Iterators: where the result is to be pinned; empty for none.</summary>
    public string PinPath { get; init; } = "";

    /// <summary>Where in the script it stands.</summary>
    public SourceSpan? Span { get; init; }
}
