using System.Threading.Channels;
using Sonde.Engine.Library.Expressions;
using Sonde.Engine.Library.Running;

namespace Sonde.Tracing;

/// <summary>A stream whose probes are attached: events wait here to be read. For one reader at a time.</summary>
/// <remarks>A reader that does not read never holds up the process: what there is no room for is lost, and counted.</remarks>
public sealed class EventReader<T> : IAsyncEnumerable<T>, IAsyncDisposable
{
    readonly Channel<T> _events;
    readonly TracingRun _run;

    internal EventReader(Session session, Query query)
    {
        _events = Channel.CreateBounded<T>(new BoundedChannelOptions(session.Options.BufferedEvents) { SingleReader = true, SingleWriter = true });
        var (script, decoder) = query.Compile<T>();
        _run = new TracingRun(session, script, reader =>
        {
            if (!_events.Writer.TryWrite(decoder(reader)))
            {
                _run!.CountUnread();
            }
        }, problem => _events.Writer.TryComplete(problem));
        _run.Begin();
    }

    /// <summary>What was lost so far.</summary>
    public Losses Losses => _run.Losses;

    internal Task Ended => _run.Ended;

    /// <summary>The events from now on, until the process ends or this is disposed of.</summary>
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) => _events.Reader.ReadAllAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

    /// <summary>Takes the probes off. What waits can still be read.</summary>
    public ValueTask DisposeAsync() => _run.DisposeAsync();
}
