using System.Text.Json;
using Sonde.Engine.Profiles.Formats.Json;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>The tables of a thread, or those that threads share, as columns of numbers; NaN is what null was.</summary>
sealed class GeckoTables
{
    // Nothing else of a file is kept in memory.
    static readonly HashSet<(string Table, string Column)> _wanted =
    [
        ("samples", "stack"), ("samples", "time"), ("samples", "timeDeltas"), ("samples", "weight"),
        ("stackTable", "frame"), ("stackTable", "prefix"),
        ("frameTable", "func"), ("frameTable", "line"), ("frameTable", "category"), ("frameTable", "location"),
        ("funcTable", "name"), ("funcTable", "fileName"), ("funcTable", "source"), ("funcTable", "lineNumber"),
        ("sources", "filename"), ("markers", "name"), ("markers", "startTime"), ("markers", "endTime"),
    ];

    static readonly List<double> _none = [];

    Dictionary<(string Table, string Column), List<double>> _columns = [];
    List<string> _texts = [];
    bool _isOurs;

    /// <summary>What the weights of the samples are; null when it was not said.</summary>
    public string? WeightType { get; private set; }

    /// <summary>Reads a table, if it is one of those that count.</summary>
    public bool TryRead(string name, JsonInput json)
    {
        switch (name)
        {
            case "stringArray" or "stringTable":
                json.BeginArray();
                while (json.NextElement())
                {
                    _texts.Add(json.TextOrNothing());
                }

                return true;
            case "samples" or "stackTable" or "frameTable" or "funcTable" or "sources" or "markers" when json.Token == JsonTokenType.StartObject:
                ReadTable(name, json);
                return true;
            default:
                return false;
        }
    }

    /// <summary>These tables, and those of others that are missing here.</summary>
    /// <param name="shared">The others.</param>
    /// <param name="isOurs">Whether the categories of frames are their kinds.</param>
    public GeckoTables With(GeckoTables shared, bool isOurs)
    {
        var columns = new Dictionary<(string, string), List<double>>(shared._columns);
        foreach (var (name, column) in _columns)
        {
            columns[name] = column;
        }

        return new GeckoTables { _columns = columns, _texts = _texts.Count > 0 ? _texts : shared._texts, WeightType = WeightType, _isOurs = isOurs };
    }

    public List<double> Column(string table, string column) => _columns.GetValueOrDefault((table, column), _none);

    /// <summary>The number of each of the stacks in a profile, to which they are added.</summary>
    public int[] InternInto(Profile profile, JsonInput json)
    {
        int[] frames = Frames(profile, json);
        var frame = Column("stackTable", "frame");
        var prefix = Column("stackTable", "prefix");
        int[] stacks = new int[frame.Count];
        for (int i = 0; i < stacks.Length; i++)
        {
            // A caller stands before what it calls, so there are no circles.
            int caller = i >= prefix.Count || double.IsNaN(prefix[i]) ? StackTable.Empty : stacks[Index(prefix[i], i, json)];
            stacks[i] = profile.Stacks.Intern(caller, frames[Index(frame[i], frames.Length, json)]);
        }

        return stacks;
    }

    /// <summary>How long what state lasted, from the markers that Sonde writes.</summary>
    public List<(long StartNs, long EndNs, (ThreadState, bool) State)> StateMarkers(JsonInput json)
    {
        var result = new List<(long, long, (ThreadState, bool))>();
        var names = Column("markers", "name");
        var starts = Column("markers", "startTime");
        var ends = Column("markers", "endTime");
        for (int i = 0; i < Math.Min(names.Count, Math.Min(starts.Count, ends.Count)); i++)
        {
            if (StateLabel.TryParse(Text(names, i, json), out var state, out bool holdsGil))
            {
                result.Add((GeckoReader.Nanoseconds(starts[i], json), GeckoReader.Nanoseconds(ends[i], json), (state, holdsGil)));
            }
        }

        return result;
    }

