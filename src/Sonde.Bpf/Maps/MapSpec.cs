namespace Sonde.Bpf;

/// <summary>What a map is to be like, before any kernel knows of it.</summary>
/// <remarks>Programs may refer to it in place of the map; <see cref="ProgramSpec.Maps"/> says which map it became.</remarks>
public sealed record MapSpec
{
    /// <summary>The kind.</summary>
    public required MapType Type { get; init; }

    /// <summary>The name; the kernel keeps 15 bytes of it (Linux 4.15+).</summary>
    public required string Name { get; init; }

    /// <summary>Bytes of a key; 0 for ring buffers.</summary>
    public int KeySize { get; init; }

    /// <summary>Bytes of a value; 0 for ring buffers.</summary>
    public int ValueSize { get; init; }

    /// <summary>
    /// How many entries; for ring buffers how many bytes, a power of two and a multiple of the page size;
    /// 0 for perf event arrays means one for each processor.
    /// </summary>
    public int MaxEntries { get; init; }

    /// <summary>Options.</summary>
    public MapFlags Flags { get; init; }

    internal bool IsPerCpu => Type is MapType.PerCpuArray or MapType.PerCpuHash or MapType.LruPerCpuHash;
}
