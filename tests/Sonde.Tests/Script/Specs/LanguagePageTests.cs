using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace Sonde.Tests.Script.Specs;

/// <summary>docs/language.md and tests/specs are about the same features.</summary>
public partial class LanguagePageTests
{
    static readonly string[] _page = File.ReadAllLines(Path.Combine(Repository(), "docs", "language.md"));
    static readonly Spec[] _specs = [.. SpecFile.ReadAll(Path.Combine(Repository(), "tests", "specs"))];

    [Fact]
    public void Every_feature_of_the_page_has_a_spec() =>
        Assert.Empty(Features(Part(differences: false)).Except(_specs.Select(spec => spec.Feature)));

    [Fact]
    public void Every_spec_is_of_a_feature_of_the_page() =>
        Assert.Empty(_specs.Select(spec => spec.Feature).Except(Features(Part(differences: false))).Distinct());

    [Fact]
    public void No_feature_stands_in_two_rows()
    {
        string[] features = [.. Features(Part(differences: false))];
        Assert.Equal(features.Distinct(), features);
    }

    [Fact]
    public void The_page_lists_every_intended_difference() => Assert.Equal(
        _specs.Where(spec => spec.Differs is not null).Select(spec => $"| `{spec.Feature}` | {spec.Differs} |").Distinct().Order(StringComparer.Ordinal),
        Part(differences: true).Where(line => Row().IsMatch(line)).Order(StringComparer.Ordinal));

    static string Repository([CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../../.."));

    static IEnumerable<string> Part(bool differences)
    {
        int end = Array.FindIndex(_page, line => line.StartsWith("## Where Sonde differs", StringComparison.Ordinal));
        return differences ? _page.Skip(end) : _page.Take(end);
    }

    static IEnumerable<string> Features(IEnumerable<string> lines) =>
        lines.Select(line => Row().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"^\| `([a-z]+\.[a-z0-9_-]+)` \|")]
    private static partial Regex Row();
}
