using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class ElfFuzzTests
{
    [Fact]
    public void A_damaged_file_gives_nothing_worse_than_an_ElfException()
    {
        var original = File.ReadAllBytes(TestFiles.Real.OrderBy(f => new FileInfo(f).Length).First());
        var whole = ElfFile.Parse(original, "whole");
        var interesting = Ranges(whole);
        for (var seed = 0; seed < 600; seed++)
        {
            var random = new Random(seed);
            var bytes = (byte[])original.Clone();
            for (var i = random.Next(1, 12); i > 0; i--)
            {
                var (start, length) = interesting[random.Next(interesting.Count)];
                var at = start + random.Next(length);
                bytes[at] = random.Next(4) switch
                {
                    0 => 0xff,
                    1 => 0,
                    2 => (byte)(bytes[at] ^ 1 << random.Next(8)),
                    _ => (byte)random.Next(256),
                };
            }

            var size = random.Next(8) == 0 ? random.Next(bytes.Length) : bytes.Length;
            try
            {
                ReadEverything(ElfFile.Parse(bytes.AsMemory(0, size), "damaged"));
            }
            catch (ElfException e)
            {
                Assert.NotEmpty(e.What);
            }
        }
    }

    [Fact]
    public void A_packed_relocation_table_cannot_take_all_memory()
    {
        // Each pair of words claims the first 64 words of the file again.
        var bytes = TestElf.Words([.. Enumerable.Range(0, 1 << 19).Select(i => i % 2 == 0 ? 0 : ulong.MaxValue)]);
        var build = new TestElf { Type = ElfType.Dynamic };
        build.Segment(ElfSegmentType.Load, ElfSegmentAccess.Read, 0, bytes);
        build.Segment(ElfSegmentType.Dynamic, ElfSegmentAccess.Read, 0x1000000, TestElf.Words(36, 0, 35, (ulong)bytes.Length, 0, 0), mapped: true);

        var file = ElfFile.Parse(build.Build(), "bomb");

        Assert.Contains("relative relocations", Assert.Throws<ElfException>(() => file.RelativeRelocations).Message, StringComparison.Ordinal);
    }

    static void ReadEverything(ElfFile file)
    {
        foreach (var read in new Action[]
        {
            () => _ = file.DynamicSymbols.Sum(s => s.NameBytes.Length),
            () => _ = file.Symbols.Sum(s => s.NameBytes.Length),
            () => _ = file.NeededLibraries,
            () => _ = file.SoName,
            () => _ = file.RunPath,
            () => _ = file.BuildId,
            () => _ = file.DebugLink,
            () => _ = file.RelativeRelocations,
            () => _ = file.TryFindSymbol("main", out _),
            () => _ = file.TryRead(file.Entry, 64, out _),
            () => _ = EhFrame.Read(file),
            () =>
            {
                foreach (var section in file.Sections)
                {
                    _ = file.SectionBytes(section).Length;
                    break;
                }
            },
        })
        {
            try
            {
                read();
            }
            catch (ElfException e)
            {
                Assert.NotEmpty(e.What);
            }
        }
    }

    /// <summary>The parts of the file a reader interprets, so that mutations are not lost in code and strings.</summary>
    static List<(int Start, int Length)> Ranges(ElfFile file)
    {
        var ranges = new List<(int, int)> { (0, 64), (64, file.Segments.Count * 56), (file.Bytes.Length - file.Sections.Count * 64, file.Sections.Count * 64) };
        ranges.AddRange(file.Sections
            .Where(s => s.Type != ElfSectionType.NoBits && s.Size > 0 && s.Name is ".dynamic" or ".dynsym" or ".eh_frame" or ".eh_frame_hdr" or ".gnu.hash" or ".rela.dyn" or ".note.gnu.build-id" or ".gnu_debuglink")
            .Select(s => ((int)s.Offset, (int)s.Size)));
        return ranges;
    }
}
