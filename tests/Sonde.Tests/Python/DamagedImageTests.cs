using Sonde.Python.Sites;
using Sonde.Symbols.Elf;
using Xunit;

namespace Sonde.Tests.Python;

public class DamagedImageTests
{
    const int Rounds = 24;

    public static TheoryData<string> Paths => [.. Images.All.GroupBy(path => Images.Open(path).Version.Minor).Select(builds => builds.First())];

    /// <summary>Whatever is in the file: an answer in bounded time, and only sites that keep all rules.</summary>
    [Theory(SkipTestWithoutData = true), MemberData(nameof(Paths))]
    public void A_damaged_interpreter_is_refused_or_analysed(string path)
    {
        var original = File.ReadAllBytes(path);
        var (whole, version) = Images.Open(path);
        Assert.True(whole.TryFindSymbol("_PyEval_EvalFrameDefault", out var function) && whole.TryGetFileOffset(function.Value, out _));
        Assert.True(whole.TryGetFileOffset(function.Value, out var code));
        List<(int Start, int Length)> regions = [((int)code, 0x4000)];
        foreach (var name in (ReadOnlySpan<string>)[".eh_frame", ".rodata", ".rela.dyn", ".data.rel.ro", ".rela.plt", ".dynsym", ".dynamic"])
        {
            if (whole.TryGetSection(name, out var section))
            {
                regions.Add(((int)section.Offset, (int)section.Size));
            }
        }

        for (var seed = 0; seed < Rounds; seed++)
        {
            var random = new Random(seed);
            var bytes = (byte[])original.Clone();
            var (start, length) = regions[seed % regions.Count];
            for (var damage = 1 << random.Next(14); damage > 0; damage--)
            {
                bytes[start + random.Next(length)] = random.Next(3) == 0 ? (byte)0xff : (byte)random.Next(256);
            }

            SiteAnalysis analysis;
            try
            {
                analysis = StockProbes.Find(ElfFile.Parse(bytes, "damaged"), version);
            }
            catch (ElfException)
            {
                continue;
            }

            Assert.NotEqual(analysis.Refusal is null, analysis.Sites.Count == 0);
            Assert.All(analysis.Sites, site => Assert.True(site.ThreadState is not null && site.Bytes.Length > 0));
            Assert.Equal(analysis.Sites.Select(site => site.Address).Distinct().Order(), analysis.Sites.Select(site => site.Address));
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Paths))]
    public void Another_minor_versions_constants_never_fit(string path)
    {
        var (image, version) = Images.Open(path);
        foreach (var other in Enumerable.Range(6, 10).Where(minor => !IsAlike(minor, version.Minor)))
        {
            Assert.NotNull(StockProbes.Find(image, version with { Minor = other }).Refusal);
        }
    }

    /// <summary>Nothing that the eval function shows differs between these: neither the offsets used nor the order of the arguments.</summary>
    static bool IsAlike(int left, int right) =>
        left == right || left is >= 6 and <= 8 && right is >= 6 and <= 8 || left is 9 or 10 && right is 9 or 10;
}
