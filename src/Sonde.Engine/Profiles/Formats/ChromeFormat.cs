using Sonde.Engine.Profiles.Formats.Json;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>The Trace Event Format of chrome://tracing, which ui.perfetto.dev and speedscope open too: each thread as a flame chart of B and E events.</summary>
/// <remarks>
/// A frame that is seen in one sample after another is one event, as long as not half an interval passed that no sample counts for. Kept: stacks, files, lines, kinds, threads, the weight of each stack,
/// its moments to an interval. Not: single samples, states. The format is described in "Trace Event Format" (Google, chromium.org).
/// </remarks>
public sealed class ChromeFormat : IProfileFormat
{
    /// <inheritdoc/>
    public string Name => "chrome";

    /// <inheritdoc/>
    public IReadOnlyList<string> Extensions { get; } = [".trace.json", ".chrome.json"];

    /// <inheritdoc/>
    public bool NeedsTimeline => true;

    /// <inheritdoc/>
    public void Write(Profile profile, Stream output)
    {
        var times = new ThreadTimes(profile);
        using var json = new JsonOutput(output);
        json.BeginObject();
        json.Member("displayTimeUnit"u8, "ms");
        json.Name("otherData"u8);
        json.BeginObject();
        json.Member("exporter"u8, "sonde");
        json.Member("title"u8, profile.Info.Title);
        json.Member("mode"u8, profile.Info.Mode);
        json.Member("unit"u8, JsonLinesFormat.Units[(int)profile.Info.Unit]);
        json.Member("interval_ns"u8, profile.Info.IntervalNs);
        json.Member("lost"u8, profile.Losses.Total);
        json.EndObject();
        json.Name("traceEvents"u8);
        json.BeginArray();
        foreach (var process in profile.Processes)
        {
            WriteName(json, "process_name", process.Pid, 0, process.CommandLine);
        }

        for (int thread = 0; thread < profile.Threads.Count; thread++)
        {
            new ThreadEvents(profile, thread, json).Write(times);
        }

        json.EndArray();
        json.EndObject();
        json.Line(separate: true);
    }

    /// <inheritdoc/>
    public Profile Read(Stream input) => new ChromeReader(input).Read();

    static void Begin(JsonOutput json, string phase, int pid, int tid)
    {
        json.Line();
        json.BeginObject();
        json.Member("ph"u8, phase);
        json.Member("pid"u8, pid);
        json.Member("tid"u8, tid);
    }

    static void WriteName(JsonOutput json, string what, int pid, int tid, string name)
    {
        if (name.Length == 0)
        {
            return;
        }

        Begin(json, "M", pid, tid);
        json.Member("name"u8, what);
        json.Name("args"u8);
        json.BeginObject();
        json.Member("name"u8, name);
        json.EndObject();
        json.EndObject();
    }

    /// <summary>The events of one thread.</summary>
    sealed class ThreadEvents(Profile profile, int thread, JsonOutput json)
    {
        readonly int _pid = profile.Processes[profile.Threads[thread].Process].Pid;
        readonly int _tid = profile.Threads[thread].Tid;
        readonly List<int> _path = [];
        int _open = StackTable.Empty;
        long _endNs = long.MinValue / 2;

        public void Write(ThreadTimes times)
        {
            WriteName(json, "thread_name", _pid, _tid, profile.Threads[thread].Name);
            foreach (var sample in times.Of(thread))
            {
                // A sample is taken at some moment of its interval, and counts for a whole one: what comes sooner or a little later goes on where the one before ended, so that no time is lost or made.
                long startNs = _endNs;
                if (sample.TimeNs - _endNs > (times.IsLaidOut ? 0 : profile.Info.IntervalNs / 2))
                {
                    Close(StackTable.Empty, _endNs);
                    startNs = Math.Max(sample.TimeNs, 0);
                }

                int shared = Shared(_open, sample.Stack);
                Close(shared, startNs);
                Open(shared, sample.Stack, startNs);
                _endNs = startNs + sample.Weight;
            }

            Close(StackTable.Empty, _endNs);
        }

        /// <summary>The callers that two stacks have in common.</summary>
        int Shared(int one, int other)
        {
            var stacks = profile.Stacks;
            while (one != other)
            {
                // A caller has a smaller number than what it calls.
                (one, other) = one > other ? (stacks.Caller(one), other) : (one, stacks.Caller(other));
            }

            return one;
        }

        void Close(int until, long timeNs)
        {
            for (; _open != until; _open = profile.Stacks.Caller(_open))
            {
                Begin(json, "E", _pid, _tid);
                json.Name("ts"u8);
                json.Fraction(timeNs, 3);
                json.EndObject();
            }
        }

        void Open(int shared, int stack, long timeNs)
        {
            _path.Clear();
            for (int callee = stack; callee != shared; callee = profile.Stacks.Caller(callee))
            {
                _path.Add(callee);
            }

            for (int i = _path.Count - 1; i >= 0; i--)
            {
                var frame = profile.Frames[profile.Stacks.Innermost(_path[i])];
                Begin(json, "B", _pid, _tid);
                json.Name("ts"u8);
                json.Fraction(timeNs, 3);
                json.Member("cat"u8, JsonLinesFormat.Kinds[(int)frame.Kind]);
                json.Member("name"u8, frame.Function);
                json.Name("args"u8);
                json.BeginObject();
                json.Member("file"u8, frame.File);
                json.Member("line"u8, frame.Line);
                json.EndObject();
                json.EndObject();
            }

            _open = stack;
        }
    }
}
