using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Sonde.Linux;

/// <summary>What happened to a process.</summary>
public enum ProcessEventKind
{
    /// <summary>It mapped something that can run.</summary>
    Mapped,

    /// <summary>It was started by another, whose mappings it has.</summary>
    Forked,

    /// <summary>It began another program: what it had mapped is gone.</summary>
    Executed,

    /// <summary>Its first thread ended.</summary>
    Ended,
}

/// <summary>Something that happened to a process.</summary>
/// <param name="Kind">What.</param>
/// <param name="TimeNs">When, on <c>CLOCK_MONOTONIC</c>.</param>
/// <param name="Pid">To which process.</param>
/// <param name="Parent">For <see cref="ProcessEventKind.Forked"/>, of which.</param>
/// <param name="Mapping">For <see cref="ProcessEventKind.Mapped"/>, what.</param>
public readonly record struct ProcessEvent(ProcessEventKind Kind, ulong TimeNs, int Pid, int Parent, ProcMapping Mapping);

/// <summary>Has the kernel tell what all processes map, run and start: a software event that never happens, with the records beside it (perf_event_open(2); Linux 4.1 and later).</summary>
/// <remarks>For one thread. Processors switched on later are not heard.</remarks>
public sealed class ProcessEvents : IDisposable
{
    // include/uapi/linux/perf_event.h
    const uint Software = 1, Dummy = 9;
    const uint CommRecord = 3, ExitRecord = 4, ForkRecord = 7, MappedRecord = 10;
    const ushort CommOfExec = 1 << 13;
    const int BytesPerProcessor = 256 << 10;
    const int TimeBytes = 8;

    /// <summary>More paths than these are not kept to be told again.</summary>
    const int MostPaths = 1 << 14;

    const string DeletedMark = " (deleted)";

    readonly List<PerfRing> _rings = [];
    readonly Dictionary<string, string> _paths = [];
    readonly List<(long Number, ProcessEvent Event)> _told = [];
    long _count;

    ProcessEvents()
    {
    }

    /// <summary>How many records found no room.</summary>
    public ulong Lost { get; private set; }

    /// <summary>The descriptors that are readable when there is something to tell.</summary>
    public IEnumerable<FileDescriptor> Descriptors => _rings.Select(static ring => ring.Event);

    /// <summary>Begins to listen.</summary>
    /// <param name="processors">The processors that are on.</param>
    /// <param name="events">What happens from now on.</param>
    /// <returns>Why not: EACCES and EPERM when the right to look at all processes (CAP_PERFMON) or to lock the rings' memory is missing.</returns>
    public static SystemResult TryOpen(IReadOnlyList<int> processors, out ProcessEvents? events)
    {
        var opened = new ProcessEvents();
        events = null;
        foreach (var processor in processors)
        {
            var attributes = new PerfEventAttributes { Type = Software, Config = Dummy, Sample = 1, TellsProcesses = true, WakeupBytes = 1 };
            var result = PerfEvent.Open(attributes, -1, processor);
            if (result.Errno == Errno.ENODEV)
            {
                // Switched off since the list was made.
                continue;
            }

            if (!result.Failed)
            {
                try
                {
                    opened._rings.Add(new PerfRing(new FileDescriptor((int)result.Raw), BytesPerProcessor));
                    continue;
                }
                catch (LinuxException exception)
                {
                    result = new SystemResult(-(int)exception.Errno);
                }
            }

            opened.Dispose();
            return result;
        }

        if (opened._rings.Count == 0)
        {
            return new SystemResult(-(int)Errno.ENODEV);
        }

        events = opened;
        return default;
    }

