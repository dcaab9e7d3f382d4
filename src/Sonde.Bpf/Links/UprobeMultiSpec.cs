namespace Sonde.Bpf;

/// <summary>Places of one file that a program is attached to together (Linux 6.6+).</summary>
public sealed record UprobeMultiSpec
{
    /// <summary>The file: an executable or library; <c>/proc/PID/map_files/…</c> and <c>/proc/PID/root/…</c> are good too.</summary>
    public required string Path { get; init; }

    /// <summary>File offsets of the probed instructions.</summary>
    public required ulong[] Offsets { get; init; }

    /// <summary>What <c>bpf_get_attach_cookie</c> gives at each offset; null for 0 everywhere.</summary>
    public ulong[]? Cookies { get; init; }

    /// <summary>File offset of the 2-byte counter that is raised while attached, for each offset, 0 for none; null for none at all.</summary>
    public ulong[]? RefCounterOffsets { get; init; }

    /// <summary>The one process probed; null for every process that maps the file, now or later.</summary>
    public int? Pid { get; init; }

    /// <summary>Whether to fire when the function at the offset returns.</summary>
    public bool Return { get; init; }
}

/// <summary>One place of one file that a program is attached to, by a perf event (Linux 4.17+).</summary>
public sealed record UprobeSpec
{
    /// <summary>The file: an executable or library.</summary>
    public required string Path { get; init; }

    /// <summary>File offset of the probed instruction.</summary>
    public required ulong Offset { get; init; }

    /// <summary>What <c>bpf_get_attach_cookie</c> gives (Linux 5.15+); must be 0 before.</summary>
    public ulong Cookie { get; init; }

    /// <summary>File offset of the 2-byte counter that is raised while attached; 0 for none (Linux 4.20+).</summary>
    public ulong RefCounterOffset { get; init; }

    /// <summary>The one process probed; null for every process that maps the file, now or later.</summary>
    public int? Pid { get; init; }

    /// <summary>Whether to fire when the function at the offset returns.</summary>
    public bool Return { get; init; }
}
