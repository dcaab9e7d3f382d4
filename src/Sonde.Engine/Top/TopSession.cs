using System.Globalization;
using System.Runtime.InteropServices;
using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Sampling;
using Sonde.Linux;

namespace Sonde.Engine.Top;

/// <summary>Runs <c>sonde top</c>: a sampler on a thread of its own, the terminal, and the state between them.</summary>
public sealed class TopSession : IDisposable
{
    const int TerminalKey = 0;

    /// <summary>How soon the first numbers are there.</summary>
    static readonly TimeSpan _firstRefresh = TimeSpan.FromMilliseconds(200);

    /// <summary>The rest of what a key sends comes within this time.</summary>
    static readonly TimeSpan _restOfKey = TimeSpan.FromMilliseconds(50);

    readonly TopOptions _options;
    readonly SampleRecorder _recorder;
    readonly RecordedCommand? _command;
    readonly ISampler _sampler;
    readonly Thread _sampling;
    readonly CancellationTokenSource _stopSampling = new();
    readonly Epoll _wake = new();
    readonly KeyReader _keys = new();
    readonly ScreenPainter _painter;
    volatile bool _samplerEnded;
    volatile bool _wasContinued;
    Exception? _failure;
    TopState _state;

    /// <summary>Prepares it: the sampler is ready, and a command started but held, when this returns.</summary>
    /// <exception cref="UserErrorException">What shall be sampled cannot be.</exception>
    /// <exception cref="LinuxException">The command cannot be started.</exception>
    public TopSession(TopOptions options)
    {
        _options = options;
        _painter = new ScreenPainter(options.UsesColour);
        var sampling = options.Sampling with { Idle = true, GilOnly = false };
        try
        {
            if (options.Command.Count > 0)
            {
                _command = RecordedCommand.Start(options.Command, _wake.Wake, options.CommandOutput ?? "/dev/null");
                sampling = sampling with { Pids = [_command.Pid], Launched = true };
            }

            _sampler = Samplers.Create(sampling);
        }
        catch
        {
            _command?.Dispose();
            _wake.Dispose();
            throw;
        }

        _recorder = new SampleRecorder(new ProfileInfo { Title = options.Title, IntervalNs = sampling.IntervalNs }, keepsTimeline: false);
        _sampling = new Thread(Sample) { IsBackground = true, Name = "sampler", Priority = ThreadPriority.Highest };
        _state = new TopState
        {
            Title = options.Title,
            DelayMs = options.DelayMs,
            Scope = new TopScope(null, options.Lines, options.Idle, options.GilOnly),
        };
    }

    /// <summary>The command's process, when there is one and it goes on.</summary>
    public int? RunningCommand => _command is { HasEnded: false } command ? command.Pid : null;

    /// <summary>Shows what is going on until the user has seen enough or it is cancelled.</summary>
    /// <exception cref="UserErrorException">Standard input and output are no terminal, or sampling failed.</exception>
    public void Run(CancellationToken cancellation)
    {
        using (var terminal = RawTerminal.TryTake(ScreenPainter.Enter, ScreenPainter.Leave)
            ?? throw new UserErrorException("top needs a terminal for its input and output; 'sonde record' writes a file instead"))
        {
            using var onCancel = cancellation.Register(_wake.Wake);
            using var onResize = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => _wake.Wake());
            using var onContinue = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ =>
            {
                _wasContinued = true;
                _wake.Wake();
            });
            _wake.Watch(terminal.Input, TerminalKey);
            _sampling.Start();
            _command?.Release();
            Loop(terminal, cancellation);
        }

        _stopSampling.Cancel();
        _sampling.Join();
        if (_failure is not null)
        {
            throw _failure is UserErrorException or LinuxException ? _failure : new InvalidOperationException("the sampler failed", _failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopSampling.Cancel();
        if (_sampling.IsAlive)
        {
            _sampling.Join();
        }

        _sampler.Dispose();
        _command?.Dispose();
        _stopSampling.Dispose();
        _wake.Dispose();
    }

    void Loop(RawTerminal terminal, CancellationToken cancellation)
    {
        var began = Clock.MonotonicNs;
        var refreshed = began;
        var hasEnded = false;
        var delay = _firstRefresh;
        while (!_state.IsDone && !cancellation.IsCancellationRequested && _failure is null)
        {
            var (columns, rows) = terminal.Size;
            _state = _state with { Columns = columns, Rows = rows };
            if (!hasEnded && (_samplerEnded || Since(refreshed) >= delay))
            {
                hasEnded = _samplerEnded;
                refreshed = Clock.MonotonicNs;
                _state = _state.With(new TopSnapshot(_recorder.Copy()));
                delay = TimeSpan.FromMilliseconds(_state.DelayMs);
            }

            // How a command ended may be known a moment later than that it did.
            _state = _state with { Message = hasEnded ? Ending : null };
            if (_wasContinued)
            {
                _wasContinued = false;
                terminal.Take();
                _painter.Forget();
            }

            terminal.Write(_painter.Paint(TopScreen.Draw(_state)));
            if (Since(began) >= _options.Duration)
            {
                return;
            }

            var pause = hasEnded ? TimeSpan.FromHours(1) : delay - Since(refreshed);
            pause = _options.Duration is { } duration && duration - Since(began) < pause ? duration - Since(began) : pause;
            if (!Wait(terminal, pause))
            {
                return;
            }
        }
    }

    /// <summary>Waits for keys and carries them out; false when the terminal is gone.</summary>
    bool Wait(RawTerminal terminal, TimeSpan pause)
    {
        Span<int> ready = stackalloc int[1];
        if (_wake.Wait(ready, _keys.IsWaiting ? _restOfKey : pause > TimeSpan.Zero ? pause : TimeSpan.Zero) == 0)
        {
            Press(terminal, _keys.IsWaiting ? _keys.Complete() : []);
            return true;
        }

        Span<byte> bytes = stackalloc byte[256];
        var read = terminal.Read(bytes);
        if (read.Failed || read.Raw == 0)
        {
            return read.Errno is Errno.EINTR or Errno.EAGAIN;
        }

        Press(terminal, _keys.Read(bytes[..(int)read.Raw]));
        return true;
    }

    void Press(RawTerminal terminal, IReadOnlyList<Key> keys)
    {
        foreach (var key in keys)
        {
            var before = _state;
            _state = TopKeys.Press(_state, key);
            if (_state.Resets != before.Resets)
            {
                _recorder.Reset();
            }

            if (_state.Suspends != before.Suspends)
            {
                terminal.Suspend();
                _painter.Forget();
            }

            if (_state.Redraws != before.Redraws)
            {
                _painter.Forget();
            }

            if (_state is { View: TopView.Source, Source: null })
            {
                _state = _state with { Source = TargetSource.Read([.. (_state.Current?.Threads ?? []).Select(static thread => thread.Pid).Distinct()], _state.Function.File) };
            }
        }
    }

    void Sample()
    {
        try
        {
            _sampler.Run(_recorder, _stopSampling.Token);
        }
        catch (Exception exception)
        {
            _failure = exception;
        }

        _samplerEnded = true;
        _wake.Wake();
    }

    string Ending => _command is { HasEnded: true } command
        ? $"The command {command.Ending}."
        : string.Create(CultureInfo.InvariantCulture, $"What was sampled has ended.");

    static TimeSpan Since(ulong momentNs) => TimeSpan.FromMicroseconds((Clock.MonotonicNs - momentNs) / 1000.0);
}
