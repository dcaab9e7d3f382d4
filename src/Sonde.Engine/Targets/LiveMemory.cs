using Sonde.Linux;
using Sonde.Symbols;

namespace Sonde.Engine.Targets;

/// <summary>The memory of a running process, read without stopping it.</summary>
public sealed class LiveMemory(int pid) : IMemory, IDisposable
{
    readonly ProcessMemory _memory = new(pid);

    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination) => _memory.TryRead(address, destination);

    /// <inheritdoc/>
    public int ReadGather(ReadOnlySpan<ulong> addresses, ReadOnlySpan<int> lengths, Span<byte> destination) => _memory.ReadGather(addresses, lengths, destination);

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
