using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Sonde.Symbols.Elf;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class ElfFileTests
{
    public static TheoryData<string> Files => [.. TestFiles.Real];

    [Theory]
    [MemberData(nameof(Files))]
    public void Sections_are_those_readelf_lists(string path)
    {
        var expected = new List<string>();
        foreach (var line in TestFiles.ReadElf("-SW", path))
        {
            var match = Regex.Match(line, @"^\s+\[\s*\d+\] (\S+)\s+\S+\s+([0-9a-f]{16}) ([0-9a-f]+) ([0-9a-f]+) ");
            if (match.Success)
            {
                expected.Add($"{match.Groups[1].Value} {Hex(match, 2):x} {Hex(match, 3):x} {Hex(match, 4):x}");
            }
        }

        var file = TestFiles.Open(path);

        Assert.Null(file.SectionHeadersProblem);
        Assert.Equal(expected, file.Sections.Skip(1).Select(s => $"{s.Name} {s.Address:x} {s.Offset:x} {s.Size:x}"));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Segments_are_those_readelf_lists(string path)
    {
        var expected = new List<string>();
        foreach (var line in TestFiles.ReadElf("-lW", path))
        {
            var match = Regex.Match(line, @"^  LOAD\s+0x([0-9a-f]+) 0x([0-9a-f]+) 0x[0-9a-f]+ 0x([0-9a-f]+) 0x([0-9a-f]+) (.)(.)(.)");
            if (match.Success)
            {
                expected.Add($"{Hex(match, 1):x} {Hex(match, 2):x} {Hex(match, 3):x} {Hex(match, 4):x} {match.Groups[7].Value == "E"}");
            }
        }

        var segments = TestFiles.Open(path).Segments.Where(s => s.Type == ElfSegmentType.Load);

        Assert.Equal(expected, segments.Select(s =>
            $"{s.Offset:x} {s.VirtualAddress:x} {s.FileSize:x} {s.MemorySize:x} {s.Flags.HasFlag(ElfSegmentAccess.Execute)}"));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Symbols_are_those_readelf_lists(string path)
    {
        var file = TestFiles.Open(path);
        var tables = new Dictionary<string, List<string>> { [".dynsym"] = [], [".symtab"] = [] };
        var current = tables[".dynsym"];
        foreach (var line in TestFiles.ReadElf("-sW", path))
        {
            if (Regex.Match(line, @"^Symbol table '([^']+)'") is { Success: true } title)
            {
                current = tables[title.Groups[1].Value];
            }
            else if (Regex.Match(line, @"^\s+\d+: ([0-9a-f]{16})\s+(\S+) \S+\s+\S+\s+\S+\s+(?:\[.*\] )?\s*(\S+) ?(\S*)") is { Success: true } match)
            {
                // readelf appends the version to dynamic symbols.
                var name = match.Groups[4].Value;
                name = name.Contains('@') && current == tables[".dynsym"] ? name[..name.IndexOf('@')] : name;
                current.Add($"{Hex(match, 1):x} {(match.Groups[3].Value == "UND" ? "undefined" : "defined")} {name}");
            }
        }

        Assert.Equal(tables[".dynsym"], file.DynamicSymbols.Select(Line));

        // In the full table readelf prints a section symbol under its section's name.
        Assert.Equal(tables[".symtab"].Count, file.Symbols.Count);
        Assert.All(tables[".symtab"].Zip(file.Symbols), pair => Assert.True(pair.Second.Type == ElfSymbolType.Section || pair.First == Line(pair.Second)));

        static string Line(ElfSymbol s) => $"{s.Value:x} {(s.IsDefined ? "defined" : "undefined")} {s.Name}";
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Dynamic_facts_are_those_readelf_lists(string path)
    {
        var file = TestFiles.Open(path);
        var lines = TestFiles.ReadElf("-dnW", path);

        Assert.Equal(Bracketed("(NEEDED)"), file.NeededLibraries);
        Assert.Equal(Bracketed("(SONAME)").FirstOrDefault(), file.SoName);
        Assert.Equal(Bracketed("(RUNPATH)").Concat(Bracketed("(RPATH)")).FirstOrDefault(), file.RunPath);
        Assert.Equal(lines.Select(l => Regex.Match(l, "Build ID: ([0-9a-f]+)")).FirstOrDefault(m => m.Success)?.Groups[1].Value, file.BuildId);

        IEnumerable<string> Bracketed(string tag) =>
            lines.Where(l => l.Contains(tag, StringComparison.Ordinal)).Select(l => Regex.Match(l, @"\[(.*)\]").Groups[1].Value);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Relative_relocations_are_those_readelf_lists(string path)
    {
        var expected = new List<string>();
        foreach (var line in TestFiles.ReadElf("-rW", path))
        {
            if (Regex.Match(line, @"^([0-9a-f]{16})\s+[0-9a-f]+ R_X86_64_RELATIVE\s+([0-9a-f]+)") is { Success: true } full)
            {
                expected.Add($"{Hex(full, 1):x} {Hex(full, 2):x}");
            }
            else if (Regex.Match(line, "^([0-9a-f]{16})$") is { Success: true } packed)
            {
                expected.Add($"{Hex(packed, 1):x}");
            }
        }

        var actual = TestFiles.Open(path).RelativeRelocations;

        // Of packed ones readelf prints the place alone.
        Assert.Equal(expected.Count, actual.Count);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(
            pair.First, pair.First.Contains(' ') ? $"{pair.Second.Offset:x} {pair.Second.Addend:x}" : $"{pair.Second.Offset:x}"));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Without_section_headers_the_dynamic_symbols_are_the_same(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var whole = ElfFile.Parse(bytes, "whole");
        var stripped = ElfFile.Parse(WithoutSectionHeaders(bytes), "stripped");

        Assert.Empty(stripped.Sections);
        Assert.Equal(whole.DynamicSymbols.Select(s => s.ToString()), stripped.DynamicSymbols.Select(s => s.ToString()));
        Assert.Equal(whole.BuildId, stripped.BuildId);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Offsets_and_addresses_convert_both_ways(string path)
    {
        var file = TestFiles.Open(path);
        foreach (var section in file.Sections)
        {
            if (!section.Flags.HasFlag(ElfSectionAttributes.Allocated) || section.Type == ElfSectionType.NoBits || section.Size == 0)
            {
                continue;
            }

            Assert.True(file.TryGetFileOffset(section.Address, out var offset));
            Assert.Equal(section.Offset, offset);
            Assert.True(file.TryGetAddress(section.Offset, out var address));
            Assert.Equal(section.Address, address);
            Assert.True(file.TryRead(section.Address, (int)section.Size, out var read));
            Assert.True(read.SequenceEqual(file.SectionBytes(section)));
        }

        Assert.False(file.TryGetFileOffset(ulong.MaxValue, out _));
        Assert.False(file.TryRead(file.Entry, int.MaxValue, out _));
        Assert.False(file.TryRead(file.Entry, -1, out _));
    }

    [Fact]
    public void A_symbol_is_found_by_its_whole_name()
    {
        var libc = TestFiles.Open(TestFiles.Real.First(f => f.EndsWith("libc.so.6", StringComparison.Ordinal)));

        Assert.True(libc.TryFindSymbol("getenv", out var symbol));
        Assert.Equal("getenv", symbol.Name);
        Assert.True(symbol.IsFunction);
        Assert.False(libc.TryFindSymbol("geten", out _));
        Assert.False(libc.TryFindSymbol("getenv_", out _));
    }

    [Fact]
    public void Compressed_sections_are_read_decompressed()
    {
        var contents = TestElf.Words([.. Enumerable.Range(0, 1000).Select(i => (ulong)i % 7)]);
        var compressed = new MemoryStream();
        compressed.Write(TestElf.Words(1, (ulong)contents.Length, 1));
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(contents);
        }

        var elf = new TestElf();
        elf.Section(".debug_x", ElfSectionType.ProgramBits, compressed.ToArray(), ElfSectionAttributes.Compressed);
        elf.Section(".lies", ElfSectionType.ProgramBits, TestElf.Words(1, 1UL << 40, 1, 0), ElfSectionAttributes.Compressed);
        elf.Section(".zstd", ElfSectionType.ProgramBits, TestElf.Words(2, 8, 1, 0), ElfSectionAttributes.Compressed);
        elf.Section(".garbage", ElfSectionType.ProgramBits, TestElf.Words(1, 8, 1, 0xffff), ElfSectionAttributes.Compressed);
        elf.Section(".short", ElfSectionType.ProgramBits, [1], ElfSectionAttributes.Compressed);
        var file = ElfFile.Parse(elf.Build(), "file");

        Assert.True(file.TryGetSection(".debug_x", out var section));
        Assert.Equal(contents, file.SectionBytes(section).ToArray());
        foreach (var bad in new[] { ".lies", ".zstd", ".garbage", ".short" })
        {
            Assert.True(file.TryGetSection(bad, out section));
            Assert.Contains(bad, Assert.Throws<ElfException>(() => file.SectionBytes(section).Length).What, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Broken_section_headers_are_reported_and_done_without()
    {
        var bytes = File.ReadAllBytes(TestFiles.Real[0]);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), bytes.Length - 8);

        var file = ElfFile.Parse(bytes, "file");

        Assert.Equal("the section header table lies outside the file", file.SectionHeadersProblem);
        Assert.Empty(file.Sections);
        Assert.NotEmpty(file.DynamicSymbols);
    }

    [Fact]
    public void A_32_bit_file_is_recognised()
    {
        byte[] bytes = [0x7f, (byte)'E', (byte)'L', (byte)'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 3, 0];

        var file = ElfFile.Parse(bytes, "small");

        Assert.Equal(ElfClass.Elf32, file.Class);
        Assert.Equal(ElfMachine.I386, file.Machine);
        Assert.Empty(file.Segments);
    }

    [Theory]
    [InlineData("", 0, "not an ELF file")]
    [InlineData("7f454c460201010000000000000000000200", 0, "not an ELF file")]
    [InlineData("7f454c4602020100000000000000000002003e00", 5, "big-endian ELF files are not supported")]
    [InlineData("7f454c4603010100000000000000000002003e00", 4, "unknown ELF class 3")]
    public void What_is_no_ELF_file_says_so(string hex, ulong offset, string what)
    {
        var error = Assert.Throws<ElfException>(() => ElfFile.Parse(Convert.FromHexString(hex), "file"));

        Assert.Equal(offset, error.Offset);
        Assert.Equal(what, error.What);
        Assert.Equal($"file+0x{offset:x}: {what}", error.Message);
    }

    public static byte[] WithoutSectionHeaders(byte[] bytes)
    {
        var copy = (byte[])bytes.Clone();
        Array.Clear(copy, 40, 8);
        Array.Clear(copy, 60, 4);
        return copy;
    }

    static ulong Hex(Match match, int group) => ulong.Parse(match.Groups[group].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
