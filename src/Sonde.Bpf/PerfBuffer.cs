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
    readonly List<Ring> _rings = [];

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
                _rings.Add(new Ring(descriptor, page + bytesPerCpu));
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

    bool HasRecords => _rings.Exists(ring => ring.Head != ring.Tail);

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
        int count = 0;
        foreach (Ring ring in _rings)
        {
            count += ring.Drain(handler, out ulong lost);
            Lost += lost;
        }

        return count;
    }

    /// <summary>Closes the rings.</summary>
    public void Dispose()
    {
        foreach (Ring ring in _rings)
        {
            ring.Dispose();
        }

        _epoll.Dispose();
    }

    /// <summary>One processor's ring: <c>struct perf_event_mmap_page</c>, then the data (include/uapi/linux/perf_event.h).</summary>
    sealed class Ring : IDisposable
    {
        const int HeadOffset = 1024;
        const int TailOffset = 1032;
        const int HeaderBytes = 8;
        const uint LostRecord = 2; // PERF_RECORD_LOST: header, id, count
        const uint SampleRecord = 9; // PERF_RECORD_SAMPLE: header, size, bytes

        readonly FileDescriptor _descriptor;
        readonly MemoryMapping _mapping;
        readonly int _size;
        // A record that wraps around is put together here; a record's length has 16 bits.
        readonly byte[] _whole = new byte[ushort.MaxValue + 1];

        internal Ring(FileDescriptor descriptor, int length)
        {
            _descriptor = descriptor;
            _size = length - MemoryMapping.PageSize;
            try
            {
                _mapping = MemoryMapping.Map(descriptor, 0, length, MapProtection.Read | MapProtection.Write);
            }
            catch
            {
                descriptor.Dispose();
                throw;
            }
        }

        internal ulong Head => _mapping.LoadAcquire(HeadOffset);

        internal ulong Tail => _mapping.LoadAcquire(TailOffset);

        internal int Drain(RecordHandler handler, out ulong lost)
        {
            lost = 0;
            int count = 0;
            ReadOnlySpan<byte> data = _mapping.Bytes[^_size..];
            ulong tail = Tail;
            ulong head = Head;
            while (head - tail >= HeaderBytes)
            {
                // Records are multiples of 8 bytes long, so that a header never wraps around.
                int at = (int)(tail & (ulong)_size - 1);
                uint type = MemoryMarshal.Read<uint>(data[at..]);
                int length = MemoryMarshal.Read<ushort>(data[(at + 6)..]);
                if (length < HeaderBytes || (ulong)length > head - tail)
                {
                    tail = head;
                    break;
                }

                ReadOnlySpan<byte> record = Whole(data, at, length)[HeaderBytes..];
                if (type == SampleRecord && record.Length >= 4 && MemoryMarshal.Read<uint>(record) <= record.Length - 4)
                {
                    handler(record.Slice(4, (int)MemoryMarshal.Read<uint>(record)));
                    count++;
                }
                else if (type == LostRecord && record.Length >= 16)
                {
                    lost += MemoryMarshal.Read<ulong>(record[8..]);
                }

                tail += (ulong)length;
                _mapping.StoreRelease(TailOffset, tail);
            }

            _mapping.StoreRelease(TailOffset, tail);
            return count;
        }

        public void Dispose()
        {
            _mapping.Dispose();
            _descriptor.Dispose();
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
}