    /// <summary>Tells what happened, in order of time. Whatever was there before the call is told, and with it everything that led to it.</summary>
    public void Drain(Action<ProcessEvent> tell)
    {
        foreach (var ring in _rings)
        {
            ring.Drain(Take);
        }

        if (_told.Count == 0)
        {
            return;
        }

        // What led to an event on another processor was written before it, but to a ring that may have been read before: it is there by now. What is later waits, for the same may be true of it.
        var latest = 0UL;
        foreach (ref readonly var told in CollectionsMarshal.AsSpan(_told))
        {
            latest = Math.Max(latest, told.Event.TimeNs);
        }

        foreach (var ring in _rings)
        {
            ring.Drain(Take);
        }

        // What has the same time stays in the order of its ring.
        _told.Sort(static (one, other) => one.Event.TimeNs != other.Event.TimeNs ? one.Event.TimeNs.CompareTo(other.Event.TimeNs) : one.Number.CompareTo(other.Number));
        var events = CollectionsMarshal.AsSpan(_told);
        var count = 0;
        while (count < events.Length && events[count].Event.TimeNs <= latest)
        {
            tell(events[count++].Event);
        }

        _told.RemoveRange(0, count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var ring in _rings)
        {
            ring.Dispose();
        }
    }

    bool Take(uint type, ushort misc, ReadOnlySpan<byte> body)
    {
        const int pid = 0, parent = 4, thread = 8, lostCount = 8;
        if (body.Length < 16 + TimeBytes)
        {
            return true;
        }

        var time = BinaryPrimitives.ReadUInt64LittleEndian(body[^TimeBytes..]);
        var process = BinaryPrimitives.ReadInt32LittleEndian(body[pid..]);
        switch (type)
        {
            case PerfRing.LostRecord:
                Lost += BinaryPrimitives.ReadUInt64LittleEndian(body[lostCount..]);
                break;
            case ForkRecord when BinaryPrimitives.ReadInt32LittleEndian(body[parent..]) is var from && from != process:
                Tell(new(ProcessEventKind.Forked, time, process, from, default));
                break;
            case ExitRecord when BinaryPrimitives.ReadInt32LittleEndian(body[thread..]) == process:
                Tell(new(ProcessEventKind.Ended, time, process, 0, default));
                break;
            case CommRecord when (misc & CommOfExec) != 0:
                Tell(new(ProcessEventKind.Executed, time, process, 0, default));
                break;
            case MappedRecord when TryReadMapping(body[..^TimeBytes], out var mapping):
                Tell(new(ProcessEventKind.Mapped, time, process, 0, mapping));
                break;
        }

        return true;
    }

    void Tell(in ProcessEvent told) => _told.Add((_count++, told));

    /// <summary>Process and thread (4 bytes each), address, length, offset (8 each), the device's major and minor (4 each), inode and its generation (8 each), protection, flags (4 each), path.</summary>
    bool TryReadMapping(ReadOnlySpan<byte> body, out ProcMapping mapping)
    {
        const int address = 8, length = 16, offset = 24, major = 32, minor = 36, inode = 40, protection = 56, flags = 60, path = 64;
        const uint shared = 1;
        mapping = default;
        if (body.Length < path)
        {
            return false;
        }

        var start = BinaryPrimitives.ReadUInt64LittleEndian(body[address..]);
        var bytes = BinaryPrimitives.ReadUInt64LittleEndian(body[length..]);
        if (bytes == 0 || start > ulong.MaxValue - bytes)
        {
            return false;
        }

        var name = body[path..];
        var end = name.IndexOf((byte)0);
        var file = BinaryPrimitives.ReadUInt64LittleEndian(body[inode..]);
        var text = Interned(Encoding.UTF8.GetString(name[..(end < 0 ? name.Length : end)]));
        var isDeleted = file != 0 && text.EndsWith(DeletedMark, StringComparison.Ordinal);
        mapping = new ProcMapping(start, start + bytes,
            (MapProtection)(BinaryPrimitives.ReadUInt32LittleEndian(body[protection..]) & 7),
            (BinaryPrimitives.ReadUInt32LittleEndian(body[flags..]) & shared) != 0,
            BinaryPrimitives.ReadUInt64LittleEndian(body[offset..]),
            BinaryPrimitives.ReadUInt32LittleEndian(body[major..]) << 20 | BinaryPrimitives.ReadUInt32LittleEndian(body[minor..]) & 0xfffff,
            file,
            text == "//anon" ? "" : isDeleted ? Interned(text[..^DeletedMark.Length]) : text,
            isDeleted);
        return true;
    }

    string Interned(string text)
    {
        if (_paths.TryGetValue(text, out var known))
        {
            return known;
        }

        if (_paths.Count >= MostPaths)
        {
            _paths.Clear();
        }

        _paths.Add(text, text);
        return text;
    }
}
