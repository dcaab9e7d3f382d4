using Sonde.Symbols.Elf;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class FilePiecesTests
{
    [Fact]
    public void A_file_is_read_where_it_is_asked_for_and_only_once()
    {
        var file = new byte[1_000_000];
        new Random(1).NextBytes(file);
        List<(long Offset, int Length)> reads = [];
        var pieces = new FilePieces(file.Length, (offset, destination) =>
        {
            reads.Add((offset, destination.Length));
            file.AsSpan((int)offset, destination.Length).CopyTo(destination);
            return true;
        });

        Assert.True(pieces.TryFill(300_000, 10));
        Assert.True(pieces.TryFill(299_990, 30));
        Assert.Equal([(262_144L, 65_536)], reads);
        Assert.True(pieces.TryFill(200_000, 200_000));
        Assert.Equal([(196_608L, 65_536), (327_680L, 131_072)], reads[1..]);
        Assert.True(file.AsSpan(200_000, 200_000).SequenceEqual(pieces.Memory.Span.Slice(200_000, 200_000)));
        Assert.True(pieces.TryFill(999_999, 1));
        Assert.Equal((983_040L, 16_960), reads[^1]);
        Assert.True(pieces.TryFill(0, 0));
        Assert.True(pieces.TryFill(0, file.Length));
        Assert.True(file.AsSpan().SequenceEqual(pieces.Memory.Span));
        Assert.Equal(file.Length, reads.Sum(static read => read.Length));
    }

    [Fact]
    public void Gives_the_same_symbols_and_sections_as_the_whole_file()
    {
        var path = TestFiles.Real.MaxBy(static each => new FileInfo(each).Length)!;
        var bytes = File.ReadAllBytes(path);
        var whole = ElfFile.Parse(bytes, "whole");
        var pieces = ElfFile.Parse(new FilePieces(bytes.Length, (offset, destination) => bytes.AsSpan((int)offset, destination.Length).TryCopyTo(destination)), "pieces");

        Assert.Equal(whole.Segments, pieces.Segments);
        Assert.Equal(whole.Sections, pieces.Sections);
        Assert.Equal(whole.BuildId, pieces.BuildId);
        Assert.Equal(whole.NeededLibraries, pieces.NeededLibraries);
        Assert.Equal(whole.DynamicSymbols.Select(static symbol => symbol.ToString()), pieces.DynamicSymbols.Select(static symbol => symbol.ToString()));
        Assert.True(whole.Bytes.SequenceEqual(pieces.Bytes));
    }

    [Fact]
    public void A_file_that_cannot_be_read_any_more_is_a_damaged_one()
    {
        var bytes = File.ReadAllBytes(TestFiles.Real.MaxBy(static each => new FileInfo(each).Length)!);
        var isThere = true;
        var file = ElfFile.Parse(new FilePieces(bytes.Length, (offset, destination) => isThere && bytes.AsSpan((int)offset, destination.Length).TryCopyTo(destination)), "short");
        isThere = false;

        Assert.Contains("cannot be read any more", Assert.Throws<ElfException>(() => file.Bytes.Length).Message, StringComparison.Ordinal);
    }
}
