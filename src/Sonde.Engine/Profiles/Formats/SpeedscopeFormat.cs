using Sonde.Engine.Profiles.Formats.Json;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>The file format of speedscope.app: one sampled profile for each thread (its schema: speedscope.app/file-format-schema.json, MIT).</summary>
/// <remarks>
/// Samples have weights and no times there. Where a thread was not sampled for longer than half an interval a sample without frames fills the gap, so that the time axis stays
/// true. Kept: stacks, files, lines, weights, threads, times to an interval. Not: states, counts of sums, process trees, what was lost.
/// </remarks>
public sealed class SpeedscopeFormat : IProfileFormat
{
    internal const string Schema = "https://www.speedscope.app/file-format-schema.json";

    /// <inheritdoc/>
    public string Name => "speedscope";

    /// <inheritdoc/>
    public IReadOnlyList<string> Extensions { get; } = [".speedscope.json", ".speedscope", ".json"];

    /// <inheritdoc/>
    public bool NeedsTimeline => true;

    /// <inheritdoc/>
    public void Write(Profile profile, Stream output)
    {
        var times = new ThreadTimes(profile);
        using var json = new JsonOutput(output);
        json.BeginObject();
        json.Member("$schema"u8, Schema);
        json.Member("exporter"u8, "sonde");
        json.Member("name"u8, profile.Info.Title);
        json.Name("shared"u8);
        json.BeginObject();
        json.Name("frames"u8);
        json.BeginArray();
        for (int number = 0; number < profile.Frames.Count; number++)
        {
            Write(profile.Frames[number], json);
        }

        json.EndArray();
        json.EndObject();
        json.Line();
        json.Name("profiles"u8);
        json.BeginArray();
        for (int thread = 0; thread < profile.Threads.Count; thread++)
        {
            if (times.Count(thread) > 0)
            {
                WriteThread(profile, thread, times, json);
            }
        }

        json.EndArray();
        json.EndObject();
        json.Line(separate: true);
    }

    /// <inheritdoc/>
    public Profile Read(Stream input) => new SpeedscopeReader(input).Read();

    static void Write(in Frame frame, JsonOutput json)
    {
        json.Line();
        json.BeginObject();
        json.Member("name"u8, frame.Function);
        if (frame.File.Length > 0)
        {
            json.Member("file"u8, frame.File);
        }

        if (frame.Line > 0)
        {
            json.Member("line"u8, frame.Line);
        }

        json.EndObject();
    }

    static void WriteThread(Profile profile, int thread, ThreadTimes times, JsonOutput json)
    {
        json.Line();
        json.BeginObject();
        json.Member("type"u8, "sampled");
        json.Member("name"u8, ThreadLabel.Heading(profile, profile.Threads[thread]));
        json.Member("unit"u8, profile.Info.Unit switch { ProfileUnit.Bytes => "bytes", ProfileUnit.Samples => "none", _ => "nanoseconds" });
        long start = times.Of(thread).First().TimeNs;
        json.Member("startValue"u8, start);
        json.Member("endValue"u8, start + Spans(profile, thread, times).Sum(span => span.Weight));
        json.Name("samples"u8);
        json.BeginArray();
        var path = new List<int>();
        foreach (var (stack, _) in Spans(profile, thread, times))
        {
            path.Clear();
            for (int caller = stack; caller != StackTable.Empty; caller = profile.Stacks.Caller(caller))
            {
                path.Add(profile.Stacks.Innermost(caller));
            }

            json.BeginArray();
            for (int i = path.Count - 1; i >= 0; i--)
            {
                json.Number(path[i]);
            }

            json.EndArray();
        }

        json.EndArray();
        json.Line();
        json.Name("weights"u8);
        json.BeginArray();
        foreach (var (_, weight) in Spans(profile, thread, times))
        {
            json.Number(weight);
        }

        json.EndArray();
        json.EndObject();
    }

    /// <summary>A thread's samples, and the gaps between them as samples of the empty stack.</summary>
    static IEnumerable<(int Stack, long Weight)> Spans(Profile profile, int thread, ThreadTimes times)
    {
        bool hasTimes = profile.Info.Unit == ProfileUnit.Nanoseconds && !times.IsLaidOut;
        long end = long.MaxValue;
        foreach (var sample in times.Of(thread))
        {
            if (hasTimes && end != long.MaxValue && sample.TimeNs - end > profile.Info.IntervalNs / 2)
            {
                yield return (StackTable.Empty, sample.TimeNs - end);
                end = sample.TimeNs;
            }

            yield return (sample.Stack, sample.Weight);
            end = end == long.MaxValue ? sample.TimeNs + sample.Weight : end + sample.Weight;
        }
    }
}
