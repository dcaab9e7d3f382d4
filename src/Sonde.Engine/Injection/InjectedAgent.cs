using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Sonde.Linux;
using Sonde.Python;

namespace Sonde.Engine.Injection;

/// <summary>Python code of ours that runs inside a process: put in, heard, asked, and taken out again.</summary>
/// <remarks>
/// The agent's source is executed in a dict of its own, which holds beforehand
/// <list type="bullet">
/// <item><c>channel</c>: <c>channel.send(*records)</c> sends JSON texts (bytes), never waits, and is False when they found no room or nobody reads any more (<c>channel.is_open</c>; then the agent must remove itself);
/// <c>channel.lost()</c> tells how many sends have found no room since last asked;</item>
/// <item><c>quote(text)</c>: a str as JSON; <c>text_of(error)</c>: an exception as a line.</item>
/// </list>
/// It may define <c>install(configuration)</c>, called at once, and <c>remove()</c>, called at the end. All of it runs between two instructions of the program, on whatever thread
/// comes first. What the agent's functions raise into the program is the agent's own affair; what <c>install</c> and <c>remove</c> raise is reported here.
/// <para>Not safe for concurrent use.</para>
/// </remarks>
public sealed class InjectedAgent : IDisposable
{
    /// <summary>Under this name, with random digits, the module <c>sys</c> holds the agent's dict.</summary>
    const string NamePrefix = "_sonde_";

    const int NameDigits = 12;

    static readonly string _begin = Resource("begin.py"), _call = Resource("call.py"), _end = Resource("end.py");

    /// <summary>How long the end of a session waits for the program, which may be short of processor time; after that the guard goes on trying.</summary>
    static readonly TimeSpan _removalPatience = TimeSpan.FromSeconds(10);

    static readonly TimeSpan _untilItIsLeft = TimeSpan.FromMilliseconds(50);

    /// <summary>How often it is looked whether the process has more interpreters by now.</summary>
    const long InterpretersEveryMs = 500;

    /// <summary>The signals for which programs have handlers (signal(7)); no other is ever sent, whatever the process says.</summary>
    const int Hangup = 1, Interrupt = 2, Quit = 3, User1 = 10, User2 = 12, Alarm = 14, Terminate = 15;

    readonly InjectionTarget _target;
    readonly AgentChannel _channel;
    readonly GuardProcess? _guard;
    readonly string _name;
    readonly TimeSpan _patience;
    readonly HashSet<(ulong Address, long Id)> _interpreters;
    readonly int _interpretersAtFirst;
    long _lookedAt = Environment.TickCount64;
    int _asked;
    bool _isDisposed;

    InjectedAgent(InjectionTarget target, AgentChannel channel, GuardProcess? guard, string name, TimeSpan patience, IEnumerable<(ulong Address, long Id)> interpreters)
    {
        _target = target;
        _channel = channel;
        _guard = guard;
        _name = name;
        _patience = patience;
        _interpreters = [.. interpreters];
        _interpretersAtFirst = _interpreters.Count;
    }

    /// <summary>The process.</summary>
    public int Pid => _target.Pid;

    /// <summary>The version of its interpreter.</summary>
    public PythonVersion Version => _target.Version;

    /// <summary>What the agent cannot see of the process, as one sentence; null when it sees all.</summary>
    public string? Remark { get; private init; }

    /// <summary>What of the process could not be seen that came while the agent was there, as one sentence; null when nothing is known of.</summary>
    public string? LateRemark => _interpreters.Count - _interpretersAtFirst is > 0 and var later
        ? $"process {Pid} has made {(later == 1 ? "a sub-interpreter" : $"{later} sub-interpreters")} meanwhile, in {(later == 1 ? "which" : "all of which")} nothing was watched" : null;

    /// <summary>Whether the agent is still there: neither removed nor gone with its process.</summary>
    public bool IsConnected => _channel.IsOpen;

    /// <summary>Whether the program runs.</summary>
    internal bool IsProgramAlive => _target.IsAlive;

    /// <summary>Packets from the agent that could not be understood.</summary>
    public long Damaged => _channel.Damaged;

    /// <summary>After <see cref="Dispose"/>: why the agent may still be there, as one sentence; null when it is gone.</summary>
    public string? Leftover { get; private set; }

    /// <summary>Puts an agent into a process.</summary>
    /// <param name="pid">The process: a CPython from 3.7 on, our own user's unless we are root.</param>
    /// <param name="source">The agent's Python source.</param>
    /// <param name="options">How, and whether the user allows it.</param>
    /// <param name="stop">Ends the waiting; nothing is left behind then.</param>
    /// <exception cref="UserErrorException">It is not allowed, cannot be done, or failed; the message says why. Nothing is left behind.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was asked for.</exception>
    public static InjectedAgent Inject(int pid, string source, InjectionOptions options, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.IsAllowed)
        {
            throw new UserErrorException(
                $"process {pid}: this runs Python code of sonde's inside the process, which is not done without being asked for; give --inject, or set {InjectionOptions.Variable}=1. The code is taken out again at the end, also when sonde is killed");
        }

