using System.Globalization;
using Sonde.Bpf;
using Sonde.Engine;
using Sonde.Engine.Flow;
using Sonde.Engine.Flow.Inside;
using Sonde.Engine.Flow.Sinks;
using Sonde.Engine.Output;
using Sonde.Engine.Runtimes;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Symbols.Elf;

namespace Sonde.Cli.Verbs;

/// <summary>Carries out <c>sonde flow</c>: sinks, session, targets, and what is said before and after.</summary>
sealed class FlowRun : IDisposable
{
    readonly FlowRequest _request;
    readonly IFlowSession _session;
    readonly SummarySink? _summary;
    readonly CancellationTokenSource _stop = new();
    readonly EndingSignals _signals;
    TeeSink _sinks = new([]);
    FlowFile? _file;
    UserErrorException? _launchProblem;

    FlowRun(FlowRequest request, bool isInside, RunningRuntime? runtime)
    {
        _request = request;
        _session = runtime is not null ? new RuntimeFlowSession(request.Pids[0], runtime, request.Options) : isInside ? new InsideSession(request.Options, new InjectingLoader(InjectOption.Of(request))) : new FlowSession(request.Options);
        _summary = request.Summary ? new SummarySink() : null;
        _signals = new EndingSignals(_stop.Cancel);
    }

    /// <summary>With a command the standard output is the command's.</summary>
    bool EventsGoToStandardError => _request.Command.Count > 0;

    /// <summary>Runs the verb; returns the exit code.</summary>
    public static int Execute(FlowRequest request)
    {
        var ways = (request.Pids.Count > 0 ? 1 : 0) + (request.All ? 1 : 0) + (request.Command.Count > 0 ? 1 : 0);
        if (ways != 1)
        {
            throw new UsageException(ways == 0
                ? "flow: what shall be followed? Give -p PID, --all, or -- COMMAND; 'sonde list' shows the Python processes"
                : "flow: -p PID, --all and -- COMMAND exclude each other");
        }

        var runtime = FlowOfRuntime.Choose(request);
        if (runtime is not null)
        {
            using var other = new FlowRun(request, isInside: false, runtime);
            return other.Execute();
        }

        request = FlowValueOptions.Settle(request);
        if (request.ShowProgram || request.DryRun)
        {
            return Show(request);
        }

        var choice = FlowEngineChoice.For(request);
        if (!choice.IsInside && !CapabilitySet.Effective.CanTrace)
        {
            throw new UserErrorException("flow needs root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE: run it with sudo. Without, 'sonde list' and 'sonde flow --dry-run' work on your own processes; 'sonde doctor' lists what is missing");
        }

        if (choice.Why is { } why)
        {
            Say(why);
        }

        if (choice.IsInside && (request.Options.Arguments || request.Options.Results))
        {
            Say("arguments and results are not seen from inside; --engine outside, or --args, shows them");
        }

        // Where they were not asked for, arguments are a present of the engine outside.
        request = choice.IsInside ? request with { Options = request.Options with { Arguments = false, Results = false } } : request;
        using var run = new FlowRun(request, choice.IsInside, runtime: null);
        return run.Execute();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _signals.Dispose();
        _session.Dispose();
        _sinks.Dispose();
        _file?.Dispose();
        _stop.Dispose();
    }

    /// <summary>Prints what would be attached, and with --show-program the programs; needs no rights beyond reading the file.</summary>
    static int Show(FlowRequest request)
    {
        var targets = request.All ? FindAll()
            : request.Pids.Count > 0 ? [.. request.Pids.Distinct().Select(PythonTarget.Find)]
            : throw new UsageException("flow: --show-program and --dry-run need a running process: -p PID or --all");
        foreach (var group in targets.GroupBy(target => (target.Mapping.Device, target.Mapping.Inode)))
        {
            using var image = PythonImage.Analyse(group.First().Image);
            foreach (var target in group)
            {
                Say($"would follow {Name(target.Pid)}: {Describe(image)}");
            }

            if (request.ShowProgram)
            {
                FlowSession.Print(image, request.Options, Console.Out);
            }
        }

        return 0;
    }

