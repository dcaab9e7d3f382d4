using System.Runtime.InteropServices;

namespace Sonde.Linux;

/// <summary>Takes one record of a perf event's ring.</summary>
/// <param name="type">What it is (<c>enum perf_event_type</c>).</param>
/// <param name="misc">What its header says beside: <c>PERF_RECORD_MISC_*</c>.</param>
/// <param name="body">What is behind the header; valid during the call.</param>
/// <returns>Whether the next one is wanted too.</returns>
public delegate bool PerfRecordTaker(uint type, ushort misc, ReadOnlySpan<byte> body);

/// <summary>The ring in which the kernel tells what a perf event saw: <c>struct perf_event_mmap_page</c>, then the data (include/uapi/linux/perf_event.h).</summary>
/// <remarks>Every record begins with its type (4 bytes), misc (2) and length with this header (2). For one reader at a time.</remarks>
public sealed class PerfRing : IDisposable
{
    /// <summary>The type of a record that tells how many were lost: an id (8 bytes), the number (8).</summary>
    public const uint LostRecord = 2;

    /// <summary>The type of a sample.</summary>
    public const uint SampleRecord = 9;

    const int HeadOffset = 1024;
    const int TailOffset = 1032;
    const int HeaderBytes = 8;

    readonly MemoryMapping _mapping;
    readonly int _size;

    // A record that wraps around is put together here; a record's length has 16 bits.
    readonly byte[] _whole = new byte[ushort.MaxValue + 1];

    /// <summary>Makes the ring of an event, which belongs to it from then on, also when this fails.</summary>
    /// <param name="perfEvent">The event.</param>
    /// <param name="bytes">How much the ring holds: a power of two, at least a page.</param>
    /// <exception cref="LinuxException">EPERM: <c>kernel.perf_event_mlock_kb</c> is used up.</exception>
    public PerfRing(FileDescriptor perfEvent, int bytes)
    {
        (Event, _size) = (perfEvent, bytes);
        try
        {
            _mapping = MemoryMapping.Map(perfEvent, 0, MemoryMapping.PageSize + bytes, MapProtection.Read | MapProtection.Write);
        }
        catch
        {
            perfEvent.Dispose();
            throw;
        }
    }

    /// <summary>The event; readable when the kernel signals that there are records.</summary>
    public FileDescriptor Event { get; }

    /// <summary>Whether there are records.</summary>
    public bool HasRecords => _mapping.LoadAcquire(HeadOffset) != _mapping.LoadAcquire(TailOffset);

    /// <summary>Drops what is there.</summary>
    public void Skip() => _mapping.StoreRelease(TailOffset, _mapping.LoadAcquire(HeadOffset));

    /// <summary>Hands on the records that are there now, until one is refused.</summary>
    public void Drain(PerfRecordTaker take)
    {
        ReadOnlySpan<byte> data = _mapping.Bytes[^_size..];
        ulong tail = _mapping.LoadAcquire(TailOffset);
        ulong head = _mapping.LoadAcquire(HeadOffset);
        bool isWanted = true;
        while (isWanted && head - tail >= HeaderBytes)
        {
            // Records are multiples of 8 bytes long, so that a header never wraps around.
            int at = (int)(tail & (ulong)_size - 1);
            int length = MemoryMarshal.Read<ushort>(data[(at + 6)..]);
            if (length < HeaderBytes || (ulong)length > head - tail || length > _size)
            {
                tail = head;
                break;
            }

            isWanted = take(MemoryMarshal.Read<uint>(data[at..]), MemoryMarshal.Read<ushort>(data[(at + 4)..]), Whole(data, at, length)[HeaderBytes..]);
            tail += (ulong)length;
            _mapping.StoreRelease(TailOffset, tail);
        }

        _mapping.StoreRelease(TailOffset, tail);
    }

    /// <summary>Closes the ring and its event.</summary>
    public void Dispose()
    {
        _mapping.Dispose();
        Event.Dispose();
    }

    ReadOnlySpan<byte> Whole(ReadOnlySpan<byte> data, int at, int length)
    {
        if (at + length <= data.Length)
        {
            return data.Slice(at, length);
        }

        int first = data.Length - at;
        data[at..].CopyTo(_whole);
        data[..(length - first)].CopyTo(_whole.AsSpan(first));
        return _whole.AsSpan(0, length);
    }
}
