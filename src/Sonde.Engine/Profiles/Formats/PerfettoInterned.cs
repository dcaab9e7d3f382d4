using System.Globalization;
using Sonde.Engine.Profiles.Formats.Protobuf;
using Field = Sonde.Engine.Profiles.Formats.PerfettoFormat.Field;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>What the packets of one sequence of a Perfetto trace refer to by number: names, files, frames and stacks (<c>InternedData</c>).</summary>
/// <param name="profile">Where frames and stacks go.</param>
sealed class PerfettoInterned(Profile profile)
{
    const int LongestPath = 64;

    readonly Dictionary<ulong, string> _functions = new(Identifiers.Comparer);
    readonly Dictionary<ulong, string> _mappingPaths = new(Identifiers.Comparer);
    readonly Dictionary<ulong, string> _sourcePaths = new(Identifiers.Comparer);
    readonly Dictionary<ulong, string> _mappings = new(Identifiers.Comparer);
    readonly Dictionary<ulong, int> _frames = new(Identifiers.Comparer);
    readonly Dictionary<ulong, int> _callstacks = new(Identifiers.Comparer);
    readonly List<ulong> _numbers = [];

    /// <summary>The counter of the time base, as it was at the last sample.</summary>
    public ulong Accumulated { get; set; }

    /// <summary>What that counter counts.</summary>
    public string TimeBase { get; set; } = "";

    /// <summary>The stack that a sample refers to.</summary>
    /// <param name="number">Its number in the sequence.</param>
    /// <param name="sample">Where an error is.</param>
    /// <exception cref="FormatException">It was not defined.</exception>
    public int Stack(ulong number, ProtobufFields sample) =>
        _callstacks.TryGetValue(number, out int stack) ? stack : throw sample.Wrong("a sample has a stack that was not defined");

    /// <summary>What refers comes after what it refers to, whatever the order in the packet.</summary>
    public void Read(ProtobufFields data)
    {
        foreach (int wanted in (ReadOnlySpan<int>)[Field.FunctionNames, Field.MappingPaths, Field.SourcePaths, Field.Mappings, Field.Frames, Field.Callstacks])
        {
            var fields = data;
            while (fields.Next())
            {
                if (fields.Field != wanted)
                {
                    continue;
                }

                switch (wanted)
                {
                    case Field.FunctionNames:
                        ReadText(fields.Message, _functions);
                        break;
                    case Field.MappingPaths:
                        ReadText(fields.Message, _mappingPaths);
                        break;
                    case Field.SourcePaths:
                        ReadText(fields.Message, _sourcePaths);
                        break;
                    case Field.Mappings:
                        ReadMapping(fields.Message);
                        break;
                    case Field.Frames:
                        ReadFrame(fields.Message);
                        break;
                    default:
                        ReadCallstack(fields.Message);
                        break;
                }
            }
        }
    }

    static void ReadText(ProtobufFields fields, Dictionary<ulong, string> texts)
    {
        ulong number = 0;
        string text = "";
        while (fields.Next())
        {
            (number, text) = fields.Field == 1 ? (fields.Number, text) : fields.Field == 2 ? (number, fields.Text) : (number, text);
        }

        texts[number] = text;
    }

    void ReadMapping(ProtobufFields fields)
    {
        ulong number = 0;
        var path = new List<string>();
        while (fields.Next())
        {
            if (fields.Field == 1)
            {
                number = fields.Number;
            }
            else if (fields.Field == 7)
            {
                // A few bytes could otherwise repeat a long text many times.
                path.Add(path.Count == LongestPath ? throw fields.Wrong("a path has too many parts") : _mappingPaths.GetValueOrDefault(fields.Number, ""));
            }
        }

        _mappings[number] = path.Count > 1 ? "/" + string.Join('/', path) : path.Count == 1 ? path[0] : "";
    }

    void ReadFrame(ProtobufFields fields)
    {
        ulong number = 0, address = 0;
        string function = "", mapping = "", source = "";
        int line = 0;
        FrameKind? kind = null;
        while (fields.Next())
        {
            switch (fields.Field)
            {
                case 1:
                    number = fields.Number;
                    break;
                case 2:
                    function = _functions.GetValueOrDefault(fields.Number, "");
                    break;
                case 3:
                    mapping = _mappings.GetValueOrDefault(fields.Number, "");
                    break;
                case 4:
                    address = fields.Number;
                    break;
                case 5:
                    source = _sourcePaths.GetValueOrDefault(fields.Number, "");
                    break;
                case 6:
                    line = fields.Number <= int.MaxValue ? (int)fields.Number : 0;
                    break;
                case 7:
                    kind = fields.Number switch { 1 or 4 or 6 => FrameKind.Native, 2 => FrameKind.Kernel, 3 => FrameKind.Python, 5 => FrameKind.Marker, _ => null };
                    break;
                case 8 when fields.Text == JsonLinesFormat.Kinds[(int)FrameKind.Marker]:
                    kind = FrameKind.Marker;
                    break;
            }
        }

        // With a kind the frame is ours or of a writer as new, and a file that is not said is not known.
        string file = source.Length > 0 || kind is not null ? source : mapping;
        function = function.Length > 0 || kind is not null ? function : string.Create(CultureInfo.InvariantCulture, $"0x{address:x}");
        _frames[number] = profile.Frames.Intern(new Frame(kind ?? FrameLabel.KindOf(function, file, line), function, file, line));
    }

    void ReadCallstack(ProtobufFields fields)
    {
        ulong number = 0;
        _numbers.Clear();
        while (fields.Next())
        {
            if (fields.Field == 1)
            {
                number = fields.Number;
            }
            else if (fields.Field == 2)
            {
                fields.AddTo(_numbers);
            }
        }

        int stack = StackTable.Empty;
        foreach (ulong frame in _numbers)
        {
            stack = profile.Stacks.Intern(stack, _frames.TryGetValue(frame, out int known) ? known : throw fields.Wrong("a stack has a frame that was not defined"));
        }

        _callstacks[number] = stack;
    }
}
