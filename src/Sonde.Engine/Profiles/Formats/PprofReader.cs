using System.Globalization;
using Sonde.Engine.Profiles.Formats.Protobuf;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Reads profiles in pprof's format, of any writer. Of several values the preferred one is the weight, and the count before it the samples.</summary>
sealed class PprofReader(byte[] bytes)
{
    readonly record struct Function(int Name, int SystemName, int File, int FirstLine);

    readonly Profile _profile = Profile.ForFile(keepsTimeline: false);
    readonly List<string> _texts = [];
    readonly List<(int Type, int Unit)> _types = [];
    readonly Dictionary<ulong, int> _images = new(Identifiers.Comparer);
    readonly Dictionary<ulong, Function> _functions = new(Identifiers.Comparer);

    // The frames of each location, outermost first: several where functions are inlined.
    readonly Dictionary<ulong, int[]> _locations = new(Identifiers.Comparer);
    readonly List<ulong> _numbers = [];
    readonly long _mostFrames = 4L * bytes.Length + (1 << 20);
    long _frameCount;
    int _weightIndex;
    int _countIndex = -1;
    long _factor = 1;

    public Profile Read()
    {
        var threads = new ThreadDirectory(_profile);
        ReadTables(threads);
        ReadLocations();
        var fields = new ProtobufFields(bytes);
        while (fields.Next())
        {
            if (fields.Field == PprofFormat.Field.Sample)
            {
                ReadSample(fields.Message, threads);
            }
        }

        return _profile;
    }

