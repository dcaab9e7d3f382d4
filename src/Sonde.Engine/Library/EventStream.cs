using System.Linq.Expressions;
using Sonde.Engine.Library.Expressions;

namespace Sonde.Tracing;

/// <summary>
/// Events that are to be had: a source, with filters and projections that run in the kernel. Nothing is attached before it is read. Streams do not change:
/// each method gives a new one.
/// </summary>
/// <typeparam name="T">What an event is: an anonymous type, record, tuple or single value; at first a hit, of which something is to be selected.</typeparam>
/// <remarks>
/// Expressions may use integers, bool, char, enumerations, TimeSpan and texts: arithmetic, comparisons, logic, <c>?:</c>, casts of integers; <c>==</c>,
/// <c>!=</c>, <c>StartsWith</c> and <c>Contains</c> of texts, by bytes. Variables of the program around them are taken as they are when the stream is read.
/// </remarks>
public sealed class EventStream<T> : IAsyncEnumerable<T>
{
    readonly Session _session;
    readonly Query _query;
    readonly List<EventReader<T>> _readers = [];
    Losses _closed = new();

    internal EventStream(Session session, Query query) => (_session, _query) = (session, query);

    /// <summary>What was lost by this stream, each time it was read.</summary>
    public Losses Losses
    {
        get
        {
            lock (_readers)
            {
                return _readers.Aggregate(_closed, static (losses, reader) => losses + reader.Losses);
            }
        }
    }

    /// <summary>Only events that fulfil a condition; the others are dropped in the kernel.</summary>
    public EventStream<T> Where(Expression<Func<T, bool>> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return new(_session, _query.Where(condition));
    }

    /// <summary>Something of each event. What is computed is computed in the kernel; objects are made of it here.</summary>
    public EventStream<TResult> Select<TResult>(Expression<Func<T, TResult>> projection)
    {
        ArgumentNullException.ThrowIfNull(projection);
        return new(_session, _query.Select(projection));
    }

    /// <summary>Attaches the probes; they are there when this returns, and are taken off when the reader is disposed of.</summary>
    /// <exception cref="ExpressionException">Something in an expression cannot be computed in the kernel.</exception>
    /// <exception cref="TracingException">There is no such probe, or it cannot be attached.</exception>
    public EventReader<T> Open()
    {
        var reader = new EventReader<T>(_session, _query);
        lock (_readers)
        {
            _readers.Add(reader);
        }

        _ = ForgetAtEndAsync(reader);
        return reader;
    }

    /// <summary>Attaches the probes, hands out events as they come, and takes the probes off when the loop is left in whatever way. Ends with the process.</summary>
    /// <inheritdoc cref="Open" path="/exception"/>
    public async IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        await using var reader = Open();
        await foreach (var item in reader.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            yield return item;
        }
    }

    /// <summary>
    /// Counts events by key, in the kernel, from now on. A text that is null is the key <c>""</c>, a Python value that is None or not there a
    /// <see cref="PythonObject"/> of the type <c>NoneType</c>.
    /// </summary>
    /// <inheritdoc cref="Open" path="/exception"/>
    public Aggregate<TKey, long> CountBy<TKey>(Expression<Func<T, TKey>> key)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        return new(_session, _query.Aggregate(key, null, "count"), static cell => cell.Number, static (a, b) => a + b);
    }

    /// <summary>Adds up a number by key, in the kernel, from now on.</summary>
    /// <inheritdoc cref="Open" path="/exception"/>
    public Aggregate<TKey, long> SumBy<TKey>(Expression<Func<T, TKey>> key, Expression<Func<T, long>> value)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        return new(_session, _query.Aggregate(key, value, "sum"), static cell => cell.Number, static (a, b) => a + b);
    }

    /// <summary>Histograms of a number by key, in the kernel, from now on; its buckets double in size.</summary>
    /// <inheritdoc cref="Open" path="/exception"/>
    public Aggregate<TKey, Histogram> HistogramBy<TKey>(Expression<Func<T, TKey>> key, Expression<Func<T, long>> value)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        return new(_session, _query.Aggregate(key, value, "hist"), Histogram.Of, static (a, b) => a + b);
    }

    /// <summary>Histograms of a time by key, in nanoseconds.</summary>
    /// <inheritdoc cref="HistogramBy{TKey}(Expression{Func{T, TKey}}, Expression{Func{T, long}})"/>
    public Aggregate<TKey, Histogram> HistogramBy<TKey>(Expression<Func<T, TKey>> key, Expression<Func<T, TimeSpan>> value)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        return new(_session, _query.Aggregate(key, value, "hist"), Histogram.Of, static (a, b) => a + b);
    }

    async Task ForgetAtEndAsync(EventReader<T> reader)
    {
        await reader.Ended.ConfigureAwait(false);
        lock (_readers)
        {
            _readers.Remove(reader);
            _closed += reader.Losses;
        }
    }
}
