using System.Text;
using Sonde.Engine.Output;
using Sonde.Engine.Runtimes;
using Sonde.Engine.Scripts.Sinks.Forms;

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
    readonly Dictionary<(string Function, string File), Row> _rows = [];
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
        _codes = new PerCode<Row>(code =>
        {
            var key = (code.Function, code.File);
            return _rows.TryGetValue(key, out var row) ? row : _rows[key] = new Row();
        });
        _next = _intervalMs == long.MaxValue ? long.MaxValue : Environment.TickCount64 + _intervalMs;
    }

    /// <summary>Called when all has been told that was asked for.</summary>
    public Action? Done { get; init; }

    sealed class Row
    {
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
        if (Environment.TickCount64 >= _next && _told < _rounds)
        {
            _next += _intervalMs;
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
            foreach (var ((function, file), row) in _rows)
            {
                if (row.Calls > 0 || (_latency && row.Ns > 0))
                {
                    _table.Add([function, file], 0, row.Calls);
                    if (_latency)
                    {
                        _table.Add([function, file], 1, row.Ns);
                    }
                }
            }

            _output.Write(Encoding.UTF8.GetBytes(_table.Take()));
        }

        _output.Flush();
        foreach (var row in _rows.Values)
        {
            (row.Calls, row.Ns) = (0, 0);
        }
    }

    void WriteJson(string map, Func<Row, long> number)
    {
        List<byte> line = [.. Encoding.UTF8.GetBytes($"{{\"type\": \"map\", \"data\": {{\"{map}\": {{")];
        var isFirst = true;
        foreach (var ((function, file), row) in _rows.Where(row => number(row.Value) > 0).OrderBy(row => number(row.Value)))
        {
            line.AddRange(Encoding.UTF8.GetBytes(isFirst ? "" : ", "));
            line.AddRange(JsonText.Encode($"{function},{file}"));
            line.AddRange(Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $": {number(row)}")));
            isFirst = false;
        }

        line.AddRange("}}}\n"u8);
        _output.Write([.. line]);
    }
}
