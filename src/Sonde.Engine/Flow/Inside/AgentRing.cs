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
        _tail = memory.LoadAcquire(TailAt);
    }

    /// <summary>Set when what the process wrote made no sense.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Whether the agent stopped because Sonde seemed dead to it.</summary>
    public bool IsAbandoned => _memory.LoadAcquire(StateAt) == Abandoned;

    /// <summary>Threads that had a profile function of somebody else when the agent went.</summary>
    public long Others => (long)_memory.LoadAcquire(OthersAt);

    /// <summary>What found no room so far.</summary>
    public FlowLosses Losses => new((long)_memory.LoadAcquire(LostEntriesAt), (long)_memory.LoadAcquire(LostExitsAt), (long)_memory.LoadAcquire(LostCodesAt), 0, 0, 0);

    /// <summary>Maps the memory that an agent has made in a process.</summary>
    /// <exception cref="UserErrorException">It is not there, or may not be opened.</exception>
    public static AgentRing Open(int pid, string name, int bytes)
    {
        if (!ProcFs.TryReadMaps(pid, out var mappings) || mappings.Find(each => each.IsShared && each.Path == "/memfd:" + name) is not { Inode: > 0 } mapping)
        {
            throw new UserErrorException($"process {pid}: the agent was loaded, but its memory is not there; the process has ended or started another program");
        }

        var way = $"/proc/{pid}/map_files/{mapping.MapFilesName}";
        var opened = FileDescriptor.TryOpen(way, OpenMode.ReadWrite);
        if (opened.Failed)
        {
            throw new UserErrorException($"process {pid}: the memory that it shares with sonde cannot be opened ({way}: {opened.Errno}); that needs root, or CAP_SYS_PTRACE and CAP_CHECKPOINT_RESTORE");
        }

        using var file = new FileDescriptor((int)opened.Raw);
        // A shorter file than is mapped would end us with a signal.
        if (mapping.End - mapping.Start < (ulong)SharedSize(bytes))
        {
            throw new UserErrorException($"process {pid}: the memory that it shares with sonde is not as it was made");
        }

        var memory = MemoryMapping.Map(file, 0, SharedSize(bytes), MapProtection.Read | MapProtection.Write);
        if (memory.LoadAcquire(MagicAt) != Magic || memory.LoadAcquire(RingBytesAt) != (ulong)bytes)
        {
            memory.Dispose();
            throw new UserErrorException($"process {pid}: the memory that it shares with sonde is not as it was made");
        }

        return new AgentRing(memory, bytes);
    }

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
