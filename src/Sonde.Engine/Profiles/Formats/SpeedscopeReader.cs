using System.Globalization;
using Sonde.Engine.Profiles.Formats.Json;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Reads speedscope files, sampled and evented, of any writer. Twice, where the frames come after the profiles.</summary>
sealed class SpeedscopeReader(Stream input)
{
    readonly Profile _profile = Profile.ForFile(keepsTimeline: true);
    readonly List<int> _frames = [];
    ThreadDirectory? _threads;
    ProfileUnit? _unit;
    bool _hasFrames;

    public Profile Read()
    {
        _threads = new ThreadDirectory(_profile);
        long start = input.Position;
        bool again = ReadFile();
        if (again)
        {
            input.Position = start;
            ReadFile();
        }

        if (!_hasFrames)
        {
            throw new FormatException("there is no \"shared\" object with \"frames\"");
        }

        _profile.Info = _profile.Info with
        {
            Unit = _unit ?? ProfileUnit.Nanoseconds,
            Mode = _unit == ProfileUnit.Bytes ? "memory" : "wall",
            DurationNs = _unit is null or ProfileUnit.Nanoseconds && _profile.Timeline.Count > 0 ? _profile.Timeline.Max(sample => sample.TimeNs + sample.Weight) : 0,
        };
        return _profile;
    }

    /// <summary>Whether profiles came before the frames.</summary>
    bool ReadFile()
    {
        bool tooEarly = false;
        using var json = new JsonInput(input);
        json.BeginObject();
        while (json.NextMember(out string name))
        {
            switch (name)
            {
                case "name":
                    _profile.Info = _profile.Info with { Title = json.TextOrNothing() };
                    break;
                case "shared" when !_hasFrames:
                    ReadShared(json);
                    break;
                case "profiles" when _hasFrames:
                    json.BeginArray();
                    while (json.NextElement())
                    {
                        ReadProfile(json);
                    }

                    break;
                default:
                    tooEarly |= name == "profiles";
                    json.Skip();
                    break;
            }
        }

        return tooEarly && _hasFrames;
    }

    void ReadShared(JsonInput json)
    {
        json.BeginObject();
        while (json.NextMember(out string name))
        {
            if (name != "frames" || _hasFrames)
            {
                json.Skip();
                continue;
            }

            _hasFrames = true;
            json.BeginArray();
            while (json.NextElement())
            {
                _frames.Add(_profile.Frames.Intern(ReadFrame(json)));
            }
        }
    }

    static Frame ReadFrame(JsonInput json)
    {
        string function = "", file = "";
        int line = 0;
        json.BeginObject();
        while (json.NextMember(out string name))
        {
            switch (name)
            {
                case "name":
                    function = json.Text();
                    break;
                case "file":
                    file = json.TextOrNothing();
                    break;
                case "line":
                    line = json.SmallOrNothing();
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return new Frame(FrameLabel.KindOf(function, file, line), function, file, line);
    }

    void ReadProfile(JsonInput json)
    {
        string heading = "", unit = "none";
        double start = 0;
        List<int>? stacks = null;
        List<double>? weights = null;
        List<(int Stack, double Weight)>? events = null;
        json.BeginObject();
        while (json.NextMember(out string name))
        {
            switch (name)
            {
                case "name":
                    heading = json.TextOrNothing();
                    break;
                case "unit":
                    unit = json.Text();
                    break;
                case "startValue":
                    start = json.Number();
                    break;
                case "samples":
                    stacks = ReadStacks(json);
                    break;
                case "weights":
                    weights = ReadWeights(json);
                    break;
                case "events":
                    events = ReadEvents(json);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        var spans = events ?? (stacks is not null && weights is not null && stacks.Count == weights.Count
            ? stacks.Zip(weights)
            : throw json.Wrong("a profile has no samples, or not as many as weights"));
        Add(heading, unit, start, spans, json);
    }

    void Add(string heading, string unit, double start, IEnumerable<(int Stack, double Weight)> spans, JsonInput json)
    {
        var (kind, factor) = unit switch
        {
            "nanoseconds" => (ProfileUnit.Nanoseconds, 1.0),
            "microseconds" => (ProfileUnit.Nanoseconds, 1e3),
            "milliseconds" => (ProfileUnit.Nanoseconds, 1e6),
            "seconds" => (ProfileUnit.Nanoseconds, 1e9),
            "bytes" => (ProfileUnit.Bytes, 1.0),
            "none" => (ProfileUnit.Samples, 1.0),
            _ => throw json.Wrong(string.Create(CultureInfo.InvariantCulture, $"the unit '{unit}' is none of speedscope's")),
        };
        _unit ??= kind;
        if (kind != _unit)
        {
            _profile.Losses.Add($"measured in {unit}, unlike the profile before", count: spans.Count());
            return;
        }

        int thread = ThreadLabel.TryParseHeading(heading, out int pid, out int tid, out string threadName)
            ? _threads!.Thread(pid, tid, threadName)
            : _threads!.Thread(0, 0, heading);
        // Sums of doubles drift; sums of whole numbers do not.
        long time = Scale(start, factor, json);
        foreach (var (stack, span) in spans)
        {
            long weight = Scale(span, factor, json);
            if (weight < 0)
            {
                throw json.Wrong("a weight is negative");
            }

            if (stack != StackTable.Empty)
            {
                _profile.Add(new Sample(kind == ProfileUnit.Nanoseconds ? time : 0, thread, stack, weight, ThreadState.Unknown, HoldsGil: false));
            }

            time = checked(time + weight);
        }
    }

    static long Scale(double value, double factor, JsonInput json) =>
        Math.Abs(value * factor) < 9e18 ? (long)Math.Round(value * factor) : throw json.Wrong("a time is out of range");

    List<int> ReadStacks(JsonInput json)
    {
        var stacks = new List<int>();
        json.BeginArray();
        while (json.NextElement())
        {
            int stack = StackTable.Empty;
            json.BeginArray();
            while (json.NextElement())
            {
                stack = _profile.Stacks.Intern(stack, _frames[json.Index(_frames.Count)]);
            }

            stacks.Add(stack);
        }

        return stacks;
    }

    static List<double> ReadWeights(JsonInput json)
    {
        var weights = new List<double>();
        json.BeginArray();
        while (json.NextElement())
        {
            weights.Add(json.Number());
        }

        return weights;
    }

    /// <summary>The spans between the events, each with the stack that was open.</summary>
    List<(int Stack, double Weight)> ReadEvents(JsonInput json)
    {
        var spans = new List<(int, double)>();
        int stack = StackTable.Empty;
        double last = double.NaN;
        json.BeginArray();
        while (json.NextElement())
        {
            string type = "";
            double at = 0;
            int frame = -1;
            json.BeginObject();
            while (json.NextMember(out string name))
            {
                switch (name)
                {
                    case "type":
                        type = json.Text();
                        break;
                    case "at":
                        at = json.Number();
                        break;
                    case "frame":
                        frame = _frames[json.Index(_frames.Count)];
                        break;
                    default:
                        json.Skip();
                        break;
                }
            }

            if (at > last)
            {
                spans.Add((stack, at - last));
            }

            last = at;
            bool opens = type == "O" && frame >= 0;
            if (!opens && (type != "C" || stack == StackTable.Empty || _profile.Stacks.Innermost(stack) != frame))
            {
                throw json.Wrong("a frame is closed that is not the innermost open one");
            }

            stack = opens ? _profile.Stacks.Intern(stack, frame) : _profile.Stacks.Caller(stack);
        }

        return spans;
    }
}
