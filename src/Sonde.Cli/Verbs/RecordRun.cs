using System.Globalization;
using Sonde.Engine;
using Sonde.Engine.Output;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Engine.Recording;
using Sonde.Engine.Sampling;
using Sonde.Linux;

namespace Sonde.Cli.Verbs;

/// <summary>Carries out <c>sonde record</c>: what is recorded into what, and what is said before, meanwhile and after.</summary>
sealed class RecordRun : IDisposable
{
    readonly RecordRequest _request;
    readonly CancellationTokenSource _stop = new();
    readonly EndingSignals _signals;
    readonly ProfileRecording _recording;
    readonly bool _showsProgress = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
    bool _lineIsOpen;

    RecordRun(RecordRequest request, RecordingOptions options)
    {
        _request = request;
        _signals = new EndingSignals(_stop.Cancel);
        try
        {
            _recording = new ProfileRecording(options, Say);
        }
        catch
        {
            _signals.Dispose();
            _stop.Dispose();
            throw;
        }
    }

    /// <summary>Runs the verb; returns the exit code.</summary>
    public static int Execute(RecordRequest request)
    {
        var ways = (request.Sampling.Pids.Count > 0 ? 1 : 0) + (request.Sampling.All ? 1 : 0) + (request.Command.Count > 0 ? 1 : 0);
        if (ways != 1)
        {
            throw new UsageException(ways == 0
                ? "record: what shall be recorded? Give -p PID, --all, or -- COMMAND; 'sonde list' shows the Python processes"
                : "record: -p PID, --all and -- COMMAND exclude each other");
        }

        if (request.Sampling is { When: not null, Mode: not SamplingMode.Wall })
        {
            throw new UsageException("record: --when looks at time by the clock, from outside; it does not go with --cpu, --off-cpu or --memory");
        }

        if (request.Sampling is { GilOnly: true, Mode: not SamplingMode.Wall })
        {
            throw new UsageException("record: --gil is not for --cpu, --off-cpu and --memory: who holds the interpreter lock is not told in the kernel");
        }

        if (request.ByFunction && request.NoLines)
        {
            throw new UsageException("record: --function shows a function's first line, --no-lines none; use one of them");
        }

        var command = request.Command.Count > 0 ? CommandLine.Resolve(request.Command) : [];
        var format = request.Format is { } name ? ProfileFormats.ByName(name) : ProfileFormats.ForFile(request.Output ?? ".svg");
        using var run = new RecordRun(request, new RecordingOptions
        {
            Command = command,
            Duration = request.Duration,
            Format = format,
            Output = request.Output == "-" ? "/dev/stdout" : request.Output ?? DefaultName(request, format),
            Loop = request.Loop,
            Session = request.Session,
            Sampling = request.Sampling,
            Title = Title(request),
            View = new ProfileView
            {
                ByFunction = request.ByFunction,
                NoLines = request.NoLines,
                FullFileNames = request.FullFileNames,
                ThreadsAsFrames = request.Threads,
                ProcessesAsFrames = request.Sampling.Subprocesses,
            },
        });
        return run.Execute();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _recording.Dispose();
        _signals.Dispose();
        _stop.Dispose();
    }

    int Execute()
    {
        Say($"recording {_recording.SamplerDescription}; Ctrl-C ends it");
        var end = _recording.Run(ShowProgress, _stop.Token);
        CloseLine();
        var counts = _recording.Counts;
        var how = end switch
        {
            RecordingEnd.TargetEnded when _recording.CommandEnding is { } ending => $"the command {ending}",
            RecordingEnd.TargetEnded => "what was recorded has ended",
            RecordingEnd.TimeUp => "the time is up",
            _ => "ended",
        };
        var goesOn = _recording.CommandGoesOn ? Line($"; the command (process {_recording.Pid}) goes on") : "";
        Say(Line($"{how} after {_recording.Elapsed.TotalSeconds:0.0} s; threads seen: {counts.Threads:N0}, processes: {counts.Processes:N0}{goesOn}"));
        TellLosses();
        if (_recording.WrittenSamples == 0)
        {
            throw new UserErrorException($"nothing was recorded: {WhyNothing()}");
        }

        return _recording.WroteElsewhere ? 1 : 0;
    }

