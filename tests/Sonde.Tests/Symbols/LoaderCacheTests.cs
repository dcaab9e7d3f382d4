using System.Buffers.Binary;
using System.Text;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Libraries;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class LoaderCacheTests
{
    static readonly (uint Flags, string Name, string Path, ulong Hardware)[] _entries =
    [
        (0x303, "libc.so.6", "/lib/libc.so.6", 0),
        (0x803, "libc.so.6", "/lib32/libc.so.6", 0),
        (0x303, "libssl.so.3", "/fast/libssl.so.3", 1UL << 62),
        (0x303, "libssl.so.3", "/lib/libssl.so.3", 0),
        (0x303, "libicu.so.9", "/lib/libicu.so.9", 0),
        (0x303, "libicu.so.10", "/lib/libicu.so.10", 0),
        (0x303, "libcrypt.so.1", "/lib/libcrypt.so.1", 0),
        (0xa03, "libarm.so.1", "/lib/libarm.so.1", 0),
    ];

    [Theory]
    [InlineData("libc", "/lib/libc.so.6")]
    [InlineData("c", "/lib/libc.so.6")]
    [InlineData("libc.so.6", "/lib/libc.so.6")]
    [InlineData("libc.so", "/lib/libc.so.6")]
    [InlineData("libssl", "/lib/libssl.so.3 /fast/libssl.so.3")]
    [InlineData("libicu", "/lib/libicu.so.10 /lib/libicu.so.9")]
    [InlineData("libcry", "")]
    [InlineData("libarm", "")]
    [InlineData("lib", "")]
    public void A_library_is_found_by_what_users_call_it(string name, string paths)
    {
        foreach (var old in new[] { false, true })
        {
            Assert.True(LoaderCache.TryParse(Build(old), ElfMachine.X8664, out var cache));

            Assert.Equal(paths, string.Join(' ', cache.Find(name).Select(l => l.Path)));
        }
    }

    [Fact]
    public void Each_machine_has_its_own_libraries()
    {
        Assert.True(LoaderCache.TryParse(Build(old: false), ElfMachine.AArch64, out var cache));

        Assert.Equal([new CachedLibrary("libarm.so.1", "/lib/libarm.so.1", false)], cache.Libraries);
    }

    [Fact]
    public void The_cache_of_this_machine_is_what_ldconfig_prints()
    {
        const string Path = "/etc/ld.so.cache";
        Assert.SkipUnless(File.Exists(Path) && File.Exists("/sbin/ldconfig"), "This machine has no glibc loader cache.");

        Assert.True(LoaderCache.TryParse(File.ReadAllBytes(Path), ElfMachine.X8664, out var cache));

        var expected = TestFiles.Run("/sbin/ldconfig", "-p").Where(l => l.Contains("x86-64", StringComparison.Ordinal)).Select(l => l.Split(" => ")[1]);
        Assert.Equal(expected, cache.Libraries.Select(l => l.Path));
    }

    [Fact]
    public void A_damaged_cache_has_fewer_libraries_and_nothing_worse()
    {
        Assert.False(LoaderCache.TryParse([], ElfMachine.X8664, out _));
        Assert.False(LoaderCache.TryParse("ld.so-1.7.0\0\xff\xff\xff\xff"u8, ElfMachine.X8664, out _));
        foreach (var old in new[] { false, true })
        {
            var whole = Build(old);
            for (var seed = 0; seed < 500; seed++)
            {
                var random = new Random(seed);
                var bytes = (byte[])whole.Clone();
                for (var i = 0; i < 4; i++)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                if (LoaderCache.TryParse(bytes.AsSpan(0, random.Next(bytes.Length)), ElfMachine.X8664, out var cache))
                {
                    Assert.True(cache.Find("libc").Count <= _entries.Length);
                }
            }
        }
    }

    static byte[] Build(bool old)
    {
        var strings = new List<byte>();
        var cache = new byte[48 + 24 * _entries.Length];
        "glibc-ld.so.cache1.1"u8.CopyTo(cache);
        BinaryPrimitives.WriteInt32LittleEndian(cache.AsSpan(20), _entries.Length);
        for (var i = 0; i < _entries.Length; i++)
        {
            var entry = cache.AsSpan(48 + 24 * i);
            BinaryPrimitives.WriteUInt32LittleEndian(entry, _entries[i].Flags);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], Add(_entries[i].Name));
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], Add(_entries[i].Path));
            BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], _entries[i].Hardware);
        }

        byte[] before = old ? [.. "ld.so-1.7.0\0"u8, 1, 0, 0, 0, .. new byte[12 + 4]] : [];
        return [.. before, .. cache, .. strings];

        int Add(string text)
        {
            var at = cache.Length + strings.Count;
            strings.AddRange(Encoding.UTF8.GetBytes(text + "\0"));
            return at;
        }
    }
}
