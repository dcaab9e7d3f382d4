using System.Globalization;
using System.Linq.Expressions;
using Sonde.Engine;
using Sonde.Engine.Library.Expressions;
using Sonde.Engine.Library.Running;
using Sonde.Engine.Stacks;
using Sonde.Linux;

namespace Sonde.Tracing;

/// <summary>Watches a process, or the whole machine. Disposing of it takes off everything that its streams attached.</summary>
/// <remarks>
/// Needs root, and Linux 5.8 or newer on x86-64. Nothing is put into a process and nothing is left in it: probes hang on descriptors of this process, so that
/// the kernel takes them off when it ends in whatever way. Safe for concurrent use.
/// </remarks>
public sealed class Session : IAsyncDisposable
{
    const int MostWarnings = 1000;

    readonly List<TracingRun> _runs = [];
    readonly List<string> _warnings = [];
    Losses _closed = new();
    bool _disposed;

    Session(int pid, SessionOptions options) => (Pid, Options) = (pid, options);

    /// <summary>The process; 0 for all.</summary>
    public int Pid { get; }

    /// <summary>How it gathers events.</summary>
    public SessionOptions Options { get; }

    /// <summary>What was lost so far, by all streams together.</summary>
    public Losses Losses
    {
        get
        {
            lock (_runs)
            {
                return _runs.Aggregate(_closed, static (losses, run) => losses + run.Losses);
            }
        }
    }

    /// <summary>
    /// What could not be had of what was asked, each once: functions of a pattern that cannot be probed, when a stream is opened; patterns that no function
    /// of Python fitted and stacks that could not be taken, when it has ended.
    /// </summary>
    public IReadOnlyList<string> Warnings
    {
        get
        {
            lock (_runs)
            {
                return [.. _warnings];
            }
        }
    }

    /// <summary>A session with a running process.</summary>
    /// <exception cref="TracingException">There is no such process.</exception>
    public static Session Attach(int pid, SessionOptions? options = null) => pid > 0 && ProcFs.Exists(pid)
        ? new(pid, Checked(options))
        : throw new TracingException(string.Create(CultureInfo.InvariantCulture, $"cannot watch process {pid}: there is no such process"));

    /// <summary>A session with every process, those that start later included.</summary>
    public static Session OfMachine(SessionOptions? options = null) => new(0, Checked(options));

    /// <summary>The time of day of a hit's <see cref="Hit.Time"/>.</summary>
    public static DateTimeOffset ToDateTime(TimeSpan time) => DateTimeOffset.UtcNow - (TimeSpan.FromTicks((long)(Clock.BootTimeNs / 100)) - time);

    /// <summary>A USDT probe.</summary>
    /// <param name="probe">Its provider and name, <c>simplehttp:file_transfer</c>; on the whole machine with the program or library before them: <c>/usr/bin/app:simplehttp:file_transfer</c>.</param>
    public EventStream<UsdtHit> Usdt(string probe) => new(this, Query.Usdt(this, probe));

    /// <summary>Something of each hit of a USDT probe.</summary>
    /// <inheritdoc cref="Usdt(string)"/>
    public EventStream<T> Usdt<T>(string probe, Expression<Func<UsdtHit, T>> projection) => Usdt(probe).Select(projection);

    /// <summary>A native function begins.</summary>
    /// <param name="function">The program or library and the function: <c>libc:open</c>, <c>/usr/bin/app:handle_*</c>.</param>
    public EventStream<FunctionHit> Function(string function) => new(this, Query.Function(function));

    /// <summary>Something of each beginning of a native function.</summary>
    /// <inheritdoc cref="Function(string)"/>
    public EventStream<T> Function<T>(string function, Expression<Func<FunctionHit, T>> projection) => Function(function).Select(projection);

    /// <summary>
    /// Calls of a native function, told when they have returned; recursion included, but for calls within 64 others that are watched in the thread: their
    /// returns the kernel does not tell (MAX_URETPROBE_DEPTH, kernel/events/uprobes.c). Of functions that a pattern names together and that jump to one
    /// another, one is told.
    /// </summary>
    /// <param name="function">The program or library and the function: <c>libc:read</c>.</param>
    public EventStream<CallHit> Calls(string function) => new(this, Query.Calls(function));

    /// <summary>Something of each call of a native function.</summary>
    /// <inheritdoc cref="Calls(string)"/>
    public EventStream<T> Calls<T>(string function, Expression<Func<CallHit, T>> projection) => Calls(function).Select(projection);

