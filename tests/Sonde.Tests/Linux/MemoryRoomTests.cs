using Sonde.Linux;
using Xunit;

namespace Sonde.Tests.Linux;

/// <summary>The memory cgroup of a process is found where its hierarchy is mounted.</summary>
public sealed class MemoryRoomTests
{
    const string Container = "/docker/0123";

    static readonly string[] _mounts =
    [
        "30 20 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755",
        $"31 30 0:27 {Container} /sys/fs/cgroup/memory ro,nosuid master:9 - cgroup cgroup rw,memory",
        "32 30 0:28 / /sys/fs/cgroup/unified ro,nosuid - cgroup2 cgroup2 rw",
    ];

    [Theory]
    [InlineData("/sys/fs/cgroup/memory", Container, "/")]
    [InlineData("/sys/fs/cgroup/memory", Container + "/workers/a", "/workers/a")]
    [InlineData("/sys/fs/cgroup/memory", "/docker/01234", "/docker/01234")]
    [InlineData("/sys/fs/cgroup/memory", "/", "/")]
    [InlineData("/sys/fs/cgroup/unified", "/a/b", "/a/b")]
    [InlineData("/sys/fs/cgroup/cpu", "/a/b", "/a/b")]
    public void Of_a_hierarchy_that_is_mounted_in_part_the_path_begins_there(string mount, string path, string below) => Assert.Equal(below, MemoryRoom.Below(_mounts, mount, path));

    [Theory]
    [InlineData("/system.slice/run-\\x2d1.scope/a", "/a")]
    [InlineData("/system.slice/run-\\x2d1.scope", "/")]
    [InlineData("/system.slice/run-\\134x2d1.scope/a", "/system.slice/run-\\134x2d1.scope/a")]
    public void Names_with_a_backslash_are_escaped_among_the_mounts_only(string path, string below) =>
        Assert.Equal(below, MemoryRoom.Below(["31 30 0:27 /system.slice/run-\\134x2d1.scope /mnt/a\\040place rw - cgroup cgroup rw,memory"], "/mnt/a place", path));

    [Fact]
    public void A_mount_over_another_is_the_one_that_counts() =>
        Assert.Equal("/b", MemoryRoom.Below([.. _mounts, "40 30 0:27 /a /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"], "/sys/fs/cgroup/memory", "/a/b"));
}
