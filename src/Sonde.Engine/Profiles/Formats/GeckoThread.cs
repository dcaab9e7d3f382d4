using System.Globalization;
using Sonde.Engine.Profiles.Formats.Json;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>One thread in the Firefox Profiler's processed format: tables of its own, a column after the other.</summary>
sealed class GeckoThread(Profile profile, int thread, ThreadTimes times, JsonOutput json)
{
    internal const string MarkerType = "thread state";
    const int None = -1;
    const int IntervalPhase = 1;

    readonly List<string> _texts = [];
    readonly Dictionary<string, int> _textNumbers = [];
    readonly List<int> _frames = [];
    readonly Dictionary<int, int> _frameNumbers = [];
    readonly List<int> _stacks = [];
    readonly Dictionary<int, int> _stackNumbers = [];
    readonly List<Frame> _functions = [];
    readonly Dictionary<Frame, int> _functionNumbers = [];
    readonly List<int> _functionOfFrame = [];

    public void Write()
    {
        var owner = profile.Threads[thread];
        var process = profile.Processes[owner.Process];
        foreach (var sample in times.Of(thread))
        {
            Stack(sample.Stack);
        }

        json.Line();
        json.BeginObject();
        json.Member("name"u8, owner.Name.Length > 0 ? owner.Name : ThreadLabel.Heading(profile, owner));
        json.Name("isMainThread"u8);
        json.Boolean(owner.Tid == process.Pid);
        json.Member("processType"u8, "default");
        json.Member("processName"u8, process.CommandLine);
        json.Member("processStartupTime"u8, 0);
        Null("processShutdownTime"u8);
        json.Member("registerTime"u8, 0);
        Null("unregisterTime"u8);
        json.Name("pausedRanges"u8);
        json.BeginArray();
        json.EndArray();
        json.Member("pid"u8, process.Pid.ToString(CultureInfo.InvariantCulture));
        json.Member("tid"u8, owner.Tid);
        WriteSamples();
        WriteMarkers();
        WriteStacks();
        WriteFrames();
        WriteFunctions();
        EmptyTable("resourceTable"u8, ["lib", "name", "host", "type"]);
        EmptyTable("nativeSymbols"u8, ["libIndex", "address", "name", "functionSize"]);
        json.Name("stringArray"u8);
        json.BeginArray();
        foreach (string text in _texts)
        {
            json.Text(text);
        }

        json.EndArray();
        json.EndObject();
    }

    void WriteSamples()
    {
        json.Name("samples"u8);
        json.BeginObject();
        json.Member("length"u8, times.Count(thread));
        json.Member("weightType"u8, profile.Info.Unit switch { ProfileUnit.Nanoseconds => "tracing-ms", ProfileUnit.Bytes => "bytes", _ => "samples" });
        Column("stack"u8, times.Of(thread), sample => NumberOrNull(Stack(sample.Stack)));
        Column("time"u8, times.Of(thread), sample => GeckoFormat.Milliseconds(json, sample.TimeNs));
        Column("weight"u8, times.Of(thread), sample =>
        {
            if (profile.Info.Unit == ProfileUnit.Nanoseconds)
            {
                GeckoFormat.Milliseconds(json, sample.Weight);
            }
            else
            {
                json.Number(sample.Weight);
            }
        });
        json.EndObject();
    }

    /// <summary>A marker for each time the thread's state lasted.</summary>
    void WriteMarkers()
    {
        var markers = Runs().ToList();
        json.Name("markers"u8);
        json.BeginObject();
        json.Member("length"u8, markers.Count);
        Column("name"u8, markers, marker => json.Number(marker.Name));
        Column("startTime"u8, markers, marker => GeckoFormat.Milliseconds(json, marker.StartNs));
        Column("endTime"u8, markers, marker => GeckoFormat.Milliseconds(json, marker.EndNs));
        Column("phase"u8, markers, _ => json.Number(IntervalPhase));
        Column("category"u8, markers, _ => json.Number((int)FrameKind.Marker));
        Column("data"u8, markers, _ =>
        {
            json.BeginObject();
            json.Member("type"u8, MarkerType);
            json.EndObject();
        });
        json.EndObject();
    }

    IEnumerable<(int Name, long StartNs, long EndNs)> Runs()
    {
        string label = "";
        long startNs = 0, endNs = 0;
        foreach (var sample in times.Of(thread))
        {
            string next = sample.State == ThreadState.Unknown && !sample.HoldsGil ? "" : StateLabel.Of(sample.State, sample.HoldsGil);
            if (next != label)
            {
                if (label.Length > 0)
                {
                    yield return (Text(label), startNs, sample.TimeNs);
                }

                (label, startNs) = (next, sample.TimeNs);
            }

            endNs = sample.TimeNs + sample.Weight;
        }

        if (label.Length > 0)
        {
            yield return (Text(label), startNs, endNs);
        }
    }

