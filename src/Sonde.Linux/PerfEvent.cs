using System.Runtime.InteropServices;

namespace Sonde.Linux;

/// <summary>What a perf event counts and records: the fields of <c>struct perf_event_attr</c> in use (include/uapi/linux/perf_event.h).</summary>
public record struct PerfEventAttributes
{
    /// <summary>The number of the performance monitoring unit, such as 1 (software) or 2 (tracepoint).</summary>
    public uint Type { get; set; }

    /// <summary>Which event of that unit.</summary>
    public ulong Config { get; set; }

    /// <summary>For breakpoints the address watched, for uprobes the address of the path (<see cref="PerfEvent.OpenUprobe"/>), for kprobes that of the name.</summary>
    public ulong Config1 { get; set; }

    /// <summary>For breakpoints how many bytes are watched, for uprobes the file offset, for kprobes the offset in the function.</summary>
    public ulong Config2 { get; set; }

    /// <summary>For breakpoints: the accesses watched, HW_BREAKPOINT_R, W and X (include/uapi/linux/hw_breakpoint.h).</summary>
    public uint BreakpointType { get; set; }

    /// <summary>Events between two samples, or samples a second when <see cref="Frequency"/> is set.</summary>
    public ulong Sample { get; set; }

    /// <summary>Whether <see cref="Sample"/> is a frequency.</summary>
    public bool Frequency { get; set; }

    /// <summary>What a sample holds (<c>enum perf_event_sample_format</c>).</summary>
    public ulong SampleType { get; set; }

    /// <summary>Wake the reader after this many samples.</summary>
    public uint WakeupEvents { get; set; }

    /// <summary>Wake the reader when so many bytes are there, instead of after <see cref="WakeupEvents"/>; 0 for that.</summary>
    public uint WakeupBytes { get; set; }

    /// <summary>Tell what processes map that can run, what programs they begin, which ones start and end; each record ends with its time on <c>CLOCK_MONOTONIC</c>.</summary>
    public bool TellsProcesses { get; set; }

    /// <summary>Create the event stopped.</summary>
    public bool Disabled { get; set; }

    /// <summary>Count in children too.</summary>
    public bool Inherit { get; set; }

    /// <summary>Leave out what happens in the kernel; who may not look into it must.</summary>
    public bool ExcludeKernel { get; set; }

    /// <summary>Which of the thread's user-space registers a sample holds, a bit each (<c>enum perf_event_x86_regs</c>, arch/x86/include/uapi/asm/perf_regs.h).</summary>
    public ulong SampleUserRegisters { get; set; }

    /// <summary>How many bytes of the thread's stack a sample holds: a multiple of 8 below 65,536.</summary>
    public uint SampleUserStackBytes { get; set; }
}

/// <summary>perf_event_open(2) and the ioctls of its descriptors.</summary>
public static unsafe class PerfEvent
{
    const ulong CloseOnExec = 8;
    const int AttributeSize = 112; // PERF_ATTR_SIZE_VER5, which every kernel since 4.1 knows

    /// <summary>mmap 8, comm 9, task 13, sample_id_all 18, mmap2 23, comm_exec 24, use_clockid 25.</summary>
    const ulong ProcessBits = 1 << 8 | 1 << 9 | 1 << 13 | 1 << 18 | 1 << 23 | 1 << 24 | 1 << 25;
    const ulong SampleTime = 1 << 2; // PERF_SAMPLE_TIME
    const int MonotonicClock = 1;

    const uint IoEnable = 0x2400;
    const uint IoDisable = 0x2401;
    const uint IoRefresh = 0x2402;
    const uint IoSetBpf = 0x40042408;

