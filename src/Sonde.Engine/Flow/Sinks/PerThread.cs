using System.Diagnostics.CodeAnalysis;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>What a sink keeps for each thread. Threads come and go: what can be forgotten is, when there are many.</summary>
/// <param name="make">Called when the thread is first seen, or seen again after having been forgotten.</param>
/// <param name="canForget">True when nothing is lost by making the value anew.</param>
/// <param name="comparer">Which threads are the same.</param>
sealed class PerThread<T>(Func<FlowThread, T> make, Predicate<T> canForget, IEqualityComparer<FlowThread> comparer)
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
            {
                Forget();
            }

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
            {
                _values.Remove(thread);
            }
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
