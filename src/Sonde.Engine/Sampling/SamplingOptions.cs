namespace Sonde.Engine.Sampling;

/// <summary>What the weights of samples stand for.</summary>
public enum SamplingMode : byte
{
    /// <summary>Time by the clock.</summary>
    Wall,

    /// <summary>Time on a processor.</summary>
    Cpu,

    /// <summary>Time off the processors.</summary>
    OffCpu,

    /// <summary>Bytes allocated.</summary>
    Memory,
}

/// <summary>What to sample and how; every sampler takes the same.</summary>
public sealed record SamplingOptions
{
    /// <summary>The processes to sample.</summary>
    public IReadOnlyList<int> Pids { get; init; } = [];

    /// <summary>Whether to sample every Python process, those that start later included, instead.</summary>
    public bool All { get; init; }

    /// <summary>Whether the processes were started by us and may have no interpreter in them yet, or never.</summary>
    public bool Launched { get; init; }

    /// <summary>Whether the children of the processes are sampled too, those that start later included; those that run no Python are passed over.</summary>
    public bool Subprocesses { get; init; }

    /// <summary>What is measured.</summary>
    public SamplingMode Mode { get; init; }

    /// <summary>The mean time between two samples of a thread, in nanoseconds.</summary>
    public long IntervalNs { get; init; } = 10_000_000;

    /// <summary>Whether threads that wait, for whatever, are recorded too.</summary>
    public bool Idle { get; init; }

    /// <summary>Whether only threads that hold the interpreter lock are recorded.</summary>
    public bool GilOnly { get; init; }

    /// <summary>Whether frames of machine code are wanted too.</summary>
    public bool Native { get; init; }

    /// <summary>Only samples inside slow calls are recorded; null for all samples.</summary>
    public SlowCalls? When { get; init; }
}
