namespace Sonde.Bpf;

/// <summary>What kind of map (<c>enum bpf_map_type</c>, include/uapi/linux/bpf.h); the kinds for networking are left out.</summary>
public enum MapType
{
    /// <summary>A hash table. Linux 3.19+.</summary>
    Hash = 1,

    /// <summary>An array of values with 4-byte indexes, all there from the start and zero. Linux 3.19+.</summary>
    Array = 2,

    /// <summary>Programs for tail calls. Linux 4.2+.</summary>
    ProgArray = 3,

    /// <summary>A perf event for each processor, to send records through. Linux 4.3+.</summary>
    PerfEventArray = 4,

    /// <summary>A hash table with a value for each processor. Linux 4.6+.</summary>
    PerCpuHash = 5,

    /// <summary>An array with a value for each processor. Linux 4.6+.</summary>
    PerCpuArray = 6,

    /// <summary>Stack traces by id. Linux 4.6+.</summary>
    StackTrace = 7,

    /// <summary>Control groups. Linux 4.8+.</summary>
    CgroupArray = 8,

    /// <summary>A hash table that drops the least recently used. Linux 4.10+.</summary>
    LruHash = 9,

    /// <summary>The same with a value for each processor. Linux 4.10+.</summary>
    LruPerCpuHash = 10,

    /// <summary>Longest prefix match. Linux 4.11+.</summary>
    LpmTrie = 11,

    /// <summary>An array of maps. Linux 4.12+.</summary>
    ArrayOfMaps = 12,

    /// <summary>A hash table of maps. Linux 4.12+.</summary>
    HashOfMaps = 13,

    /// <summary>First in, first out. Linux 4.20+.</summary>
    Queue = 22,

    /// <summary>Last in, first out. Linux 4.20+.</summary>
    Stack = 23,

    /// <summary>One queue for all processors, read without copying. Linux 5.8+.</summary>
    RingBuffer = 27,

    /// <summary>A value for each thread, kept with it. Linux 5.11+.</summary>
    TaskStorage = 29,

    /// <summary>Membership with false positives. Linux 5.16+.</summary>
    BloomFilter = 30,

    /// <summary>A ring buffer written by user space. Linux 6.1+.</summary>
    UserRingBuffer = 31,
}

/// <summary>Options of a map (<c>BPF_F_*</c>, include/uapi/linux/bpf.h).</summary>
[Flags]
public enum MapFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Entries of a hash table are allocated when they are needed; required for task storage.</summary>
    NoPreallocation = 1 << 0,

    /// <summary>A stack trace map holds build ids and file offsets instead of addresses; Linux 4.17+.</summary>
    StackBuildId = 1 << 5,

    /// <summary>Programs may only read it; Linux 5.2+.</summary>
    ReadOnlyForProgram = 1 << 7,

    /// <summary>Programs may only write it; Linux 5.2+.</summary>
    WriteOnlyForProgram = 1 << 8,

    /// <summary>An array can be mapped (<see cref="Map.MapMemory"/>); Linux 5.5+.</summary>
    Mmapable = 1 << 10,
}
