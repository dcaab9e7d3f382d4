using Sonde.Linux;

namespace Sonde.Bpf;

/// <content>The ways to attach a program.</content>
public sealed partial class Program
{
    internal const string NeedsPerfRights = "Needs CAP_PERFMON (and CAP_SYS_ADMIN before Linux 5.8), or root.";

    /// <summary>Attaches to many places of a file with one call (Linux 6.6+).</summary>
    /// <remarks>Takes well under a millisecond whatever the number of places. All places are attached or none.</remarks>
    /// <exception cref="LinuxException">
    /// EINVAL: the kernel is older, or <see cref="ProgramSpec.ExpectedAttachType"/> is not <see cref="AttachType.UprobeMulti"/>.
    /// ESRCH: no such process. ENOTSUPP, EIO: an instruction cannot be probed. EBADF: the path is no regular file.
    /// </exception>
    public Link AttachUprobeMulti(UprobeMultiSpec spec)
    {
        CheckLength(spec, spec.Cookies, nameof(spec.Cookies));
        CheckLength(spec, spec.RefCounterOffsets, nameof(spec.RefCounterOffsets));
        UprobeMultiArguments arguments = new()
        {
            Program = Descriptor,
            Path = spec.Path,
            Offsets = spec.Offsets,
            Cookies = spec.Cookies,
            RefCounterOffsets = spec.RefCounterOffsets,
            Pid = (uint)(spec.Pid ?? 0),
            Return = spec.Return,
        };
        SystemResult result = BpfSystemCall.LinkUprobes(in arguments);
        return new Link(result.CheckDescriptor(
            $"bpf(LINK_CREATE, uprobe_multi, \"{spec.Path}\", {spec.Offsets.Length} offsets{(spec.Pid is { } pid ? $", pid {pid}" : "")})",
            AttachAdvice(result.Errno)));
    }

    /// <summary>Attaches to one place of a file by a perf event (Linux 4.17+): what there is before uprobe_multi.</summary>
    /// <exception cref="LinuxException">As for <see cref="AttachUprobeMulti"/>; ENOENT: no such file.</exception>
    public Link AttachUprobePerf(UprobeSpec spec)
    {
        UprobeUnit unit = UprobeUnit.Instance;
        string operation = $"perf_event_open(uprobe, \"{spec.Path}\", offset 0x{spec.Offset:x}{(spec.Pid is { } pid ? $", pid {pid}" : "")})";
        if (spec.RefCounterOffset > uint.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(spec), $"The reference counter's offset 0x{spec.RefCounterOffset:x} needs more than the 32 bits a perf event has for it.");
        }

