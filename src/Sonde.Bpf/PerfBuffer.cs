using System.Runtime.InteropServices;
using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>Reads what programs send with <c>bpf_perf_event_output</c>: one ring for each processor (Linux 4.4+, for kernels without ring buffers).</summary>
/// <remarks>
/// For one reader thread; <see cref="Wake"/> may be called from any. Records of different processors come in no
/// particular order, and a record's end may be padded with up to 7 bytes. Processors switched on later are not read.
/// </remarks>
public sealed class PerfBuffer : IRecordReader
{
    const int BpfOutput = 10; // PERF_COUNT_SW_BPF_OUTPUT
    const ulong SampleRaw = 1 << 10; // PERF_SAMPLE_RAW

    readonly Epoll _epoll;
    readonly List<PerfRing> _rings = [];
    readonly PerfRecordTaker _take;
    RecordHandler? _handler;
    int _taken;

    /// <summary>Opens a ring on every processor and puts it into <paramref name="map"/>, which must stay open as long as this.</summary>
    /// <param name="map">A perf event array.</param>
    /// <param name="bytesPerCpu">Size of each ring, a power of two and a multiple of the page size.</param>
    /// <param name="wakeupRecords">How many records make the kernel signal.</param>
    /// <exception cref="LinuxException">EPERM: rights are missing, or <c>kernel.perf_event_mlock_kb</c> is used up.</exception>
    public PerfBuffer(Map map, int bytesPerCpu, int wakeupRecords = 1)
    {
        int page = MemoryMapping.PageSize;
        if (map.Spec.Type != MapType.PerfEventArray)
        {
            throw new ArgumentException($"The map \"{map.Spec.Name}\" is a {map.Spec.Type}, not a perf event array.", nameof(map));
        }

        if (bytesPerCpu < page || !int.IsPow2(bytesPerCpu) || bytesPerCpu > 1 << 29)
        {
            throw new ArgumentOutOfRangeException(nameof(bytesPerCpu), bytesPerCpu, $"A power of two from {page} to {1 << 29}.");
        }

        _take = Take;
        _epoll = new Epoll();
        try
        {
            foreach (int cpu in Processors.Online)
            {
                PerfEventAttributes attributes = new()
                {
                    Type = 1, Config = BpfOutput, SampleType = SampleRaw, Sample = 1, WakeupEvents = (uint)wakeupRecords,
                };
                FileDescriptor descriptor = PerfEvent.Open(attributes, -1, cpu).CheckDescriptor($"perf_event_open(bpf-output, cpu {cpu})", Program.NeedsPerfRights);
                _rings.Add(new PerfRing(descriptor, bytesPerCpu));
                _epoll.Watch(descriptor, _rings.Count - 1);
                map.Update(cpu, descriptor.Number);
                PerfEvent.Enable(descriptor).Check("ioctl(PERF_EVENT_IOC_ENABLE)");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ulong Lost { get; private set; }

    bool HasRecords => _rings.Exists(static ring => ring.HasRecords);

    /// <inheritdoc/>
    public bool Wait(TimeSpan timeout)
    {
        Interlocked.MemoryBarrier();
        if (!HasRecords)
        {
            Span<int> keys = stackalloc int[16];
            _epoll.Wait(keys, timeout);
        }

        return HasRecords;
    }

    /// <inheritdoc/>
    public void Wake() => _epoll.Wake();

    /// <inheritdoc/>
    public int Drain(RecordHandler handler)
    {
        _taken = 0;
        _handler = handler;
        foreach (PerfRing ring in _rings)
        {
            ring.Drain(_take);
        }

        _handler = null;
        return _taken;
    }

    /// <summary>Closes the rings.</summary>
    public void Dispose()
    {
        foreach (PerfRing ring in _rings)
        {
            ring.Dispose();
        }

        _epoll.Dispose();
    }

    /// <summary>Takes a record. A sample: how many bytes (4), the bytes.</summary>
    bool Take(uint type, ushort misc, ReadOnlySpan<byte> record)
    {
        if (type == PerfRing.SampleRecord && record.Length >= 4 && MemoryMarshal.Read<uint>(record) <= record.Length - 4)
        {
            _handler!(record.Slice(4, (int)MemoryMarshal.Read<uint>(record)));
            _taken++;
        }
        else if (type == PerfRing.LostRecord && record.Length >= 16)
        {
            Lost += MemoryMarshal.Read<ulong>(record[8..]);
        }

        return true;
    }
}
