using Sonde.Bpf;
using Sonde.Linux;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Where records come from, and what else a session waits for.</summary>
/// <remarks>For one thread; <see cref="Wake"/> may be called from any.</remarks>
sealed class RecordQueue : IDisposable
{
    const int RingKey = 0;
    const int OtherKey = 1;
    const int PerfBytesPerProcessor = 1 << 19;

    /// <summary>How often perf buffers are looked at, which signal to nobody but themselves.</summary>
    static readonly TimeSpan _perfInterval = TimeSpan.FromMilliseconds(10);

    readonly Epoll _epoll = new();
    readonly RingBuffer? _ring;
    readonly PerfBuffer? _perf;

    /// <exception cref="LinuxException">The buffer cannot be mapped.</exception>
    public RecordQueue(LoadedScript script)
    {
        if (script.Find(script.Script.Runtime.Ring) is not { } map)
        {
            return;
        }

        if (map.Spec.Type == MapType.RingBuffer)
        {
            _ring = new RingBuffer(map);
            _epoll.Watch(map.Descriptor, RingKey);
        }
        else
        {
            _perf = new PerfBuffer(map, PerfBytesPerProcessor);
        }
    }

    /// <summary>Wakes the reader when the descriptor becomes readable.</summary>
    public void Watch(FileDescriptor descriptor) => _epoll.Watch(descriptor, OtherKey);

    /// <summary>Makes the present or next wait end.</summary>
    public void Wake() => _epoll.Wake();

    /// <summary>Hands on every record that is complete now.</summary>
    /// <returns>How many there were.</returns>
    public int Drain(RecordHandler handler) => _ring?.Drain(handler) ?? _perf?.Drain(handler) ?? 0;

    /// <summary>Waits for records, for a descriptor watched, or to be woken.</summary>
    public void Wait(TimeSpan timeout)
    {
        // The position we published must be seen before the kernel decides that we need no signal.
        Interlocked.MemoryBarrier();
        if (_ring is { PendingBytes: > 0 })
        {
            return;
        }

        Span<int> keys = stackalloc int[2];
        _epoll.Wait(keys, _perf is not null && (timeout < TimeSpan.Zero || timeout > _perfInterval) ? _perfInterval : timeout);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ring?.Dispose();
        _perf?.Dispose();
        _epoll.Dispose();
    }
}