        ulong config = (spec.Return ? unit.ReturnBit : 0) | spec.RefCounterOffset << unit.RefCounterShift;
        SystemResult result = PerfEvent.OpenUprobe(unit.Type, spec.Path, spec.Offset, config, spec.Pid ?? -1);
        return AttachToPerfEvent(result.CheckDescriptor(operation, AttachAdvice(result.Errno)), spec.Cookie);
    }

    /// <summary>Attaches to a tracepoint, such as <c>sched</c>, <c>sched_process_exec</c> (Linux 4.7+; needs tracefs).</summary>
    /// <param name="category">The directory of the tracepoint in tracefs.</param>
    /// <param name="name">The tracepoint.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives (Linux 5.15+); must be 0 before.</param>
    /// <exception cref="LinuxException">ENOENT: there is no such tracepoint. EACCES: the program reads beyond its record.</exception>
    public Link AttachTracepoint(string category, string name, ulong cookie = 0)
    {
        using Tracefs tracefs = Tracefs.Open();
        if (!tracefs.TryGetTracepointId(category, name, out uint id))
        {
            throw new LinuxException(Errno.ENOENT, $"attach to tracepoint {category}:{name}", "This kernel has no such tracepoint.");
        }

        return AttachTracepoint(id, $"{category}:{name}", cookie);
    }

    /// <summary>Attaches to a tracepoint by its number in tracefs (Linux 4.7+).</summary>
    /// <param name="id">The number.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives (Linux 5.15+); must be 0 before.</param>
    /// <exception cref="LinuxException">EACCES: the program reads beyond its record.</exception>
    public Link AttachTracepoint(uint id, string name, ulong cookie = 0)
    {
        // The program runs on every processor, whichever one the event is opened on.
        PerfEventAttributes attributes = new() { Type = 2, Config = id, Sample = 1 };
        SystemResult result = PerfEvent.Open(attributes, -1, 0);
        return AttachToPerfEvent(result.CheckDescriptor($"perf_event_open(tracepoint {name})", AttachAdvice(result.Errno)), cookie);
    }

    /// <summary>Attaches to a tracepoint's bare arguments (Linux 4.17+); needs no tracefs and costs less than <see cref="AttachTracepoint(uint, string, ulong)"/>.</summary>
    /// <param name="name">The tracepoint.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives (Linux 6.10+); must be 0 before.</param>
    /// <exception cref="LinuxException">ENOENT: there is no such tracepoint.</exception>
    public Link AttachRawTracepoint(string name, ulong cookie = 0)
    {
        SystemResult result = BpfSystemCall.OpenRawTracepoint(Descriptor, name, cookie);
        return new Link(result.CheckDescriptor(
            $"bpf(RAW_TRACEPOINT_OPEN, \"{name}\")",
            result.Errno == Errno.ENOENT ? "This kernel has no such tracepoint." : AttachAdvice(result.Errno)));
    }

    /// <summary>Runs the program at every so many occurrences of an event, such as a clock's (Linux 4.9+).</summary>
    /// <exception cref="LinuxException">EACCES: <c>kernel.perf_event_paranoid</c> forbids it. EINVAL: the frequency is above <c>kernel.perf_event_max_sample_rate</c>.</exception>
    public Link AttachPerfEvent(PerfEventSpec spec)
    {
        if (spec.Period == 0 == (spec.Frequency <= 0))
        {
            throw new ArgumentException($"Give a period or a frequency above 0, not {spec.Period} and {spec.Frequency}.", nameof(spec));
        }

        PerfEventAttributes attributes = new()
        {
            Type = 1,
            Config = (ulong)spec.Event,
            Sample = spec.Period != 0 ? spec.Period : (ulong)spec.Frequency,
            Frequency = spec.Period == 0,
        };
        return AttachPerfEvent(attributes, $"{spec.Event}", spec.Tid, spec.Cpus, spec.Cookie);
    }

    /// <summary>Runs the program at every so many occurrences of an event of any unit (Linux 4.9+).</summary>
    /// <param name="attributes">The event.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="tid">The one thread watched, wherever it runs; null for everything on the processors.</param>
    /// <param name="cpus">The processors watched; null for all that run now.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives (Linux 5.15+); must be 0 before.</param>
    /// <exception cref="LinuxException">ENOENT: the machine has no such event. EACCES: <c>kernel.perf_event_paranoid</c> forbids it. ENOSPC: all breakpoints are in use.</exception>
    public Link AttachPerfEvent(in PerfEventAttributes attributes, string name, int? tid = null, int[]? cpus = null, ulong cookie = 0)
    {
        List<Link> links = [];
        try
        {
            foreach (int cpu in cpus ?? (tid is null ? Processors.Online : [-1]))
            {
                SystemResult result = PerfEvent.Open(attributes, tid ?? -1, cpu);
                links.Add(AttachToPerfEvent(
                    result.CheckDescriptor($"perf_event_open({name}, thread {tid ?? -1}, cpu {cpu})", AttachAdvice(result.Errno)), cookie));
            }

            return new Link(links);
        }
        catch
        {
            links.ForEach(link => link.Dispose());
            throw;
        }
    }

    /// <summary>Attaches to a kernel function by a perf event (Linux 4.17+).</summary>
    /// <param name="function">The function; empty when <paramref name="offset"/> is an address.</param>
    /// <param name="offset">Bytes from the function's start.</param>
    /// <param name="atReturn">Whether to fire when the function returns.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives (Linux 5.15+); must be 0 before.</param>
    /// <exception cref="LinuxException">ENOENT: there is no such function, or the kernel has no kprobes. EINVAL, EILSEQ: it cannot be probed there.</exception>
    public Link AttachKprobe(string function, ulong offset, bool atReturn, ulong cookie = 0)
    {
        KprobeUnit unit = KprobeUnit.Instance;
        SystemResult result = PerfEvent.OpenKprobe(unit.Type, function, offset, atReturn ? unit.ReturnBit : 0);
        return AttachToPerfEvent(result.CheckDescriptor($"perf_event_open(kprobe, {function}+{offset})", AttachAdvice(result.Errno)), cookie);
    }

    /// <summary>Attaches to many kernel functions with one call (Linux 5.18+ with CONFIG_FPROBE); all are attached or none.</summary>
    /// <exception cref="LinuxException">EINVAL, EOPNOTSUPP: the kernel is older or has no fprobes. ESRCH: a function is not there or must not be probed.</exception>
    public Link AttachKprobeMulti(IReadOnlyList<string> functions, ReadOnlySpan<ulong> cookies, bool atReturn)
    {
        SystemResult result = BpfSystemCall.LinkKprobes(Descriptor, functions, cookies, atReturn);
        return new Link(result.CheckDescriptor($"bpf(LINK_CREATE, kprobe_multi, {functions.Count} functions)", AttachAdvice(result.Errno)));
    }

    /// <summary>Attaches a fentry or fexit program to the function it was loaded for (Linux 5.5+; cookies 5.18+).</summary>
    /// <exception cref="LinuxException">EBUSY, ENOTSUPP: the function cannot be traced so.</exception>
    public Link AttachTracing(ulong cookie = 0)
    {
        SystemResult result = BpfSystemCall.LinkTracing(Descriptor, (uint)Spec.ExpectedAttachType, cookie);
        if (result.Errno == Errno.EINVAL)
        {
            result = BpfSystemCall.OpenRawTracepoint(Descriptor, null);
        }

        return new Link(result.CheckDescriptor($"bpf(LINK_CREATE, {Spec.ExpectedAttachType}, \"{Spec.Name}\")", AttachAdvice(result.Errno)));
    }

    /// <summary>Starts an iterator program (Linux 5.8+): it runs for each thing while what is returned is read, which gives what the program writes.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public FileDescriptor OpenIterator()
    {
        using FileDescriptor link = BpfSystemCall.LinkTracing(Descriptor, (uint)AttachType.Iterator, 0).CheckDescriptor($"bpf(LINK_CREATE, iterator, \"{Spec.Name}\")");
        return BpfSystemCall.CreateIterator(link).CheckDescriptor($"bpf(ITER_CREATE, \"{Spec.Name}\")");
    }

    // Takes over the event: closes it when the program cannot be attached.
    Link AttachToPerfEvent(FileDescriptor perfEvent, ulong cookie)
    {
        try
        {
            SystemResult link = BpfSystemCall.LinkPerfEvent(Descriptor, perfEvent, cookie);
            if (!link.Failed)
            {
                FileDescriptor descriptor = new((int)link.Raw);
                PerfEvent.Enable(perfEvent).Check("ioctl(PERF_EVENT_IOC_ENABLE)");
                return new Link(descriptor, perfEvent);
            }

            // Before 5.15 perf events have no links, and so no cookies: EINVAL for the attach type.
            if (link.Errno != Errno.EINVAL || cookie != 0)
            {
                link.Check($"bpf(LINK_CREATE, perf event, \"{Spec.Name}\")", cookie != 0 ? "Cookies need Linux 5.15." : AttachAdvice(link.Errno));
            }

            SystemResult set = PerfEvent.SetBpf(perfEvent, Descriptor);
            set.Check($"ioctl(PERF_EVENT_IOC_SET_BPF, \"{Spec.Name}\")", AttachAdvice(set.Errno));
            PerfEvent.Enable(perfEvent).Check("ioctl(PERF_EVENT_IOC_ENABLE)");
            return new Link(perfEvent);
        }
        catch
        {
            perfEvent.Dispose();
            throw;
        }
    }

    static string? AttachAdvice(Errno errno) => errno switch
    {
        Errno.EPERM or Errno.EACCES => NeedsPerfRights,
        Errno.ENOTSUPP or Errno.EOPNOTSUPP => "The kernel cannot probe an instruction there.",
        Errno.EIO => "The offset is outside the file's code.",
        Errno.ESRCH => "There is no such process.",
        _ => null,
    };

    static void CheckLength(UprobeMultiSpec spec, ulong[]? values, string name)
    {
        if (values is not null && values.Length != spec.Offsets.Length)
        {
            throw new ArgumentException($"{name} has {values.Length} entries for {spec.Offsets.Length} offsets.", nameof(spec));
        }
    }
}
