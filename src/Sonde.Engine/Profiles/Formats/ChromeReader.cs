using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Sonde.Engine.Profiles.Formats.Json;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Reads traces in the Trace Event Format: B and E events and X events of any writer, the object and the bare array, also without its end.</summary>
/// <remarks>What a thread does between two events is a sample of that length. Other kinds of events say nothing about stacks.</remarks>
sealed class ChromeReader(Stream input)
{
    readonly record struct Event(char Phase, int Pid, int Tid, long TimeNs, long DurationNs, Frame Frame, string NewName);

    sealed class OpenThread
    {
        public int Stack { get; set; }

        public long TimeNs { get; set; }

        public List<Event> Complete { get; } = [];
    }

    readonly Profile _profile = Profile.ForFile(keepsTimeline: true);
    readonly Dictionary<(int Pid, int Tid), OpenThread> _open = [];
    readonly Dictionary<(int Pid, int Tid), string> _names = [];
    ThreadDirectory? _threads;

    ThreadDirectory Threads => _threads ??= new ThreadDirectory(_profile);

    public Profile Read()
    {
        using var json = new JsonInput(input) { AllowsMissingEnd = true };
        bool found = json.Token == JsonTokenType.StartArray;
        if (found)
        {
            ReadEvents(json);
        }
        else
        {
            json.BeginObject();
            while (json.Token != JsonTokenType.None && json.NextMember(out string name))
            {
                switch (name)
                {
                    case "traceEvents":
                        found = true;
                        ReadEvents(json);
                        break;
                    case "otherData" when json.Token == JsonTokenType.StartObject:
                        ReadInfo(json);
                        break;
                    default:
                        json.Skip();
                        break;
                }
            }
        }

        if (!found)
        {
            throw new FormatException("there are no \"traceEvents\"");
        }

        Finish();
        return _profile;
    }

    void ReadInfo(JsonInput json)
    {
        json.BeginObject();
        while (json.NextMember(out string name))
        {
            switch (name)
            {
                case "title" when json.Token == JsonTokenType.String:
                    _profile.Info = _profile.Info with { Title = json.Text() };
                    break;
                case "mode" when json.Token == JsonTokenType.String:
                    _profile.Info = _profile.Info with { Mode = json.Text() };
                    break;
                case "unit" when json.Token == JsonTokenType.String:
                    _profile.Info = _profile.Info with { Unit = (ProfileUnit)Math.Max(Array.IndexOf(JsonLinesFormat.Units, json.Text()), 0) };
                    break;
                case "interval_ns" when json.Token == JsonTokenType.Number:
                    _profile.Info = _profile.Info with { IntervalNs = Math.Max(json.Whole(), 0) };
                    break;
                case "lost" when json.Token == JsonTokenType.Number:
                    if (json.Whole() is var lost && lost > 0)
                    {
                        _profile.Losses.Add("lost while recording", count: lost);
                    }

                    break;
                default:
                    json.Skip();
                    break;
            }
        }
    }

    void ReadEvents(JsonInput json)
    {
        json.BeginArray();
        while (json.NextElement())
        {
            Take(ReadEvent(json));
        }
    }

