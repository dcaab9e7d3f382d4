using System.Runtime.ExceptionServices;
using Sonde.Engine.Scripts.Machine;
using Sonde.Engine.Scripts.Python;
using Sonde.Engine.Scripts.Session;
using Sonde.Script;
using Sonde.Script.Binding;
using Sonde.Script.Syntax;
using Sonde.Tracing;

namespace Sonde.Engine.Library.Running;

/// <summary>A script made by a program, attached and read on a thread of its own until it is disposed of or its process ends.</summary>
/// <param name="owner">The session it belongs to.</param>
/// <param name="tree">The script.</param>
/// <param name="onEvent">Takes each event, on the run's thread.</param>
/// <param name="onEnd">Called once when no event comes any more, with what went wrong.</param>
sealed class TracingRun(Session owner, Sonde.Script.Syntax.Script tree, Action<RecordReader> onEvent, Action<Exception?> onEnd) : IAsyncDisposable
{
    readonly CancellationTokenSource _ending = new();
    readonly TaskCompletionSource _attached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Lock _gate = new();
    ScriptSession? _session;
    RecordReader? _reader;
    Losses _last = new();
    volatile Exception? _problem;
    long _unread;
    long _malformed;

    /// <summary>Asked a last time when the run ends.</summary>
    public Action<ScriptSession, RecordReader>? AtEnd { get; init; }

    /// <summary>Is done when the run has ended.</summary>
    public Task Ended => _ended.Task;

    /// <summary>What was lost so far.</summary>
    public Losses Losses
    {
        get
        {
            lock (_gate)
            {
                return Count();
            }
        }
    }

    /// <summary>Attaches; everything is attached when this returns.</summary>
    /// <exception cref="TracingException">It cannot be; nothing is left then.</exception>
    public void Begin()
    {
        owner.Add(this);
        new Thread(Work) { IsBackground = true, Name = "sonde" }.Start();
        _attached.Task.GetAwaiter().GetResult();
    }

    /// <summary>Counts an event that its reader had no room for.</summary>
    public void CountUnread() => Interlocked.Increment(ref _unread);

    /// <summary>Asks something on the run's thread, behind what has happened before; nothing once it has ended, for then it was asked <see cref="AtEnd"/>.</summary>
    /// <exception cref="TracingException">The run has ended since something went wrong.</exception>
    public void Ask(Action<ScriptSession, RecordReader> question)
    {
        if (!TryAsk(question, out var answer))
        {
            _ended.Task.GetAwaiter().GetResult();
            if (_problem is { } problem)
            {
                ExceptionDispatchInfo.Throw(problem);
            }
        }

        answer.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await _ended.Task.ConfigureAwait(false);
    }

    bool TryAsk(Action<ScriptSession, RecordReader> question, out Task answer)
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_session is not { } session)
            {
                answer = Task.CompletedTask;
                return false;
            }

            session.Ask(() =>
            {
                try
                {
                    Put(question, session);
                    answered.SetResult();
                }
                catch (Exception problem)
                {
                    answered.SetException(problem);
                }
            });
        }

        answer = answered.Task;
        return true;
    }

    /// <summary>A question is about everything there is: what was cut is counted anew with each, and not once more.</summary>
    void Put(Action<ScriptSession, RecordReader> question, ScriptSession session)
    {
        var reader = new RecordReader(session.Names);
        question(session, reader);
        _reader = reader;
    }

    void Work()
    {
        Exception? problem = null;
        try
        {
            Run();
        }
        catch (Exception exception)
        {
            problem = Failures.Translate(exception) ?? exception;
        }

        _problem = problem;
        onEnd(problem);
        owner.Remove(this);
        if (problem is not null)
        {
            _attached.TrySetException(problem);
        }

        _attached.TrySetResult();
        _ended.SetResult();
    }

    void Run()
    {
        using var python = new PythonResolver(owner.Pid, "");
        using var target = new MachineTarget(new MachineOptions { ProcessId = owner.Pid, FurtherTypes = PythonProbeTypes.With(python) });
        using var session = new ScriptSession(Compile(target), new Scripts.Session.SessionOptions
        {
            Output = Stream.Null,
            Quiet = true,
            NoWarnings = true,
            EndsOnSignals = false,
            ProcessId = owner.Pid,
            PythonImages = python.Images,
            Attached = () => _attached.TrySetResult(),
            Events = (layout, payload) =>
            {
                if (_reader!.TrySet(layout, payload))
                {
                    onEvent(_reader);
                }
                else
                {
                    _malformed++;
                }
            },
        });
        _reader = new RecordReader(session.Names);
        lock (_gate)
        {
            _session = session;
        }

        try
        {
            session.Run(_ending.Token);
            owner.Warn(session.Warnings());
            if (AtEnd is { } question)
            {
                Put(question, session);
            }
        }
        finally
        {
            lock (_gate)
            {
                _last = Count();
                _session = null;
            }

            session.Answer();
            _reader = null;
        }
    }

    CompiledScript Compile(MachineTarget target)
    {
        var compiler = new ScriptCompiler(target);
        var config = new ScriptConfig
        {
            MaxStringLength = owner.Options.TextBytes,
            MaxMapKeys = owner.Options.Keys,
            PrintMapsOnExit = false,
            UnstableDwarfStack = "enable",
        };
        var bound = compiler.Bind(tree, new BindOptions { Config = config, ProcessId = owner.Pid, SamplesAllThreads = true });
        if (compiler.Diagnostics.Messages.FirstOrDefault(static message => message.Severity == Severity.Error) is { } error)
        {
            var reason = error.Hint is { } hint ? $"{error.Message}; {hint}" : error.Message;
            throw error.Span.Source?.Name == Expressions.SyntaxWriter.ExpressionSource ? new ExpressionException(error.Span.Text, reason) : new TracingException($"{error.Span.Text}: {reason}");
        }

        // Those about expressions are of what was made of them, and not of the program.
        owner.Warn(compiler.Diagnostics.Messages.Where(static message => message.Severity == Severity.Warning && message.Span.Source?.Name != Expressions.SyntaxWriter.ExpressionSource)
            .Select(static message => message.Hint is { } hint ? $"{message.Message}; {hint}" : message.Message));
        return bound is { Probes.Count: > 0 } ? compiler.Compile(bound) : throw new TracingException($"{tree.Probes[0].Span.Text}: there is no such probe");
    }

    Losses Count()
    {
        if (_session is not { } session)
        {
            return _last with { Unread = Interlocked.Read(ref _unread) };
        }

        var losses = session.Losses;
        return new Losses
        {
            Unread = Interlocked.Read(ref _unread),
            Records = losses.Read(LossKind.Record),
            Keys = losses.Read(LossKind.MapUpdate),
            Interrupted = losses.Read(LossKind.Scratch),
            Stacks = losses.Read(LossKind.Stack) + losses.Read(LossKind.Unwind),
            Python = losses.Read(LossKind.Python) + losses.Read(LossKind.PythonProcess),
            Values = losses.Read(LossKind.Value) + session.Malformed + _malformed,
            CutTexts = _reader?.CutTexts ?? 0,
            UnreadableTexts = _reader?.UnreadableTexts ?? 0,
        };
    }
}
