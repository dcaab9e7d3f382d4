using System.Diagnostics.CodeAnalysis;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>What a sink keeps for each code object, made when the code object is first seen and then found by index.</summary>
sealed class CodeTable<T>(Func<CodeInfo, T> make)
{
    (CodeInfo? Code, T Value)[] _entries = new (CodeInfo?, T)[256];

    public T this[CodeInfo code]
    {
        get
        {
            var entries = _entries;
            return (uint)code.Id < (uint)entries.Length && ReferenceEquals(entries[code.Id].Code, code) ? entries[code.Id].Value : Add(code);
        }
    }

    T Add(CodeInfo code)
    {
        if (code.Id >= _entries.Length)
            Array.Resize(ref _entries, Math.Max(code.Id + 1, _entries.Length * 2));
        _entries[code.Id] = (code, make(code));
        return _entries[code.Id].Value;
    }
}

/// <summary>What a sink keeps for each thread. Threads come and go: what can be forgotten is, when there are many.</summary>
/// <param name="make">Called when the thread is first seen, or seen again after having been forgotten.</param>
/// <param name="canForget">True when nothing is lost by making the value anew.</param>
/// <param name="comparer">Which threads are the same.</param>
sealed class ThreadTable<T>(Func<FlowThread, T> make, Predicate<T> canForget, IEqualityComparer<FlowThread> comparer)
    where T : class
{
    const int ManyThreads = 1024;

    readonly Dictionary<FlowThread, T> _values = new(comparer);
    FlowThread? _lastThread;
    T? _lastValue;
    int _limit = ManyThreads;

    public IEnumerable<KeyValuePair<FlowThread, T>> All => _values;

    public T this[FlowThread thread] => ReferenceEquals(thread, _lastThread) ? _lastValue! : Find(thread);

    T Find(FlowThread thread)
    {
        if (!_values.TryGetValue(thread, out var value))
        {
            if (_values.Count >= _limit)
                Forget();
            _values.Add(thread, value = make(thread));
        }
        (_lastThread, _lastValue) = (thread, value);
        return value;
    }

    void Forget()
    {
        foreach (var (thread, value) in _values)
        {
            if (canForget(value))
                _values.Remove(thread);
        }
        _limit = Math.Max(ManyThreads, 2 * _values.Count);
    }
}

/// <summary>Threads are the same when process and thread id are, whatever their name is now.</summary>
sealed class SameThreadId : IEqualityComparer<FlowThread>
{
    public static readonly SameThreadId Instance = new();

    public bool Equals(FlowThread? x, FlowThread? y) => x?.Tid == y?.Tid && x?.Pid == y?.Pid;

    public int GetHashCode([DisallowNull] FlowThread thread) => thread.Tid;
}
