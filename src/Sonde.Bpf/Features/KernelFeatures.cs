using System.Collections.Concurrent;
using Sonde.Bpf.Btf;
using Sonde.Linux;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Bpf;

/// <summary>What the running kernel can do, each tried out when first asked for.</summary>
public static class KernelFeatures
{
    static readonly Instruction[] _nothing = [Mov(R0, 0), Exit()];
    static readonly ConcurrentDictionary<(Helper, ProgramType), Feature> _helpers = [];
    static readonly ConcurrentDictionary<ProgramType, Feature> _programTypes = [];

    /// <summary>Ring buffer maps (Linux 5.8+).</summary>
    public static Feature RingBuffer { get; } = new("ring buffer", new Version(5, 8), () =>
        CanCreate(new MapSpec { Type = MapType.RingBuffer, Name = "probe", MaxEntries = MemoryMapping.PageSize }));

    /// <summary>Many uprobes with one call (Linux 6.6+).</summary>
    public static Feature UprobeMulti { get; } = new("uprobe_multi", new Version(6, 6), HasUprobeMulti, "CONFIG_UPROBE_EVENTS");

    /// <summary>Uprobes by perf event (Linux 4.17+).</summary>
    public static Feature UprobePerf { get; } = new(
        "uprobe perf events", new Version(4, 17), () => File.Exists("/sys/bus/event_source/devices/uprobe/type"), "CONFIG_UPROBE_EVENTS");

    /// <summary>Kprobes by perf event (Linux 4.17+).</summary>
    public static Feature Kprobes { get; } = new(
        "kprobes", new Version(4, 17), () => File.Exists("/sys/bus/event_source/devices/kprobe/type"), "CONFIG_KPROBE_EVENTS");

    /// <summary>Links to perf events, and with them cookies (Linux 5.15+).</summary>
    public static Feature PerfEventLink { get; } = new("perf event links", new Version(5, 15), HasPerfEventLink);

    /// <summary>A value given at attaching and read by the program (Linux 5.15+).</summary>
    public static Feature AttachCookie { get; } = OfHelper("attach cookies", Helper.GetAttachCookie, ProgramType.Kprobe, new Version(5, 15));

    /// <summary>Loops by <c>bpf_loop</c> (Linux 5.17+).</summary>
    public static Feature Loop { get; } = OfHelper("bpf_loop", Helper.Loop, ProgramType.Kprobe, new Version(5, 17));

    /// <summary>Reading user memory by <c>bpf_probe_read_user</c> (Linux 5.5+).</summary>
    public static Feature ProbeReadUser { get; } = OfHelper("bpf_probe_read_user", Helper.ProbeReadUser, ProgramType.Kprobe, new Version(5, 5));

    /// <summary>Process numbers as a pid namespace counts them (Linux 5.7+).</summary>
    public static Feature NamespacePid { get; } = OfHelper("pid namespaces", Helper.GetNsCurrentPidTgid, ProgramType.Kprobe, new Version(5, 7));

    /// <summary>Uprobe programs that may sleep (Linux 6.0+).</summary>
    public static Feature SleepableUprobe { get; } = new("sleepable uprobes", new Version(6, 0), () =>
        CanLoad(new ProgramSpec { Name = "probe", Type = ProgramType.Kprobe, Instructions = _nothing, Sleepable = true }));

    /// <summary>Values kept with threads, from kprobe and uprobe programs (Linux 5.13+).</summary>
    public static Feature TaskStorage { get; } = new("task storage in kprobe programs", new Version(5, 13), HasTaskStorage);

    /// <summary>Atomic instructions that give the old value (Linux 5.12+).</summary>
    public static Feature Atomics { get; } = new("atomics with fetch", new Version(5, 12), () => CanLoad(Filter(
        StoreImm(Size.Double, R10, -8, 0), Mov(R1, 1), AtomicAdd(Size.Double, R10, -8, R1, fetch: true), Mov(R0, 0), Exit())));

