namespace Sonde.Bpf;

/// <summary>Events the kernel makes by itself, on any machine (<c>enum perf_sw_ids</c>, include/uapi/linux/perf_event.h).</summary>
public enum SoftwareEvent
{
    /// <summary>A clock that runs on the processor, idle or not; <see cref="PerfEventSpec.Period"/> is nanoseconds.</summary>
    CpuClock = 0,

    /// <summary>A clock that runs while the thread does; <see cref="PerfEventSpec.Period"/> is nanoseconds.</summary>
    TaskClock = 1,

    /// <summary>Page faults.</summary>
    PageFaults = 2,

    /// <summary>Changes of the running thread.</summary>
    ContextSwitches = 3,

    /// <summary>Moves of a thread to another processor.</summary>
    CpuMigrations = 4,
}

/// <summary>An event at every so many occurrences of which a program runs (Linux 4.9+).</summary>
public sealed record PerfEventSpec
{
    /// <summary>What is counted.</summary>
    public SoftwareEvent Event { get; init; } = SoftwareEvent.CpuClock;

    /// <summary>Occurrences between two runs; nanoseconds for the clocks. Give this or <see cref="Frequency"/>.</summary>
    public ulong Period { get; init; }

    /// <summary>Runs a second, kept to by the kernel. Give this or <see cref="Period"/>.</summary>
    public int Frequency { get; init; }

    /// <summary>The one thread watched, wherever it runs; null for everything on <see cref="Cpus"/>.</summary>
    public int? Tid { get; init; }

    /// <summary>The processors watched; null for all that run now.</summary>
    public int[]? Cpus { get; init; }

    /// <summary>What <c>bpf_get_attach_cookie</c> gives (Linux 5.15+); must be 0 before.</summary>
    public ulong Cookie { get; init; }
}