    public static int Index(double value, int count, JsonInput json) =>
        value >= 0 && value < count ? (int)value : throw json.Wrong($"{value} is no index into a table of {count}");

    int[] Frames(Profile profile, JsonInput json)
    {
        var locations = Column("frameTable", "location");
        var functions = Column("frameTable", "func");
        var lines = Column("frameTable", "line");
        int[] frames = new int[Math.Max(locations.Count, functions.Count)];
        for (int i = 0; i < frames.Length; i++)
        {
            int line = i < lines.Count && lines[i] is > 0 and < int.MaxValue ? (int)lines[i] : 0;
            var frame = functions.Count > 0 ? Function(Index(functions[i], Column("funcTable", "name").Count, json), line, i, json) : FrameLabel.Parse(Text(locations, i, json));
            frames[i] = profile.Frames.Intern(frame.Line == 0 ? frame with { Line = line } : frame);
        }

        return frames;
    }

    Frame Function(int number, int line, int frame, JsonInput json)
    {
        string name = Text(Column("funcTable", "name"), number, json), file = Text(Column("funcTable", "fileName"), number, json);
        var source = Column("funcTable", "source");
        if (number < source.Count && !double.IsNaN(source[number]))
        {
            var files = Column("sources", "filename");
            file = Text(files, Index(source[number], files.Count, json), json);
        }

        var first = Column("funcTable", "lineNumber");
        var categories = Column("frameTable", "category");
        double category = frame < categories.Count ? categories[frame] : double.NaN;
        return new Frame(
            _isOurs && category is >= 0 and <= (int)FrameKind.Marker ? (FrameKind)(int)category : FrameLabel.KindOf(name, file, line),
            name, file, line, number < first.Count && first[number] is > 0 and < int.MaxValue ? (int)first[number] : 0);
    }

    string Text(List<double> column, int row, JsonInput json) =>
        row >= column.Count || double.IsNaN(column[row]) ? "" : _texts[Index(column[row], _texts.Count, json)];

    void ReadTable(string table, JsonInput json)
    {
        var schema = new List<(int Place, string Name)>();
        json.BeginObject();
        while (json.NextMember(out string name))
        {
            if (name == "schema" && json.Token == JsonTokenType.StartObject)
            {
                json.BeginObject();
                while (json.NextMember(out string column))
                {
                    schema.Add((json.Index(64), column));
                }
            }
            else if (name == "data" && schema.Count > 0)
            {
                ReadRows(table, schema, json);
            }
            else if (name == "weightType")
            {
                WeightType = json.TextOrNothing();
            }
            else if (_wanted.Contains((table, name)) && json.Token == JsonTokenType.StartArray)
            {
                var column = NewColumn(table, name);
                json.BeginArray();
                while (json.NextElement())
                {
                    column.Add(Value(json));
                }
            }
            else
            {
                json.Skip();
            }
        }
    }

    void ReadRows(string table, List<(int Place, string Name)> schema, JsonInput json)
    {
        var columns = new List<double>?[64];
        foreach (var (place, name) in schema)
        {
            columns[place] = _wanted.Contains((table, name)) ? NewColumn(table, name) : null;
        }

        json.BeginArray();
        while (json.NextElement())
        {
            int place = 0;
            json.BeginArray();
            for (; json.NextElement(); place++)
            {
                if (place < columns.Length && columns[place] is { } column)
                {
                    column.Add(Value(json));
                }
                else
                {
                    json.Skip();
                }
            }

            // Rows may leave out what is null at their end.
            for (; place < columns.Length; place++)
            {
                columns[place]?.Add(double.NaN);
            }
        }
    }

    List<double> NewColumn(string table, string name) => _columns[(table, name)] = [];

    static double Value(JsonInput json)
    {
        if (json.Token == JsonTokenType.Number)
        {
            return json.Number();
        }

        json.Skip();
        return double.NaN;
    }
}
