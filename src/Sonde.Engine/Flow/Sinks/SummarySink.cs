using System.Runtime.InteropServices;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>Adds up calls and times per function; the result is read with <see cref="Snapshot"/>.</summary>
/// <remarks>
/// A function is one row over all threads and processes: name, file and line tell it from others. Its total counts a recursive call
/// once, with the outermost one on its thread. Calls still running count with the time up to the last event.
/// </remarks>
public sealed class SummarySink : IFlowSink
{
    readonly PerCode<Row> _codes;
    readonly Dictionary<(string Function, string File, int Line), Row> _rows = [];
    readonly PerThread<OpenThread> _threads =
        new(static _ => new OpenThread(), static thread => thread.Calls.Count == 0, SameThreadId.Instance);

    long _lastNs;

    /// <summary>An empty summary.</summary>
    public SummarySink() => _codes = new PerCode<Row>(FindRow);

    sealed class Row(CodeInfo code, int index)
    {
        public readonly int Index = index;
        public readonly CodeInfo Code = code;
        public long Calls, Raises, TotalNs, OwnNs, Activations, ActivationsNs, MaximumNs;
    }

    /// <summary>A call, or a generator's activation, that has not been left yet.</summary>
    record struct OpenCall(Row Row, int Depth, long SinceNs, long CalleesNs);

    sealed class OpenThread
    {
        int[] _activations = [];

        public List<OpenCall> Calls { get; } = [];

        public bool IsActive(Row row) => row.Index < _activations.Length && _activations[row.Index] > 0;

        public void Push(OpenCall call)
        {
            Calls.Add(call);
            if (call.Row.Index >= _activations.Length)
            {
                Array.Resize(ref _activations, Math.Max(64, 2 * call.Row.Index));
            }

            _activations[call.Row.Index]++;
        }

        public void Pop()
        {
            _activations[Calls[^1].Row.Index]--;
            Calls.RemoveAt(Calls.Count - 1);
        }
    }

    /// <inheritdoc/>
    public void Write(in FlowEvent flowEvent)
    {
        var thread = _threads[flowEvent.Thread];
        var row = _codes[flowEvent.Code];
        _lastNs = Math.Max(_lastNs, flowEvent.TimeNs);

        // Depth tells which calls are over whose exit got lost; their time is unknown.
        int innermostStaying = flowEvent.IsEntry ? flowEvent.Depth - 1 : flowEvent.Depth;
        while (thread.Calls.Count > 0 && thread.Calls[^1].Depth > innermostStaying)
        {
            thread.Pop();
        }

        if (flowEvent.IsEntry)
        {
            row.Calls += flowEvent.Kind == FlowEventKind.Call ? 1 : 0;
            thread.Push(new OpenCall(row, flowEvent.Depth, flowEvent.TimeNs, 0));
            return;
        }

        if (thread.Calls.Count > 0 && thread.Calls[^1].Depth == flowEvent.Depth)
        {
            thread.Pop();
        }

        row.Raises += flowEvent.Kind == FlowEventKind.Raise ? 1 : 0;
        if (flowEvent.DurationNs < 0)
        {
            return;
        }

        row.OwnNs += flowEvent.OwnNs;
        row.Activations++;
        row.ActivationsNs += flowEvent.DurationNs;
        row.MaximumNs = Math.Max(row.MaximumNs, flowEvent.DurationNs);
        if (!thread.IsActive(row))
        {
            row.TotalNs += flowEvent.DurationNs;
        }

        if (thread.Calls.Count > 0)
        {
            CollectionsMarshal.AsSpan(thread.Calls)[^1].CalleesNs += flowEvent.DurationNs;
        }
    }

    /// <summary>What has been added up so far.</summary>
    public FlowSummary Snapshot()
    {
        var rows = new SummaryRow[_rows.Count];
        foreach (var row in _rows.Values)
        {
            rows[row.Index] = new SummaryRow
            {
                Function = row.Code.Function,
                File = row.Code.File,
                Line = row.Code.Line,
                Calls = row.Calls,
                Raises = row.Raises,
                TotalNs = row.TotalNs,
                OwnNs = row.OwnNs,
                Activations = row.Activations,
                ActivationsNs = row.ActivationsNs,
                MaximumNs = row.MaximumNs,
            };
        }

        foreach (var (_, thread) in _threads.All)
        {
            AddRunning(rows, thread);
        }

        return new FlowSummary(rows);
    }

    void AddRunning(SummaryRow[] rows, OpenThread thread)
    {
        var outermost = new HashSet<int>();
        for (int i = 0; i < thread.Calls.Count; i++)
        {
            var call = thread.Calls[i];
            long soFarNs = Math.Max(0, _lastNs - call.SinceNs);
            long calleeNs = i + 1 < thread.Calls.Count ? Math.Max(0, _lastNs - thread.Calls[i + 1].SinceNs) : 0;
            ref var row = ref rows[call.Row.Index];
            row = row with
            {
                Running = row.Running + 1,
                Activations = row.Activations + 1,
                ActivationsNs = row.ActivationsNs + soFarNs,
                TotalNs = row.TotalNs + (outermost.Add(call.Row.Index) ? soFarNs : 0),
                OwnNs = row.OwnNs + Math.Max(0, soFarNs - call.CalleesNs - calleeNs),
                MaximumNs = Math.Max(row.MaximumNs, soFarNs),
            };
        }
    }

    Row FindRow(CodeInfo code)
    {
        var key = (code.Function, code.File, code.Line);
        if (!_rows.TryGetValue(key, out var row))
        {
            _rows.Add(key, row = new Row(code, _rows.Count));
        }

        return row;
    }

    /// <inheritdoc/>
    public void Flush()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
