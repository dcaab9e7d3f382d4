using System.Diagnostics;
using System.Numerics;
using Sonde.Bpf;
using Sonde.Linux;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Where records come from, and what else a session waits for.</summary>
/// <remarks>For one thread; <see cref="Wake"/> may be called from any.</remarks>
sealed class RecordQueue : IDisposable
{
    const int RingKey = 0;
    const int OtherKey = 1;
    const int StreamKey = 2;
    const int PerfBytesPerProcessor = 1 << 19;

    /// <summary>Packets of full size for some tenths of a millisecond of a fast network.</summary>
    const int PacketBytesPerProcessor = 1 << 20;

    const int MostPacketBytesPerProcessor = 1 << 29;

    /// <summary>Of a ring that records may gather in: a small one would be full by then.</summary>
    const int LeastBytesToGather = 128 << 10;

    /// <summary>Records that come again so soon are read together with those behind them.</summary>
    static readonly TimeSpan _busy = TimeSpan.FromMilliseconds(10);

    /// <summary>How long they gather.</summary>
    static readonly TimeSpan _gathering = TimeSpan.FromMilliseconds(1);

    /// <summary>How often perf buffers are looked at, which signal to nobody but themselves.</summary>
    static readonly TimeSpan _perfInterval = TimeSpan.FromMilliseconds(10);

    readonly Epoll _epoll = new();
    readonly RingBuffer? _ring;
    readonly PerfBuffer? _perf;
    readonly PerfBuffer? _packets;
    long _lastArrival;

    /// <exception cref="LinuxException">A buffer cannot be mapped.</exception>
    public RecordQueue(LoadedScript script)
    {
        try
        {
            if (script.Find(script.Script.Runtime.Packets) is { } packets)
            {
                _packets = new PerfBuffer(packets, PacketBytes(script.Script.Config.RingPages));
            }

            var records = script.Find(script.Script.Runtime.Ring);
            if (records?.Spec.Type == MapType.RingBuffer)
            {
                _ring = new RingBuffer(records);
                _epoll.Watch(records.Descriptor, RingKey);
            }
            else if (records is not null)
            {
                _perf = new PerfBuffer(records, PerfBytesPerProcessor);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What the setting asks for, of each processor.</summary>
    static int PacketBytes(int pages) => pages <= 0 ? PacketBytesPerProcessor
        : (int)Math.Min(BitOperations.RoundUpToPowerOf2((ulong)pages) * (ulong)MemoryMapping.PageSize, MostPacketBytesPerProcessor);

    /// <summary>Wakes the reader when the descriptor becomes readable.</summary>
    public void Watch(FileDescriptor descriptor) => _epoll.Watch(descriptor, OtherKey);

    /// <summary>Wakes the reader when one of the descriptors becomes readable, but not for each record when they come one after the other.</summary>
    public void Watch(IEnumerable<FileDescriptor> streams)
    {
        foreach (var stream in streams)
        {
            _epoll.Watch(stream, StreamKey);
        }
    }

    /// <summary>Makes the present or next wait end; nothing once this is closed, for a command may end later.</summary>
    public void Wake()
    {
        try
        {
            _epoll.Wake();
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits.
        }
    }

    /// <summary>Hands on every record that is complete now.</summary>
    /// <returns>How many there were.</returns>
    public int Drain(RecordHandler handler) => (_ring?.Drain(handler) ?? _perf?.Drain(handler) ?? 0) + (_packets?.Drain(handler) ?? 0);

    /// <summary>Waits for records, for a descriptor watched, or to be woken.</summary>
    public void Wait(TimeSpan timeout)
    {
        // The position we published must be seen before the kernel decides that we need no signal.
        Interlocked.MemoryBarrier();
        var isStreaming = false;
        if (_ring is not { PendingBytes: > 0 })
        {
            Span<int> keys = stackalloc int[16];
            var count = _epoll.Wait(keys, (_perf ?? _packets) is not null && (timeout < TimeSpan.Zero || timeout > _perfInterval) ? _perfInterval : timeout);
            isStreaming = keys[..count].Contains(StreamKey);
        }

        Gather(isStreaming);
    }

    /// <summary>Lets records gather when they come one after the other.</summary>
    /// <remarks>
    /// The kernel signals only a reader that has read everything, and a signal takes microseconds out of the probed program: more than all the rest of a
    /// hit. The first records after a pause are read at once.
    /// </remarks>
    void Gather(bool isStreaming)
    {
        if (!isStreaming && _ring is not { PendingBytes: > 0 })
        {
            return;
        }

        var isBusy = Stopwatch.GetElapsedTime(_lastArrival) < _busy;
        if (isBusy && (_ring is null || (_ring.SizeBytes >= LeastBytesToGather && _ring.PendingBytes < _ring.SizeBytes / 8)))
        {
            Thread.Sleep(_gathering);
        }

        _lastArrival = Stopwatch.GetTimestamp();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ring?.Dispose();
        _perf?.Dispose();
        _packets?.Dispose();
        _epoll.Dispose();
    }
}
