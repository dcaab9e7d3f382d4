using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using Sonde.Bpf;
using Sonde.Engine.Output;
using Sonde.Engine.Scripts.Python;
using Sonde.Engine.Scripts.Sinks;
using Sonde.Engine.Scripts.Values;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Script;
using Sonde.Script.Binding;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Runs a compiled script: loads and attaches it, does what its records ask for, and prints its maps at the end.</summary>
/// <remarks>
/// Everything in the kernel belongs to this process: closing it, or the process's end in whatever way, removes it. One session runs once;
/// <see cref="Run"/> is for one thread.
/// </remarks>
sealed class ScriptSession : IDisposable
{
    readonly SessionOptions _options;
    readonly CompiledScript _compiled;
    readonly LoadedScript _script;
    readonly ValueFormatter _values;
    readonly CodeFiles _files;
    readonly ProcessMappings _mappings;
    readonly MachineNames _names;
    readonly PythonProcesses _python;
    UnwindLoader? _tables;
    readonly OutputBuffer _buffer;
    readonly ScriptOutput _output;
    readonly ActionRunner _actions;
    readonly RecordHandler _run;
    readonly ProbeAttacher _attacher;
    readonly RecordQueue _records;
    readonly SessionLosses _losses;
    readonly List<PosixSignalRegistration> _signals = [];
    readonly ConcurrentQueue<Program> _signalled = new();
    readonly ConcurrentQueue<Action> _questions = new();
    readonly CancellationTokenSource _ending = new();
    EndingSignals? _endingSignals;
    PacketFiles? _packets;
    int _probesOfSignals;

    /// <summary>Creates the script's maps; nothing runs yet.</summary>
    /// <exception cref="LinuxException">The kernel refuses: rights are missing, or it is too old.</exception>
    public ScriptSession(CompiledScript script, SessionOptions options)
    {
        (_compiled, _options) = (script, options);
        _script = new LoadedScript(script);
        try
        {
            _files = new CodeFiles(options.DebugDirectories);
            _mappings = new ProcessMappings(_files);
            var interpreters = new PythonInterpreters(options.PythonImages);
            _python = new PythonProcesses(_script, interpreters);
            _names = new MachineNames(_script, interpreters, _files, _mappings);
            _values = new ValueFormatter(script.Config, script.ProbeNames, _names, options.ToTerminal && options.Format == OutputFormat.Text);
            var messageValues = new ValueFormatter(script.Config, script.ProbeNames, _names, options.MessagesToTerminal && options.Format == OutputFormat.Text);
            _buffer = new OutputBuffer(options.Output);
            _output = options.Format == OutputFormat.Json
                ? new JsonScriptOutput(_buffer, options.Messages, _values)
                : new TextScriptOutput(_buffer, options.Messages, _values, options.Colour, options.Form);
            _output.Unbuffered = options.Buffering == OutputBuffering.None;
            _attacher = new ProbeAttacher(Process, Missing());
            _actions = new ActionRunner(_script, options, _values, messageValues, _output) { Unwatch = _attacher.RemoveWatchpoint, PythonCodes = _names.Codes, PythonProcesses = _python };
            _run = _actions.Run;
            _losses = new SessionLosses(_script);
            _records = new RecordQueue(_script);
        }
        catch
        {
            _script.Dispose();
            throw;
        }
    }

    /// <summary>The script in the kernel; its maps may be read while it runs.</summary>
    public LoadedScript Loaded => _script;

    /// <summary>Puts into words what records and keys hold. For the session's thread.</summary>
    public MachineNames Names => _names;

    /// <summary>What was lost. May be asked from any thread.</summary>
    public SessionLosses Losses => _losses;

    /// <summary>How many records made no sense.</summary>
    public long Malformed => _actions.Malformed;

    int Process => _options.Child?.Pid ?? _options.ProcessId;

    /// <summary>Has something done on the session's thread, behind the records that are there now. May be called from any thread.</summary>
    public void Ask(Action question)
    {
        _questions.Enqueue(question);
        _records.Wake();
    }