    void WriteStacks()
    {
        json.Name("stackTable"u8);
        json.BeginObject();
        json.Member("length"u8, _stacks.Count);
        Column("frame"u8, _stacks, stack => json.Number(_frameNumbers[profile.Stacks.Innermost(stack)]));
        Column("prefix"u8, _stacks, stack => NumberOrNull(Stack(profile.Stacks.Caller(stack))));
        Column("category"u8, _stacks, stack => json.Number((int)profile.Frames[profile.Stacks.Innermost(stack)].Kind));
        Column("subcategory"u8, _stacks, _ => json.Number(0));
        json.EndObject();
    }

    void WriteFrames()
    {
        json.Name("frameTable"u8);
        json.BeginObject();
        json.Member("length"u8, _frames.Count);
        Column("address"u8, _frames, _ => json.Number(None));
        Column("inlineDepth"u8, _frames, _ => json.Number(0));
        Column("category"u8, _frames, frame => json.Number((int)profile.Frames[frame].Kind));
        Column("subcategory"u8, _frames, _ => json.Number(0));
        Column("func"u8, _functionOfFrame, function => json.Number(function));
        Column("nativeSymbol"u8, _frames, _ => json.Null());
        Column("innerWindowID"u8, _frames, _ => json.Number(0));
        Column("implementation"u8, _frames, _ => json.Null());
        Column("line"u8, _frames, frame => NumberOrNull(profile.Frames[frame].Line > 0 ? profile.Frames[frame].Line : None));
        Column("column"u8, _frames, _ => json.Null());
        json.EndObject();
    }

    void WriteFunctions()
    {
        json.Name("funcTable"u8);
        json.BeginObject();
        json.Member("length"u8, _functions.Count);
        Column("name"u8, _functions, function => json.Number(Text(function.Function)));
        Column("isJS"u8, _functions, _ => json.Boolean(false));
        Column("relevantForJS"u8, _functions, _ => json.Boolean(false));
        Column("resource"u8, _functions, _ => json.Number(None));
        Column("fileName"u8, _functions, function => NumberOrNull(function.File.Length > 0 ? Text(function.File) : None));
        Column("lineNumber"u8, _functions, function => NumberOrNull(function.FirstLine > 0 ? function.FirstLine : None));
        Column("columnNumber"u8, _functions, _ => json.Null());
        json.EndObject();
    }

    void EmptyTable(ReadOnlySpan<byte> name, string[] columns)
    {
        json.Name(name);
        json.BeginObject();
        json.Member("length"u8, 0);
        foreach (string column in columns)
        {
            json.Name(System.Text.Encoding.ASCII.GetBytes(column));
            json.BeginArray();
            json.EndArray();
        }

        json.EndObject();
    }

    void Column<T>(ReadOnlySpan<byte> name, IEnumerable<T> rows, Action<T> write)
    {
        json.Name(name);
        json.BeginArray();
        foreach (var row in rows)
        {
            write(row);
        }

        json.EndArray();
    }

    void NumberOrNull(int number)
    {
        if (number == None)
        {
            json.Null();
        }
        else
        {
            json.Number(number);
        }
    }

    void Null(ReadOnlySpan<byte> name)
    {
        json.Name(name);
        json.Null();
    }

    int Text(string text)
    {
        if (!_textNumbers.TryGetValue(text, out int number))
        {
            number = _texts.Count;
            _texts.Add(text);
            _textNumbers.Add(text, number);
        }

        return number;
    }

    /// <summary>The stack's number in the thread's table, its callers before it.</summary>
    int Stack(int stack)
    {
        if (stack == StackTable.Empty)
        {
            return None;
        }

        if (_stackNumbers.TryGetValue(stack, out int number))
        {
            return number;
        }

        var missing = new Stack<int>();
        for (; stack != StackTable.Empty && !_stackNumbers.ContainsKey(stack); stack = profile.Stacks.Caller(stack))
        {
            missing.Push(stack);
        }

        while (missing.TryPop(out stack))
        {
            AddFrame(profile.Stacks.Innermost(stack));
            number = _stacks.Count;
            _stacks.Add(stack);
            _stackNumbers.Add(stack, number);
        }

        return number;
    }

    void AddFrame(int frame)
    {
        if (!_frameNumbers.TryAdd(frame, _frames.Count))
        {
            return;
        }

        _frames.Add(frame);
        var function = profile.Frames[frame] with { Line = 0 };
        if (!_functionNumbers.TryGetValue(function, out int number))
        {
            number = _functions.Count;
            _functions.Add(function);
            _functionNumbers.Add(function, number);
        }

        _functionOfFrame.Add(number);
    }
}
