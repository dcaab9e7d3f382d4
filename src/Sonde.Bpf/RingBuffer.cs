using System.Runtime.InteropServices;
using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>Reads a ring buffer map without copying (Linux 5.8+).</summary>
/// <remarks>
/// For one reader thread; <see cref="Wake"/> may be called from any. The loop is <see cref="Wait(TimeSpan)"/>, then
/// <c>foreach (ReadOnlySpan&lt;byte&gt; record in ring.Read())</c>, which frees the space when it ends.
/// </remarks>
public sealed class RingBuffer : IRecordReader
{
    readonly MemoryMapping _consumer;
    readonly MemoryMapping _producer;
    readonly Epoll _epoll;
    readonly int _size;

    /// <summary>Maps <paramref name="map"/>, which must stay open as long as this.</summary>
    /// <exception cref="LinuxException">The mapping is refused.</exception>
    public RingBuffer(Map map)
    {
        if (map.Spec.Type != MapType.RingBuffer)
        {
            throw new ArgumentException($"The map \"{map.Spec.Name}\" is a {map.Spec.Type}, not a ring buffer.", nameof(map));
        }

        // kernel/bpf/ringbuf.c: a page for the consumer position, writable here; one for the producer position, and
        // behind it the data twice in a row, so that a record that wraps around is still in one piece.
        _size = map.Spec.MaxEntries;
        int page = MemoryMapping.PageSize;
        _consumer = MemoryMapping.Map(map.Descriptor, 0, page, MapProtection.Read | MapProtection.Write);
        try
        {
            _epoll = new Epoll();
            _producer = MemoryMapping.Map(map.Descriptor, page, checked(page + 2 * _size), MapProtection.Read);
            _epoll.Watch(map.Descriptor, 0);
        }
        catch
        {
            _consumer.Dispose();
            _producer?.Dispose();
            _epoll?.Dispose();
            throw;
        }
    }

    /// <summary>The size in bytes.</summary>
    public int SizeBytes => _size;

    /// <summary>All bytes ever written, headers and records still being written included: where what is written next begins.</summary>
    public ulong WrittenBytes => _producer.LoadAcquire(0);

    /// <summary>All bytes ever handed back: everything before this position of <see cref="WrittenBytes"/> has been read.</summary>
    public ulong ReadBytes => _consumer.LoadAcquire(0);

    /// <summary>Bytes written and not yet read, headers and records still being written included.</summary>
    public int PendingBytes => (int)Math.Min((ulong)_size, _producer.LoadAcquire(0) - _consumer.LoadAcquire(0));

    /// <summary>Borrows what is complete now, up to a quarter of the buffer, so that programs get space back while the rest is read.</summary>
    /// <remarks>Dispose the lease before the next one; <c>foreach</c> does it.</remarks>
    public RingBufferLease Read()
    {
        ulong begin = _consumer.LoadAcquire(0);
        ulong end = Math.Min(_producer.LoadAcquire(0), begin + (ulong)_size / 4);
        return new RingBufferLease(this, _producer.Bytes[^(2 * _size)..], begin, end);
    }

    /// <summary>Hands the space before <paramref name="position"/> back to the kernel.</summary>
    internal void Release(ulong position) => _consumer.StoreRelease(0, position);

    ulong IRecordReader.Lost => 0;

    /// <inheritdoc/>
    public int Drain(RecordHandler handler)
    {
        // What was there at the beginning: a program that writes faster than we read must not hold us for ever.
        ulong end = _producer.LoadAcquire(0);
        int count = 0;
        ulong before;
        ulong position = _consumer.LoadAcquire(0);
        do
        {
            foreach (ReadOnlySpan<byte> record in Read())
            {
                handler(record);
                count++;
            }

            before = position;
            position = _consumer.LoadAcquire(0);
        }
        while (position != before && position < end);
        return count;
    }

    /// <summary>Waits until the kernel signals a record, <see cref="Wake"/> is called, or the time is over.</summary>
    /// <remarks>
    /// A program that commits with <c>BPF_RB_NO_WAKEUP</c> never signals: give a short timeout and look. One that leaves
    /// the choice to the kernel signals only when the reader has caught up, so read until the lease was empty before waiting.
    /// </remarks>
    /// <returns>Whether there is something to read.</returns>
    public bool Wait(TimeSpan timeout)
    {
        // The position we published must be seen before the kernel decides that we need no signal.
        Interlocked.MemoryBarrier();
        if (PendingBytes == 0)
        {
            Span<int> keys = stackalloc int[1];
            _epoll.Wait(keys, timeout);
        }

        return PendingBytes > 0;
    }

    /// <summary>The same, ended by <paramref name="cancellation"/> too.</summary>
    /// <returns>Whether there is something to read; false at once when cancelled.</returns>
    public bool Wait(TimeSpan timeout, CancellationToken cancellation)
    {
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(static ring => ((RingBuffer)ring!).Wake(), this);
        return !cancellation.IsCancellationRequested && Wait(timeout);
    }

    /// <summary>Makes the present or next <see cref="Wait(TimeSpan)"/> return.</summary>
    public void Wake() => _epoll.Wake();

    /// <summary>Unmaps the buffer. No lease may be in use.</summary>
    public void Dispose()
    {
        _epoll.Dispose();
        _consumer.Dispose();
        _producer.Dispose();
    }
}

/// <summary>A borrowed view of the records between the consumer and producer positions of a ring buffer.</summary>
/// <remarks>
/// Records are valid until <see cref="Dispose"/>, which hands the space of those passed back to the kernel. Enumerating
/// skips what programs discarded and stops at the first record that is still being written.
/// </remarks>
public ref struct RingBufferLease
{
    // struct bpf_ringbuf_hdr, kernel/bpf/ringbuf.c: length in bytes with two flags on top, page offset.
    const uint Busy = 1u << 31;
    const uint Discarded = 1u << 30;
    const int HeaderBytes = 8;

    readonly RingBuffer _ring; // kept alive, for the span does not keep its memory mapped
    readonly ReadOnlySpan<byte> _data;
    readonly ulong _end;
    ulong _position;

    internal RingBufferLease(RingBuffer ring, ReadOnlySpan<byte> dataTwice, ulong begin, ulong end)
    {
        _ring = ring;
        _data = dataTwice;
        _position = begin;
        _end = end;
    }

    /// <summary>The record enumerated.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>The lease itself: <c>foreach</c> disposes it.</summary>
    public readonly RingBufferLease GetEnumerator() => this;

    /// <summary>Goes to the next complete record.</summary>
    /// <returns>False when there is none; <see cref="Current"/> is then empty.</returns>
    public bool MoveNext()
    {
        ulong mask = (ulong)_data.Length / 2 - 1;
        while (_position < _end)
        {
            ReadOnlySpan<byte> here = _data[(int)(_position & mask)..];
            uint header = Volatile.Read(in MemoryMarshal.AsRef<uint>(here));
            if ((header & Busy) != 0)
            {
                break;
            }

            uint length = header & ~Discarded;
            _position += HeaderBytes + length + 7 & ~7UL;
            if ((header & Discarded) == 0)
            {
                Current = here.Slice(HeaderBytes, (int)length);
                return true;
            }
        }

        Current = default;
        return false;
    }

    /// <summary>Frees the space of the records passed.</summary>
    public readonly void Dispose() => _ring.Release(_position);
}
