using System.Diagnostics;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Linux;

public class LinuxTests
{
    [Fact]
    public void Reads_another_process_by_both_ways()
    {
        using Process child = StartWaiting();
        try
        {
            List<ProcMapping> maps = WaitForMaps(child.Id);
            ulong header = maps.First(m => m.IsFile && m.Offset == 0).Start;
            using ProcessMemory memory = new(child.Id);
            byte[] magic = new byte[4];
            Assert.True(memory.TryRead(header, magic));
            Assert.Equal("\u007fELF"u8, magic);
            Assert.False(memory.TryRead(8, magic));
            Assert.Equal(Errno.EIO, memory.LastError);
            Assert.False(memory.TryRead(ulong.MaxValue - 2, magic));
            Assert.True(memory.TryRead(8, []));

            // 100 places, more than go into one call; the last one cannot be read.
            ulong[] places = [.. Enumerable.Repeat(header, 99), 8];
            byte[] gathered = new byte[400];
            Assert.Equal(99, memory.ReadGather(places, 4, gathered));
            Assert.All(Enumerable.Range(0, 99), i => Assert.Equal(magic, gathered.AsSpan(4 * i, 4).ToArray()));
            Assert.Throws<ArgumentOutOfRangeException>(() => memory.ReadGather(places, 5, gathered));

            // Pages without read permission are refused to process_vm_readv but not to /proc/PID/mem.
            ProcMapping hidden = maps.FirstOrDefault(m => m.Protection == MapProtection.None && m.IsFile);
            if (hidden.End != 0)
            {
                Assert.True(memory.TryRead(hidden.Start, magic));
            }
        }
        finally
        {
            child.Kill();
            child.WaitForExit();
        }
    }

    [Fact]
    public void A_process_gone_is_told_without_exceptions()
    {
        using Process child = StartWaiting();
        using PidFd pidFd = PidFd.Open(child.Id);
        int pid = child.Id;
        Assert.False(pidFd.HasExited);
        Assert.False(pidFd.WaitForExit(TimeSpan.FromMilliseconds(1)));
        child.StandardInput.Close();
        Assert.True(pidFd.WaitForExit(TimeSpan.FromSeconds(30)));
        child.WaitForExit();
        Assert.True(pidFd.HasExited);
        // The runtime reaps its children; wait until the number is free.
        Assert.True(SpinWait.SpinUntil(() => !ProcFs.Exists(pid), TimeSpan.FromSeconds(30)));
        Assert.False(ProcFs.TryReadMaps(pid, out _));
        Assert.False(ProcFs.TryReadStat(pid, out _));
        Assert.False(ProcFs.TryReadStatus(pid, out _));
        Assert.Null(ProcFs.ReadComm(pid, pid));
        Assert.Null(ProcFs.ReadExecutable(pid));
        Assert.Empty(ProcFs.ReadCommandLine(pid));
        Assert.Empty(ProcFs.Tasks(pid));
        using ProcessMemory memory = new(pid);
        Assert.False(memory.TryRead(4096, new byte[1]));
        Assert.Equal(Errno.ESRCH, Assert.Throws<LinuxException>(() => PidFd.Open(pid)).Errno);
    }

    [Fact]
    public void Reads_what_proc_says_of_this_process()
    {
        int pid = Environment.ProcessId;
        Assert.Contains(pid, ProcFs.Processes());
        Assert.Contains(pid, ProcFs.Tasks(pid));
        Assert.True(ProcFs.TryReadStat(pid, out ProcStat stat));
        Assert.False(stat.IsKernelThread);
        Assert.InRange(stat.StartTimeTicks, 1ul, Clock.BootTimeNs / 1_000_000_000 * ProcStat.TicksPerSecond + 100);
        Assert.True(ProcFs.TryReadStatus(pid, out ProcStatus status));
        Assert.Equal(pid, status.ThreadGroup);
        Assert.Equal(pid, status.NamespacePids[0]);
        Assert.Equal(CapabilitySet.Effective, status.EffectiveCapabilities);
        Assert.Equal(Environment.ProcessPath, ProcFs.ReadExecutable(pid));
        Assert.Equal(File.ReadAllText("/proc/self/cmdline").Split('\0')[..^1], ProcFs.ReadCommandLine(pid));
        Assert.NotNull(ProcFs.ReadComm(pid, pid));
        Assert.True(ProcFs.TryReadStat(2, out ProcStat kernelThread));
        Assert.True(kernelThread.IsKernelThread);
    }

