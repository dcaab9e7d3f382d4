using Sonde.Engine.Output;
using Sonde.Engine.Runtimes;
using Sonde.Engine.Scripts.Sinks.Forms;
using Sonde.Engine.Scripts.Values;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>What <c>calls</c> prints, counted here instead of in the kernel: calls per function and the time they took, callees included.</summary>
/// <remarks>Tables and JSON are those of the program that counts in the kernel (<see cref="RuntimePrograms"/>).</remarks>
public sealed class CallCounts : IFlowSink
{
    readonly Stream _output;
    readonly bool _json, _latency;
    readonly long _intervalMs;
    readonly int _rounds;
    readonly CountTable _table;
    readonly PerCode<Row> _codes;
    readonly Dictionary<string, Row> _byName = [];
    readonly List<Row> _rows = [];
    readonly Utf8Text _text = new();
    long _next;
    int _told;

    /// <summary>Counts from here on.</summary>
    /// <param name="output">Where tables go; stays open.</param>
    /// <param name="json">As JSON.</param>
    /// <param name="latency">The time too.</param>
    /// <param name="top">The most rows of a table; 0 for all.</param>
    /// <param name="interval">Tell again and again after this time; null for once, at the end.</param>
    /// <param name="rounds">End after so many times; null for no end.</param>
    public CallCounts(Stream output, bool json, bool latency, int top, TimeSpan? interval, int? rounds)
    {
        (_output, _json, _latency) = (output, json, latency);
        _intervalMs = interval is { } time ? Math.Max(1, (long)time.TotalMilliseconds) : long.MaxValue;
        _rounds = rounds ?? int.MaxValue;
        _table = new CountTable(RuntimePrograms.CallsTable(isPython: true, "", latency, top, ""));
        _codes = new PerCode<Row>(FindRow);
        _next = _intervalMs == long.MaxValue ? long.MaxValue : Environment.TickCount64 + _intervalMs;
    }

    /// <summary>Called when all has been told that was asked for.</summary>
    public Action? Done { get; init; }

    sealed class Row(string function, string file)
    {
        public readonly string Function = function, File = file;
        public long Calls, Ns;
    }

    /// <inheritdoc/>
    public void Write(in FlowEvent flowEvent)
    {
        var row = _codes[flowEvent.Code];
        if (flowEvent.Kind == FlowEventKind.Call)
        {
            row.Calls++;
        }
        else if (flowEvent.DurationNs > 0)
        {
            row.Ns += flowEvent.DurationNs;
        }
    }

    /// <summary>Tells what has been counted when its time has come.</summary>
    public void Flush()
    {
        var now = Environment.TickCount64;
        if (now >= _next && _told < _rounds)
        {
            // One that comes late is one, however many should have come before.
            _next += (now - _next) / _intervalMs * _intervalMs + _intervalMs;
            Tell();
            if (++_told == _rounds)
            {
                Done?.Invoke();
            }
        }
    }

    /// <summary>Tells the rest.</summary>
    public void Dispose()
    {
        if (_told < _rounds)
        {
            _told = _rounds;
            Tell();
        }
    }

    void Tell()
    {
        if (_json)
        {
            WriteJson("@calls", static row => row.Calls);
            if (_latency)
            {
                WriteJson("@ns", static row => row.Ns);
            }
        }
        else
        {
            foreach (var row in _rows)
            {
                if (row.Calls > 0 || (_latency && row.Ns > 0))
                {
                    _table.Add([row.Function, row.File], 0, row.Calls);
                    if (_latency)
                    {
                        _table.Add([row.Function, row.File], 1, row.Ns);
                    }
                }
            }

            _text.Clear();
            _text.Add(_table.Take());
            _output.Write(_text.Written);
        }

        _output.Flush();
        foreach (var row in _rows)
        {
            (row.Calls, row.Ns) = (0, 0);
        }
    }

    void WriteJson(string map, Func<Row, long> number)
    {
        _text.Clear();
        _text.Add("{\"type\": \"map\", \"data\": {\"");
        _text.Add(map);
        _text.Add("\": {"u8);
        var start = _text.Length;
        foreach (var row in _rows.Where(row => number(row) > 0).OrderBy(number))
        {
            _text.Add(_text.Length > start ? ", "u8 : ""u8);
            _text.Add(JsonText.Encode($"{row.Function},{row.File}"));
            _text.Add(": "u8);
            _text.AddNumber(number(row));
        }

        _text.Add("}}}\n"u8);
        _output.Write(_text.Written);
    }

    /// <summary>Functions of one name and file are one row.</summary>
    Row FindRow(CodeInfo code)
    {
        var name = $"{code.Function}\0{code.File}";
        if (!_byName.TryGetValue(name, out var row))
        {
            _byName.Add(name, row = new Row(code.Function, code.File));
            _rows.Add(row);
        }

        return row;
    }
}