    /// <summary>Everything that others point at, in whatever order it comes.</summary>
    void ReadTables(ThreadDirectory threads)
    {
        var comments = new List<int>();
        int preferred = 0;
        var fields = new ProtobufFields(bytes);
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case PprofFormat.Field.StringTable:
                    _texts.Add(fields.Text);
                    break;
                case PprofFormat.Field.SampleType:
                    _types.Add(ReadPair(fields.Message));
                    break;
                case PprofFormat.Field.Mapping:
                    ReadMapping(fields.Message);
                    break;
                case PprofFormat.Field.Function:
                    ReadFunction(fields.Message);
                    break;
                case PprofFormat.Field.Comment:
                    _numbers.Clear();
                    fields.AddTo(_numbers);
                    comments.AddRange(_numbers.Select(number => (int)Math.Min(number, int.MaxValue)));
                    break;
                case PprofFormat.Field.DefaultSampleType:
                    preferred = (int)Math.Min(fields.Number, int.MaxValue);
                    break;
                case PprofFormat.Field.TimeNanos when fields.Signed / TimeSpan.NanosecondsPerTick is var ticks && ticks > 0:
                    _profile.Info = _profile.Info with { Start = DateTimeOffset.UnixEpoch.AddTicks(ticks) };
                    break;
                case PprofFormat.Field.DurationNanos when fields.Signed > 0:
                    _profile.Info = _profile.Info with { DurationNs = fields.Signed };
                    break;
                case PprofFormat.Field.Period when fields.Signed > 0:
                    _profile.Info = _profile.Info with { IntervalNs = fields.Signed };
                    break;
            }
        }

        ChooseValues(preferred);
        foreach (int comment in comments)
        {
            PprofComments.Take(Text(comment), _profile, threads);
        }
    }

    static (int, int) ReadPair(ProtobufFields fields)
    {
        var (first, second) = (0, 0);
        while (fields.Next())
        {
            int value = (int)Math.Min(fields.Number, int.MaxValue);
            (first, second) = fields.Field == 1 ? (value, second) : fields.Field == 2 ? (first, value) : (first, second);
        }

        return (first, second);
    }

    void ReadMapping(ProtobufFields fields)
    {
        ulong id = 0, file = 0;
        while (fields.Next())
        {
            (id, file) = fields.Field == 1 ? (fields.Number, file) : fields.Field == 5 ? (id, fields.Number) : (id, file);
        }

        _images[id] = (int)Math.Min(file, int.MaxValue);
    }

    void ReadFunction(ProtobufFields fields)
    {
        ulong id = 0;
        var function = default(Function);
        while (fields.Next())
        {
            int value = (int)Math.Min(fields.Number, int.MaxValue);
            function = fields.Field switch
            {
                2 => function with { Name = value },
                3 => function with { SystemName = value },
                4 => function with { File = value },
                5 => function with { FirstLine = value == int.MaxValue ? 0 : value },
                _ => function,
            };
            id = fields.Field == 1 ? fields.Number : id;
        }

        _functions[id] = function;
    }

    void ChooseValues(int preferred)
    {
        if (_types.Count == 0)
        {
            throw new FormatException("it has no sample types");
        }

        int index = preferred == 0 ? -1 : _types.FindIndex(type => type.Type == preferred);
        _weightIndex = index >= 0 ? index : _types.Count - 1;
        _countIndex = _types.FindLastIndex(_weightIndex, type => Text(type.Unit) == "count");
        string name = Text(_types[_weightIndex].Type), unit = Text(_types[_weightIndex].Unit);
        (var kind, _factor) = unit switch
        {
            "nanoseconds" or "ns" => (ProfileUnit.Nanoseconds, 1L),
            "microseconds" or "us" => (ProfileUnit.Nanoseconds, 1000L),
            "milliseconds" or "ms" => (ProfileUnit.Nanoseconds, 1_000_000L),
            "seconds" or "s" => (ProfileUnit.Nanoseconds, 1_000_000_000L),
            "bytes" => (ProfileUnit.Bytes, 1L),
            _ => (ProfileUnit.Samples, 1L),
        };
        _profile.Info = _profile.Info with { Unit = kind, Mode = kind == ProfileUnit.Nanoseconds ? name : kind == ProfileUnit.Bytes ? "memory" : "wall" };
    }

    void ReadLocations()
    {
        var fields = new ProtobufFields(bytes);
        while (fields.Next())
        {
            if (fields.Field != PprofFormat.Field.Location)
            {
                continue;
            }

            ulong id = 0, mapping = 0, address = 0;
            var lines = new List<(ulong Function, ulong Line)>();
            var location = fields.Message;
            while (location.Next())
            {
                (id, mapping, address) = location.Field switch
                {
                    1 => (location.Number, mapping, address),
                    2 => (id, location.Number, address),
                    3 => (id, mapping, location.Number),
                    _ => (id, mapping, address),
                };
                if (location.Field == 4)
                {
                    lines.Add(ReadLine(location.Message));
                }
            }

            string image = _images.TryGetValue(mapping, out int file) ? Text(file) : "";
            lines.Reverse();
            _locations[id] = lines.Count == 0
                ? [_profile.Frames.Intern(new Frame(FrameKind.Native, string.Create(CultureInfo.InvariantCulture, $"0x{address:x}"), image, 0))]
                : [.. lines.Select(line => _profile.Frames.Intern(Frame(line.Function, line.Line, image)))];
        }
    }

    static (ulong Function, ulong Line) ReadLine(ProtobufFields fields)
    {
        ulong function = 0, line = 0;
        while (fields.Next())
        {
            (function, line) = fields.Field == 1 ? (fields.Number, line) : fields.Field == 2 ? (function, fields.Number) : (function, line);
        }

        return (function, line <= int.MaxValue ? line : 0);
    }

    Frame Frame(ulong id, ulong line, string image)
    {
        var function = _functions.GetValueOrDefault(id);
        string name = Text(function.Name), file = Text(function.File);
        name = name.Length > 0 ? name : Text(function.SystemName);
        var kind = image switch
        {
            PprofFormat.PythonMapping => FrameKind.Python,
            PprofFormat.KernelMapping or "[kernel.kallsyms]" => FrameKind.Kernel,
            PprofFormat.MarkerMapping => FrameKind.Marker,
            PprofFormat.NativeMapping => FrameKind.Native,
            "" => FrameLabel.KindOf(name, file, (int)line),
            _ => file.EndsWith(".py", StringComparison.Ordinal) ? FrameKind.Python : FrameKind.Native,
        };
        return new Frame(kind, name, file.Length > 0 || image is ['[', ..] ? file : image, (int)line, function.FirstLine);
    }

    void ReadSample(ProtobufFields sample, ThreadDirectory threads)
    {
        var values = new List<ulong>(2);
        int pid = 0, tid = 0;
        string thread = "";
        var state = ThreadState.Unknown;
        bool holdsGil = false;
        _numbers.Clear();
        while (sample.Next())
        {
            switch (sample.Field)
            {
                case 1:
                    sample.AddTo(_numbers);
                    break;
                case 2:
                    sample.AddTo(values);
                    break;
                case 3:
                    var (key, text, number) = ReadLabel(sample.Message);
                    (pid, tid, thread, state, holdsGil) = key switch
                    {
                        "thread" when text.Length > 0 => (pid, tid, text, state, holdsGil),
                        "tid" or "thread_id" => (pid, number, thread, state, holdsGil),
                        "pid" or "process_id" => (number, tid, thread, state, holdsGil),
                        "state" => (pid, tid, thread, (ThreadState)Math.Max(Array.IndexOf(JsonLinesFormat.States, text), 0), holdsGil),
                        "gil" => (pid, tid, thread, state, text == "held"),
                        _ => (pid, tid, thread, state, holdsGil),
                    };
                    break;
            }
        }

        if (values.Count != _types.Count)
        {
            throw sample.Wrong(string.Create(CultureInfo.InvariantCulture, $"a sample has {values.Count} values where there are {_types.Count} types"));
        }

        long weight = checked((long)values[_weightIndex] * _factor), count = _countIndex < 0 ? 1 : (long)values[_countIndex];
        if (weight < 0 || count < 0)
        {
            throw sample.Wrong("a sample has a negative value, as the difference of two profiles has; 'sonde diff' compares them");
        }

        int stack = StackTable.Empty;
        for (int i = _numbers.Count - 1; i >= 0; i--)
        {
            // A location of a thousand inlined functions in a thousand samples is a million frames in a few bytes.
            if (_frameCount > _mostFrames)
            {
                throw sample.Wrong("the stacks are far longer than the file");
            }

            foreach (int frame in _locations.TryGetValue(_numbers[i], out var frames) ? frames : throw sample.Wrong("a sample is at a location that does not exist"))
            {
                stack = _profile.Stacks.Intern(stack, frame);
                _frameCount++;
            }
        }

        _profile.Add(new ProfileEntry(threads.Thread(pid, tid, thread), stack, state, holdsGil, count, weight));
    }

    (string Key, string Text, int Number) ReadLabel(ProtobufFields fields)
    {
        int key = 0, text = 0, number = 0;
        while (fields.Next())
        {
            int value = (int)Math.Min(fields.Number, int.MaxValue);
            (key, text, number) = fields.Field switch { 1 => (value, text, number), 2 => (key, value, number), 3 => (key, text, value), _ => (key, text, number) };
        }

        return (Text(key), Text(text), number);
    }

    string Text(int number) =>
        number == 0 && _texts.Count == 0 ? ""
        : number >= 0 && number < _texts.Count ? _texts[number]
        : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"text {number} does not exist; there are {_texts.Count}"));
}
