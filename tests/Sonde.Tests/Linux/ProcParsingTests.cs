using Sonde.Linux;
using Xunit;

namespace Sonde.Tests.Linux;

public class ProcParsingTests
{
    [Fact]
    public void Maps_are_read_as_the_kernel_writes_them()
    {
        List<ProcMapping> maps = ProcMapping.Parse("""
            55d0c0000000-55d0c0001000 r--p 00000000 fe:01 1234                       /usr/bin/python3.11
            55d0c0001000-55d0c0002000 r-xp 00001000 fe:01 1234                       /usr/bin/python3.11
            7f0000000000-7f0000001000 rw-s 00000000 00:01 99                         /memfd:a b (deleted)
            7f0000002000-7f0000003000 r-xp 00000000 103:02 7                         /tmp/x (deleted) (deleted)
            7f0000004000-7f0000005000 rw-p 00000000 00:00 0 
            7f0000005000-7f0000006000 rw-p 00000000 00:00 0                          [heap]
            7f0000006000-7f0000007000 r--p 00000000 fe:01 8                          /tmp/new\012line
            garbage
            ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
            """u8);
        Assert.Equal(
            [
                "/usr/bin/python3.11", "/usr/bin/python3.11", "/memfd:a b", "/tmp/x (deleted)", "", "[heap]", "/tmp/new\nline", "[vsyscall]",
            ], maps.Select(m => m.Path));
        Assert.Equal(new ProcMapping(0x55d0c0001000, 0x55d0c0002000, MapProtection.Read | MapProtection.Execute, false, 0x1000, 0xfe00001, 1234, "/usr/bin/python3.11", false), maps[1]);
        Assert.Equal("55d0c0001000-55d0c0002000", maps[1].MapFilesName);
        Assert.Equal([2, 3], Enumerable.Range(0, maps.Count).Where(i => maps[i].IsDeleted));
        Assert.Equal([2], Enumerable.Range(0, maps.Count).Where(i => maps[i].IsMemfd));
        Assert.True(maps[2].IsShared);
        Assert.Equal([false, false], new[] { maps[4].IsFile, maps[5].IsFile });
        Assert.Equal(MapProtection.Execute, maps[^1].Protection);
        Assert.True(maps[^1].Contains(0xffffffffff600fff));
        Assert.False(maps[^1].Contains(0xffffffffff601000));
    }

    [Fact]
    public void A_name_with_blanks_and_parentheses_does_not_confuse_stat()
    {
        Assert.True(ProcStat.TryParse("42 (a) S (b) R 7 42 42 0 -1 2129984 1 2 3 4 50 60 0 0 20 0 1 0 123456 99 1\n"u8, out ProcStat stat));
        Assert.Equal(new ProcStat('R', 7, 2129984, 50, 60, 123456), stat);
        Assert.True(stat.IsKernelThread);
        Assert.False(stat.IsZombie);
        Assert.False(ProcStat.TryParse("42 (a) S 7"u8, out _));
        Assert.False(ProcStat.TryParse(""u8, out _));
        Assert.False(ProcStat.TryParse(")"u8, out _));
    }

    [Fact]
    public void Status_gives_owner_namespaces_and_rights()
    {
        Assert.True(ProcStatus.TryParse("Name:\tx\nTgid:\t41\nUid:\t1000\t1001\t0\t0\nNSpid:\t42\t7\t1\nThreads:\t3\nCapEff:\t000000c000000000\n"u8, out ProcStatus status));
        Assert.Equal((41, 1000u, 1001u, 3), (status.ThreadGroup, status.RealUser, status.EffectiveUser, status.Threads));
        Assert.Equal([42, 7, 1], status.NamespacePids);
        Assert.True(status.EffectiveCapabilities.CanTrace);
        Assert.False(new CapabilitySet(1ul << (int)Capability.Bpf).CanTrace);
        Assert.True(new CapabilitySet(1ul << (int)Capability.SysAdmin).CanTrace);
        Assert.False(ProcStatus.TryParse("Name:\tx\n"u8, out _));
    }

    [Theory]
    [InlineData("6.18.44-fc-v769", "6.18.44")]
    [InlineData("5.10.0-8-amd64", "5.10.0")]
    [InlineData("4.19-rc1", "4.19.0")]
    [InlineData("6.1.99.1", "6.1.99")]
    [InlineData("x", "0.0.0")]
    [InlineData("999999999999.1", "1000009.1.0")]
    public void Releases_begin_with_a_version(string release, string version) => Assert.Equal(Version.Parse(version), RunningKernel.ParseRelease(release));

    [Fact]
    public void Errors_say_what_was_attempted_and_what_to_do()
    {
        Assert.Equal("open(\"/x\"): EACCES. Become root.", new LinuxException(Errno.EACCES, "open(\"/x\")", "Become root.").Message);
        Assert.Equal("f(): errno 999", new LinuxException((Errno)999, "f()").Message);
        Assert.Equal(Errno.ENOENT, new SystemResult(-2).Errno);
        Assert.Equal(7, new SystemResult(7).Check("x"));
        Assert.Throws<LinuxException>(() => new SystemResult(-1).Check("x"));
    }
}