    static Event ReadEvent(JsonInput json)
    {
        var result = new Event(' ', 0, 0, 0, 0, default, "");
        string name = "", category = "", file = "", newName = "";
        int line = 0;
        json.BeginObject();
        while (json.NextMember(out string member))
        {
            switch (member)
            {
                case "ph":
                    result = result with { Phase = json.Text() is [var phase] ? phase : ' ' };
                    break;
                case "pid":
                    result = result with { Pid = Id(json) };
                    break;
                case "tid":
                    result = result with { Tid = Id(json) };
                    break;
                case "ts":
                    result = result with { TimeNs = Nanoseconds(json) };
                    break;
                case "dur":
                    result = result with { DurationNs = Nanoseconds(json) };
                    break;
                case "name" when json.Token == JsonTokenType.String:
                    name = json.Text();
                    break;
                case "cat" when json.Token == JsonTokenType.String:
                    category = json.Text();
                    break;
                case "args" when json.Token == JsonTokenType.StartObject:
                    (file, line, newName) = ReadArguments(json);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        int kind = Array.IndexOf(JsonLinesFormat.Kinds, category);
        return result with
        {
            Frame = new Frame(kind >= 0 ? (FrameKind)kind : FrameLabel.KindOf(name, file, line), name, file, line),
            NewName = result.Phase != 'M' ? "" : name + ":" + newName,
        };
    }

    static (string File, int Line, string Name) ReadArguments(JsonInput json)
    {
        string file = "", name = "";
        int line = 0;
        json.BeginObject();
        while (json.NextMember(out string member))
        {
            switch (member)
            {
                case "file" or "filename" when json.Token == JsonTokenType.String:
                    file = json.Text();
                    break;
                case "line" when json.Token == JsonTokenType.Number:
                    line = json.SmallOrNothing();
                    break;
                case "name" when json.Token == JsonTokenType.String:
                    name = json.Text();
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return (file, line, name);
    }

    static int Id(JsonInput json)
    {
        if (json.Token == JsonTokenType.Number)
        {
            return json.SmallOrNothing();
        }

        string text = json.TextOrNothing();
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : 0;
    }

    /// <summary>Times are microseconds with decimals.</summary>
    static long Nanoseconds(JsonInput json)
    {
        double ns = Math.Round(json.Number() * 1000);
        return ns is >= 0 and < 9e18 ? (long)ns : throw json.Wrong("a time is out of range");
    }

    void Take(in Event taken)
    {
        if (taken.Phase is not ('B' or 'E' or 'X' or 'M'))
        {
            return;
        }

        var id = (taken.Pid, taken.Tid);
        if (taken.Phase == 'M')
        {
            TakeName(id, taken.NewName);
            return;
        }

        ref var thread = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, id, out _);
        thread ??= new OpenThread { TimeNs = taken.TimeNs };
        if (taken.Phase == 'X')
        {
            thread.Complete.Add(taken);
            return;
        }

        Spend(id, thread, taken.TimeNs);
        if (taken.Phase == 'B')
        {
            thread.Stack = _profile.Stacks.Intern(thread.Stack, _profile.Frames.Intern(taken.Frame));
        }
        else if (thread.Stack == StackTable.Empty)
        {
            _profile.Losses.Add("the end of a call whose beginning is not in the file");
        }
        else
        {
            thread.Stack = _profile.Stacks.Caller(thread.Stack);
        }
    }

    void TakeName((int Pid, int Tid) id, string name)
    {
        if (name.StartsWith("thread_name:", StringComparison.Ordinal))
        {
            _names[id] = name["thread_name:".Length..];
        }
        else if (name.StartsWith("process_name:", StringComparison.Ordinal))
        {
            Threads.Process(id.Pid, 0, name["process_name:".Length..]);
        }
    }

    /// <summary>The time up to an event goes to what was open. Time does not run backwards.</summary>
    void Spend((int Pid, int Tid) id, OpenThread thread, long timeNs)
    {
        if (thread.Stack != StackTable.Empty && timeNs > thread.TimeNs)
        {
            int number = Threads.Thread(id.Pid, id.Tid, _names.GetValueOrDefault(id, ""));
            _profile.Add(new Sample(thread.TimeNs, number, thread.Stack, timeNs - thread.TimeNs, ThreadState.Unknown, HoldsGil: false));
        }

        thread.TimeNs = Math.Max(thread.TimeNs, timeNs);
    }

    void Finish()
    {
        foreach (var (id, thread) in _open)
        {
            Nest(id, thread);
        }

        _profile.Info = _profile.Info with { DurationNs = _profile.Timeline.Count == 0 ? 0 : _profile.Timeline.Max(sample => sample.TimeNs + sample.Weight) - _profile.Timeline.Min(sample => sample.TimeNs) };
    }

    /// <summary>X events have a length instead of an end: of two that begin together the longer is the caller.</summary>
    void Nest((int Pid, int Tid) id, OpenThread thread)
    {
        thread.Complete.Sort(static (one, other) => one.TimeNs != other.TimeNs ? one.TimeNs.CompareTo(other.TimeNs) : other.DurationNs.CompareTo(one.DurationNs));
        var ends = new Stack<long>();
        thread.Stack = StackTable.Empty;
        thread.TimeNs = 0;
        foreach (var complete in thread.Complete)
        {
            CloseUntil(id, thread, ends, complete.TimeNs);
            Spend(id, thread, complete.TimeNs);
            thread.Stack = _profile.Stacks.Intern(thread.Stack, _profile.Frames.Intern(complete.Frame));
            ends.Push(checked(complete.TimeNs + complete.DurationNs));
        }

        CloseUntil(id, thread, ends, long.MaxValue);
    }

    void CloseUntil((int Pid, int Tid) id, OpenThread thread, Stack<long> ends, long timeNs)
    {
        while (ends.TryPeek(out long end) && end <= timeNs)
        {
            Spend(id, thread, ends.Pop());
            thread.Stack = _profile.Stacks.Caller(thread.Stack);
        }
    }
}
