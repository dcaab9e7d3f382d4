using System.Buffers.Binary;
using System.Text;
using Sonde.Linux;
using static Sonde.Engine.Flow.Inside.AgentMemory;

namespace Sonde.Engine.Flow.Inside;

/// <summary>A process with an agent in it: takes the agent's records and hands them to the decoder in the form of those of the kernel's programs.</summary>
sealed class InsideProcess(int pid, AgentRing ring, TimeStampClock clock, FlowDecoder decoder, CodeTable codes, CallFilter filter, long startNs)
{
    /// <summary>At most so many bytes are read before their room is given back.</summary>
    const ulong Batch = 1 << 18;

    readonly byte[] _record = new byte[FlowRecord.CodeSize];
    readonly Dictionary<int, int> _threads = [];
    readonly ulong _begin = ring.Head;
    ulong _now;
    ulong _read;
    ulong _thread;
    long _lastNs = startNs;

    /// <summary>The process.</summary>
    public int Pid => pid;

    /// <summary>Its memory.</summary>
    public AgentRing Ring => ring;

    /// <summary>Names of threads as they told them themselves, by the kernel's number of them.</summary>
    public Dictionary<int, string> ThreadNames { get; } = [];

    /// <summary>Decodes what is there; returns false when nothing was.</summary>
    public bool Drain(CancellationToken stop)
    {
        _now = clock.Ticks;
        var head = ring.Head;
        var any = false;
        var released = _read;
        for (var record = ring.Next(head); !record.IsEmpty && decoder.Remaining > 0; record = ring.Next(head))
        {
            any = true;
            // What the agent did before Sonde was told that it is there are its own first steps.
            var isEarly = _read < _begin;
            _read += (ulong)record.Length;
            Take(record, isEarly);
            if (_read - released > Batch)
            {
                released = _read;
                ring.Release();
                if (stop.IsCancellationRequested)
                {
                    break;
                }
            }
        }

        ring.Release();
        return any;
    }

    void Take(ReadOnlySpan<byte> record, bool isEarly)
    {
        var word = FlowRecord.UInt64(record, 0);
        var kind = (int)(word & ((1 << KindBits) - 1));
        switch (kind)
        {
            case ThreadKind:
                LearnThread(record);
                break;
            case CodeKind:
                LearnCode(record, word);
                break;
            default:
                if (!isEarly)
                {
                    TakeEvent(record, word, (FlowEventKind)kind);
                }

                break;
        }
    }

    void TakeEvent(ReadOnlySpan<byte> record, ulong word, FlowEventKind kind)
    {
        var code = FlowRecord.UInt64(record, 8);
        if (codes.IsUnwanted(pid, code))
        {
            return;
        }

        var isEntry = kind is FlowEventKind.Call or FlowEventKind.Resume;
        WriteHeader(isEntry ? FlowRecord.Enter : FlowRecord.Exit, word, kind);
        var parent = FlowRecord.UInt64(record, isEntry ? 24 : 16);
        // The outermost frame has none; a thread has at most one such.
        parent = parent == 0 ? (uint)_thread : parent;
        if (isEntry)
        {
            Set(FlowRecord.EnterCode, code);
            Set(FlowRecord.EnterFrame, FlowRecord.UInt64(record, 16));
            Set(FlowRecord.EnterParent, parent);
            filter.Enter(_record.AsSpan(0, FlowRecord.EnterSize));
        }
        else
        {
            Set(FlowRecord.ExitParent, parent);
            Set(FlowRecord.ExitFrame, 0);
            filter.Exit(_record.AsSpan(0, FlowRecord.ExitSize));
        }
    }

    /// <summary>The fields that all records have.</summary>
    void WriteHeader(byte kind, ulong word, FlowEventKind detail)
    {
        _record.AsSpan(0, FlowRecord.ThreadOffset).Clear();
        _record[FlowRecord.KindOffset] = kind;
        _record[FlowRecord.DetailOffset] = (byte)detail;
        BinaryPrimitives.WriteUInt16LittleEndian(_record.AsSpan(FlowRecord.CpuOffset), (ushort)(word >> KindBits & ((1 << ProcessorBits) - 1)));
        Set(FlowRecord.ThreadOffset, _thread);
        Set(FlowRecord.TimeOffset, (ulong)TimeOf(word));
    }

    /// <summary>The moment of a record. The counter's upper bits are not in it; they are those that bring it closest to now.</summary>
    long TimeOf(ulong word)
    {
        var distance = (long)(((word >> TimeShift) - _now) << TimeShift) >> TimeShift;
        // Two processors' counters may be some ticks apart, and the line of the clock is bent a little; time does not go back.
        return _lastNs = Math.Max(_lastNs, clock.ToNs(_now + (ulong)distance));
    }

    void LearnThread(ReadOnlySpan<byte> record)
    {
        var own = (int)FlowRecord.UInt64(record, 8);
        if (!_threads.TryGetValue(own, out var tid))
        {
            tid = NumberOf(own);
            _threads.Add(own, tid);
        }

        var name = record[16..];
        ThreadNames[tid] = Encoding.UTF8.GetString(name[..Math.Max(0, name.IndexOf((byte)0))]);
        _thread = (ulong)(uint)pid << 32 | (uint)tid;
    }

    /// <summary>The number that our pid namespace has for a thread; its own where the thread is gone already.</summary>
    int NumberOf(int own)
    {
        if (!ProcFs.TryReadStatus(pid, out var status) || status.NamespacePids.Length < 2)
        {
            return own;
        }

        foreach (var tid in ProcFs.Tasks(pid))
        {
            if (ProcFs.TryReadStatus(tid, out var thread) && thread.NamespacePids is [.., var innermost] && innermost == own)
            {
                return tid;
            }
        }

        return own;
    }

    void LearnCode(ReadOnlySpan<byte> record, ulong word)
    {
        WriteHeader(FlowRecord.Code, word, default);
        record[CodeHeader..].CopyTo(_record.AsSpan(FlowRecord.CodeAddress));
        decoder.Decode(_record);
        if (codes.IsUnwanted(pid, FlowRecord.UInt64(_record, FlowRecord.CodeAddress)))
        {
            ring.Unwant(FlowRecord.Int32(record, 12), (uint)FlowRecord.Int32(record, 8));
        }
    }

    void Set(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(_record.AsSpan(offset), value);
}
