using System.Buffers.Binary;
using Sonde.Linux;
using static Sonde.Engine.Flow.Inside.AgentMemory;

namespace Sonde.Engine.Flow.Inside;

/// <summary>Sonde's end of the memory that it shares with an agent.</summary>
/// <remarks>What is in it comes from the process and may be anything; what contradicts itself ends the reading.</remarks>
sealed class AgentRing : IDisposable
{
    readonly MemoryMapping _memory;
    readonly ulong _bytes;
    ulong _tail;

    AgentRing(MemoryMapping memory, int bytes)
    {
        _memory = memory;
        _bytes = (ulong)bytes;
    }

    /// <summary>Set when what the process wrote made no sense.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Whether the agent stopped because Sonde seemed dead to it.</summary>
    public bool IsAbandoned => _memory.LoadAcquire(StateAt) == Abandoned;

    /// <summary>Threads that had a profile function of somebody else when the agent went.</summary>
    public long Others => (long)_memory.LoadAcquire(OthersAt);

    /// <summary>What found no room so far.</summary>
    public FlowLosses Losses => new((long)_memory.LoadAcquire(LostEntriesAt), (long)_memory.LoadAcquire(LostExitsAt), (long)_memory.LoadAcquire(LostCodesAt), 0, 0, 0);

    /// <summary>Makes the memory. Its pages are ours, and are there from the start: the process neither pays for them nor waits for them.</summary>
    /// <param name="name">What it is called in lists of mappings.</param>
    /// <param name="bytes">Size of the ring.</param>
    /// <param name="file">The memory as a file, to be handed to the agent.</param>
    /// <exception cref="UserErrorException">There is not enough memory.</exception>
    public static AgentRing Create(string name, int bytes, out FileDescriptor file)
    {
        try
        {
            file = MemoryFile.Create(name, SharedSize(bytes));
        }
        catch (LinuxException exception)
        {
            throw new UserErrorException($"memory of {SharedSize(bytes)} bytes to share with the process cannot be had: {exception.Message}; give a smaller --buffer");
        }

        try
        {
            return new AgentRing(MemoryMapping.Map(file, 0, SharedSize(bytes), MapProtection.Read | MapProtection.Write, populate: true), bytes);
        }
        catch (LinuxException exception)
        {
            file.Dispose();
            throw new UserErrorException($"memory of {SharedSize(bytes)} bytes to share with the process cannot be mapped: {exception.Message}; give a smaller --buffer");
        }
    }

    /// <summary>Whether the agent has begun to use the memory as it should.</summary>
    public bool IsInUse => _memory.LoadAcquire(MagicAt) == Magic && _memory.LoadAcquire(RingBytesAt) == _bytes;

    /// <summary>Tells the agent that Sonde lives.</summary>
    public void Beat(ulong ticks)
    {
        if (_memory.LoadAcquire(HeartbeatAt) != Stopped)
        {
            _memory.StoreRelease(HeartbeatAt, ticks);
        }
    }

    /// <summary>Makes the agent do nothing any more, from the next event on.</summary>
    public void StopAgent() => _memory.StoreRelease(HeartbeatAt, Stopped);

    /// <summary>Lets the agent drop the calls of the code object that it has sent with this number, at the source.</summary>
    public void Unwant(int slot, uint number)
    {
        if ((uint)slot < Slots)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_memory.Bytes[(DecisionsAt + 4 * slot)..], number);
        }
    }

    /// <summary>Where the agent writes next, in bytes ever written.</summary>
    public ulong Head => _memory.LoadAcquire(HeadAt);

    /// <summary>The next record up to <paramref name="head"/>; empty when there is none.</summary>
    public ReadOnlySpan<byte> Next(ulong head)
    {
        var left = head - _tail;
        if (left == 0 || IsDamaged)
        {
            return default;
        }

        var at = RingAt + (int)(_tail & (_bytes - 1));
        var size = SizeOf(_memory.Bytes[at] & ((1 << KindBits) - 1));
        if (left > _bytes || size == 0 || (ulong)size > left)
        {
            IsDamaged = true;
            return default;
        }

        _tail += (ulong)size;
        return _memory.Bytes.Slice(at, size);
    }

    /// <summary>Gives the room of what was read back to the agent.</summary>
    public void Release() => _memory.StoreRelease(TailAt, _tail);

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
