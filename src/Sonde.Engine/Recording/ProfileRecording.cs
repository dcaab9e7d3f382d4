using System.Globalization;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Engine.Recording.Sessions;
using Sonde.Engine.Sampling;
using Sonde.Linux;

namespace Sonde.Engine.Recording;

/// <summary>Why a recording ended.</summary>
public enum RecordingEnd : byte
{
    /// <summary>It was asked to.</summary>
    Stopped,

    /// <summary>Its time was up.</summary>
    TimeUp,

    /// <summary>What it recorded has ended.</summary>
    TargetEnded,
}

/// <summary>Records where programs spend their time, into one file or a series of them: sampler, recorder, command, session and files.</summary>
public sealed class ProfileRecording : IDisposable
{
    static readonly TimeSpan _progressInterval = TimeSpan.FromMilliseconds(250);

    readonly RecordingOptions _options;
    readonly Action<string> _say;
    readonly SampleRecorder _recorder;
    readonly ISampler _sampler;
    readonly RecordedCommand? _command;
    readonly SessionServer? _session;
    readonly CancellationTokenSource _stopSampling = new();
    readonly AutoResetEvent _wake = new(false);
    readonly Lock _writing = new();
    ulong _beganNs = Clock.MonotonicNs;
    volatile Emptying? _emptied;
    volatile bool _samplerEnded;
    volatile bool _stopAsked;
    Exception? _failure;
    int _written;
    int _snapshots;

    /// <summary>Why, and when, what there was before was given up or put into a file; what is counted is counted from then on.</summary>
    sealed record Emptying(string Cause, ulong AtNs);

    /// <summary>Prepares a recording: the sampler is ready, and a command started but held, when this returns.</summary>
    /// <param name="options">What to record.</param>
    /// <param name="say">Told what the user should know.</param>
    /// <exception cref="UserErrorException">What shall be recorded cannot be.</exception>
    /// <exception cref="LinuxException">The command cannot be started.</exception>
    public ProfileRecording(RecordingOptions options, Action<string> say)
    {
        _options = options;
        _say = say;
        // A wrong name is better told now than when there is something to lose.
        OutputName.Expand(options.Output, 0, DateTimeOffset.UnixEpoch, 1);
        OutputName.CheckDirectory(options.Output);
        try
        {
            _session = options.Session is { } name ? new SessionServer(name, Answer) : null;
            var sampling = options.Sampling;
            if (options.Command.Count > 0)
            {
                _command = RecordedCommand.Start(options.Command, Wake);
                sampling = sampling with { Pids = [_command.Pid], Launched = true };
            }

            _sampler = Samplers.Create(sampling);
            Pid = sampling.Pids is [var first, ..] ? first : 0;
        }
        catch
        {
            _session?.Dispose();
            _command?.Dispose();
            throw;
        }

        var info = new ProfileInfo
        {
            Title = options.Title,
            Mode = options.Sampling.Mode switch
            {
                SamplingMode.Cpu => "cpu",
                SamplingMode.OffCpu => "off-cpu",
                SamplingMode.Memory => "memory",
                _ => "wall",
            },
            Unit = options.Sampling.Mode == SamplingMode.Memory ? ProfileUnit.Bytes : ProfileUnit.Nanoseconds,
            IntervalNs = options.Sampling.IntervalNs,
        };
        _recorder = new SampleRecorder(info, options.Format.NeedsTimeline || options.Format.MostTimed > 0, options.Format.NeedsTimeline ? null : options.Format.MostTimed);
    }

    /// <summary>The process recorded, or the first of them; 0 when all are.</summary>
    public int Pid { get; }

    /// <summary>Whether there was an interpreter in what was recorded. For when it has run.</summary>
    public bool HasMetPython => _sampler.HasMetPython;

    /// <summary>What samples, and why that.</summary>
    public string SamplerDescription => _sampler.Description;

    /// <summary>How the command ended; null when there is none or it goes on.</summary>
    public string? CommandEnding => _command is { HasEnded: true } command ? command.Ending : null;

    /// <summary>Whether a command was started that goes on.</summary>
    public bool CommandGoesOn => _command is { HasEnded: false };

    /// <summary>What there is so far.</summary>
    public RecorderCounts Counts => _recorder.Counts;

    /// <summary>How many samples all files have that were written, those of snapshots not counted.</summary>
    public long WrittenSamples { get; private set; }

    /// <summary>Whether there was no room for some file where it was asked for, so that it is in another place; those of snapshots not counted.</summary>
    public bool WroteElsewhere { get; private set; }

    /// <summary>Whether what there was has been forgotten on request.</summary>
    public bool WasReset { get; private set; }

    /// <summary>What was lost in all files that were written.</summary>
    public ProfileLosses Losses { get; } = new();

    /// <summary>What is missing beside lost samples, a sentence each. For when it has run.</summary>
    public IEnumerable<string> Problems => _sampler.Problems;

    /// <summary>How long it goes on already.</summary>
    public TimeSpan Elapsed => TimeSpan.FromMicroseconds((Clock.MonotonicNs - _beganNs) / 1000.0);

    /// <summary>The share of intervals in which no sample could be taken because the sampler was late; 0 for samplers in the kernel.</summary>
    public double MissedShare => _sampler is OutsideSampler { Punctuality: { Intervals: > 0 } punctuality } ? (double)punctuality.Missed / punctuality.Intervals : 0;

