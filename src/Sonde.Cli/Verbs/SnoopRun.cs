using System.Globalization;
using Sonde.Bpf;
using Sonde.Engine;
using Sonde.Engine.Flow;
using Sonde.Engine.Injection;
using Sonde.Engine.Output;
using Sonde.Engine.Snoop;
using Sonde.Linux;
using Sonde.Python.Values;

namespace Sonde.Cli.Verbs;

/// <summary>Carries out <c>sonde snoop</c>.</summary>
sealed class SnoopRun : IDisposable
{
    readonly SnoopRequest _request;
    readonly CancellationTokenSource _stop = new();
    readonly EndingSignals _signals;
    readonly OutputFile? _file;

    SnoopRun(SnoopRequest request)
    {
        _request = request;
        // What is wrong with it is told before anything is started, or put into a process.
        _file = request.Output is { } path ? OutputFile.Open(path) : null;
        _signals = new EndingSignals(_stop.Cancel);
    }

    /// <summary>With a command the standard output is the command's.</summary>
    bool IsLaunched => _request.Pid == 0;

    /// <summary>Runs the verb; returns the exit code.</summary>
    public static int Execute(SnoopRequest request, IReadOnlyList<string> command)
    {
        if (request.Pid == 0 == (command.Count == 0))
        {
            throw new UsageException(request.Pid == 0 ? "snoop: whose functions? Give -p PID, or -- COMMAND to start one; 'sonde list' shows the Python processes" : "snoop: -p PID and -- COMMAND exclude each other");
        }

        if (request.Options.Functions.Count == 0)
        {
            throw new UsageException("snoop: which functions? Give their qualified names, such as 'Server.handle', or 'file.py:LINE'");
        }

        if (!request.IsAllowed && !InjectionOptions.IsAllowedByEnvironment)
        {
            return FromOutside(request, command);
        }

        using var run = new SnoopRun(request);
        return command.Count > 0 ? run.Launch(CommandLine.Resolve(command)) : run.Snoop(request.Pid, request.Options);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _signals.Dispose();
        _file?.Dispose();
        _stop.Dispose();
    }

    /// <summary>Without being allowed into the process there are calls, how they end, and how long they take.</summary>
    static int FromOutside(SnoopRequest request, IReadOnlyList<string> command)
    {
        var canCopy = KernelFeatures.Loop.Answer is not FeatureAnswer.No;
        Say($"from outside a process there are no lines: these are the calls of the functions, {(canCopy ? "with their arguments, results and times" : "with their times")}. With --inject, code of sonde's runs inside the process for as long as this does, and tells every line with the variables it changes, and what exceptions are raised with");
        if (request.Options.Functions.FirstOrDefault(static place => place.Name is null) is { } lines)
        {
            Say($"'{lines.Text}' needs --inject: from outside all functions of that file are shown");
        }

        return FlowRun.Execute(new FlowRequest
        {
            Pids = request.Pid == 0 ? [] : [request.Pid],
            Command = command,
            Duration = request.Duration,
            Json = request.Json,
            Output = request.Output,
            Arguments = canCopy,
            Results = canCopy,
            Options = new FlowOptions
            {
                Functions = [.. request.Options.Functions.Select(static place => place.Name).OfType<string>()],
                Files = [.. request.Options.Functions.Select(static place => place.File).OfType<string>()],
                ValueLimits = new ValueLimits { Characters = request.Options.MaximumLength is 0 or > FlowValueOptions.MostCharacters ? FlowValueOptions.MostCharacters : request.Options.MaximumLength, FieldDepth = request.Options.Fields, Redaction = request.Options.Redaction },
                MaxEvents = request.Options.Count == 0 ? null : 2L * request.Options.Count,
            },
        });
    }

    int Snoop(int pid, SnoopOptions options)
    {
        SnoopSession session;
        try
        {
            session = SnoopSession.Start(pid, options, new InjectionOptions { IsAllowed = true, AcceptsRisk = _request.AcceptsRisk, Guard = InjectOption.Guard }, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The program has not got to running what it was given, which was taken back.
            return 0;
        }

        using (session)
        {
            return Tell(pid, options, session);
        }
    }

    int Tell(int pid, SnoopOptions options, SnoopSession session)
    {
        Say(string.Create(CultureInfo.InvariantCulture, $"telling {(options.AwaitsFunctions ? "the functions" : session.Functions == 1 ? "1 function" : $"{session.Functions} functions")} of process {pid}"));
        if (_request.Duration is { } duration)
        {
            _stop.CancelAfter(duration);
        }

        var isPipeClosed = false;
        using (var sink = OpenSink(pid, () => session.ToWallNs))
        {
            try
            {
                session.Run(sink, _stop.Token);
            }
            catch (IOException exception) when (FileError.IsClosedPipe(exception))
            {
                // That is how 'sonde snoop | head' ends.
                isPipeClosed = true;
            }
        }

        session.Dispose();
        if (!isPipeClosed)
        {
            Say(string.Create(CultureInfo.InvariantCulture, $"{session.Calls} {(session.Calls == 1 ? "call" : "calls")} told{(session.Calls == 0 && options.AwaitsFunctions ? ": no function of these names was called; names are qualified and case matters ('Server.handle', '*.handle')" : "")}"));
        }

        foreach (var remark in session.Remarks.Concat(session.Losses()))
        {
            Say(remark);
        }

        return 0;
    }

    /// <summary>Starts a command, and watches the program as soon as it runs Python code of its own; functions are told from when they are first called.</summary>
    int Launch(IReadOnlyList<string> command)
    {
        using var launched = LaunchedPython.Start(command, "snoop", _stop.Token);
        if (launched is null)
        {
            return 0;
        }

        var code = 1;
        if (launched.TryFollow(() => code = Snoop(launched.Pid, _request.Options with { AwaitsFunctions = true }), Say, _stop.Token))
        {
            launched.WaitForEnd(_stop.Token);
        }

        return code;
    }

    ISnoopSink OpenSink(int pid, Func<long> toWallNs)
    {
        var stream = _file?.Begin() ?? new StandardStream(IsLaunched ? 2 : 1);
        return _request.Json || _request.Output?.EndsWith(".jsonl", StringComparison.Ordinal) == true
            ? new SnoopJsonSink(stream, pid, _request.Options.Redaction, toWallNs)
            : new SnoopTextSink(stream, pid, _request.Text with { UsesColour = _request.Output is null && Terminal.UsesColour(standardError: IsLaunched) }, _request.Options.Redaction, toWallNs);
    }

    static void Say(string message)
    {
        try
        {
            Console.Error.WriteLine($"sonde: {Escape.Text(message, 4000)}");
        }
        catch (IOException)
        {
            // Where messages go is full; the story may still get through.
        }
    }
}
