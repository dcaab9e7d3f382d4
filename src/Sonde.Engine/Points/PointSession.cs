using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sonde.Engine.Injection;
using Sonde.Engine.Output;

namespace Sonde.Engine.Points;

/// <summary>A log point in a running program, from its setting to its removal.</summary>
public sealed class PointSession : IDisposable
{
    readonly InjectedAgent _agent;
    readonly PointOptions _options;

    PointSession(InjectedAgent agent, PointOptions options)
    {
        _agent = agent;
        _options = options;
    }

    /// <summary>How the point stands, by its last word; null when there was none yet.</summary>
    public PointState? State { get; private set; }

    /// <summary>Why the point has ended; null while it has not.</summary>
    public string? Ended { get; private set; }

    /// <summary>What was found out of the program and is worth saying.</summary>
    public Queue<string> Remarks { get; } = [];

    /// <summary>What could not be understood of what the process sent.</summary>
    public long Damaged { get; private set; }

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
    /// <param name="stop">Ends it.</param>
    public void Run(IPointOutput output, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(output);
        var end = Stopwatch.GetTimestamp() + (long)(_options.Expiry.TotalSeconds * Stopwatch.Frequency);
        while (!stop.IsCancellationRequested && Ended is null)
        {
            if (_agent.TryReceive(TimeSpan.Zero, out var record))
            {
                Take(record, output);
                continue;
            }

            output.Flush();
            if (_agent.TryReceive(TimeSpan.FromMilliseconds(100), out record))
            {
                Take(record, output);
                continue;
            }

            Ended = !_agent.IsConnected ? "the program has ended" : Stopwatch.GetTimestamp() > end ? "its time is over" : null;
        }
    }

    /// <summary>Removes the point from the program and takes what it had still to say.</summary>
    public void End(IPointOutput output)
    {
        ArgumentNullException.ThrowIfNull(output);
        _agent.Dispose();
        while (_agent.TryReceive(TimeSpan.Zero, out var record))
        {
            Take(record, output);
        }

        output.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _agent.Dispose();

    /// <summary>The agent's last word.</summary>
    void TakeEnd(JsonElement end)
    {
        if (State is { } state)
        {
            State = state with { Lost = Math.Max(state.Lost, end.GetProperty("dropped").GetInt64()) };
        }

        if (end.GetProperty("failed").GetInt64() is > 0 and var failed)
        {
            Remarks.Enqueue($"the agent in the process made {failed} mistakes, which the program has not seen: {Escape.Text(end.GetProperty("failure").GetString() ?? "?", 200)}; please report it");
        }

        if (end.GetProperty("untold").GetInt64() is > 0 and var untold)
        {
            Remarks.Enqueue($"{untold} generators that waited were forgotten, for there were too many; what they did after that may not be told");
        }

        if (end.GetProperty("reason").GetString() is { } reason && reason != "removed")
        {
            Ended ??= reason;
        }
    }

    void Take(ReadOnlyMemory<byte> record, IPointOutput output)
    {
        try
        {
            using var parsed = JsonDocument.Parse(record);
            var root = parsed.RootElement;
            switch (root.GetProperty("e").GetString())
            {
                case "hit":
                    output.Hit(root);
                    break;
                case "off":
                    State = PointState.Read(root);
                    Ended = root.GetProperty("why").GetString();
                    break;
                case "foreign":
                    Remarks.Enqueue($"thread {root.GetProperty("thread").GetInt64()} is traced by somebody else ({Escape.Text(root.GetProperty("by").GetString() ?? "?", 200)}), who is left alone: nothing is told of it");
                    break;
                case "elsewhere":
                    Remarks.Enqueue($"{root.GetProperty("count").GetInt64()} calls that run already in other threads are not told: before Python 3.12 that is only possible in the main thread");
                    break;
                case "end":
                    TakeEnd(root);
                    break;
                case "state":
                    var state = PointState.Read(root);
                    State = state;
                    output.Count(_options.Kind, state);
                    break;
            }
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            Damaged++;
        }
    }
}
