using System.Globalization;
using System.Text.Json;
using Sonde.Engine.Profiles.Formats.Json;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Reads the Firefox Profiler's processed format, with tables in each thread or shared, and Gecko's own, whose tables are rows with a schema.</summary>
/// <remarks>The file is read twice, for what threads share may come after them.</remarks>
sealed class GeckoReader(Stream input)
{
    internal const string LostLabel = "Lost samples";
    const double NanosecondsPerMillisecond = 1e6;

    readonly Profile _profile = Profile.ForFile(keepsTimeline: true);
    readonly GeckoTables _shared = new();
    ThreadDirectory? _threads;
    ProfileUnit? _unit;
    bool _isOurs;

    public Profile Read()
    {
        _threads = new ThreadDirectory(_profile);
        long start = input.Position;
        if (!ReadFile(threads: false))
        {
            throw new FormatException("there are no \"threads\"");
        }

        input.Position = start;
        ReadFile(threads: true);
        _profile.Info = _profile.Info with { Unit = _unit ?? _profile.Info.Unit };
        return _profile;
    }

    bool ReadFile(bool threads)
    {
        using var json = new JsonInput(input);
        return ReadProcess(json, threads);
    }

    /// <summary>In Gecko's own format processes hold other processes.</summary>
    bool ReadProcess(JsonInput json, bool threads)
    {
        bool found = false;
        json.BeginObject();
        while (json.NextMember(out string name))
        {
            switch (name)
            {
                case "meta" when !threads:
                    ReadMeta(json);
                    break;
                case "shared" when !threads:
                    json.BeginObject();
                    while (json.NextMember(out name))
                    {
                        if (!_shared.TryRead(name, json))
                        {
                            json.Skip();
                        }
                    }

                    break;
                case "threads" or "processes":
                    found |= name == "threads";
                    json.BeginArray();
                    while (json.NextElement())
                    {
                        if (name == "processes")
                        {
                            found |= ReadProcess(json, threads);
                        }
                        else if (threads)
                        {
                            ReadThread(json);
                        }
                        else
                        {
                            json.Skip();
                        }
                    }

                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return found;
    }

    void ReadMeta(JsonInput json)
    {
        json.BeginObject();
        while (json.NextMember(out string name))
        {
            switch (name)
            {
                case "profileName" when json.Token == JsonTokenType.String:
                    _profile.Info = _profile.Info with { Title = json.Text() };
                    break;
                case "interval" when json.Token == JsonTokenType.Number:
                    _profile.Info = _profile.Info with { IntervalNs = _isOurs ? _profile.Info.IntervalNs : Nanoseconds(json.Number(), json) };
                    break;
                case "startTime" when json.Token == JsonTokenType.Number:
                    double milliseconds = json.Number();
                    _profile.Info = _profile.Info with { Start = milliseconds is > 0 and < 1e14 ? DateTimeOffset.UnixEpoch.AddMicroseconds(Math.Round(milliseconds * 1e3)) : default };
                    break;
                case GeckoFormat.OwnMember:
                    ReadOurs(json);
                    break;
                case "extra" when json.Token == JsonTokenType.StartArray:
                    ReadExtra(json);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }
    }

    void ReadOurs(JsonInput json)
    {
        _isOurs = true;
        json.BeginObject();
        while (json.NextMember(out string name))
        {
            _profile.Info = name switch
            {
                "mode" => _profile.Info with { Mode = json.Text() },
                "unit" => _profile.Info with { Unit = (ProfileUnit)Math.Max(Array.IndexOf(JsonLinesFormat.Units, json.Text()), 0) },
                "interval_ns" => _profile.Info with { IntervalNs = Math.Max(json.Whole(), 0) },
                "duration_ns" => _profile.Info with { DurationNs = Math.Max(json.Whole(), 0) },
                _ => Skipped(json),
            };
        }

        _unit = _profile.Info.Unit;
    }

    ProfileInfo Skipped(JsonInput json)
    {
        json.Skip();
        return _profile.Info;
    }

    void ReadExtra(JsonInput json)
    {
        json.BeginArray();
        while (json.NextElement())
        {
            string section = "";
            json.BeginObject();
            while (json.NextMember(out string name))
            {
                if (name == "label")
                {
                    section = json.TextOrNothing();
                }
                else if (name == "entries" && section == LostLabel)
                {
                    ReadLosses(json);
                }
                else
                {
                    json.Skip();
                }
            }
        }
    }

    void ReadLosses(JsonInput json)
    {
        json.BeginArray();
        while (json.NextElement())
        {
            string cause = "";
            long count = 0;
            json.BeginObject();
            while (json.NextMember(out string name))
            {
                switch (name)
                {
                    case "label":
                        cause = json.Text();
                        break;
                    case "value":
                        count = json.Whole();
                        break;
                    default:
                        json.Skip();
                        break;
                }
            }

            if (count > 0)
            {
                _profile.Losses.Add(cause, count: count);
            }
        }
    }

    void ReadThread(JsonInput json)
    {
        var tables = new GeckoTables();
        string threadName = "", processName = "";
        int pid = 0, tid = 0;
        json.BeginObject();
        while (json.NextMember(out string name))
        {
            switch (name)
            {
                case "name":
                    threadName = json.TextOrNothing();
                    break;
                case "processName":
                    processName = json.TextOrNothing();
                    break;
                case "pid":
                    pid = Id(json);
                    break;
                case "tid":
                    tid = Id(json);
                    break;
                default:
                    if (!tables.TryRead(name, json))
                    {
                        json.Skip();
                    }

                    break;
            }
        }

        _threads!.Process(pid, 0, processName);
        // A thread without a name was given its heading for one.
        bool isHeading = _isOurs && ThreadLabel.TryParseHeading(threadName, out _, out int headed, out string rest) && headed == tid && rest.Length == 0;
        AddSamples(tables.With(_shared, _isOurs), _threads.Thread(pid, tid, isHeading ? "" : threadName), tables.WeightType ?? "samples", json);
    }

    void AddSamples(GeckoTables tables, int thread, string weightType, JsonInput json)
    {
        int[] stacks = tables.InternInto(_profile, json);
        var unit = weightType switch { "tracing-ms" => ProfileUnit.Nanoseconds, "bytes" => ProfileUnit.Bytes, _ when _isOurs => ProfileUnit.Samples, _ => ProfileUnit.Nanoseconds };
        _unit ??= unit;
        var times = tables.Column("samples", "time");
        var deltas = tables.Column("samples", "timeDeltas");
        var weights = tables.Column("samples", "weight");
        var markers = _isOurs ? tables.StateMarkers(json) : [];
        int marker = 0;
        double time = 0;
        var sampled = tables.Column("samples", "stack");
        for (int i = 0; i < sampled.Count; i++)
        {
            time = i < times.Count ? times[i] : i < deltas.Count ? time + deltas[i] : time;
            double weight = i < weights.Count && !double.IsNaN(weights[i]) ? weights[i] : 1;
            if (weight < 0)
            {
                throw json.Wrong("a weight is negative, as in a comparison of two profiles");
            }

            long timeNs = Nanoseconds(time, json);
            while (marker < markers.Count && markers[marker].EndNs <= timeNs)
            {
                marker++;
            }

            var (state, holdsGil) = marker < markers.Count && markers[marker].StartNs <= timeNs ? markers[marker].State : (ThreadState.Unknown, false);
            int stack = double.IsNaN(sampled[i]) ? StackTable.Empty : stacks[GeckoTables.Index(sampled[i], stacks.Length, json)];
            _profile.Add(new Sample(timeNs, thread, stack, Weight(weight, weightType, json), state, holdsGil));
        }
    }

    /// <summary>A sample of Firefox stands for an interval.</summary>
    long Weight(double weight, string type, JsonInput json) =>
        type == "tracing-ms" ? Nanoseconds(weight, json)
        : type != "bytes" && !_isOurs ? Nanoseconds(weight * _profile.Info.IntervalNs / NanosecondsPerMillisecond, json)
        : weight < 9e18 ? (long)weight
        : throw json.Wrong("a weight is out of range");

    static int Id(JsonInput json)
    {
        if (json.Token == JsonTokenType.Number)
        {
            return json.SmallOrNothing();
        }

        return int.TryParse(json.TextOrNothing(), NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : 0;
    }

    internal static long Nanoseconds(double milliseconds, JsonInput json) =>
        Math.Abs(milliseconds) < 9e12 ? (long)Math.Round(milliseconds * NanosecondsPerMillisecond) : throw json.Wrong("a time is out of range");
}
