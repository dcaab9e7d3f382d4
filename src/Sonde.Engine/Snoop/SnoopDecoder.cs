using System.Text.Json;
using Sonde.Engine.Output;

namespace Sonde.Engine.Snoop;

/// <summary>Makes events of the agent's records. They come from the process, so they may be anything; what makes no sense is counted.</summary>
public sealed class SnoopDecoder
{
    const int LongestText = 1 << 20;

    const int MostCalls = 100_000;

    readonly Dictionary<int, SnoopFunction> _functions = [];
    readonly Dictionary<long, SnoopThread> _threads = [];
    readonly Dictionary<long, Activation> _calls = [];

    /// <summary>Records that could not be understood.</summary>
    public long Damaged { get; private set; }

    /// <summary>Outermost calls that have been told from their beginning.</summary>
    public long Calls { get; private set; }

    /// <summary>What the agent said when it was ready; null before.</summary>
    public SnoopReady? Ready { get; private set; }

    /// <summary>What the agent said at its end; null before.</summary>
    public SnoopEnd? End { get; private set; }

    /// <summary>What is worth telling the user about the program; each once.</summary>
    public Queue<string> Remarks { get; } = [];

    /// <summary>Takes a record; returns an event, if it is one.</summary>
    /// <param name="record">A JSON object in UTF-8.</param>
    public SnoopEvent? Read(ReadOnlyMemory<byte> record)
    {
        try
        {
            using var document = JsonDocument.Parse(record);
            return Read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            // InvalidOperationException: a value of another type than expected, or a text with half a character.
            Damaged++;
            return null;
        }
    }

    SnoopEvent? Read(JsonElement record)
    {
        var kind = record.GetProperty("e").GetString();
        switch (kind)
        {
            case "code":
                _functions[record.GetProperty("c").GetInt32()] = new SnoopFunction(Text(record, "name"), record.GetProperty("file").GetString()!, record.GetProperty("line").GetInt32());
                return null;
            case "thread":
                var ident = record.GetProperty("k").GetInt64();
                _threads[ident] = new SnoopThread(ident, record.GetProperty("tid").GetInt32(), Text(record, "name"));
                return null;
            case "ready":
                Ready = new SnoopReady(record.GetProperty("functions").GetInt32(), [.. record.GetProperty("missing").EnumerateArray().Select(static item => item.GetInt32())],
                    record.GetProperty("wall").GetInt64() - record.GetProperty("clock").GetInt64());
                return null;
            case "end":
                End = new SnoopEnd(Text(record, "reason"), record.GetProperty("dropped").GetInt64(), record.GetProperty("untold").GetInt64(), record.GetProperty("failed").GetInt64(), Text(record, "failure"));
                return null;
            case "foreign":
                Remarks.Enqueue($"thread {Name(Thread(record))} is traced by somebody else ({Text(record, "by")}), who is left alone: nothing is told of it");
                return null;
            case "elsewhere":
                Remarks.Enqueue($"{record.GetProperty("count").GetInt32()} calls that run already in other threads are not told: before Python 3.12 that is only possible in the main thread");
                return null;
            case "hello":
                return null;
            case "call" or "running":
                return Begin(record, kind == "call" ? SnoopEventKind.Call : SnoopEventKind.Running);
            default:
                return Continue(record, kind);
        }
    }

    SnoopEvent Begin(JsonElement record, SnoopEventKind kind)
    {
        var number = record.GetProperty("i").GetInt64();
        var time = record.GetProperty("t").GetInt64();
        var call = new Activation(_functions[record.GetProperty("c").GetInt32()], Thread(record), Math.Clamp(record.GetProperty("d").GetInt32(), 0, 1000), time);
        if (_calls.Count >= MostCalls)
        {
            Damaged += _calls.Count;
            _calls.Clear();
        }

        _calls[number] = call;
        Calls += call.Depth == 0 ? 1 : 0;
        return Make(record, kind, number, call) with { IsTold = record.GetProperty("told").GetBoolean() };
    }

    SnoopEvent? Continue(JsonElement record, string? kind)
    {
        var number = record.GetProperty("i").GetInt64();
        if (!_calls.TryGetValue(number, out var call))
        {
            Damaged++;
            return null;
        }

        SnoopEventKind? known = kind switch
        {
            "line" => SnoopEventKind.Line,
            "exception" => SnoopEventKind.Exception,
            "return" => SnoopEventKind.Return,
            "unwind" => SnoopEventKind.Unwind,
            "yield" => SnoopEventKind.Yield,
            "resume" => SnoopEventKind.Resume,
            "end_of_call" => SnoopEventKind.End,
            _ => null,
        };
        if (known is null)
        {
            Damaged++;
            return null;
        }

        if (known == SnoopEventKind.Resume)
        {
            call = _calls[number] = call with { Thread = Thread(record) };
        }
        else if (known is SnoopEventKind.Return or SnoopEventKind.Unwind or SnoopEventKind.End)
        {
            _calls.Remove(number);
        }

        return Make(record, known.Value, number, call);
    }

    static SnoopEvent Make(JsonElement record, SnoopEventKind kind, long number, Activation call)
    {
        var changes = new List<SnoopChange>();
        if (record.TryGetProperty("v", out var variables))
        {
            foreach (var variable in variables.EnumerateArray())
            {
                changes.Add(new SnoopChange(Safe(variable[1].GetString()), Safe(variable[2].GetString()), variable[0].GetString() == "+"));
            }
        }

        var time = record.GetProperty("t").GetInt64();
        return new SnoopEvent
        {
            Kind = kind,
            Call = number,
            Function = call.Function,
            Thread = call.Thread,
            Depth = call.Depth,
            Line = record.TryGetProperty("l", out var line) ? line.GetInt32() : 0,
            TimeNs = time,
            ElapsedNs = record.TryGetProperty("took", out var took) ? took.GetInt64() : unchecked(time - call.StartNs),
            Changes = changes,
            Value = record.TryGetProperty("r", out var value) || record.TryGetProperty("x", out value) ? Safe(value.GetString()) : null,
        };
    }

    SnoopThread Thread(JsonElement record)
    {
        var ident = record.GetProperty("k").GetInt64();
        return _threads.TryGetValue(ident, out var thread) ? thread : new SnoopThread(ident, 0, "");
    }

    static string Name(SnoopThread thread) => thread.Name.Length > 0 ? thread.Name : thread.Ident.ToString(System.Globalization.CultureInfo.InvariantCulture);

    static string Text(JsonElement record, string name) => Safe(record.GetProperty(name).GetString());

    static string Safe(string? text) => Escape.Text(text ?? "", LongestText);

    readonly record struct Activation(SnoopFunction Function, SnoopThread Thread, int Depth, long StartNs);
}

/// <summary>The agent watches.</summary>
/// <param name="Functions">How many functions it has found.</param>
/// <param name="Missing">Which of those asked for it has not, by number.</param>
/// <param name="ToWallNs">What to add to the program's monotonic clock for the time since 1970.</param>
public sealed record SnoopReady(int Functions, IReadOnlyList<int> Missing, long ToWallNs);

/// <summary>The agent has ended.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Dropped">Events that found no room.</param>
/// <param name="Untold">Calls that were not told because too many were in progress.</param>
/// <param name="Failed">Mistakes of the agent, none of which the program has seen.</param>
/// <param name="Failure">The last of them.</param>
public sealed record SnoopEnd(string Reason, long Dropped, long Untold, long Failed, string Failure);
