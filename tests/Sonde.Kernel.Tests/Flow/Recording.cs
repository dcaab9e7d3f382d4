using Sonde.Engine.Flow;

namespace Sonde.Kernel.Tests.Flow;

/// <summary>A flow session under test: attached, decoding on a thread of its own, every event kept.</summary>
sealed class Recording : IFlowSink
{
    readonly IFlowSession _session;
    readonly CancellationTokenSource _stop = new();
    readonly List<FlowEvent> _events = [];
    readonly Thread _reader;
    Exception? _failure;
    bool _stopped;

    public Recording(FlowOptions options, params IEnumerable<int> pids)
        : this(new FlowSession(options), session =>
        {
            foreach (int pid in pids)
            {
                session.Attach(pid);
            }
        })
    {
    }

    public Recording(FlowSession session, Action<FlowSession> attach)
        : this(session, () => attach(session))
    {
    }

    public Recording(IFlowSession session, Action attach)
    {
        _session = session;
        try
        {
            attach();
        }
        catch
        {
            session.Dispose();
            throw;
        }

        _reader = new Thread(() =>
        {
            try
            {
                session.Run(this, _stop.Token);
            }
            catch (Exception failure)
            {
                _failure = failure;
            }
        });
        _reader.Start();
    }

    /// <summary>Every event seen; complete after <see cref="Stop"/>.</summary>
    public IReadOnlyList<FlowEvent> Events
    {
        get
        {
            lock (_events)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>Detaches, decodes what was under way, and gives the report.</summary>
    public FlowReport Stop()
    {
        if (!_stopped)
        {
            _stopped = true;
            _stop.Cancel();
            _reader.Join();
            _session.Finish();
        }

        return _failure is null ? _session.Report() : throw new InvalidOperationException("the session failed", _failure);
    }

    /// <summary>Waits until the session ends by itself.</summary>
    public FlowReport WaitForEnd()
    {
        if (!_reader.Join(Targets.Target.Patience))
        {
            throw new TimeoutException("the session did not end");
        }

        return Stop();
    }

    public void Write(in FlowEvent flowEvent)
    {
        lock (_events)
        {
            _events.Add(flowEvent);
        }
    }

    public void Flush()
    {
    }

    public void Dispose()
    {
        try
        {
            Stop();
        }
        finally
        {
            _session.Dispose();
            _stop.Dispose();
        }
    }
}
