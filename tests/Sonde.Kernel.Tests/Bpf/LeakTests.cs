using Sonde.Bpf;
using Sonde.Linux;
using Xunit;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Kernel.Tests.Bpf;

[Collection(DescriptorLeak.Alone)]
public class LeakTests
{
    [Fact]
    public void Nothing_is_left_open_after_disposing()
    {
        using DescriptorLeak leak = new();
        using (Map ring = Map.Create(new MapSpec { Type = MapType.RingBuffer, Name = "ring", MaxEntries = 4096 }))
        using (Map perf = Map.Create(new MapSpec { Type = MapType.PerfEventArray, Name = "perf", KeySize = 4, ValueSize = 4 }))
        using (Map storage = Map.Create(new MapSpec { Type = MapType.TaskStorage, Name = "t", KeySize = 4, ValueSize = 8, Flags = MapFlags.NoPreallocation }))
        using (RingBuffer ringReader = new(ring))
        using (PerfBuffer perfReader = new(perf, 8192))
        using (Program multi = Load(ProgramType.Kprobe, AttachType.UprobeMulti))
        using (Program single = Load(ProgramType.Kprobe))
        using (Program clock = Load(ProgramType.PerfEvent))
        using (Program raw = Load(ProgramType.RawTracepoint))
        using (Link l1 = multi.AttachUprobeMulti(new UprobeMultiSpec { Path = LibcFunction.Path, Offsets = [LibcFunction.Offset] }))
        using (Link l2 = single.AttachUprobePerf(new UprobeSpec { Path = LibcFunction.Path, Offset = LibcFunction.Offset }))
        using (Link l3 = clock.AttachPerfEvent(new PerfEventSpec { Frequency = 10 }))
        using (Link l4 = raw.AttachRawTracepoint("sched_process_exec"))
        using (BpfStats stats = BpfStats.Enable())
        using (PidFd self = PidFd.Open(Environment.ProcessId))
        {
            Assert.False(self.HasExited);
        }
    }

    [Fact]
    public void Nothing_is_left_open_by_failures()
    {
        using DescriptorLeak leak = new();
        Assert.Throws<LinuxException>(() => Map.Create(new MapSpec { Type = MapType.TaskStorage, Name = "t", KeySize = 8, ValueSize = 8 }));
        Assert.Throws<VerifierException>(() => Program.Load(new ProgramSpec { Name = "bad", Type = ProgramType.Kprobe, Instructions = [Exit()] }));
        using (Program program = Load(ProgramType.Kprobe))
        {
            Assert.Throws<LinuxException>(() => program.AttachUprobeMulti(new UprobeMultiSpec { Path = LibcFunction.Path, Offsets = [LibcFunction.Offset] }));
            Assert.Throws<LinuxException>(() => program.AttachUprobePerf(new UprobeSpec { Path = "/nonexistent", Offset = 0 }));
            Assert.Throws<LinuxException>(() => program.AttachPerfEvent(new PerfEventSpec { Frequency = 10 }));
            Assert.Throws<LinuxException>(() => program.AttachTracepoint("sched", "no_such_thing"));
        }

        using (Map perf = Map.Create(new MapSpec { Type = MapType.PerfEventArray, Name = "perf", KeySize = 4, ValueSize = 4 }))
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => new PerfBuffer(perf, 5000));
            Assert.Throws<ArgumentException>(() => new RingBuffer(perf));
        }
    }

    [Fact]
    public void Feature_probes_leave_nothing_open()
    {
        // Answers are kept, so all but the first round would prove nothing; helpers and types not asked for elsewhere do.
        using DescriptorLeak leak = new();
        foreach (Feature feature in KernelFeatures.All)
        {
            _ = feature.Answer;
        }

        Assert.True(KernelFeatures.HasProgramType(ProgramType.SchedClassifier).IsSupported);
        Assert.True(KernelFeatures.HasHelper(Helper.GetRouteRealm, ProgramType.SchedClassifier).IsSupported);
    }

    static Program Load(ProgramType type, AttachType attach = AttachType.None) =>
        Program.Load(new ProgramSpec { Name = "nothing", Type = type, ExpectedAttachType = attach, Instructions = [Mov(R0, 0), Exit()] });
}
