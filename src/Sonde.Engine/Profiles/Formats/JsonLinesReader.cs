using System.Globalization;
using System.Text.Json;
using Sonde.Engine.Profiles.Formats.Json;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Reads what <see cref="JsonLinesFormat"/> writes. Members it does not know are passed over, so that later versions may add some.</summary>
sealed class JsonLinesReader
{
    readonly JsonInput _json;
    readonly List<int> _frames = [];
    readonly List<int> _stacks = [StackTable.Empty];
    Profile? _profile;

    JsonLinesReader(JsonInput json) => _json = json;

    public static Profile Read(Stream input)
    {
        using var json = new JsonInput(input);
        var reader = new JsonLinesReader(json);
        var line = new Line(reader);
        while (json.Token != JsonTokenType.None)
        {
            line.Read();
        }

        return reader._profile ?? throw json.Wrong("there is no line with \"sonde_profile\"");
    }

    /// <summary>The members of one line. What the line is, its first member tells.</summary>
    sealed class Line(JsonLinesReader reader)
    {
        readonly JsonInput _json = reader._json;
        readonly Dictionary<string, long> _numbers = [];
        readonly Dictionary<string, string> _texts = [];
        bool _isTrue;

        public void Read()
        {
            string first = "";
            _numbers.Clear();
            _texts.Clear();
            _isTrue = false;
            _json.BeginObject();
            while (_json.NextMember(out string name))
            {
                first = first.Length == 0 ? name : first;
                ReadValue(name);
            }

            if (first == "sonde_profile")
            {
                Begin();
                return;
            }

            Take(first, reader._profile ?? throw _json.Wrong("the first line has no \"sonde_profile\""));
        }

        void ReadValue(string name)
        {
            switch (_json.Token)
            {
                case JsonTokenType.Number:
                    _numbers[name] = _json.Whole();
                    break;
                case JsonTokenType.String:
                    _texts[name] = _json.Text();
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    _isTrue = _json.Boolean();
                    break;
                default:
                    _json.Skip();
                    break;
            }
        }

        void Begin()
        {
            long version = Number("sonde_profile");
            if (version != JsonLinesFormat.Version || reader._profile is not null)
            {
                throw _json.Wrong(string.Create(CultureInfo.InvariantCulture, $"version {version} of the format is not known, or the profile begins twice"));
            }

            reader._profile = Profile.ForFile(_isTrue);
            reader._profile.Info = new ProfileInfo
            {
                Title = Text("title"),
                Mode = Text("mode"),
                Unit = (ProfileUnit)Word("unit", JsonLinesFormat.Units),
                Start = DateTimeOffset.TryParse(Text("start"), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var start) ? start : default,
                DurationNs = Number("duration_ns"),
                IntervalNs = Number("interval_ns"),
            };
        }

        void Take(string first, Profile profile)
        {
            switch (first)
            {
                case "process":
                    profile.Processes.Add(new ProfileProcess(Small("pid"), Small("parent"), Text("command")));
                    break;
                case "thread":
                    profile.Threads.Add(new ProfileThread(Index("of", profile.Processes.Count), Small("tid"), Text("name")));
                    break;
                case "frame":
                    reader._frames.Add(profile.Frames.Intern(new Frame(
                        (FrameKind)Word("kind", JsonLinesFormat.Kinds), Text("function"), Text("file"), Small("line"), Small("first"))));
                    break;
                case "stack":
                    reader._stacks.Add(profile.Stacks.Intern(
                        reader._stacks[Index("caller", reader._stacks.Count)], reader._frames[Index("innermost", reader._frames.Count)]));
                    break;
                case "at":
                    profile.Add(new Sample(Number("at"), Thread(profile), Stack(), Number("weight"), State(), _isTrue));
                    break;
                case "in":
                    profile.Add(new ProfileEntry(Thread(profile), Stack(), State(), _isTrue, Number("samples"), Number("weight")));
                    break;
                case "lost":
                    profile.Losses.Add(Text("cause"), count: Number("lost"));
                    break;
                case "lost_in":
                    profile.Losses.AddWhere(Text("lost_in"), Number("count"));
                    break;
            }
        }

        int Thread(Profile profile) => Index("in", profile.Threads.Count);

        int Stack() => reader._stacks[Index("on", reader._stacks.Count)];

        ThreadState State() => _texts.ContainsKey("state") ? (ThreadState)Word("state", JsonLinesFormat.States) : ThreadState.Unknown;

        long Number(string name) => _numbers.TryGetValue(name, out long value) && value >= 0 ? value : throw _json.Wrong($"\"{name}\" is missing or negative");

        int Small(string name) => !_numbers.TryGetValue(name, out long value) ? 0 : value is >= 0 and <= int.MaxValue ? (int)value : throw _json.Wrong($"\"{name}\" is out of range");

        int Index(string name, int count) => Number(name) is var index && index < count ? (int)index : throw _json.Wrong($"\"{name}\" points at nothing");

        string Text(string name) => _texts.GetValueOrDefault(name, "");

        int Word(string name, string[] words) => Array.IndexOf(words, Text(name)) is var index && index >= 0 ? index : throw _json.Wrong($"\"{name}\" is '{Text(name)}'");
    }
}