    int Execute()
    {
        // What is wrong with it is told before anything is attached.
        _file = _request.Output is { } path ? FlowFile.Open(path) : null;
        using var launched = _session is InsideSession && _request.Command.Count > 0 ? LaunchedPython.Start(CommandLine.Resolve(_request.Command), "flow", _stop.Token) : null;
        if (_session is InsideSession inside && launched is not null)
        {
            if (!launched.TryFollow(() => FollowFromInside(inside, launched.Pid), Say, _stop.Token))
            {
                return 1;
            }
        }
        else if (_session is InsideSession running)
        {
            foreach (var pid in _request.Pids.Distinct())
            {
                FollowFromInside(running, pid);
            }
        }
        else if (_session is FlowSession outside)
        {
            FollowFromOutside(outside);
        }
        else if (_session is RuntimeFlowSession runtime)
        {
            Say($"following {Name(_request.Pids[0])}: {runtime.Description}");
        }

        _sinks = OpenSinks(_session is InsideSession seen ? seen.StartNs : (long)Clock.MonotonicNs, _request.ClockTime ? Clock.MonotonicToRealTimeNs : null);
        if (_session is FlowSession session && _request.Command.Count > 0)
        {
            Launch(session);
        }

        if (_request.Duration is { } duration)
        {
            _stop.CancelAfter(duration);
        }

        try
        {
            try
            {
                _session.Run(_sinks, _stop.Token);
            }
            finally
            {
                _session.Finish();
            }
        }
        catch (IOException) when (_sinks.Failures.Count > 0)
        {
            // Every output has failed; what was written before stays, and the reasons are said below.
        }

        var code = Finish();
        // After --duration or --max-events, or when asked to end, the command goes on alone, whichever engine followed it.
        if (!_session.LimitReached)
        {
            launched?.WaitForEnd(_stop.Token);
        }

        return code;
    }

    static void FollowFromInside(InsideSession session, int pid) =>
        Say($"following {Name(pid)}: CPython {session.Attach(pid)}, by an agent inside the process");

    void FollowFromOutside(FlowSession session)
    {
        foreach (var pid in _request.Pids.Distinct())
        {
            Follow(pid, session.Attach(pid));
        }

        if (_request.All)
        {
            foreach (var group in FindAll().GroupBy(target => (target.Mapping.Device, target.Mapping.Inode)))
            {
                var image = session.AttachToAll([.. group]);
                Say($"following {group.Count()} running and all later processes of {Describe(image)}");
            }
        }
    }

    static void Follow(int pid, PythonImage image)
    {
        Say($"following {Name(pid)}: {Describe(image)}");
        if (PythonTarget.HasJitOn(pid, image.Version))
        {
            Say($"warning: process {pid} runs with PYTHON_JIT on; calls inside the machine code that its JIT makes are not seen, so there are more calls than are shown");
        }
    }

    /// <summary>The outputs asked for. Their time begins now that everything is attached.</summary>
    TeeSink OpenSinks(long startNs, long? wallOffsetNs)
    {
        var sinks = new List<NamedSink>();
        if (_file is not null)
        {
            sinks.Add(new NamedSink(_request.Output!, _file.Begin(startNs, wallOffsetNs)));
        }
        else if (_request.Json)
        {
            sinks.Add(new NamedSink("standard output", new JsonLinesSink(EventStream(), startNs)));
        }
        else if (!_request.Summary || _request.ShowEventsWithSummary)
        {
            sinks.Add(new NamedSink("standard output", new TextSink(EventStream(), startNs, wallOffsetNs, Terminal.UsesColour(EventsGoToStandardError))));
        }

        if (_summary is not null)
        {
            sinks.Add(new NamedSink("the summary", _summary));
        }

        return new TeeSink(sinks);
    }

