using Sonde.Engine.Injection;

namespace Sonde.Engine.Snoop;

/// <summary>Hears the agent in a process and hands its story on, until it ends.</summary>
public sealed class SnoopSession : IDisposable
{
    static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(100);

    readonly InjectedAgent _agent;
    readonly SnoopDecoder _decoder = new();
    bool _isCut;

    SnoopSession(InjectedAgent agent) => _agent = agent;

    /// <summary>What to add to the program's monotonic clock for the time since 1970.</summary>
    public long ToWallNs => _decoder.Ready?.ToWallNs ?? 0;

    /// <summary>How many functions are told about.</summary>
    public int Functions => _decoder.Ready?.Functions ?? 0;

    /// <summary>How many outermost calls have been told.</summary>
    public long Calls => _decoder.Calls;

    /// <summary>What was found out and is worth saying; each once.</summary>
    public Queue<string> Remarks => _decoder.Remarks;

    /// <summary>Puts the agent into a process.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="options">What is to be told.</param>
    /// <param name="injection">Whether and how code may be put into it; the settings are filled in here.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <exception cref="UserErrorException">It cannot be done, or none of the functions is there. Nothing is left behind.</exception>
    public static SnoopSession Start(int pid, SnoopOptions options, InjectionOptions injection, CancellationToken stop)
    {
        var session = new SnoopSession(InjectedAgent.Inject(pid, AgentSource.Snoop, injection with { Configuration = options.ToSettings() }, stop));
        try
        {
            while (session._decoder.Ready is null && session._agent.TryReceive(injection.Patience, out var record))
            {
                session._decoder.Read(record);
            }

            var ready = session._decoder.Ready ?? throw new UserErrorException($"snoop: process {pid} was given the code that watches but has not begun to");
            if (ready.Functions == 0 && !options.AwaitsFunctions)
            {
                var asked = string.Join(", ", options.Functions.Select(static place => $"'{place.Text}'"));
                throw new UserErrorException($"snoop: process {pid} has no function {asked}; names are qualified and case matters ('Server.handle', '*.handle'), lines must lie in a function, and modules must have been loaded. 'sonde flow -p {pid} --summary' shows what is called");
            }

            foreach (var missing in options.AwaitsFunctions ? [] : ready.Missing)
            {
                session.Remarks.Enqueue(missing >= 0 && missing < options.Functions.Count ? $"there is no function '{options.Functions[missing].Text}'" : "a function is not there");
            }

            if (session._agent.Remark is { } remark)
            {
                session.Remarks.Enqueue(remark);
            }

            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Hands events on until the agent ends (after as many calls as were asked for), the process does, or it is told to stop.</summary>
    /// <param name="sink">Takes them.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="IOException">The sink failed.</exception>
    public void Run(ISnoopSink sink, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && _decoder.End is null)
        {
            if (_agent.TryReceive(_patience, out var record))
            {
                Hand(record, sink);
            }
            else if (!_agent.IsConnected)
            {
                break;
            }
        }

        _isCut = _decoder.End is null && !_agent.IsProgramAlive;
        // What was on its way when it ended is told too.
        _agent.Dispose();
        while (_agent.TryReceive(TimeSpan.Zero, out var rest))
        {
            Hand(rest, sink);
        }
    }

    /// <summary>What is lost, and what may be left in the process, as sentences; empty when all is well.</summary>
    public IEnumerable<string> Losses()
    {
        if (_decoder.End is { Dropped: > 0 } lossy)
        {
            yield return $"{lossy.Dropped} events found no room and are not shown: the functions run faster than their story can be told; --count limits it, and file.py:FROM-TO tells fewer lines";
        }

        if (_decoder.End is { Untold: > 0 } full)
        {
            yield return $"{full.Untold} calls are not shown, for 10,000 others were in progress: generators that are never resumed, say";
        }

        if (_decoder.End is null && !_isCut)
        {
            yield return "the code in the process ended without its last word: how much found no room is not known";
        }

        if (_decoder.End is { Failed: > 0 } failed)
        {
            yield return $"{failed.Failed} events could not be told because of a mistake in sonde's code ({failed.Failure}); the program has seen nothing of it";
        }

        if (_decoder.Damaged + _agent.Damaged > 0)
        {
            yield return $"{_decoder.Damaged + _agent.Damaged} records from the process could not be understood";
        }

        if (_agent.LateRemark is { } late)
        {
            yield return late;
        }

        if (_agent.Leftover is { } leftover)
        {
            yield return leftover;
        }
    }

    /// <summary>Takes the agent out of the process again, and waits for it a few seconds.</summary>
    public void Dispose() => _agent.Dispose();

    void Hand(ReadOnlyMemory<byte> record, ISnoopSink sink)
    {
        if (_decoder.Read(record) is { } snoopEvent)
        {
            sink.Write(snoopEvent);
        }
    }
}
