using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Sonde.Engine.Injection;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Python;
using Sonde.Python.Inside;
using Sonde.Python.Layouts;

namespace Sonde.Engine.Flow.Inside;

/// <summary>Follows the calls of Python processes with an agent inside each: machine code that the interpreter calls back.</summary>
/// <remarks>Costs a call some tens of nanoseconds instead of two probe hits. Disposing takes the agents out; should Sonde be killed, they stop by themselves and are taken out by their guard.</remarks>
public sealed class InsideSession : IFlowSession
{
    /// <summary>How often the rings are looked at while records come, and at most when none do.</summary>
    static readonly TimeSpan _busyInterval = TimeSpan.FromMilliseconds(1), _idleInterval = TimeSpan.FromMilliseconds(20);

    static readonly TimeSpan _heartbeat = TimeSpan.FromMilliseconds(200);

    /// <summary>An agent that has not heard of Sonde for so long stops.</summary>
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    readonly FlowOptions _options;
    readonly IAgentLoader _loader;
    readonly TimeStampClock _clock = new();
    readonly CodeTable _codes;
    readonly FlowDecoder _decoder;
    readonly CallFilter _filter;
    readonly FlowFilter _wanted;
    readonly List<InsideProcess> _processes = [];
    readonly List<TracedProcess> _traced = [];
    readonly List<ILoadedAgent> _agents = [];
    readonly List<PythonTarget> _targets = [];
    readonly Dictionary<int, PythonProcess> _known = [];
    readonly Lock _beating = new();
    readonly Timer _beat;
    long _startNs = (long)Clock.MonotonicNs;
    readonly List<string> _remarks = [];
    FlowLosses? _lossesAtLimit;
    bool _stopped;

