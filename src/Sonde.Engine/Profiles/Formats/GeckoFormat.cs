using Sonde.Engine.Profiles.Formats.Json;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>The Firefox Profiler's processed format (profiler.firefox.com; docs-developer/processed-profile-format.md there), in version 48.</summary>
/// <remarks>
/// Newer front ends read it, they upgrade what is older. Kinds of frames are categories; what a thread does is shown by markers as long as it does it. Kept: all but
/// counts of sums, parents of processes, and in which functions samples were lost.
/// </remarks>
public sealed class GeckoFormat : IProfileFormat
{
    const int ProcessedVersion = 48;
    const int GeckoVersion = 29;

    /// <summary>Milliseconds have six decimals: nothing of a nanosecond is lost.</summary>
    const int Decimals = 6;

    internal const string OwnMember = "sonde";

    // One for each kind of frame, by its number. A grey one must be among them.
    static readonly (string Name, string Color)[] _categories = [("Python", "yellow"), ("Native", "blue"), ("Kernel", "orange"), ("Other", "grey")];

    /// <inheritdoc/>
    public string Name => "gecko";

    /// <inheritdoc/>
    public IReadOnlyList<string> Extensions { get; } = [".gecko.json", ".gecko", ".profile.json"];

    /// <inheritdoc/>
    public bool NeedsTimeline => true;

    /// <inheritdoc/>
    public void Write(Profile profile, Stream output)
    {
        var times = new ThreadTimes(profile);
        using var json = new JsonOutput(output);
        json.BeginObject();
        WriteMeta(profile, json);
        foreach (var empty in new[] { "libs", "pages", "counters", "profilerOverhead" })
        {
            json.Name(System.Text.Encoding.ASCII.GetBytes(empty));
            json.BeginArray();
            json.EndArray();
        }

        json.Name("threads"u8);
        json.BeginArray();
        for (int thread = 0; thread < profile.Threads.Count; thread++)
        {
            new GeckoThread(profile, thread, times, json).Write();
        }

        json.EndArray();
        json.EndObject();
        json.Line(separate: true);
    }

    /// <inheritdoc/>
    public Profile Read(Stream input) => new GeckoReader(input).Read();

    /// <summary>A number of nanoseconds as milliseconds.</summary>
    internal static void Milliseconds(JsonOutput json, long ns) => json.Fraction(ns, Decimals);

    static void WriteMeta(Profile profile, JsonOutput json)
    {
        json.Name("meta"u8);
        json.BeginObject();
        json.Member("product"u8, "Sonde");
        json.Member("profileName"u8, profile.Info.Title);
        json.Member("version"u8, GeckoVersion);
        json.Member("preprocessedProfileVersion"u8, ProcessedVersion);
        json.Member("processType"u8, 0);
        json.Member("stackwalk"u8, 0);
        json.Name("interval"u8);
        Milliseconds(json, profile.Info.IntervalNs > 0 ? profile.Info.IntervalNs : 1_000_000);
        json.Name("startTime"u8);
        json.Fraction((profile.Info.Start - DateTimeOffset.UnixEpoch).Ticks, 4);
        foreach (var name in new[] { "symbolicated", "usesOnlyOneStackType", "doesNotUseFrameImplementation", "sourceCodeIsNotOnSearchfox" })
        {
            json.Name(System.Text.Encoding.ASCII.GetBytes(name));
            json.Boolean(true);
        }

        WriteCategories(json);
        WriteMarkerSchema(json);
        json.Name(System.Text.Encoding.ASCII.GetBytes(OwnMember));
        json.BeginObject();
        json.Member("mode"u8, profile.Info.Mode);
        json.Member("unit"u8, JsonLinesFormat.Units[(int)profile.Info.Unit]);
        json.Member("interval_ns"u8, profile.Info.IntervalNs);
        json.Member("duration_ns"u8, profile.Info.DurationNs);
        json.EndObject();
        WriteLosses(profile, json);
        json.EndObject();
        json.Line();
    }

    static void WriteCategories(JsonOutput json)
    {
        json.Name("categories"u8);
        json.BeginArray();
        foreach (var (name, color) in _categories)
        {
            json.BeginObject();
            json.Member("name"u8, name);
            json.Member("color"u8, color);
            json.Name("subcategories"u8);
            json.BeginArray();
            json.Text("Other");
            json.EndArray();
            json.EndObject();
        }

        json.EndArray();
    }

    static void WriteMarkerSchema(JsonOutput json)
    {
        json.Name("markerSchema"u8);
        json.BeginArray();
        json.BeginObject();
        json.Member("name"u8, GeckoThread.MarkerType);
        json.Name("display"u8);
        json.BeginArray();
        json.Text("marker-chart");
        json.Text("marker-table");
        json.EndArray();
        json.Name("data"u8);
        json.BeginArray();
        json.EndArray();
        json.EndObject();
        json.EndArray();
    }

    static void WriteLosses(Profile profile, JsonOutput json)
    {
        json.Name("extra"u8);
        json.BeginArray();
        json.BeginObject();
        json.Member("label"u8, GeckoReader.LostLabel);
        json.Name("entries"u8);
        json.BeginArray();
        foreach (var (cause, count) in profile.Losses.Causes)
        {
            json.BeginObject();
            json.Member("label"u8, cause);
            json.Member("format"u8, "integer");
            json.Member("value"u8, count);
            json.EndObject();
        }

        json.EndArray();
        json.EndObject();
        json.EndArray();
    }
}