    /// <summary>Opens an event on a process (-1 for all) and a processor (-1 for all; not both); the result is a descriptor's number.</summary>
    public static SystemResult Open(in PerfEventAttributes attributes, int pid, int cpu)
    {
        byte* raw = stackalloc byte[AttributeSize];
        Span<byte> bytes = new(raw, AttributeSize);
        bytes.Clear();
        Put(bytes, 0, attributes.Type);
        Put(bytes, 4, (uint)AttributeSize);
        Put(bytes, 8, attributes.Config);
        Put(bytes, 16, attributes.Sample);
        Put(bytes, 24, attributes.SampleType | (attributes.TellsProcesses ? SampleTime : 0));
        // Bit field: disabled 0, inherit 1, exclude_kernel 5, freq 10, watermark 14.
        Put(bytes, 40, (attributes.Disabled ? 1UL : 0) | (attributes.Inherit ? 2UL : 0) | (attributes.ExcludeKernel ? 1UL << 5 : 0) | (attributes.Frequency ? 1UL << 10 : 0)
            | (attributes.WakeupBytes > 0 ? 1UL << 14 : 0) | (attributes.TellsProcesses ? ProcessBits : 0));
        Put(bytes, 48, attributes.WakeupBytes > 0 ? attributes.WakeupBytes : attributes.WakeupEvents);
        Put(bytes, 52, attributes.BreakpointType);
        Put(bytes, 56, attributes.Config1);
        Put(bytes, 64, attributes.Config2);
        Put(bytes, 80, attributes.SampleUserRegisters);
        Put(bytes, 88, attributes.SampleUserStackBytes);
        Put(bytes, 92, attributes.TellsProcesses ? MonotonicClock : 0);
        return Libc.Result(Libc.SystemCall(Libc.Number.PerfEventOpen, (nint)raw, pid, cpu, -1, (nint)CloseOnExec));
    }

    /// <summary>Opens a uprobe event (Linux 4.17+); the result is a descriptor's number.</summary>
    /// <param name="type">The number of the <c>uprobe</c> unit, from <c>/sys/bus/event_source/devices/uprobe/type</c>.</param>
    /// <param name="path">The file probed.</param>
    /// <param name="offset">Offset in that file.</param>
    /// <param name="config">The return-probe bit, and the reference counter's file offset in the upper half.</param>
    /// <param name="pid">The process probed, -1 for all.</param>
    public static SystemResult OpenUprobe(uint type, string path, ulong offset, ulong config, int pid)
    {
        fixed (byte* name = FileDescriptor.ZeroTerminated(path))
        {
            PerfEventAttributes attributes = new()
            {
                Type = type,
                Config = config,
                Config1 = (ulong)name,
                Config2 = offset,
                Sample = 1,
                WakeupEvents = 1,
            };
            return Open(attributes, pid, pid == -1 ? 0 : -1);
        }
    }

    /// <summary>Opens a kprobe event on every process (Linux 4.17+); the result is a descriptor's number.</summary>
    /// <param name="type">The number of the <c>kprobe</c> unit, from <c>/sys/bus/event_source/devices/kprobe/type</c>.</param>
    /// <param name="function">The function, as <c>module:name</c> if need be; empty for an address.</param>
    /// <param name="offset">Bytes from the function's start, or the address.</param>
    /// <param name="config">The return-probe bit.</param>
    public static SystemResult OpenKprobe(uint type, string function, ulong offset, ulong config)
    {
        fixed (byte* name = FileDescriptor.ZeroTerminated(function))
        {
            PerfEventAttributes attributes = new()
            {
                Type = type,
                Config = config,
                Config1 = function.Length > 0 ? (ulong)name : 0,
                Config2 = offset,
                Sample = 1,
                WakeupEvents = 1,
            };
            return Open(attributes, -1, 0);
        }
    }

    /// <summary>Starts the event.</summary>
    public static SystemResult Enable(FileDescriptor perfEvent) => perfEvent.IoControl(IoEnable, 0);

    /// <summary>Stops the event.</summary>
    public static SystemResult Disable(FileDescriptor perfEvent) => perfEvent.IoControl(IoDisable, 0);

    /// <summary>Starts the event for so many samples, after which it stops by itself.</summary>
    public static SystemResult Refresh(FileDescriptor perfEvent, int samples) => perfEvent.IoControl(IoRefresh, samples);

    /// <summary>Runs <paramref name="program"/> at every event (kernels before 5.15, which have no link for it).</summary>
    public static SystemResult SetBpf(FileDescriptor perfEvent, FileDescriptor program)
    {
        SystemResult result = perfEvent.IoControl(IoSetBpf, program.Number);
        GC.KeepAlive(program);
        return result;
    }

    static void Put<T>(Span<byte> bytes, int offset, T value) where T : unmanaged => MemoryMarshal.Write(bytes[offset..], in value);
}
