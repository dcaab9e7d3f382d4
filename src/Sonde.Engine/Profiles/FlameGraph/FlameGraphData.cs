using System.Text.Json;
using Sonde.Engine.Output;

namespace Sonde.Engine.Profiles.FlameGraph;

/// <summary>Writes what the page shows as JSON that may stand inside a script element of HTML and of SVG: no character that marks up is in it.</summary>
/// <remarks>Tables are columns of numbers, and every text is there once, so that a hundred thousand stacks are a few megabytes and parsed in a fraction of a second.</remarks>
static class FlameGraphData
{
    /// <summary>Longer names are cut.</summary>
    const int LongestText = 1000;

    /// <summary>The JSON writer keeps what it has until it is told; this many numbers at a time.</summary>
    const int NumbersPerFlush = 1 << 14;

    /// <summary>Writes the data.</summary>
    public static void Write(FlameGraphSource source, Stream output)
    {
        // The default encoder writes <, >, &, quotes and everything outside ASCII as \uNNNN.
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        WriteInfo(source, json);
        WriteLosses(source.Losses, json);
        json.WriteStartArray("processes"u8);
        foreach (var process in source.Processes)
        {
            json.WriteStartArray();
            json.WriteNumberValue(process.Pid);
            json.WriteNumberValue(process.ParentPid);
            json.WriteStringValue(Escape.Text(process.CommandLine));
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteStartArray("threads"u8);
        foreach (var thread in source.Threads)
        {
            json.WriteStartArray();
            json.WriteNumberValue(thread.Process);
            json.WriteNumberValue(thread.Tid);
            json.WriteStringValue(Escape.Text(thread.Name));
            json.WriteEndArray();
        }

        json.WriteEndArray();
        WriteFrames(source.Frames, json);
        WriteStacks(source.Stacks, json);
        WriteEntries(source, json);
        if (source.Timeline.Count > 0)
        {
            WriteTimeline(source.Timeline, json);
        }

        json.WriteEndObject();
    }

    /// <summary>Times as the distance to the sample before: they have fewer digits.</summary>
    static void WriteTimeline(IReadOnlyList<Sample> samples, Utf8JsonWriter json)
    {
        json.WriteStartObject("timeline"u8);
        WriteNumbers(json, "thread"u8, samples.Select(static sample => (long)sample.Thread));
        WriteNumbers(json, "stack"u8, samples.Select(static sample => (long)sample.Stack));
        WriteNumbers(json, "state"u8, samples.Select(static sample => State(sample.State, sample.HoldsGil)));
        WriteNumbers(json, "time"u8, samples.Select((sample, i) => i == 0 ? sample.TimeNs : sample.TimeNs - samples[i - 1].TimeNs));
        WriteNumbers(json, "weight"u8, samples.Select(static sample => sample.Weight));
        json.WriteEndObject();
    }

    static long State(ThreadState state, bool holdsGil) => ((long)state << 1) | (holdsGil ? 1L : 0L);

    static void WriteInfo(FlameGraphSource source, Utf8JsonWriter json)
    {
        var info = source.Info;
        json.WriteStartObject("info"u8);
        json.WriteString("title"u8, source.Title);
        json.WriteString("width"u8, source.WidthText);
        json.WriteString("mode"u8, Escape.Text(info.Mode));
        json.WriteString("unit"u8, info.Unit switch { ProfileUnit.Bytes => "bytes", ProfileUnit.Samples => "samples", _ => "ns" });
        json.WriteString("start"u8, source.StartText);
        json.WriteNumber("durationNs"u8, info.DurationNs);
        json.WriteNumber("intervalNs"u8, info.IntervalNs);
        json.WriteNumber("samples"u8, source.SampleCount);
        json.WriteNumber("weight"u8, source.Weight);
        if (source.Untimed > 0)
        {
            json.WriteNumber("untimed"u8, source.Untimed);
        }

        if (info.FullFileNames)
        {
            json.WriteBoolean("fullFileNames"u8, true);
        }

        json.WriteEndObject();
        json.WriteStartArray("states"u8);
        foreach (var state in Enum.GetValues<ThreadState>())
        {
            json.WriteStringValue(StateText.Of(state));
        }

        json.WriteEndArray();
    }

    static void WriteLosses(ProfileLosses losses, Utf8JsonWriter json)
    {
        json.WriteStartObject("losses"u8);
        json.WriteNumber("total"u8, losses.Total);
        WritePairs("causes"u8, losses.Causes);
        WritePairs("functions"u8, losses.Functions);
        json.WriteEndObject();

        void WritePairs(ReadOnlySpan<byte> name, IReadOnlyDictionary<string, long> pairs)
        {
            json.WriteStartArray(name);
            foreach (var (text, count) in pairs.OrderByDescending(static pair => pair.Value).ThenBy(static pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteStartArray();
                json.WriteStringValue(Escape.Text(text));
                json.WriteNumberValue(count);
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }
    }

    static void WriteFrames(FrameTable frames, Utf8JsonWriter json)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        List<string> texts = [];
        int Number(string text)
        {
            if (!numbers.TryGetValue(text, out int number))
            {
                numbers.Add(text, number = texts.Count);
                texts.Add(text);
            }

            return number;
        }

        var all = Enumerable.Range(0, frames.Count).Select(number => frames[number]).ToList();
        json.WriteStartObject("frames"u8);
        WriteNumbers(json, "kind"u8, all.Select(static frame => (long)frame.Kind));
        WriteNumbers(json, "name"u8, all.Select(frame => (long)Number(frame.Function)));
        WriteNumbers(json, "file"u8, all.Select(frame => (long)Number(frame.File)));
        WriteNumbers(json, "line"u8, all.Select(static frame => (long)frame.Line));
        WriteNumbers(json, "first"u8, all.Select(static frame => (long)frame.FirstLine));
        WriteNumbers(json, "hue"u8, all.Select(static frame => (long)FrameColour.Hue(frame)));
        json.WriteEndObject();
        json.WriteStartArray("texts"u8);
        foreach (var text in texts)
        {
            json.WriteStringValue(Escape.Text(text, LongestText));
        }

        json.WriteEndArray();
        json.Flush();
    }

    static void WriteStacks(StackTable stacks, Utf8JsonWriter json)
    {
        var numbers = Enumerable.Range(1, stacks.Count - 1);
        json.WriteStartObject("stacks"u8);
        WriteNumbers(json, "caller"u8, numbers.Select(number => (long)(number - stacks.Caller(number))));
        WriteNumbers(json, "frame"u8, numbers.Select(number => (long)stacks.Innermost(number)));
        json.WriteEndObject();
    }

    static void WriteEntries(FlameGraphSource source, Utf8JsonWriter json)
    {
        json.WriteStartObject("entries"u8);
        WriteNumbers(json, "thread"u8, source.Entries.Select(static entry => (long)entry.Thread));
        WriteNumbers(json, "stack"u8, source.Entries.Select(static entry => (long)entry.Stack));
        WriteNumbers(json, "state"u8, source.Entries.Select(static entry => State(entry.State, entry.HoldsGil)));
        WriteNumbers(json, "samples"u8, source.Entries.Select(static entry => entry.Samples));
        WriteNumbers(json, "weight"u8, source.Entries.Select(static entry => entry.Weight));
        if (source.IsDifference)
        {
            WriteNumbers(json, "before"u8, source.Entries.Select(static entry => entry.Before));
        }

        json.WriteEndObject();
    }

    static void WriteNumbers(Utf8JsonWriter json, ReadOnlySpan<byte> name, IEnumerable<long> numbers)
    {
        json.WriteStartArray(name);
        int written = 0;
        foreach (long number in numbers)
        {
            json.WriteNumberValue(number);
            if (++written % NumbersPerFlush == 0)
            {
                json.Flush();
            }
        }

        json.WriteEndArray();
    }
}