    /// <summary>An event of the kernel.</summary>
    /// <param name="name">Its group and name: <c>syscalls:sys_enter_openat</c>.</param>
    public EventStream<TracepointHit> Tracepoint(string name) => new(this, Query.Tracepoint(name));

    /// <summary>Something of each event of the kernel.</summary>
    /// <inheritdoc cref="Tracepoint(string)"/>
    public EventStream<T> Tracepoint<T>(string name, Expression<Func<TracepointHit, T>> projection) => Tracepoint(name).Select(projection);

    /// <summary>Calls of Python functions, told when they have been left.</summary>
    /// <param name="function">A pattern of the qualified name, before it one of the file if wanted: <c>handle</c>, <c>Server.*</c>, <c>app.py:handle*</c>, <c>*/shop/*:*</c>.</param>
    public EventStream<PythonCallHit> PythonCalls(string function) => new(this, Query.PythonCalls(function));

    /// <summary>Something of each call of Python functions.</summary>
    /// <inheritdoc cref="PythonCalls(string)"/>
    public EventStream<T> PythonCalls<T>(string function, Expression<Func<PythonCallHit, T>> projection) => PythonCalls(function).Select(projection);

    /// <summary>What threads run that are on a processor, so many times a second on each processor. Python stacks need the kernel's BTF.</summary>
    public EventStream<Sample> Samples(int perSecond) =>
        Samples(perSecond, static hit => new Sample(hit.Pid, hit.Tid, hit.Comm, hit.Time, hit.PythonStack(64), hit.NativeStack(64)));

    /// <summary>Something of each sample.</summary>
    /// <inheritdoc cref="Samples(int)"/>
    public EventStream<T> Samples<T>(int perSecond, Expression<Func<SampleHit, T>> projection)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perSecond);
        return new EventStream<SampleHit>(this, Query.Samples(perSecond)).Select(projection);
    }

    /// <summary>
    /// Where all Python threads of the process are now. It is not stopped for that. When not all of it could be read, the last of them is no thread but has
    /// the number 0, no frames, and says why (<see cref="ThreadStack.Problem"/>).
    /// </summary>
    /// <exception cref="TracingException">It runs no Python that is known here, or may not be looked at.</exception>
    /// <exception cref="InvalidOperationException">The session is of the whole machine.</exception>
    public IReadOnlyList<ThreadStack> Dump()
    {
        if (Pid == 0)
        {
            throw new InvalidOperationException("A session of the machine has no one process to dump; attach to it.");
        }

        return Failures.Translated(() =>
        {
            using var view = PythonProcessView.Open(Pid);
            var snapshot = view.Snapshot();
            if (snapshot is { Threads.Count: 0, Problem: { } problem })
            {
                throw new UserErrorException($"process {Pid} cannot be dumped: {problem}");
            }

            var threads = snapshot.Threads.Select(static thread => new ThreadStack(
                thread.Tid, thread.Name, thread.State.ToString(), thread.Waiting,
                new Stack([.. thread.Frames.Select(static frame => new Frame(frame.Function, frame.File, frame.Span?.Line ?? 0))]), thread.Problem));
            return (IReadOnlyList<ThreadStack>)[.. threads, .. snapshot.Problem is { } some ? [new ThreadStack(0, null, nameof(Engine.Profiles.ThreadState.Unknown), null, new Stack([]), some)] : (ThreadStack[])[]];
        });
    }

    /// <summary>Takes off everything; streams that are being read end.</summary>
    public async ValueTask DisposeAsync()
    {
        TracingRun[] runs;
        lock (_runs)
        {
            _disposed = true;
            runs = [.. _runs];
        }

        foreach (var run in runs)
        {
            await run.DisposeAsync().ConfigureAwait(false);
        }
    }

    internal void Add(TracingRun run)
    {
        lock (_runs)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _runs.Add(run);
        }
    }

    internal void Warn(IEnumerable<string> messages)
    {
        lock (_runs)
        {
            _warnings.AddRange(messages.Distinct().Except(_warnings).Take(MostWarnings - _warnings.Count));
        }
    }

    internal void Remove(TracingRun run)
    {
        lock (_runs)
        {
            if (_runs.Remove(run))
            {
                _closed += run.Losses;
            }
        }
    }

    static SessionOptions Checked(SessionOptions? options)
    {
        options ??= new SessionOptions();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BufferedEvents, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Keys, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.TextBytes, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.TextBytes, 1024, nameof(options));
        return options;
    }
}