    /// <summary>Instruction set version 4: sign extension, signed division, byte swaps, long jumps (Linux 6.6+).</summary>
    public static Feature InstructionSetV4 { get; } = new("instruction set v4", new Version(6, 6), () => CanLoad(Filter(
        Mov(R1, 1), MovSigned(Size.Byte, R0, R1), Exit())));

    /// <summary>Arrays mapped into user space (Linux 5.5+).</summary>
    public static Feature MapMemory { get; } = new("mmap of arrays", new Version(5, 5), () => CanCreate(
        new MapSpec { Type = MapType.Array, Name = "probe", KeySize = 4, ValueSize = 8, MaxEntries = 1, Flags = MapFlags.Mmapable }));

    /// <summary>Bounded loops written as jumps backwards (Linux 5.3+).</summary>
    public static Feature BoundedLoops { get; } = new("bounded loops", new Version(5, 3), () =>
    {
        Label loop = new("loop");
        return CanLoad(Filter(Mov(R0, 4), Mark(loop), Sub(R0, 1), JumpIf(Condition.NotEqual, R0, 0, loop), Exit()));
    });

    /// <summary>Counting run time for as long as one asks for it (Linux 5.8+).</summary>
    public static Feature Stats { get; } = new("run-time statistics", new Version(5, 8), () => Closed(BpfSystemCall.EnableStats(), "bpf(ENABLE_STATS)", Errno.EINVAL));

    /// <summary>The kernel's types in BTF (Linux 5.4+).</summary>
    public static Feature KernelBtf { get; } = new("kernel BTF", new Version(5, 4), () => File.Exists(BtfTypes.KernelPath), "CONFIG_DEBUG_INFO_BTF");

    /// <summary>Probing a five-byte nop in the middle of a function leaves the data below its stack pointer alone (not so on x86-64 in Linux 6.18).</summary>
    public static Feature RedZoneSafety { get; } = new("red zone kept by probes on nop5", null, RedZone.IsKept, "a kernel whose optimized uprobes keep the red zone");

    /// <summary>All of the above, for lists.</summary>
    public static IReadOnlyList<Feature> All { get; } =
    [
        UprobePerf, UprobeMulti, RingBuffer, ProbeReadUser, NamespacePid, AttachCookie, PerfEventLink, SleepableUprobe, TaskStorage, Loop,
        BoundedLoops, Atomics, InstructionSetV4, MapMemory, Stats, KernelBtf, Kprobes, RedZoneSafety,
    ];