    int Finish()
    {
        // Files are closed before anything is said about them.
        _sinks.Dispose();
        if (_summary is not null)
        {
            var writer = _request.Json || EventsGoToStandardError ? Console.Error : Console.Out;
            _summary.Snapshot().WriteTable(writer);
        }

        FlowEpilogue.Write(_session.Report(), _request, Say);
        foreach (var failure in _sinks.Failures)
        {
            // A closed pipe is how 'sonde flow | head' ends; nothing is wrong then.
            if (!FileError.IsClosedPipe(failure.Error))
            {
                Say($"writing {failure.Name} failed: {FileError.Describe(failure.Error)}; what was written before is complete");
            }
        }

        if (_launchProblem is not null)
        {
            throw _launchProblem;
        }

        return _sinks.Failures.Any(failure => !FileError.IsClosedPipe(failure.Error)) ? 1 : 0;
    }

    /// <summary>Starts the command on a thread of its own, which attaches to the interpreters that come up.</summary>
    void Launch(FlowSession session)
    {
        var command = CommandLine.Resolve(_request.Command);
        session.ExpectMore = true;
        var launcher = new Thread(() =>
        {
            try
            {
                var launch = new PythonLaunch(session, Follow, Say);
                launch.Run(command);
                if (launch.Attached == 0)
                {
                    _launchProblem = launch.Problem ?? new UserErrorException($"'{string.Join(' ', _request.Command)}' ended ({launch.Ending}) without running a Python interpreter that could be followed");
                }
                else
                {
                    Say($"the command {launch.Ending}");
                }
            }
            catch (Exception exception) when (exception is UserErrorException or LinuxException or ElfException or VerifierException)
            {
                _launchProblem = exception as UserErrorException ?? new UserErrorException(exception.Message);
            }
            finally
            {
                session.ExpectMore = false;
            }
        })
        {
            IsBackground = true,
            Name = "launcher",
        };
        launcher.Start();
    }

    static List<PythonTarget> FindAll()
    {
        var targets = new List<PythonTarget>();
        // Many workers run one interpreter: its bytes are kept once.
        var images = new Dictionary<(uint, ulong, string), MappedImage>();
        foreach (var pid in ProcFs.Processes())
        {
            if (ProcFs.TryReadMaps(pid, out var mappings) && mappings.Exists(mapping => mapping.Path.Contains("python", StringComparison.Ordinal))
                && PythonTarget.Search(pid, mappings).Target is { } target)
            {
                var key = (target.Mapping.Device, target.Mapping.Inode, target.Image.Path);
                if (!images.TryAdd(key, target.Image))
                {
                    target.Image.Dispose();
                }

                targets.Add(target with { Image = images[key] });
            }
        }

        return targets.Count > 0 ? targets : throw new UserErrorException("--all: no Python process runs that may be looked at; start one first, or use 'sonde flow -- COMMAND'");
    }

    StandardStream EventStream() => new StandardStream(EventsGoToStandardError ? 2 : 1);

    static string Name(int pid)
    {
        var line = string.Join(' ', ProcFs.ReadCommandLine(pid));
        return string.Create(CultureInfo.InvariantCulture, $"process {pid} ({Escape.Text(line.Length > 0 ? line : ProcFs.ReadComm(pid, pid) ?? "?", 80)})");
    }

    static string Describe(PythonImage image)
    {
        var entries = image.Sites.Count(site => site.Kind != Python.Sites.SiteKind.Exit);
        var stepped = image.Sites.Count(site => site.Cost == Python.Sites.SiteCost.SingleStepped);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"CPython {image.Version} in {Escape.Text(image.Image.Path)}, by stock probes: {entries} entry and {image.Sites.Count - entries} exit sites{(stepped > 0 ? $", {stepped} of them single-stepped" : "")}");
    }

    static void Say(string message)
    {
        try
        {
            Console.Error.WriteLine($"sonde: {message}");
        }
        catch (IOException)
        {
            // Where messages go is full; the events may still get through.
        }
    }
}