    /// <summary>Runs the script to its end.</summary>
    /// <param name="cancellation">Ends it as <c>exit()</c> does.</param>
    /// <returns>The exit code: what the script gave <c>exit()</c>, else 0.</returns>
    /// <exception cref="UserErrorException">It cannot be loaded or attached; the message says why.</exception>
    public int Run(CancellationToken cancellation)
    {
        try
        {
            return Execute(cancellation);
        }
        catch (IOException exception) when (FileError.IsClosedPipe(exception))
        {
            // Nobody reads any more: that is how a pipeline ends.
            return _actions.ExitCode ?? 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _endingSignals?.Dispose();
        _signals.ForEach(signal => signal.Dispose());
        _ending.Dispose();
        _attacher.Dispose();
        _tables?.Dispose();
        _mappings.Dispose();
        _records.Dispose();
        _script.Dispose();
        try
        {
            _buffer.Dispose();
        }
        catch (IOException exception) when (FileError.IsClosedPipe(exception))
        {
            // As in Run.
        }
    }

    int Execute(CancellationToken cancellation)
    {
        _script.SetGlobals(Process, _options.Child?.Pid ?? 0);
        _script.LoadPrograms();
        if (UserNames.AreUsedBy(_compiled))
        {
            _mappings.Start(Process > 0 ? [Process] : []);
            _records.Watch(_mappings.Descriptors);
        }

        // Closed with the run: a program that ends with it does not close the session.
        using var packets = _options.DryRun ? null : new PacketFiles(_compiled) { Failed = _output.Say };
        _actions.Packets = _packets = packets;

        _tables = UnwindLoader.Start(_script, _files, Process, _mappings);
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _ending.Token);
        cancellation = together.Token;
        _endingSignals = _options.EndsOnSignals ? new EndingSignals(_ending.Cancel) : null;
        if (_options.Test || _options.Benchmark)
        {
            return new TestRun(_script, _records, _actions, _output).Run(_options.Benchmark);
        }

        using var wake = cancellation.UnsafeRegister(static queue => ((RecordQueue)queue!).Wake(), _records);
        using var target = Watch();
        RunNow(ProbeKind.Begin);
        MeetPython();
        var waits = AttachAll();
        _options.Attached?.Invoke();
        if (Environment.GetEnvironmentVariable("__BPFTRACE_NOTIFY_PROBES_ATTACHED") is not null)
        {
            _output.WriteRaw("__BPFTRACE_NOTIFY_PROBES_ATTACHED\n"u8);
            _output.Flush();
        }

        _options.Child?.Release();
        if (!_options.DryRun)
        {
            if (waits || _options.Child is not null)
            {
                Follow(target, cancellation);
            }

            Finish();
        }

        _output.Flush();
        return _actions.ExitCode ?? 0;
    }

    /// <summary>Tells of the processes whose Python stacks may be asked for, so that their first hits are not spent on asking.</summary>
    void MeetPython()
    {
        if (Process > 0)
        {
            _python.Add(Process);
        }
        else
        {
            _python.AddRunning();
        }
    }

    /// <summary>The process whose end ends the script; null for none.</summary>
    PidFd? Watch()
    {
        if (_options.Child is { } child)
        {
            child.WhenEnded(_records.Wake);
            return null;
        }

        if (_options.ProcessId == 0)
        {
            return null;
        }

        var result = PidFd.TryOpen(_options.ProcessId, out var target);
        if (result.Errno == Errno.ESRCH)
        {
            throw new UserErrorException($"there is no process {_options.ProcessId}");
        }

        result.Check($"pidfd_open({_options.ProcessId})");
        _records.Watch(target!.Descriptor);
        return target;
    }

    /// <summary>Attaches everything that is attached, and begins to take what comes of it; says whether anything may still come of it.</summary>
    bool AttachAll()
    {
        var special = 0;
        for (var i = 0; i < _script.Programs.Count; i++)
        {
            var description = _compiled.Programs[i];
            switch (description.Probes[0].Kind)
            {
                case ProbeKind.Begin or ProbeKind.End or ProbeKind.Test or ProbeKind.Bench:
                    special += description.Probes.Count;
                    break;
                case ProbeKind.SelfSignal:
                    special += description.Probes.Count;
                    _probesOfSignals += description.Probes.Count;
                    foreach (var probe in description.Probes)
                    {
                        RunOnSignal(probe.Signal, _script.Programs[i]);
                    }

                    break;
                case ProbeKind.Iterator:
                    special += description.Probes.Count;
                    break;
                default:
                    _attacher.Attach(_script.Programs[i], description);
                    break;
            }
        }

        _packets?.Begin();
        if (!_options.Quiet)
        {
            _output.AttachedProbes(_attacher.Attached + special);
        }

        RunIterators();
        return _attacher.Attached > 0 || _probesOfSignals > 0;
    }

