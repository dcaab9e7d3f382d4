using System.IO.Compression;
using System.Text;
using Sonde.Engine.Scripts.Machine;
using Xunit;

namespace Sonde.Tests.Machine;

public class StoredEntryTests
{
    [Fact]
    public void Finds_what_is_stored_as_it_is()
    {
        var archive = Archive();
        Assert.True(StoredEntry.TryFind(archive, "lib/stored.so", out var start, out var length));
        Assert.Equal("as it is", Encoding.UTF8.GetString(archive, start, length));
        Assert.False(StoredEntry.TryFind(archive, "lib/packed.so", out _, out _));
        Assert.False(StoredEntry.TryFind(archive, "lib/none.so", out _, out _));
    }

    [Fact]
    public void Damaged_archives_hold_nothing_and_harm_nobody()
    {
        var archive = Archive();
        Random random = new(7);
        for (var i = 0; i < 20_000; i++)
        {
            var damaged = archive[..(i % 4 == 0 ? random.Next(archive.Length + 1) : archive.Length)];
            for (var change = random.Next(4); change >= 0 && damaged.Length > 0; change--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            if (StoredEntry.TryFind(damaged, "lib/stored.so", out var start, out var length))
            {
                Assert.InRange(start, 0, damaged.Length - length);
            }
        }
    }

    static byte[] Archive()
    {
        using MemoryStream bytes = new();
        using (ZipArchive archive = new(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(archive, "lib/packed.so", CompressionLevel.SmallestSize, new string('x', 500));
            Add(archive, "lib/stored.so", CompressionLevel.NoCompression, "as it is");
        }

        return bytes.ToArray();
    }

    static void Add(ZipArchive archive, string name, CompressionLevel level, string contents)
    {
        using var stream = archive.CreateEntry(name, level).Open();
        stream.Write(Encoding.UTF8.GetBytes(contents));
    }
}