    /// <summary>Whether programs of a type can be loaded.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type needs more than an empty program to tell.</exception>
    public static Feature HasProgramType(ProgramType type)
    {
        if (type is ProgramType.Tracing or ProgramType.Extension or ProgramType.Lsm)
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "Programs of this type need a BTF target, so an empty one tells nothing.");
        }

        return _programTypes.GetOrAdd(type, static type => new Feature(
            $"program type {type}", null, () => CanLoad(new ProgramSpec { Name = "probe", Type = type, Instructions = _nothing, Sleepable = type == ProgramType.Syscall })));
    }

    /// <summary>Whether programs of a type may call a helper.</summary>
    public static Feature HasHelper(Helper helper, ProgramType type) =>
        _helpers.GetOrAdd((helper, type), static key => OfHelper($"{key.Item1} in {key.Item2}", key.Item1, key.Item2, null));

    static Feature OfHelper(string name, Helper helper, ProgramType type, Version? since) => new(name, since, () => HasHelperNow(helper, type));

    // The verifier looks at the helper before it looks at the arguments, which are all wrong here.
    static bool HasHelperNow(Helper helper, ProgramType type)
    {
        try
        {
            Program.Load(new ProgramSpec { Name = "probe", Type = type, Instructions = [Call(helper), Mov(R0, 0), Exit()] }).Dispose();
            return true;
        }
        catch (VerifierException refused)
        {
            // "invalid func unknown#999"; "unknown func bpf_x#1" before 6.11, "program of this type cannot use helper bpf_x#1" since.
            return !refused.Log.Contains("unknown func", StringComparison.Ordinal)
                && !refused.Log.Contains("invalid func", StringComparison.Ordinal)
                && !refused.Log.Contains("cannot use helper", StringComparison.Ordinal);
        }
    }

    static bool HasUprobeMulti()
    {
        ProgramSpec spec = new() { Name = "probe", Type = ProgramType.Kprobe, ExpectedAttachType = AttachType.UprobeMulti, Instructions = _nothing };
        using Program program = Program.Load(spec);
        UprobeMultiArguments arguments = new() { Program = program.Descriptor, Path = "/", Offsets = [0] };
        SystemResult result = BpfSystemCall.LinkUprobes(in arguments);

        // A directory is EBADF to a kernel that knows the attach type, which looks at the path; others say EINVAL before.
        return result.Errno switch
        {
            Errno.EBADF => true,
            Errno.EINVAL or Errno.EOPNOTSUPP => false,
            _ => Closed(result, "bpf(LINK_CREATE, uprobe_multi, \"/\")"),
        };
    }

    static bool HasPerfEventLink()
    {
        using Program program = Program.Load(new ProgramSpec { Name = "probe", Type = ProgramType.Tracepoint, Instructions = _nothing });
        using FileDescriptor notAnEvent = FileDescriptor.Open("/dev/null");
        SystemResult result = BpfSystemCall.LinkPerfEvent(program.Descriptor, notAnEvent, 0);

        // EBADF is for the descriptor, which only a kernel that knows such links looks at.
        return result.Errno switch
        {
            Errno.EBADF => true,
            Errno.EINVAL => false,
            _ => Closed(result, "bpf(LINK_CREATE, perf event)"),
        };
    }

    static bool HasTaskStorage()
    {
        MapSpec spec = new() { Type = MapType.TaskStorage, Name = "probe", KeySize = 4, ValueSize = 8, Flags = MapFlags.NoPreallocation };
        if (!CanCreate(spec))
        {
            return false;
        }

        using Map map = Map.Create(spec);
        return CanLoad(new ProgramSpec
        {
            Name = "probe",
            Type = ProgramType.Kprobe,
            Instructions =
            [
                Call(Helper.GetCurrentTaskBtf), Mov(R2, R0), LoadMap(R1, map), Mov(R3, 0), Mov(R4, 0), Call(Helper.TaskStorageGet), Mov(R0, 0), Exit(),
            ],
        });
    }

    static ProgramSpec Filter(params Instruction[] instructions) =>
        new() { Name = "probe", Type = ProgramType.SocketFilter, Instructions = instructions };

    // EINVAL is what an unknown map type, flag or size gives; anything else says nothing about the kernel's age.
    static bool CanCreate(MapSpec spec)
    {
        try
        {
            Map.Create(spec).Dispose();
            return true;
        }
        catch (LinuxException e) when (e.Errno is Errno.EINVAL or Errno.EOPNOTSUPP or Errno.ENOTSUPP)
        {
            return false;
        }
    }

    // Likewise for programs; the verifier's refusal of an instruction comes as EINVAL or EACCES with a log.
    static bool CanLoad(ProgramSpec spec)
    {
        try
        {
            Program.Load(spec).Dispose();
            return true;
        }
        catch (VerifierException)
        {
            return false;
        }
        catch (LinuxException e) when (e.Errno is Errno.EINVAL or Errno.EOPNOTSUPP or Errno.ENOTSUPP)
        {
            return false;
        }
    }

    static bool Closed(SystemResult result, string operation, Errno no = Errno.None)
    {
        if (result.Failed && result.Errno == no)
        {
            return false;
        }

        result.CheckDescriptor(operation).Dispose();
        return true;
    }
}