    Action<string>? Missing() => _compiled.Config.MissingProbes switch
    {
        "warn" => reason => _output.Say($"WARNING: {reason}"),
        "ignore" => _ => { },
        _ => null,
    };

    void RunOnSignal(int signal, Program program) => _signals.Add(PosixSignalRegistration.Create((PosixSignal)signal, context =>
    {
        context.Cancel = true;
        _signalled.Enqueue(program);
        _records.Wake();
    }));

    void RunIterators()
    {
        Span<byte> bytes = new byte[4096];
        for (var i = 0; i < _script.Programs.Count; i++)
        {
            if (_compiled.Programs[i].Probes[0].Kind == ProbeKind.Iterator)
            {
                using var iterator = _script.Programs[i].OpenIterator();
                while (iterator.Read(bytes) is { Raw: > 0 })
                {
                    _records.Drain(_run);
                }
            }
        }
    }

    /// <summary>Runs the begin or end probes here, in their order.</summary>
    void RunNow(ProbeKind kind)
    {
        for (var i = 0; i < _script.Programs.Count; i++)
        {
            var description = _compiled.Programs[i];
            for (var times = 0; description.Probes[0].Kind == kind && times < description.Probes.Count; times++)
            {
                _script.Programs[i].TestRun();
            }
        }
    }

    /// <summary>Does what records ask for until the script is to end.</summary>
    void Follow(PidFd? target, CancellationToken cancellation)
    {
        while (true)
        {
            // Asked before what is there is read: what the process did last is not missed. What others do meanwhile is not waited for: a busy machine never pauses.
            var ended = target is { HasExited: true } || _options.Child is { HasEnded: true } || cancellation.IsCancellationRequested;
            _mappings.Refresh();
            _tables?.Refresh();
            var any = _records.Drain(_run) > 0;
            while (_signalled.TryDequeue(out var program))
            {
                program.TestRun();
                any = true;
            }

            Answer();
            if (_actions.ExitCode is not null || ended)
            {
                return;
            }

            if (!any)
            {
                TellLosses();
                Hand();
                _packets?.Flush();
                var interval = _mappings.Interval;
                _records.Wait(_tables is not null && (interval < TimeSpan.Zero || interval > UnwindLoader.Interval) ? UnwindLoader.Interval : interval);
            }
        }
    }

    /// <summary>Does what was asked for; the session itself does while it runs. For its thread.</summary>
    public void Answer()
    {
        while (_questions.TryDequeue(out var question))
        {
            question();
        }
    }

    void Hand()
    {
        if (_options.Buffering != OutputBuffering.Full)
        {
            _output.Flush();
        }
    }

    void TellLosses()
    {
        if (_losses.TakeRecords() is > 0 and var lost)
        {
            _output.LostEvents(lost);
        }
    }

    /// <summary>Takes everything off, runs the end probes, prints what is still there and the maps.</summary>
    void Finish()
    {
        _attacher.Stop();
        DrainAll();
        RunNow(ProbeKind.End);
        DrainAll();
        TellLosses();
        _packets?.Flush();
        _output.End();
        if (_compiled.Config.PrintMapsOnExit)
        {
            foreach (var map in _compiled.Maps.OrderBy(map => map.Name, StringComparer.Ordinal))
            {
                _actions.PrintAtEnd(map);
            }
        }

        _output.Flush();
        if (!_options.NoWarnings)
        {
            foreach (var message in _losses.Others())
            {
                _output.Say(message);
            }

            foreach (var message in Warnings())
            {
                _output.Say($"WARNING: {message}");
            }

            if (_actions.Malformed > 0)
            {
                _output.Say(string.Create(CultureInfo.InvariantCulture, $"WARNING: {_actions.Malformed} records made no sense and were left out"));
            }
        }
    }

    /// <summary>What could not be had, losses apart. For the session's thread, when it has run.</summary>
    public IEnumerable<string> Warnings() =>
    [
        .. _packets?.Missing() ?? [],
        .. _python.Problems.Select(static problem => $"Python stacks of a process were not taken: {problem}"),
        .. _tables?.Problems ?? [],
        .. _mappings.Problems().Select(static message => Escape.Text(message)),
        .. _compiled.Runtime.Python is { } python ? _names.Codes.Unmatched(python.Patterns).Select(static message => Escape.Text(message)) : [],
    ];

    void DrainAll()
    {
        while (_records.Drain(_run) > 0)
        {
        }
    }
}