    [Fact]
    public void Tracefs_is_there_mounted_or_not()
    {
        using Tracefs tracefs = Tracefs.Open();
        Assert.True(tracefs.TryGetTracepointId("sched", "sched_switch", out uint id));
        Assert.NotEqual(0u, id);
        Assert.False(tracefs.TryGetTracepointId("sched", "no_such_thing", out _));
        Assert.False(tracefs.TryGetTracepointId("..", "x", out _));
        Assert.True(Directory.Exists(tracefs.Root + "/events/sched"));
    }

    [Fact]
    public void Clocks_agree()
    {
        ulong first = Clock.MonotonicNs;
        Assert.InRange(Clock.MonotonicNs, first, first + 60_000_000_000);
        Assert.True(Clock.BootTimeNs >= first);
        long now = (long)Clock.MonotonicNs + Clock.MonotonicToRealTimeNs;
        long expected = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
        Assert.InRange(expected - now, -1_000_000_000, 60_000_000_000);
    }

    [Fact]
    public void Waking_a_set_that_is_closed_does_nothing()
    {
        Epoll epoll = new();
        epoll.Dispose();
        epoll.Wake();
    }

    [Fact]
    public void Epoll_reports_what_is_readable_and_can_be_woken()
    {
        using Epoll epoll = new();
        Span<int> keys = stackalloc int[4];
        epoll.Wake();
        epoll.Wake();
        Assert.Equal(0, epoll.Wait(keys, Timeout.InfiniteTimeSpan));
        Assert.Equal(0, epoll.Wait(keys, TimeSpan.Zero));
        using Process child = StartWaiting();
        using PidFd pidFd = PidFd.Open(child.Id);
        epoll.Watch(pidFd.Descriptor, 17);
        Assert.Equal(0, epoll.Wait(keys, TimeSpan.Zero));
        child.StandardInput.Close();
        Assert.Equal(1, epoll.Wait(keys, TimeSpan.FromSeconds(30)));
        Assert.Equal(17, keys[0]);
        epoll.Forget(pidFd.Descriptor);
        Assert.Equal(0, epoll.Wait(keys, TimeSpan.Zero));
    }

    [Fact]
    public void Files_are_refused_by_name()
    {
        LinuxException missing = Assert.Throws<LinuxException>(() => FileDescriptor.Open("/no/such/file"));
        Assert.Equal("open(\"/no/such/file\"): ENOENT", missing.Message);
        Assert.Throws<ArgumentException>(() => FileDescriptor.Open("/tmp\0/x"));
        using FileDescriptor file = FileDescriptor.Open("/proc/self/exe");
        byte[] magic = new byte[4];
        Assert.Equal(4, file.Read(magic, 0).Raw);
        Assert.Equal("\u007fELF"u8, magic);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Number);
    }

    /// <summary>A process that ends when its input does.</summary>
    static Process StartWaiting() => Process.Start(new ProcessStartInfo("/bin/cat") { RedirectStandardInput = true })!;

    static List<ProcMapping> WaitForMaps(int pid)
    {
        List<ProcMapping> maps = [];
        Assert.True(SpinWait.SpinUntil(
            () => ProcFs.ReadExecutable(pid)?.Contains("cat", StringComparison.Ordinal) == true
                && ProcFs.TryReadMaps(pid, out maps) && maps.Exists(m => m.Path.Contains("libc", StringComparison.Ordinal)),
            TimeSpan.FromSeconds(30)));
        return maps;
    }
}