    /// <summary>Prepares a session; nothing is put into any process yet.</summary>
    /// <param name="options">What is shown.</param>
    /// <param name="loader">Puts agents into processes.</param>
    /// <exception cref="UserErrorException">This machine cannot do it; the message says why.</exception>
    public InsideSession(FlowOptions options, IAgentLoader loader)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new UserErrorException($"the engine inside the process is machine code for x86-64; this machine is {RuntimeInformation.ProcessArchitecture}. Use --engine outside");
        }

        (_options, _loader) = (options, loader);
        _wanted = new FlowFilter(options);
        _codes = new CodeTable((pid, _) => _known[pid], _wanted, null);
        _decoder = new FlowDecoder(_codes, new ThreadTable(ReadThreadName, thread => _wanted.WantsThread(thread.Tid, thread.Name)), new FlowCounts()) { Remaining = options.MaxEvents ?? long.MaxValue };
        _filter = new CallFilter(_decoder, options);
        _beat = new Timer(_ => Beat(), null, _heartbeat, _heartbeat);
    }

    /// <summary>From when on calls are told, on the kernel's monotonic clock: since the first process was attached to.</summary>
    public long StartNs { get; private set; }

    /// <inheritdoc/>
    public bool LimitReached => _decoder.Remaining == 0;

    /// <summary>Why a process cannot be followed from inside, as one sentence; null when it can.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="options">What is shown, with the size of the ring.</param>
    /// <param name="acceptsRisk">Whether it may be done where the process could be killed for it.</param>
    /// <exception cref="UserErrorException">There is no such process, or it may not be looked at.</exception>
    public static string? Refusal(int pid, FlowOptions options, bool acceptsRisk)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!acceptsRisk && InjectionRisk.Of(pid, AgentMemory.SharedSize(options.RingBufferBytes)) is { } risk)
        {
            return $"{risk} ({InjectionOptions.RiskOption} does it all the same)";
        }

        var target = PythonTarget.Find(pid);
        using (target.Image)
        {
            // A root directory of its own may have none; the agent is machine code without a file, which the interpreter can only be told of by a descriptor's name.
            if (!File.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/root/proc/version")))
            {
                return $"process {pid} sees no /proc, through which its interpreter would load the agent";
            }

            try
            {
                AgentLayout.For(VersionOf(target), target.Image.Elf);
                return null;
            }
            catch (LayoutException exception)
            {
                return $"process {pid}: {exception.Message}";
            }
        }
    }

    /// <summary>Puts an agent into a process.</summary>
    /// <returns>The interpreter's version.</returns>
    /// <exception cref="UserErrorException">It cannot be done; the message says why. Nothing is left in the process then.</exception>
    public PythonVersion Attach(int pid)
    {
        var target = PythonTarget.Find(pid);
        _targets.Add(target);
        var version = VersionOf(target);
        AgentLayout layout;
        try
        {
            layout = AgentLayout.For(version, target.Image.Elf);
        }
        catch (LayoutException exception)
        {
            throw new UserErrorException($"process {pid}: {exception.Message}; use --engine outside");
        }

        var process = new TracedProcess(pid);
        _traced.Add(process);
        _known[pid] = new PythonProcess
        {
            Version = version,
            Layout = layout.Calls,
            CodeType = target.Image.Elf.TryFindSymbol("PyCode_Type", out var type) ? target.Bias + type.Value : 0,
            Memory = process.Memory,
            Sources = new SourceFiles(pid, version),
        };
        var nonce = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
        var name = $"sonde-{nonce:x8}";
        var options = new AgentOptions(_options.RingBufferBytes, FiltersCode(_options), _clock.TicksIn(_patience), _clock.HasProcessorRegister);
        var script = AgentScript.Write(AgentImage.Write(new AgentCode(layout, options)), nonce);
        var ring = AgentRing.Create(name, _options.RingBufferBytes, out var memory);
        using (memory)
        {
            try
            {
                var agent = _loader.Load(pid, script, memory);
                _agents.Add(agent);
                if (agent.Remark is { } remark)
                {
                    _remarks.Add($"{remark}. --engine outside sees all of them");
                }

                if (!ring.IsInUse)
                {
                    throw new UserErrorException($"process {pid}: the memory that it shares with sonde is not as it was made");
                }
            }
            catch
            {
                ring.Dispose();
                throw;
            }
        }

        StartNs = StartNs > 0 ? StartNs : (long)Clock.MonotonicNs;
        lock (_beating)
        {
            _processes.Add(new InsideProcess(pid, ring, _clock, _decoder, _codes, _filter, StartNs));
        }

        return version;
    }

    /// <inheritdoc/>
    public void Run(IFlowSink sink, CancellationToken cancellation)
    {
        _decoder.Sink = sink;
        _startNs = (long)Clock.MonotonicNs;
        var idle = _busyInterval;
        var (compared, flushed) = (Environment.TickCount64, Environment.TickCount64);
        while (!cancellation.IsCancellationRequested && !LimitReached)
        {
            if (Environment.TickCount64 - compared > 200)
            {
                compared = Environment.TickCount64;
                _clock.Compare();
                _traced.ForEach(process => process.CpuSeconds());
            }

            var ended = _traced.TrueForAll(process => process.HasExited);
            if (Drain(cancellation))
            {
                idle = _busyInterval;
                if (Environment.TickCount64 - flushed > (long)_idleInterval.TotalMilliseconds)
                {
                    flushed = Environment.TickCount64;
                    sink.Flush();
                }

                continue;
            }

            if (ended || _processes.TrueForAll(process => process.Ring.IsAbandoned || process.Ring.IsDamaged))
            {
                return;
            }

            sink.Flush();
            cancellation.WaitHandle.WaitOne(idle);
            idle = idle * 2 < _idleInterval ? idle * 2 : _idleInterval;
        }

        sink.Flush();
    }

    /// <inheritdoc/>
    public void Finish()
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        foreach (var process in _processes.Where(static process => process.Ring.IsAbandoned))
        {
            _remarks.Add($"process {process.Pid}: its agent had not heard of sonde for {_patience.TotalSeconds:0} s and stopped by itself; what came after is missing");
        }

        lock (_beating)
        {
            _processes.ForEach(static process => process.Ring.StopAgent());
        }

        // With the limit reached nobody reads on, and what finds no room then is not missing.
        _lossesAtLimit = LimitReached ? ReadLosses() : null;

        // What was under way is shown first, since taking the agents out can take a moment; what a callback was about to write, after that.
        DrainAll();
        foreach (var agent in _agents)
        {
            agent.Dispose();
            if (agent.LateRemark is { } late)
            {
                _remarks.Add($"{late}. --engine outside sees all of them");
            }

            if (agent.Leftover is { } leftover)
            {
                _remarks.Add(leftover);
            }
        }

        DrainAll();
        _decoder.Sink?.Flush();
        Remark();
    }

    /// <inheritdoc/>
    public FlowReport Report() => new()
    {
        Counts = _decoder.Counts,
        Losses = _lossesAtLimit ?? ReadLosses(),
        BusiestFunction = _codes.Busiest,
        FunctionsSeen = _wanted.Asked,
        Unmatched = _wanted.Unmatched,
        Functions = _codes.Wanted,
        UnresolvedNames = _codes.Unresolved,
        OpenCalls = _decoder.OpenActivations,
        Elapsed = TimeSpan.FromMicroseconds(((long)Clock.MonotonicNs - _startNs) / 1000.0),
        TargetCpu = TimeSpan.FromSeconds(_traced.Sum(process => process.CpuSeconds())),
        IsInside = true,
        Remarks = _remarks,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        Finish();
        _beat.Dispose();
        lock (_beating)
        {
            _processes.ForEach(process => process.Ring.Dispose());
            _processes.Clear();
        }

        _traced.ForEach(process => process.Dispose());
        _targets.ForEach(target => target.Image.Dispose());
        _clock.Dispose();
    }

    /// <summary>Whether functions may be found to be unwanted while the program runs.</summary>
    static bool FiltersCode(FlowOptions options) => options.Functions.Count > 0 || options.Files.Count > 0 || options.Excludes.Count > 0;

    static PythonVersion VersionOf(PythonTarget target) => Interpreter.Recognize(target.Image.Elf, target.Image.Path) switch
    {
        Interpreter.Image image => image.Version,
        Interpreter.Unsupported unsupported => throw new UserErrorException($"{target.Image.Path} cannot be traced: {unsupported.Reason}"),
        _ => throw new UserErrorException($"{target.Image.Path} is no CPython interpreter"),
    };

    void Beat()
    {
        lock (_beating)
        {
            if (!_stopped)
            {
                _processes.ForEach(process => process.Ring.Beat(_clock.Ticks));
            }
        }
    }

    bool Drain(CancellationToken cancellation)
    {
        var any = false;
        _agents.ForEach(static agent => agent.Look());
        foreach (var process in _processes)
        {
            // In this order: whatever was lost before a record is known when the record is decoded.
            _decoder.Lost = ReadLosses() is var losses ? losses.Entries + losses.Exits : 0;
            any |= process.Drain(cancellation);
        }

        return _codes.Contradiction is { } contradiction
            ? throw new UserErrorException($"the self-check failed and tracing was stopped: {contradiction}. Please report the interpreter's version and where it comes from")
            : any;
    }

    /// <summary>Shows what is there by now, and not what comes meanwhile: a program can make events faster than they are written.</summary>
    void DrainAll()
    {
        if (!LimitReached)
        {
            Drain(CancellationToken.None);
        }
    }

    void Remark()
    {
        foreach (var process in _processes)
        {
            if (process.Ring.IsDamaged)
            {
                _remarks.Add($"process {process.Pid}: what its agent sent made no sense from some point on; the rest is missing");
            }

            if (process.Ring.Others > 0)
            {
                _remarks.Add($"process {process.Pid}: {process.Ring.Others} of its threads got a profile function of the program's own (sys.setprofile); their calls from then on are missing");
            }
        }
    }

    FlowLosses ReadLosses()
    {
        FlowLosses sum = default;
        foreach (var process in _processes)
        {
            var losses = process.Ring.Losses;
            sum = new FlowLosses(sum.Entries + losses.Entries, sum.Exits + losses.Exits, sum.Codes + losses.Codes, 0, 0, 0);
        }

        return sum;
    }

    string? ReadThreadName(int pid, int tid) =>
        ProcFs.ReadComm(pid, tid) ?? _processes.Find(process => process.Pid == pid)?.ThreadNames.GetValueOrDefault(tid);
}
