using Sonde.Engine.Library.Expressions;
using Sonde.Engine.Library.Running;
using Sonde.Engine.Scripts.Session;
using Sonde.Engine.Scripts.Values;
using Sonde.Script.Types;

namespace Sonde.Tracing;

/// <summary>A table that grows in the kernel, one entry for each key, until it is disposed of; it can be read at any time, also after that.</summary>
public sealed class Aggregate<TKey, TValue> : IAsyncDisposable
    where TKey : notnull
{
    /// <summary>The key of what is not there, which a dictionary cannot hold as null: an empty text, a Python value of no type but None's.</summary>
    static readonly TKey? _nothing = typeof(TKey) == typeof(string) ? (TKey)(object)"" : typeof(TKey) == typeof(object) ? (TKey)(object)new PythonObject("NoneType") : default;

    readonly TracingRun _run;
    readonly Func<RecordReader, TKey> _key;
    readonly Func<AggregateCell, TValue> _value;
    readonly Func<TValue, TValue, TValue> _join;

    // A run is over with its last answer.
    volatile IReadOnlyDictionary<TKey, TValue> _last = new Dictionary<TKey, TValue>();

    internal Aggregate(Session session, Query query, Func<AggregateCell, TValue> value, Func<TValue, TValue, TValue> join)
    {
        (var script, _key) = query.Compile<TKey>();
        (_value, _join) = (value, join);
        _run = new TracingRun(session, script, static _ => { }, static _ => { }) { AtEnd = Read };
        _run.Begin();
    }

    /// <summary>What was lost so far.</summary>
    public Losses Losses => _run.Losses;

    /// <summary>The table as it is now; the last one when the process has ended or this is disposed of.</summary>
    /// <exception cref="TracingException">Gathering has ended since something went wrong.</exception>
    public IReadOnlyDictionary<TKey, TValue> Snapshot()
    {
        _run.Ask(Read);
        return _last;
    }

    /// <summary>Takes the probes off.</summary>
    public ValueTask DisposeAsync() => _run.DisposeAsync();

    void Read(ScriptSession session, RecordReader reader)
    {
        var table = new Dictionary<TKey, TValue>();
        if (session.Loaded.Script.Maps.FirstOrDefault(static map => map.Name == Query.AggregateMap) is { Spec: { } spec, Key: { } key, Value: AggregateType type } map
            && session.Loaded.Find(spec) is { } source)
        {
            // Several keys are one tuple.
            var layout = key as TupleType ?? new TupleType([key]);
            foreach (var entry in MapContents.Read(map, source).Top(0))
            {
                if (reader.TrySet(layout, entry.Key))
                {
                    var name = _key(reader) ?? _nothing!;
                    var value = _value(new AggregateCell(type, entry.Aggregate));
                    table[name] = table.TryGetValue(name, out var before) ? _join(before, value) : value;
                }
            }
        }

        _last = table;
    }
}

/// <summary>An aggregate with its kind.</summary>
readonly record struct AggregateCell(AggregateType Type, Engine.Scripts.Values.Aggregate Content)
{
    public long Number => Content.Number;
}