    /// <summary>Why there are no samples, and what to do about it.</summary>
    string WhyNothing() => !_recording.HasMetPython ? "no Python interpreter came up in what was recorded, or only too briefly to be looked into; 'sonde list' shows the Python processes"
        : _recording.WasReset ? "no sample has come since the reset"
        : _recording.Losses.Total > 0 ? "all samples were lost, for the reasons above"
        : _request.Sampling switch
        {
            { When: { } when } => $"there were no {when}",
            { Mode: SamplingMode.Memory } => "no Python code took memory that is sampled, about once in 64 KiB; record for longer, with -d",
            { Mode: SamplingMode.OffCpu } => "no thread waited; without --off-cpu running is recorded too",
            { Mode: SamplingMode.Cpu } => "all threads waited whenever they were looked at; --idle instead of --cpu records those too",
            { GilOnly: true } => "no thread held the interpreter lock whenever they were looked at; without --gil all are recorded",
            { Idle: true } => "it ended before a thread was looked at; record for longer, with -d",
            _ => "all threads waited whenever they were looked at; --idle records those too",
        };

    void TellLosses()
    {
        var losses = _recording.Losses;
        var samples = _recording.WrittenSamples;
        foreach (var (cause, count) in losses.Causes)
        {
            Say(Line($"lost {count:N0} {(count == 1 ? "sample" : "samples")} ({100.0 * count / (count + samples):0.##} %): {cause}"));
        }

        var worst = losses.Functions.OrderByDescending(static pair => pair.Value).Take(3).ToList();
        if (worst.Count > 0)
        {
            Say($"most of them in {string.Join(", ", worst.Select(static pair => Line($"{Escape.Text(pair.Key, 80)} ({pair.Value:N0})")))}: these functions have more time than is shown");
        }

        foreach (var problem in _recording.Problems)
        {
            Say(Escape.Text(problem));
        }

        const double worthTelling = 0.01;
        if (_recording.MissedShare > worthTelling)
        {
            Say(Line($"the sampler was late: {100 * _recording.MissedShare:0.#} % of the intervals went by without a sample, and others count for them; a lower --rate needs less of a processor"));
        }
    }

    void ShowProgress()
    {
        if (!_showsProgress)
        {
            return;
        }

        var counts = _recording.Counts;
        Put(Line($"\r\u001b[K{_recording.Elapsed.TotalSeconds:0} s, {counts.Samples:N0} samples, {counts.Lost:N0} lost, {counts.Threads:N0} threads"));
        _lineIsOpen = true;
    }

    void CloseLine()
    {
        if (_lineIsOpen)
        {
            Put("\r\u001b[K");
            _lineIsOpen = false;
        }
    }

    static string Title(RecordRequest request)
    {
        var what = request.Command.Count > 0 ? "-- " + string.Join(' ', request.Command)
            : request.Sampling.All ? "--all"
            : string.Join(' ', request.Sampling.Pids.Select(static pid => Line($"-p {pid}")));
        return $"sonde record {what}";
    }

    static string DefaultName(RecordRequest request, IProfileFormat format)
    {
        var program = request.Command is [var first, ..] ? first
            : request.Sampling.Pids is [var pid, ..] ? ProgramOf(pid)
            : "all";
        return OutputName.Default(program, DateTimeOffset.Now, format.Extensions is [var extension, ..] ? extension : "").Replace("%", "%%", StringComparison.Ordinal);
    }

    /// <summary>What a process runs: the script, or else the program.</summary>
    static string ProgramOf(int pid) =>
        ProcFs.ReadCommandLine(pid) is [var program, .. var arguments] ? arguments.FirstOrDefault(static argument => argument.EndsWith(".py", StringComparison.Ordinal)) ?? program : Line($"{pid}");

    static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    void Say(string message)
    {
        CloseLine();
        Put($"sonde: {message}\n");
    }

    static void Put(string text)
    {
        try
        {
            Console.Error.Write(text);
        }
        catch (IOException)
        {
            // Where messages go is full; the file may still be written.
        }
    }
}