    /// <summary>Records until cancelled, until the time is up, until what is recorded has ended, or until the session is stopped; then writes the file.</summary>
    /// <param name="progress">Called now and then.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="UserErrorException">Sampling failed, or the file can be written nowhere.</exception>
    public RecordingEnd Run(Action progress, CancellationToken cancellation)
    {
        using var onCancel = cancellation.Register(Wake);
        var sampling = new Thread(Sample) { IsBackground = true, Name = "sampler" };
        using var attached = new ManualResetEventSlim();
        _sampler.Attached = attached.Set;
        sampling.Start();
        while (!_samplerEnded && !attached.Wait(_progressInterval, CancellationToken.None))
        {
        }

        RecordingEnd end;
        try
        {
            _beganNs = Clock.MonotonicNs;
            _session?.Start();
            _command?.Release();
            end = Wait(progress, cancellation);
        }
        finally
        {
            _stopSampling.Cancel();
            sampling.Join();
        }

        if (_failure is not null and not (UserErrorException or LinuxException))
        {
            throw new InvalidOperationException("the sampler failed", _failure);
        }

        if (_recorder.Counts.Samples > 0 || (_failure is null && _written > 0))
        {
            WriteNext();
        }
        else
        {
            Losses.Add(_recorder.Copy().Losses);
        }

        return _failure is null ? end : throw _failure;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session?.Dispose();
        _sampler.Dispose();
        _command?.Dispose();
        _stopSampling.Dispose();
        _wake.Dispose();
    }

    /// <summary>Has whoever waits look what there is to do. A command may end, and a signal come, when the recording is over.</summary>
    void Wake()
    {
        try
        {
            _wake.Set();
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
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
        Wake();
    }

    RecordingEnd Wait(Action progress, CancellationToken cancellation)
    {
        var nextFile = _options.Loop ?? TimeSpan.MaxValue;
        while (true)
        {
            if (_samplerEnded || _command is { HasEnded: true })
            {
                _command?.NoticeEnd();
                return RecordingEnd.TargetEnded;
            }

            if (cancellation.IsCancellationRequested || _stopAsked)
            {
                return RecordingEnd.Stopped;
            }

            var elapsed = Elapsed;
            if (elapsed >= _options.Duration)
            {
                return RecordingEnd.TimeUp;
            }

            if (elapsed >= nextFile)
            {
                nextFile += _options.Loop!.Value;
                WriteNext();
                continue;
            }

            progress();
            var until = _options.Duration is { } duration && duration < nextFile ? duration : nextFile;
            var pause = until - elapsed;
            _wake.WaitOne(pause < _progressInterval ? (pause > TimeSpan.FromMilliseconds(1) ? pause : TimeSpan.FromMilliseconds(1)) : _progressInterval);
        }
    }

    /// <summary>Writes what there is into the next file, and begins anew when there will be more.</summary>
    void WriteNext()
    {
        var pattern = _options.Loop is not null && !OutputName.Varies(_options.Output) ? OutputName.WithNumber(_options.Output) : _options.Output;
        lock (_writing)
        {
            var profile = _recorder.Copy(empty: _options.Loop is not null);
            Losses.Add(profile.Losses);
            WrittenSamples += profile.SampleCount;
            _emptied = _options.Loop is null ? null : new Emptying("the last file", Clock.MonotonicNs);
            Write(profile, _options.Format, OutputName.Expand(pattern, Pid, profile.Info.Start.ToLocalTime(), ++_written));
        }
    }

    /// <param name="isSnapshot">Whether it is whoever asked for it who is told by an exit code that it went elsewhere.</param>
    string Write(Profile profile, IProfileFormat format, string path, bool isSnapshot = false)
    {
        // Formats with a time axis show threads and processes apart anyway.
        var view = format.NeedsTimeline ? _options.View with { ThreadsAsFrames = false, ProcessesAsFrames = false } : _options.View;
        var written = ProfileFile.Write(view.Apply(profile), format, path);
        if (written.Problem is { } problem)
        {
            _say(problem);
            if (written.Path == path)
            {
                return problem;
            }
        }

        WroteElsewhere |= !isSnapshot && written.Path != path;
        var said = string.Create(CultureInfo.InvariantCulture, $"wrote {written.Path}: {profile.SampleCount:N0} samples");
        _say(said);
        // Who asked from elsewhere does not see what is said here.
        return written.Problem is { } why ? $"{why}; {said}" : said;
    }

    /// <summary>Carries out what was asked of the session, on its thread.</summary>
    string Answer(SessionRequest request)
    {
        switch (request.Verb)
        {
            case SessionWord.Status:
                var counts = _recorder.Counts;
                var what = _command is not null || Pid != 0 ? string.Create(CultureInfo.InvariantCulture, $"process {Pid}") : "all processes";
                var since = _emptied is { } emptied ? string.Create(CultureInfo.InvariantCulture, $"; since {emptied.Cause}, {(Clock.MonotonicNs - emptied.AtNs) / 1e9:N0} s ago: ") : ", ";
                return string.Create(CultureInfo.InvariantCulture, $"{what}, {Elapsed.TotalSeconds:N0} s{since}{counts.Samples:N0} samples, {counts.Lost:N0} lost");
            case SessionWord.Snapshot:
                lock (_writing)
                {
                    var path = request.Path ?? SnapshotName();
                    return Write(_recorder.Copy(), request.Format is { } format ? ProfileFormats.ByName(format) : _options.Format, Path.GetFullPath(path), isSnapshot: true);
                }

            case SessionWord.Reset:
                _recorder.Reset();
                WasReset = true;
                _emptied = new Emptying("the reset", Clock.MonotonicNs);
                return "begins anew";
            default:
                _stopAsked = true;
                Wake();
                return "ends";
        }
    }

    string SnapshotName()
    {
        var name = OutputName.Expand(_options.Output, Pid, DateTimeOffset.Now, _written + 1);
        var extension = Path.GetExtension(name);
        return string.Create(CultureInfo.InvariantCulture, $"{name[..^extension.Length]}-snapshot-{++_snapshots}{extension}");
    }
}