        if (!options.AcceptsRisk && InjectionRisk.Of(pid) is { } risk)
        {
            throw new UserErrorException($"{risk}. Nothing was done; {InjectionOptions.RiskOption} does it all the same");
        }

        var target = InjectionTarget.Open(pid);
        ProcessTurn? turn = null;
        AgentChannel? channel = null;
        GuardProcess? guard = null;
        InjectedAgent? agent = null;
        try
        {
            var name = NamePrefix + RandomNumberGenerator.GetHexString(NameDigits, lowercase: true);
            // It watches before there is anything to take out, or to remove from the file system.
            guard = GuardProcess.Start(options.Guard, target, name);
            turn = TakeTurn(target, options.Patience, stop);
            using (var delivery = new ScriptDelivery(target))
            {
                channel = new AgentChannel(delivery.Directory, pid, options.Handed);
                var configuration = PythonText.Literal(options.Configuration);
                delivery.Deliver(_begin, directory => $"begin({directory}, {PythonText.Quote(name)}, {configuration}, {PythonText.Quote(source)})", options.Patience, stop);
                if (!channel.Accept(options.Patience))
                {
                    throw new UserErrorException($"process {pid} began to run what it was given but cannot be heard; a sandbox may keep it from connecting to {delivery.Directory.Path}/{AgentChannel.SocketName}");
                }
            }

            var interpreters = target.Runtime.ReadNumberedInterpreters();
            var remark = interpreters.Count is > 1 and var count
                ? $"process {pid} has {count - 1} {(count == 2 ? "sub-interpreter" : "sub-interpreters")}, in which nothing is watched: the code runs in the main interpreter" : null;
            agent = new InjectedAgent(target, channel, guard, name, options.Patience, interpreters) { Remark = remark };
            try
            {
                agent.AwaitReply(0, "the agent could not be set up");
            }
            catch (UserErrorException exception) when (remark is not null)
            {
                // What is looked for may be in one of them.
                throw new UserErrorException($"{exception.Message}. {char.ToUpperInvariant(remark[0])}{remark[1..]}");
            }

            return agent;
        }
        catch
        {
            // Taking it out needs another.
            turn?.Dispose();
            turn = null;
            if (agent is not null)
            {
                agent.Dispose();
            }
            else
            {
                // What did not begin was taken back, and what began has not found us.
                guard?.Release();
                guard?.Dispose();
                channel?.Dispose();
                target.Dispose();
            }

            throw;
        }
        finally
        {
            turn?.Dispose();
        }
    }

    /// <summary>Takes the next record that the agent has sent of its own.</summary>
    /// <param name="wait">How long to wait for one.</param>
    /// <param name="record">A JSON object in UTF-8. It comes from the process and may be anything.</param>
    /// <returns>False when none came in time, or none will come any more (<see cref="IsConnected"/>).</returns>
    public bool TryReceive(TimeSpan wait, out ReadOnlyMemory<byte> record)
    {
        LookForInterpretersNowAndThen();
        return _channel.TryReceive(wait, out record);
    }

    /// <summary>Looks, now and then, whether the process has made interpreters that the agent is not in. Those that go again in between are not seen.</summary>
    public void LookForInterpretersNowAndThen()
    {
        if (!_isDisposed && Environment.TickCount64 - _lookedAt > InterpretersEveryMs)
        {
            _lookedAt = Environment.TickCount64;
            LookForInterpreters();
        }
    }

    /// <summary>Evaluates an expression in the agent's dict, inside the process.</summary>
    /// <param name="expression">A Python expression, such as the call of a function of the agent's.</param>
    /// <param name="stop">Ends the waiting; then the expression is never evaluated.</param>
    /// <returns>Its value as <c>str()</c> gives it; null for None.</returns>
    /// <exception cref="UserErrorException">It raised an exception, or the process did not come round to it.</exception>
    public string? Evaluate(string expression, CancellationToken stop = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var number = ++_asked;
        using var turn = TakeTurn(_target, _patience, stop);
        using var delivery = new ScriptDelivery(_target);
        delivery.Deliver(_call, directory => string.Create(CultureInfo.InvariantCulture, $"call({directory}, {PythonText.Quote(_name)}, {number}, {PythonText.Quote(expression)})"), _patience, stop);
        return AwaitReply(number, "the agent failed");
    }

    /// <summary>Takes the agent out of the process again and waits for it a few seconds. What it sent before can still be received.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        LookForInterpreters();
        if (_channel.IsOpen && _target.IsAlive)
        {
            try
            {
                using var turn = TakeTurn(_target, _removalPatience, CancellationToken.None);
                Remove(_target, _name, _removalPatience, CancellationToken.None);
                if (!_channel.AwaitEnd(_removalPatience))
                {
                    Leftover = $"process {Pid} has not taken the agent out yet";
                }

                while (_channel.TryReceiveRemoval(out var removal))
                {
                    PassOnSignal(removal);
                }
            }
            catch (Exception exception) when (exception is UserErrorException or LinuxException or IOException)
            {
                Leftover = exception.Message;
            }
        }

        if (Leftover is null)
        {
            _guard?.Release();
        }
        else if (_guard is not null)
        {
            Leftover += "; a process of sonde's goes on trying to take the agent out";
        }

        _guard?.Dispose();
        _channel.Dispose();
        _target.Dispose();
    }

    /// <summary>
    /// One script at a time is put into a process, by whichever session, and until it has run: CPython 3.11 enters a function that is traced only when no call is pending, and makes none while
    /// another is being made, so it would wait for ever in the first script for the second (RESUME in DO_TRACING, Python/ceval.c).
    /// </summary>
    /// <exception cref="UserErrorException">Another session has the turn all the time.</exception>
    internal static ProcessTurn TakeTurn(InjectionTarget target, TimeSpan patience, CancellationToken stop)
    {
        var begun = Stopwatch.GetTimestamp();
        ProcessTurn? turn;
        while (!ProcessTurn.TryTake(target.Pid, out turn))
        {
            stop.ThrowIfCancellationRequested();
            if (Stopwatch.GetElapsedTime(begun) > patience)
            {
                throw new UserErrorException($"process {target.Pid}: another session of sonde has been putting code into it, or taking it out, for {patience.TotalSeconds:0.#} s");
            }

            Thread.Sleep(5);
        }

        return turn!;
    }

    /// <summary>Has an agent removed, by whoever has the turn.</summary>
    internal static void Remove(InjectionTarget target, string name, TimeSpan patience, CancellationToken stop)
    {
        using var delivery = new ScriptDelivery(target);
        delivery.Deliver(_end, directory => $"end({directory}, {PythonText.Quote(name)})", patience, stop);
    }

    /// <summary>Whether a text is the name of an agent.</summary>
    internal static bool IsName(string text) => text.Length == NamePrefix.Length + NameDigits && text.StartsWith(NamePrefix, StringComparison.Ordinal) && text[NamePrefix.Length..].All(char.IsAsciiHexDigitLower);

    string? AwaitReply(int number, string problem)
    {
        while (_channel.TryReceiveReply(_patience, out var text))
        {
            using var reply = Parse(text);
            if (reply is null || !reply.RootElement.TryGetProperty("reply", out var answered) || !answered.TryGetInt32(out var which) || which != number)
            {
                continue;
            }

            if (reply.RootElement.TryGetProperty("error", out var error))
            {
                PassOnSignal(text);
                // What an agent refuses by itself is said in its own words, and is a RuntimeError; all else went wrong.
                const string refusal = "RuntimeError: ";
                var told = error.GetString() ?? "?";
                throw new UserErrorException(number == 0 && told.StartsWith(refusal, StringComparison.Ordinal) ? $"process {Pid}: {Output.Escape.Text(told[refusal.Length..], 500)}"
                    : $"process {Pid}: {problem}: {Output.Escape.Text(told, 500)}");
            }

            return reply.RootElement.TryGetProperty("value", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }

        throw new UserErrorException($"process {Pid} {(_channel.IsOpen ? $"did not answer within {_patience.TotalSeconds:0.#} s" : "has ended, or closed the connection")}");
    }

    /// <summary>A signal whose handler ran, and raised, while the script did was meant for the program (Ctrl-C, say): it gets it again.</summary>
    void PassOnSignal(ReadOnlyMemory<byte> record)
    {
        using var parsed = Parse(record);
        if (parsed is null || !parsed.RootElement.TryGetProperty("signal", out var told) || told.ValueKind != JsonValueKind.Number || !told.TryGetInt32(out var signal)
            || signal is not (Hangup or Interrupt or Quit or User1 or User2 or Alarm or Terminate) || !_target.IsAlive)
        {
            return;
        }

        // The number may be another process's soon: what is held is this one.
        if (!PidFd.TryOpen(Pid, out var process).Failed)
        {
            using (process)
            {
                if (_target.IsAlive)
                {
                    // The script has said its last word. It closes the connection, and is left some instructions later.
                    _channel.AwaitEnd(_removalPatience);
                    Thread.Sleep(_untilItIsLeft);
                    process!.Signal(signal);
                }
            }
        }
    }

    void LookForInterpreters()
    {
        const int most = 10_000;
        if (_interpreters.Count < most)
        {
            _interpreters.UnionWith(_target.Runtime.ReadNumberedInterpreters());
        }
    }

    static JsonDocument? Parse(ReadOnlyMemory<byte> text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static string Resource(string name)
    {
        using var stream = typeof(InjectedAgent).Assembly.GetManifestResourceStream("injection/" + name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
