using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Sonde.Bpf;
using Sonde.Linux;
using Xunit;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Kernel.Tests.Bpf;

public class LinkTests
{
    [Fact]
    public void A_raw_tracepoint_runs_the_program_until_disposed()
    {
        using Map count = Counter();
        using Program program = LoadCounter(ProgramType.RawTracepoint, count);
        using (Link link = program.AttachRawTracepoint("sys_enter"))
        {
            Environment.GetEnvironmentVariable("PATH");
            _ = RunningKernel.Version;
            File.Exists("/proc/self/stat");
        }

        Assert.NotEqual(0ul, count.SumPerCpu(0));
        ulong after = count.SumPerCpu(0);
        File.Exists("/proc/self/stat");
        Assert.Equal(after, count.SumPerCpu(0));
    }

    [Fact]
    public void A_tracepoint_gives_the_cookie()
    {
        using Map count = Counter();
        using Program program = LoadCounter(ProgramType.Tracepoint, count, Call(Helper.GetAttachCookie));
        using (Link link = program.AttachTracepoint("syscalls", "sys_enter_pidfd_open", cookie: 1000))
        using (PidFd self = PidFd.Open(Environment.ProcessId))
        {
        }

        // Whoever else called it meanwhile, it is thousands.
        ulong sum = count.SumPerCpu(0);
        Assert.NotEqual(0ul, sum);
        Assert.Equal(0ul, sum % 1000);
    }

    [Fact]
    public void A_clock_runs_the_program_while_a_thread_is_busy()
    {
        using Map count = Counter();
        using Program program = LoadCounter(ProgramType.PerfEvent, count);
        using Link link = program.AttachPerfEvent(new PerfEventSpec { Event = SoftwareEvent.CpuClock, Period = 1_000_000 });
        WaitForFive(count);
    }

    [Fact]
    public void A_task_clock_follows_one_thread()
    {
        using Map count = Counter();
        using Program program = LoadCounter(ProgramType.PerfEvent, count);
        int thisThread = int.Parse(Path.GetFileName(ProcFs.ReadLink("/proc/thread-self")!), CultureInfo.InvariantCulture);
        using (Link link = program.AttachPerfEvent(new PerfEventSpec { Event = SoftwareEvent.TaskClock, Frequency = 1000, Tid = thisThread }))
        {
            WaitForFive(count);
        }

        Assert.Throws<ArgumentException>(() => program.AttachPerfEvent(new PerfEventSpec()));
        Assert.Throws<ArgumentException>(() => program.AttachPerfEvent(new PerfEventSpec { Period = 1, Frequency = 1 }));
    }

    [Fact]
    public void Unknown_tracepoints_are_refused_by_name()
    {
        using Map count = Counter();
        using Program raw = LoadCounter(ProgramType.RawTracepoint, count);
        LinuxException refused = Assert.Throws<LinuxException>(() => raw.AttachRawTracepoint("no_such_thing"));
        Assert.Equal("bpf(RAW_TRACEPOINT_OPEN, \"no_such_thing\"): ENOENT. This kernel has no such tracepoint.", refused.Message);
        using Program program = LoadCounter(ProgramType.Tracepoint, count);
        refused = Assert.Throws<LinuxException>(() => program.AttachTracepoint("../sched", "sched_switch"));
        Assert.Equal("attach to tracepoint ../sched:sched_switch: ENOENT. This kernel has no such tracepoint.", refused.Message);
    }

    [Fact]
    public void Perf_buffers_give_every_record_and_count_the_lost()
    {
        using Map events = Map.Create(new MapSpec { Type = MapType.PerfEventArray, Name = "events", KeySize = 4, ValueSize = 4 });
        using Program program = Program.Load(new ProgramSpec
        {
            Name = "sender",
            Type = ProgramType.Kprobe,
            ExpectedAttachType = AttachType.UprobeMulti,
            Instructions =
            [
                // 20 bytes, of which the first 8 are the function's first argument; with their size record and padding
                // they do not divide the ring, so that some wrap around.
                Load(Size.Double, R2, R1, (short)(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 112 : 0)),
                Store(Size.Double, R10, -24, R2), StoreImm(Size.Double, R10, -16, 0), StoreImm(Size.Word, R10, -8, 0),
                LoadMap(R2, events), LoadImm64(R3, 0xffffffff), Mov(R4, R10), Add(R4, -24), Mov(R5, 20), Call(Helper.PerfEventOutput),
                Mov(R0, 0), Exit(),
            ],
        });
        using PerfBuffer buffer = new(events, 4096);
        using Link link = program.AttachUprobeMulti(new UprobeMultiSpec { Path = LibcFunction.Path, Offsets = [LibcFunction.Offset], Pid = Environment.ProcessId });

        Assert.False(buffer.Wait(TimeSpan.Zero));
        List<long> seen = [];
        void Take(ReadOnlySpan<byte> record) => seen.Add(MemoryMarshal.Read<long>(record));
        for (int round = 0; round < 10; round++)
        {
            LibcFunction.Call(round * 50, times: 50);
            Assert.True(buffer.Wait(TimeSpan.Zero));
            Assert.Equal(50, buffer.Drain(Take));
        }

        Assert.Equal(Enumerable.Range(0, 500).Select(i => (long)i), seen.Order());
        Assert.Equal(0ul, buffer.Lost);

        // The kernel tells a loss with the next record that finds room on the same processor, and this thread may have lost on several.
        seen.Clear();
        int sent = 2000;
        LibcFunction.Call(0, times: sent);
        buffer.Drain(Take);
        for (; (ulong)seen.Count + buffer.Lost < (ulong)sent; sent += Environment.ProcessorCount)
        {
            Assert.True(sent < 100_000, $"{seen.Count} received and {buffer.Lost} lost of {sent}");
            Thread[] threads = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(() => LibcFunction.Call(0)))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            buffer.Drain(Take);
        }

        Assert.NotEqual(0ul, buffer.Lost);
        Assert.Equal((ulong)sent, (ulong)seen.Count + buffer.Lost);
    }

    /// <summary>Keeps this thread busy until a program has run five times.</summary>
    static void WaitForFive(Map count)
    {
        for (Stopwatch time = Stopwatch.StartNew(); count.SumPerCpu(0) < 5;)
        {
            Assert.True(time.Elapsed < TimeSpan.FromSeconds(30));
        }
    }

    static Map Counter() => Map.Create(new MapSpec { Type = MapType.PerCpuArray, Name = "count", KeySize = 4, ValueSize = 8, MaxEntries = 1 });

    /// <summary>Adds 1, or what <paramref name="amount"/> leaves in R0.</summary>
    static Program LoadCounter(ProgramType type, Map counter, Instruction? amount = null)
    {
        Label none = new("none");
        return Program.Load(new ProgramSpec
        {
            Name = "counter",
            Type = type,
            Instructions =
            [
                amount ?? Mov(R0, 1), Mov(R6, R0),
                StoreImm(Size.Word, R10, -4, 0), LoadMap(R1, counter), Mov(R2, R10), Add(R2, -4), Call(Helper.MapLookupElem),
                JumpIf(Condition.Equal, R0, 0, none), AtomicAdd(Size.Double, R0, 0, R6), Mark(none), Mov(R0, 0), Exit(),
            ],
        });
    }
}
