using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sonde.Engine.Injection;

namespace Sonde.Engine.Points;

/// <summary>A log point in a running program, from its setting to its removal.</summary>
public sealed class PointSession : IDisposable
{
    readonly InjectedAgent _agent;
    readonly PointOptions _options;
    readonly PointDecoder _decoder;

    PointSession(InjectedAgent agent, PointOptions options)
    {
        _agent = agent;
        _options = options;
        _decoder = new PointDecoder(options.Kind);
    }

    /// <summary>How the point stands, by its last word; null when there was none yet.</summary>
    public PointState? State => _decoder.State;

    /// <summary>Why the point has ended; null while it has not.</summary>
    public string? Ended => _decoder.Ended;

    /// <summary>What was found out of the program and is worth saying.</summary>
    public Queue<string> Remarks => _decoder.Remarks;

    /// <summary>What could not be understood of what the process sent.</summary>
    public long Damaged => _decoder.Damaged + _agent.Damaged;

    /// <summary>After <see cref="Dispose"/>: why something of it may still be in the process; null when nothing is.</summary>
    public string? Leftover => _agent.Leftover;

    /// <summary>Makes sure that a point's message and condition can be evaluated safely.</summary>
    /// <exception cref="UsageException">They cannot.</exception>
    public static void Check(PointOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        PointMessage.Parse(options.Message);
        if (options.When is not null)
        {
            PointExpression.Parse(options.When, "--when");
        }
    }

    /// <summary>Sets the point.</summary>
    /// <exception cref="UsageException">Its message or condition is none that can be evaluated safely.</exception>
    /// <exception cref="UserErrorException">It cannot be set.</exception>
    public static PointSession Begin(PointOptions options, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        var point = new JsonObject
        {
            ["number"] = 1,
            ["kind"] = options.Kind switch { PointKind.Log => "log", PointKind.Snapshot => "snapshot", PointKind.Counter => "counter", _ => "timer" },
            ["file"] = options.File,
            ["line"] = options.Line,
            ["to"] = options.ToLine,
            ["message"] = PointMessage.Parse(options.Message),
            ["when"] = options.When is null ? null : PointExpression.Parse(options.When, "--when"),
            ["stack"] = options.Stack,
            ["hits"] = options.Hits,
            ["seconds"] = (long)Math.Ceiling(options.Expiry.TotalSeconds),
            ["interval"] = options.Kind == PointKind.Snapshot ? options.SnapshotInterval.TotalSeconds : 0,
        };
        var settings = new JsonObject
        {
            ["points"] = new JsonArray(point),
            ["budget"] = (long)(options.Budget * 1e9),
            ["words"] = new JsonArray([.. (options.Redaction?.Words ?? []).Select(static word => (JsonNode)word)]),
            ["limits"] = new JsonObject { ["depth"] = options.Depth, ["items"] = options.Items, ["characters"] = options.Characters },
        };
        using var configuration = JsonDocument.Parse(settings.ToJsonString());
        var session = new PointSession(InjectedAgent.Inject(options.Pid, AgentSource.Point, options.Injection with { Configuration = configuration.RootElement }, stop), options);
        if (session._agent.Remark is { } remark)
        {
            session.Remarks.Enqueue(remark);
        }

        return session;
    }

    /// <summary>Hands on what the point tells until it ends.</summary>
    /// <param name="output">Takes it.</param>
    /// <param name="say">Told the <see cref="Remarks"/> as they come, which then are not there any more; null leaves them there.</param>
    /// <param name="stop">Ends it.</param>
    public void Run(IPointOutput output, Action<string>? say, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(output);
        var end = Stopwatch.GetTimestamp() + (long)(_options.Expiry.TotalSeconds * Stopwatch.Frequency);
        while (!stop.IsCancellationRequested && Ended is null)
        {
            while (say is not null && Remarks.TryDequeue(out var remark))
            {
                say(remark);
            }

            if (_agent.TryReceive(TimeSpan.Zero, out var record))
            {
                _decoder.Read(record, output);
                continue;
            }

            output.Flush();
            if (_agent.TryReceive(TimeSpan.FromMilliseconds(100), out record))
            {
                _decoder.Read(record, output);
                continue;
            }

            _decoder.Ended = !_agent.IsConnected ? "the program has ended" : Stopwatch.GetTimestamp() > end ? "its time is over" : null;
        }
    }

    /// <summary>Removes the point from the program and takes what it had still to say.</summary>
    public void End(IPointOutput output)
    {
        ArgumentNullException.ThrowIfNull(output);
        _agent.Dispose();
        while (_agent.TryReceive(TimeSpan.Zero, out var record))
        {
            _decoder.Read(record, output);
        }

        if (_decoder.Unsaid is > 0 and var unsaid)
        {
            Remarks.Enqueue($"{unsaid} more remarks are left out");
        }

        if (_agent.LateRemark is { } late)
        {
            Remarks.Enqueue(late);
        }

        output.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _agent.Dispose();
}
