namespace Sonde.Bpf;

/// <summary>What a program is for, which decides its context and helpers (<c>enum bpf_prog_type</c>); most kinds for networking are left out.</summary>
public enum ProgramType
{
    /// <summary>Socket filter; also what can be run on given data everywhere. Linux 3.19+.</summary>
    SocketFilter = 1,

    /// <summary>Kprobe and uprobe; the context is the registers (<c>struct pt_regs</c>). Linux 4.1+.</summary>
    Kprobe = 2,

    /// <summary>Traffic classifier. Linux 4.1+.</summary>
    SchedClassifier = 3,

    /// <summary>Tracepoint; the context is its record. Linux 4.7+.</summary>
    Tracepoint = 5,

    /// <summary>Packets at the driver. Linux 4.8+.</summary>
    Xdp = 6,

    /// <summary>Perf event such as a sampling clock. Linux 4.9+.</summary>
    PerfEvent = 7,

    /// <summary>Tracepoint with its bare arguments. Linux 4.17+.</summary>
    RawTracepoint = 17,

    /// <summary>BTF-typed tracing: fentry, fexit, iterators. Linux 5.5+.</summary>
    Tracing = 26,

    /// <summary>Replacement of a subprogram. Linux 5.6+.</summary>
    Extension = 28,

    /// <summary>Security hook. Linux 5.7+.</summary>
    Lsm = 29,

    /// <summary>Runs by BPF_PROG_TEST_RUN alone, with system calls of its own. Linux 5.14+.</summary>
    Syscall = 31,
}

/// <summary>How a program will be attached, where the verifier must know (<c>enum bpf_attach_type</c>).</summary>
public enum AttachType
{
    /// <summary>Not told; right for all but the kinds below.</summary>
    None = 0,

    /// <summary>BTF-typed raw tracepoint; Linux 5.5+.</summary>
    RawTracepoint = 23,

    /// <summary>Entry of a kernel function (fentry); Linux 5.5+.</summary>
    FunctionEntry = 24,

    /// <summary>Exit of a kernel function (fexit); Linux 5.5+.</summary>
    FunctionExit = 25,

    /// <summary>Iterator; Linux 5.8+.</summary>
    Iterator = 28,

    /// <summary>Many kprobes at once; Linux 5.18+.</summary>
    KprobeMulti = 42,

    /// <summary>Many uprobes at once; Linux 6.6+.</summary>
    UprobeMulti = 48,

    /// <summary>Entry and return of a user function by one program; Linux 6.13+.</summary>
    UprobeSession = 57,
}
