using Sonde.Python;
using Sonde.Python.Sites;
using Xunit;

namespace Sonde.Tests.Python;

public class StockProbesTests
{
    public static TheoryData<string> Paths => [.. Images.All];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Paths))]
    public void Finds_every_way_in_and_out(string path)
    {
        var (image, version) = Images.Open(path);
        var analysis = StockProbes.Find(image, version);

        Assert.Null(analysis.Refusal);
        Assert.All(analysis.Sites, site => Assert.NotNull(site.ThreadState));
        var entries = analysis.Sites.Where(site => site.Kind == SiteKind.Entry).ToList();
        var exits = analysis.Sites.Where(site => site.Kind == SiteKind.Exit).ToList();
        Assert.All(entries, site => Assert.Equal((SiteCost.Emulated, CurrentFrame.New, true), (site.Cost, site.Current, site.Frame is not null)));
        if (version.Minor <= 10)
        {
            Assert.Single(entries);
            Assert.All(exits, site => Assert.Equal((SiteCost.Emulated, CurrentFrame.Parent, true), (site.Cost, site.Current, site.Frame is not null)));
            return;
        }

        Assert.Contains(analysis.Sites, site => site.Kind == SiteKind.Throw);
        Assert.All(exits, site => Assert.NotEqual(ExitReasons.None, site.Reasons));
        foreach (var reason in (ReadOnlySpan<ExitReasons>)[ExitReasons.Return, ExitReasons.Unwind, ExitReasons.Suspend, ExitReasons.GeneratorCreation])
        {
            Assert.Contains(exits, site => site.Reasons.HasFlag(reason));
        }

        Assert.All(exits, site => Assert.True(site.Frame is not null || site.Current == CurrentFrame.Parent && site.ParentFrame is not null));
        Assert.All(exits.Where(site => site.Reasons != ExitReasons.Suspend), site => Assert.Equal(SiteCost.Emulated, site.Cost));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Paths))]
    public void The_sites_of_known_builds_stay_as_they_are(string path)
    {
        var (image, version) = Images.Open(path);
        var golden = $"sites-{version}-{image.BuildId?[..12]}.txt";
        Assert.SkipUnless(Golden.Has(golden), $"{path} is a build nobody has looked at");
        Golden.Check(golden, string.Concat(StockProbes.Find(image, version).Sites.Select(Line)));
    }

    static string Line(ProbeSite site)
    {
        List<string> words = [site.Kind.ToString(), $"{site.Address:x}", site.Instruction, site.Cost.ToString(), $"current={site.Current}"];
        if (site.Reasons != ExitReasons.None)
        {
            words.Add($"reasons={site.Reasons.ToString().Replace(", ", "|", StringComparison.Ordinal)}");
        }

        words.Add($"thread={site.ThreadState}");
        words.Add($"frame={site.Frame}");
        words.Add($"parent={site.ParentFrame}");
        words.Add($"({site.Origin})");
        return string.Join("  ", words) + "\n";
    }

    [Fact]
    public void Refuses_an_unknown_version_by_name()
    {
        var (image, _) = Images.Open(Images.All[0]);
        Assert.Contains("3.16", StockProbes.Find(image, new PythonVersion(16, 0)).Refusal);
        Assert.Contains("3.5", StockProbes.Find(image, new PythonVersion(5, 0)).Refusal);
    }
}
