using System.Diagnostics;
using System.Runtime.InteropServices;
using Sonde.Bpf;
using Sonde.Linux;
using Xunit;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Kernel.Tests.Bpf;

public class UprobeTests
{
    static readonly int _pid = Environment.ProcessId;

    // The first argument of the probed function: pt_regs has rdi at 112, on arm64 x0 at 0.
    static readonly short _firstArgument = (short)(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 112 : 0);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sees_every_call_with_its_argument_and_cookie(bool multi)
    {
        using Map map = RingMap(1 << 16);
        using Program program = Program.Load(Recorder(map, multi));
        using RingBuffer ring = new(map);
        using (Link link = Attach(program, multi))
        {
            LibcFunction.Call(1000, times: 5);
        }

        LibcFunction.Call(2000);
        Assert.Equal([(77, 1000), (77, 1001), (77, 1002), (77, 1003), (77, 1004)], Drain(ring));
    }

    [Fact]
    public void Return_probes_fire_too()
    {
        using Map map = RingMap(1 << 16);
        using Program program = Program.Load(Recorder(map, multi: true));
        using RingBuffer ring = new(map);
        using Link link = program.AttachUprobeMulti(new UprobeMultiSpec
        {
            Path = LibcFunction.Path, Offsets = [LibcFunction.Offset], Cookies = [5], Pid = _pid, Return = true,
        });
        LibcFunction.Call(1, times: 3);
        Assert.Equal([5ul, 5ul, 5ul], Drain(ring).Select(r => r.Cookie));
    }

    [Fact]
    public void Records_wrap_around_in_one_piece_and_lost_ones_are_counted()
    {
        const int Size = 4096;
        const int RecordBytes = 8 + 16;
        using Map map = RingMap(Size);
        using Map lost = Map.Create(new MapSpec { Type = MapType.PerCpuArray, Name = "lost", KeySize = 4, ValueSize = 8, MaxEntries = 1 });
        using Program program = Program.Load(Recorder(map, multi: true, lost));
        using RingBuffer ring = new(map);
        using Link link = Attach(program, multi: true);

        // Several times around, in steps that do not divide the size.
        long sent = 0;
        List<(ulong, long)> seen = [];
        for (int round = 0; round < 10; round++)
        {
            LibcFunction.Call(sent, times: 97);
            sent += 97;
            seen.AddRange(Drain(ring));
        }

        Assert.Equal(Enumerable.Range(0, (int)sent).Select(i => (77ul, (long)i)), seen);
        Assert.Equal(0ul, lost.SumPerCpu(0));

        LibcFunction.Call(0, times: 1000);
        int kept = Drain(ring).Count;
        Assert.InRange(kept, Size / RecordBytes - 1, Size / RecordBytes);
        Assert.Equal(1000ul, (ulong)kept + lost.SumPerCpu(0));
    }

    [Fact]
    public void Waiting_ends_with_a_record_with_cancellation_and_with_time()
    {
        using Map map = RingMap(1 << 16);
        using Program program = Program.Load(Recorder(map, multi: true));
        using RingBuffer ring = new(map);
        using Link link = Attach(program, multi: true);

        Assert.False(ring.Wait(TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken));

        using CancellationTokenSource cancellation = new();
        cancellation.Cancel();
        Assert.False(ring.Wait(Timeout.InfiniteTimeSpan, cancellation.Token));

        Thread later = new(() => LibcFunction.Call(1));
        later.Start();
        Assert.True(WaitLong(ring));
        later.Join();
        Assert.Single(Drain(ring));

        using CancellationTokenSource soon = new();
        Thread canceller = new(soon.Cancel);
        canceller.Start();
        Assert.False(ring.Wait(TimeSpan.FromSeconds(60), soon.Token));
        canceller.Join();
    }

