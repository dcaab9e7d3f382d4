using System.Globalization;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Xunit;

namespace Sonde.Tests.Machine;

public sealed class MappingTableTests
{
    [Theory]
    [InlineData("a:10-20 b:30-40", "a10-20@0 b30-40@0")]
    [InlineData("b:30-40 a:10-20", "a10-20@0 b30-40@0")]
    [InlineData("a:10-40 b:20-30", "a10-20@0 b20-30@0 a30-40@20")]
    [InlineData("a:10-20 b:20-30 c:15-25", "a10-15@0 c15-25@0 b25-30@5")]
    [InlineData("a:10-20 b:20-30 c:5-35", "c5-35@0")]
    [InlineData("a:10-20 b:10-20", "b10-20@0")]
    [InlineData("a:10-20 b:5-15", "b5-15@0 a15-20@5")]
    [InlineData("a:10-20 b:15-25", "a10-15@0 b15-25@0")]
    public void Newer_mappings_take_the_place_of_what_they_overlap(string mapped, string expected)
    {
        var table = new MappingTable([]);
        foreach (string each in mapped.Split(' '))
        {
            Assert.True(table.Add(Parse(each)));
        }

        Assert.Equal(expected, Text(table));
    }

    [Fact]
    public void What_is_copied_changes_by_itself()
    {
        var parent = new MappingTable([Parse("a:10-20")]);
        var child = parent.Copy();
        parent.Add(Parse("b:10-15"));
        child.Add(Parse("c:30-40"));
        Assert.Equal(("b10-15@0 a15-20@5", "a10-20@0 c30-40@0"), (Text(parent), Text(child)));
    }

    [Theory]
    [InlineData(9, "")]
    [InlineData(10, "a")]
    [InlineData(19, "a")]
    [InlineData(20, "")]
    [InlineData(30, "b")]
    public void Finds_what_has_an_address(ulong address, string expected)
    {
        var table = new MappingTable([Parse("a:10-20"), Parse("b:30-40")]);
        Assert.Equal(expected, table.TryFind(address, out var mapping) ? mapping.Path : "");
    }

    [Fact]
    public void A_compiler_that_maps_without_end_fills_no_memory()
    {
        var table = new MappingTable([]);
        int kept = Enumerable.Range(0, 20_000).Count(i => table.Add(Parse($"a:{10 + i * 20}-{20 + i * 20}")));
        Assert.Equal(kept, table.All.Count);
        Assert.InRange(kept, 1000, 16_384);
    }

    [Fact]
    public void A_mapping_without_room_leaves_what_is_there()
    {
        const int most = 16_384;
        var table = new MappingTable([]);
        Assert.All(Enumerable.Range(0, most), i => Assert.True(table.Add(Parse($"a:{10 + i * 20}-{20 + i * 20}"))));
        Assert.False(table.Add(Parse("b:12-14")));
        Assert.False(table.Copy().Add(Parse("b:22-28")));
        Assert.Equal(most, table.All.Count);
        Assert.True(table.TryFind(13, out var mapping));
        Assert.Equal(("a", 10UL, 20UL), (mapping.Path, mapping.Start, mapping.End));
        Assert.True(table.Add(Parse("b:10-20")));
        Assert.True(table.TryFind(13, out mapping));
        Assert.Equal("b", mapping.Path);
        Assert.Equal(most, table.All.Count);
    }

    [Fact]
    public void Mapped_data_takes_no_room_from_code()
    {
        var table = new MappingTable([.. Enumerable.Range(0, 20_000).Select(i => Parse($"data:{10 + i * 20}-{20 + i * 20}") with { Protection = MapProtection.Read })]);
        Assert.True(table.Add(Parse("library:1000000-1000010")));
        Assert.True(table.TryFind(1_000_005, out var mapping));
        Assert.Equal("library", mapping.Path);
        Assert.True(table.TryFind(15, out mapping));
        Assert.Equal("data", mapping.Path);
    }

    static ProcMapping Parse(string text)
    {
        string[] parts = text.Split(':', '-');
        return new ProcMapping(ulong.Parse(parts[1], CultureInfo.InvariantCulture), ulong.Parse(parts[2], CultureInfo.InvariantCulture), MapProtection.Execute, false, 0, 1, 1, parts[0], false);
    }

    static string Text(MappingTable table) => string.Join(' ', table.All.Select(mapping => $"{mapping.Path}{mapping.Start}-{mapping.End}@{mapping.Offset}"));
}
