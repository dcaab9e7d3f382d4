using System.Globalization;
using System.Text.RegularExpressions;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class EhFrameTests
{
    public static TheoryData<string> Files => [.. TestFiles.Real];

    [Theory]
    [MemberData(nameof(Files))]
    public void Ranges_are_those_readelf_decodes(string path)
    {
        var expected = TestFiles.ReadElf("--debug-dump=frames", path)
            .Select(l => Regex.Match(l, @" FDE cie=\S+ pc=([0-9a-f]+)\.\.([0-9a-f]+)$"))
            .Where(m => m.Success && m.Groups[1].Value != m.Groups[2].Value)
            .Select(m => $"{ulong.Parse(m.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture):x}-{ulong.Parse(m.Groups[2].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture):x}")
            .Order();

        var frames = EhFrame.Read(TestFiles.Open(path));

        Assert.NotEmpty(frames);
        Assert.Equal(expected, frames.Select(f => $"{f.Start:x}-{f.End:x}").Order());
        Assert.Equal(frames.OrderBy(f => f.Start).Select(f => f.Start), frames.Select(f => f.Start));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Split_off_parts_begin_with_a_frame_and_functions_do_not(string path)
    {
        var file = TestFiles.Open(path);
        var frames = EhFrame.Read(file);
        foreach (var symbol in file.DynamicSymbols.Where(s => s.IsFunction && s.Size > 0 && s.Name.StartsWith("Py", StringComparison.Ordinal)))
        {
            Assert.True(EhFrame.TryFind(frames, symbol.Value, out var frame));
            Assert.False(frame.BeginsWithFrame, symbol.Name);
        }

        // readelf prints the unwind instructions: the first one of each range decides.
        var begins = new List<ulong>();
        ulong? pending = null;
        foreach (var line in TestFiles.ReadElf("--debug-dump=frames", path))
        {
            if (Regex.Match(line, @" FDE cie=\S+ pc=([0-9a-f]+)\.\.") is { Success: true } match)
            {
                pending = ulong.Parse(match.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
            else if (pending is { } start && line.Contains("DW_CFA_", StringComparison.Ordinal))
            {
                if (Regex.IsMatch(line, "DW_CFA_(def_cfa|offset)"))
                {
                    begins.Add(start);
                }

                pending = line.Contains("DW_CFA_nop", StringComparison.Ordinal) ? pending : null;
            }
            else if (line.Contains(" CIE", StringComparison.Ordinal))
            {
                pending = null;
            }
        }

        Assert.Equal(begins.Order(), frames.Where(f => f.BeginsWithFrame).Select(f => f.Start));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Without_section_headers_the_ranges_are_the_same(string path)
    {
        var bytes = File.ReadAllBytes(path);

        Assert.Equal(
            EhFrame.Read(ElfFile.Parse(bytes, "whole")),
            EhFrame.Read(ElfFile.Parse(ElfFileTests.WithoutSectionHeaders(bytes), "stripped")));
    }

    [Fact]
    public void An_address_is_found_in_its_range_only()
    {
        FrameDescription[] frames = [new(10, 20, false), new(20, 25, true), new(40, 50, false)];

        Assert.True(EhFrame.TryFind(frames, 10, out var frame) && frame.Start == 10);
        Assert.True(EhFrame.TryFind(frames, 24, out frame) && frame.Start == 20);
        Assert.False(EhFrame.TryFind(frames, 25, out _));
        Assert.False(EhFrame.TryFind(frames, 9, out _));
        Assert.False(EhFrame.TryFind(frames, 50, out _));
        Assert.False(EhFrame.TryFind([], 0, out _));
    }
}
