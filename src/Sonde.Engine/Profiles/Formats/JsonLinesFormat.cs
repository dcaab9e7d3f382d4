using System.Globalization;
using Sonde.Engine.Profiles.Formats.Json;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Sonde's own format, which keeps everything: one JSON object a line, each defined before it is used.</summary>
/// <remarks>
/// <code>
/// {"sonde_profile":1,"title":…,"mode":"wall","unit":"nanoseconds","start":"2026-11-21T10:00:00.0000000+00:00","duration_ns":…,"interval_ns":…,"timeline":true}
/// {"process":0,"pid":4711,"parent":1,"command":"python app.py"}
/// {"thread":0,"of":0,"tid":4711,"name":"MainThread"}
/// {"frame":0,"kind":"python","function":"main","file":"/app.py","line":12,"first":3}
/// {"stack":1,"caller":0,"innermost":0}                                                        stack 0 is the empty one
/// {"at":1000,"in":0,"on":1,"weight":10000000,"state":"running","gil":true}                    a sample: thread "in", stack "on"
/// {"in":0,"on":1,"samples":7,"weight":70000000,"state":"running","gil":true}                  a sum, of a profile without times
/// {"lost":3,"cause":"the stack changed while it was read"}
/// {"lost_in":"app.spin","count":2}
/// </code>
/// </remarks>
public sealed class JsonLinesFormat : IProfileFormat
{
    /// <summary>The states by their names in the file; the order is that of <see cref="ThreadState"/>.</summary>
    internal static readonly string[] States = ["unknown", "running", "runnable", "sleeping", "waiting for gil", "waiting for lock", "waiting for io", "stopped"];

    internal static readonly string[] Kinds = ["python", "native", "kernel", "marker"];

    internal static readonly string[] Units = ["nanoseconds", "bytes", "samples"];

    internal const int Version = 1;

    /// <inheritdoc/>
    public string Name => "jsonl";

    /// <inheritdoc/>
    public IReadOnlyList<string> Extensions { get; } = [".jsonl"];

    /// <inheritdoc/>
    public bool NeedsTimeline => true;

    /// <inheritdoc/>
    public void Write(Profile profile, Stream output)
    {
        using var json = new JsonOutput(output);
        WriteInfo(profile, json);
        for (int number = 0; number < profile.Processes.Count; number++)
        {
            var process = profile.Processes[number];
            Begin(json, "process"u8, number);
            json.Member("pid"u8, process.Pid);
            json.Member("parent"u8, process.ParentPid);
            json.Member("command"u8, process.CommandLine);
            End(json);
        }

        for (int number = 0; number < profile.Threads.Count; number++)
        {
            var thread = profile.Threads[number];
            Begin(json, "thread"u8, number);
            json.Member("of"u8, thread.Process);
            json.Member("tid"u8, thread.Tid);
            json.Member("name"u8, thread.Name);
            End(json);
        }

        for (int number = 0; number < profile.Frames.Count; number++)
        {
            Write(profile.Frames[number], number, json);
        }

        for (int stack = 1; stack < profile.Stacks.Count; stack++)
        {
            Begin(json, "stack"u8, stack);
            json.Member("caller"u8, profile.Stacks.Caller(stack));
            json.Member("innermost"u8, profile.Stacks.Innermost(stack));
            End(json);
        }

        WriteSamples(profile, json);
        foreach (var (cause, count) in profile.Losses.Causes)
        {
            Begin(json, "lost"u8, count);
            json.Member("cause"u8, cause);
            End(json);
        }

        foreach (var (function, count) in profile.Losses.Functions.OrderBy(function => function.Key, StringComparer.Ordinal))
        {
            json.BeginObject();
            json.Member("lost_in"u8, function);
            json.Member("count"u8, count);
            End(json);
        }
    }

    /// <inheritdoc/>
    public Profile Read(Stream input) => JsonLinesReader.Read(input);

    static void WriteInfo(Profile profile, JsonOutput json)
    {
        Begin(json, "sonde_profile"u8, Version);
        json.Member("title"u8, profile.Info.Title);
        json.Member("mode"u8, profile.Info.Mode);
        json.Member("unit"u8, Units[(int)profile.Info.Unit]);
        json.Member("start"u8, profile.Info.Start.ToString("o", CultureInfo.InvariantCulture));
        json.Member("duration_ns"u8, profile.Info.DurationNs);
        json.Member("interval_ns"u8, profile.Info.IntervalNs);
        json.Name("timeline"u8);
        json.Boolean(profile.KeepsTimeline);
        End(json);
    }

    static void Write(in Frame frame, int number, JsonOutput json)
    {
        Begin(json, "frame"u8, number);
        json.Member("kind"u8, Kinds[(int)frame.Kind]);
        json.Member("function"u8, frame.Function);
        json.Member("file"u8, frame.File);
        json.Member("line"u8, frame.Line);
        if (frame.FirstLine > 0)
        {
            json.Member("first"u8, frame.FirstLine);
        }

        End(json);
    }

    static void WriteSamples(Profile profile, JsonOutput json)
    {
        if (profile.Timeline.Count == profile.SampleCount)
        {
            foreach (var sample in profile.Timeline)
            {
                Begin(json, "at"u8, sample.TimeNs);
                json.Member("in"u8, sample.Thread);
                json.Member("on"u8, sample.Stack);
                json.Member("weight"u8, sample.Weight);
                WriteState(sample.State, sample.HoldsGil, json);
            }

            return;
        }

        foreach (var entry in profile.Entries)
        {
            Begin(json, "in"u8, entry.Thread);
            json.Member("on"u8, entry.Stack);
            json.Member("samples"u8, entry.Samples);
            json.Member("weight"u8, entry.Weight);
            WriteState(entry.State, entry.HoldsGil, json);
        }
    }

    static void WriteState(ThreadState state, bool holdsGil, JsonOutput json)
    {
        if (state != ThreadState.Unknown)
        {
            json.Member("state"u8, States[(int)state]);
        }

        if (holdsGil)
        {
            json.Name("gil"u8);
            json.Boolean(true);
        }

        End(json);
    }

    static void Begin(JsonOutput json, ReadOnlySpan<byte> name, long value)
    {
        json.BeginObject();
        json.Member(name, value);
    }

    static void End(JsonOutput json)
    {
        json.EndObject();
        json.Line(separate: true);
    }
}
