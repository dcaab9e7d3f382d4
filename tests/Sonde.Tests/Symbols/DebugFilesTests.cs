using System.Text;
using Sonde.Symbols.Elf;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class DebugFilesTests
{
    [Fact]
    public void Build_id_comes_first_then_the_debug_link()
    {
        var file = ElfFile.Parse(Program("libx.so.debug", 0x12345678), "libx.so");

        Assert.Equal("abcdef0123", file.BuildId);
        Assert.Equal(new ElfDebugLink("libx.so.debug", 0x12345678), file.DebugLink);
        Assert.Equal(
            [
                "/usr/lib/debug/.build-id/ab/cdef0123.debug",
                "/opt/lib/libx.so.debug",
                "/opt/lib/.debug/libx.so.debug",
                "/usr/lib/debug/opt/lib/libx.so.debug",
                $"{DebugFiles.DebuginfodCache}/abcdef0123/debuginfo",
            ],
            DebugFiles.Candidates(file, "/opt/lib/libx.so"));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    public void A_link_that_leaves_the_directory_is_not_followed(string name) =>
        Assert.Equal(["/d/.build-id/ab/cdef0123.debug"], DebugFiles.Candidates(ElfFile.Parse(Program(name, 0), "x"), "/opt/x", ["/d"]));

    [Fact]
    public void A_file_is_never_its_own_debug_file() =>
        Assert.DoesNotContain("/opt/x", DebugFiles.Candidates(ElfFile.Parse(Program("x", 0), "x"), "/opt/x"));

    [Fact]
    public void The_checksum_is_the_usual_crc()
    {
        Assert.Equal(0u, DebugFiles.Crc32([]));
        Assert.Equal(0xcbf43926u, DebugFiles.Crc32("123456789"u8));
        Assert.Equal(0x414fa339u, DebugFiles.Crc32("The quick brown fox jumps over the lazy dog"u8));
    }

    [Fact]
    public void Matches_by_build_id_and_without_one_by_checksum()
    {
        var debug = ElfFile.Parse(Program(null, 0), "debug");
        var unnamed = ElfFile.Parse(Program(null, 0, buildId: false), "debug");
        var crc = DebugFiles.Crc32(unnamed.Bytes);

        Assert.True(DebugFiles.Matches(ElfFile.Parse(Program("x", 1), "x"), debug));
        Assert.True(DebugFiles.Matches(ElfFile.Parse(Program("x", crc, buildId: false), "x"), unnamed));
        Assert.False(DebugFiles.Matches(ElfFile.Parse(Program("x", crc + 1, buildId: false), "x"), unnamed));
        Assert.False(DebugFiles.Matches(unnamed, unnamed));
    }

    static byte[] Program(string? link, uint crc, bool buildId = true)
    {
        var elf = new TestElf();
        if (buildId)
        {
            elf.Segment(ElfSegmentType.Note, ElfSegmentAccess.Read, 0x400, [4, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, .. "GNU\0"u8, 0xab, 0xcd, 0xef, 0x01, 0x23, 0, 0, 0]);
        }

        if (link is not null)
        {
            byte[] name = [.. Encoding.UTF8.GetBytes(link), 0];
            Array.Resize(ref name, name.Length + 3 & ~3);
            elf.Section(".gnu_debuglink", ElfSectionType.ProgramBits, [.. name, .. BitConverter.GetBytes(crc)]);
        }

        return elf.Build();
    }
}
