using System.Globalization;
using System.Text.RegularExpressions;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class EhFrameTests
{
    static readonly Regex _range = new(@" FDE cie=\S+ pc=([0-9a-f]+)\.\.([0-9a-f]+)$");
    static readonly Regex _setsFrame = new("DW_CFA_(def_cfa|offset)");

    public static TheoryData<string> Files => [.. TestFiles.Real];

    [Theory]
    [MemberData(nameof(Files))]
    public void Ranges_are_those_readelf_decodes(string path)
    {
        // readelf prints the unwind instructions after each range: the first one decides whether it begins with a frame.
        var expected = new List<FrameDescription>();
        var first = false;
        foreach (var line in TestFiles.ReadElf("--debug-dump=frames", path))
        {
            if (line.Contains(" CIE", StringComparison.Ordinal))
            {
                first = false;
            }
            else if (line.Contains(" FDE ", StringComparison.Ordinal) && _range.Match(line) is { Success: true } match)
            {
                first = match.Groups[1].Value != match.Groups[2].Value;
                if (first)
                {
                    expected.Add(new(Hex(match, 1), Hex(match, 2), false));
                }
            }
            else if (first && line.Contains("DW_CFA_", StringComparison.Ordinal))
            {
                first = line.Contains("DW_CFA_nop", StringComparison.Ordinal);
                if (_setsFrame.IsMatch(line))
                {
                    expected[^1] = expected[^1] with { BeginsWithFrame = true };
                }
            }
        }

        var frames = EhFrame.Read(TestFiles.Open(path));

        Assert.NotEmpty(frames);
        Assert.Equal(expected.OrderBy(f => f.Start).ThenBy(f => f.End), frames.OrderBy(f => f.Start).ThenBy(f => f.End));
        Assert.Equal(frames.OrderBy(f => f.Start).Select(f => f.Start), frames.Select(f => f.Start));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Functions_do_not_begin_with_a_frame(string path)
    {
        var file = TestFiles.Open(path);
        var frames = EhFrame.Read(file);
        foreach (var symbol in file.DynamicSymbols.Where(s => s.IsFunction && s.Size > 0 && s.Name.StartsWith("Py", StringComparison.Ordinal)))
        {
            Assert.True(EhFrame.TryFind(frames, symbol.Value, out var frame));
            Assert.False(frame.BeginsWithFrame, symbol.Name);
        }
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

    static ulong Hex(Match match, int group) => ulong.Parse(match.Groups[group].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