    [Fact]
    public void Enumerating_records_allocates_nothing()
    {
        using Map map = RingMap(1 << 16);
        using Program program = Program.Load(Recorder(map, multi: true));
        using RingBuffer ring = new(map);
        using Link link = Attach(program, multi: true);
        LibcFunction.Call(0, times: 500);
        Sum(ring);
        LibcFunction.Call(0, times: 500);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long sum = Sum(ring);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(499L * 500 / 2, sum);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Attaching_where_nothing_is_names_file_and_reason(bool multi)
    {
        using Map map = RingMap(4096);
        using Program program = Program.Load(Recorder(map, multi));
        LinuxException missing = Assert.Throws<LinuxException>(() => Attach(program, multi, path: "/nonexistent/lib.so"));
        Assert.Equal(Errno.ENOENT, missing.Errno);
        Assert.Contains("/nonexistent/lib.so", missing.Message, StringComparison.Ordinal);
        LinuxException nobody = Assert.Throws<LinuxException>(() => Attach(program, multi, pid: 0x3ffffff));
        Assert.Equal(Errno.ESRCH, nobody.Errno);
        Assert.Contains("pid 67108863", nobody.Message, StringComparison.Ordinal);
    }

    static bool WaitLong(RingBuffer ring)
    {
        for (Stopwatch time = Stopwatch.StartNew(); time.Elapsed < TimeSpan.FromSeconds(30);)
        {
            if (ring.Wait(TimeSpan.FromSeconds(1)))
            {
                return true;
            }
        }

        return false;
    }

    static long Sum(RingBuffer ring)
    {
        long sum = 0;
        foreach (ReadOnlySpan<byte> record in ring.Read())
        {
            sum += MemoryMarshal.Read<long>(record[8..]);
        }

        return sum;
    }

    static List<(ulong Cookie, long Argument)> Drain(RingBuffer ring)
    {
        List<(ulong, long)> records = [];
        int before;
        do
        {
            before = records.Count;
            foreach (ReadOnlySpan<byte> record in ring.Read())
            {
                records.Add((MemoryMarshal.Read<ulong>(record), MemoryMarshal.Read<long>(record[8..])));
            }
        }
        while (records.Count > before);
        Assert.Equal(0, ring.PendingBytes);
        return records;
    }

    static Map RingMap(int bytes) => Map.Create(new MapSpec { Type = MapType.RingBuffer, Name = "events", MaxEntries = bytes });

    static Link Attach(Program program, bool multi, string? path = null, int? pid = null) => multi
        ? program.AttachUprobeMulti(new UprobeMultiSpec { Path = path ?? LibcFunction.Path, Offsets = [LibcFunction.Offset], Cookies = [77], Pid = pid ?? _pid })
        : program.AttachUprobePerf(new UprobeSpec { Path = path ?? LibcFunction.Path, Offset = LibcFunction.Offset, Cookie = 77, Pid = pid ?? _pid });

    /// <summary>Sends cookie and first argument; counts what finds no place.</summary>
    static ProgramSpec Recorder(Map ring, bool multi, Map? lost = null)
    {
        Label full = new("full");
        return new ProgramSpec
        {
            Name = "recorder",
            Type = ProgramType.Kprobe,
            ExpectedAttachType = multi ? AttachType.UprobeMulti : AttachType.None,
            Instructions =
            [
                Mov(R6, R1),
                LoadMap(R1, ring), Mov(R2, 16), Mov(R3, 0), Call(Helper.RingbufReserve),
                JumpIf(Condition.Equal, R0, 0, full),
                Mov(R7, R0),
                Mov(R1, R6), Call(Helper.GetAttachCookie), Store(Size.Double, R7, 0, R0),
                Load(Size.Double, R1, R6, _firstArgument), Store(Size.Double, R7, 8, R1),
                Mov(R1, R7), Mov(R2, 0), Call(Helper.RingbufSubmit),
                Mov(R0, 0), Exit(),
                Mark(full), .. lost is null ? [] : Count(lost), Mov(R0, 0), Exit(),
            ],
        };
    }

    static Instruction[] Count(Map counter)
    {
        Label none = new("none");
        return
        [
            StoreImm(Size.Word, R10, -4, 0), LoadMap(R1, counter), Mov(R2, R10), Add(R2, -4), Call(Helper.MapLookupElem),
            JumpIf(Condition.Equal, R0, 0, none), Mov(R1, 1), AtomicAdd(Size.Double, R0, 0, R1), Mark(none),
        ];
    }
}
