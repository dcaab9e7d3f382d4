using System.Collections.Concurrent;
using System.Globalization;
using Sonde.Engine.Recording;
using Sonde.Engine.Stacks;
using Sonde.Linux;

namespace Sonde.Engine.Sampling;

/// <summary>Samples by reading the processes' memory from outside: time by the clock, of running and waiting threads.</summary>
/// <remarks>Nothing is stopped, and no stack is recorded that was not there at one moment. It needs the rights of the processes' owner, or CAP_SYS_PTRACE.</remarks>
public sealed class OutsideSampler : ISampler
{
    /// <summary>While there is nothing to sample, what has come up is looked for this often.</summary>
    const ulong WaitNs = 1_000_000;

    /// <summary>A pause shorter than this is waited out awake: to sleep and to be woken takes as much of the processor.</summary>
    const ulong ShortestSleepNs = 8_000;

    /// <summary>A sleep is not longer than this, so that an end asked for comes soon.</summary>
    const ulong LongestSleepNs = 20_000_000;

    readonly SamplingOptions _options;
    readonly ConcurrentQueue<PythonProcessView> _found = [];
    readonly List<SampledProcess> _processes = [];
    readonly ProcessScout _scout;

    /// <summary>A sampler of some processes, which are looked into at once.</summary>
    /// <exception cref="UserErrorException">One of them does not exist, may not be looked at, or runs no CPython; the message says which.</exception>
    public OutsideSampler(SamplingOptions options)
    {
        _options = options;
        _scout = new ProcessScout(options, _found.Enqueue);
        try
        {
            if (!options.Launched)
            {
                foreach (var pid in options.Pids.Distinct())
                {
                    _found.Enqueue(PythonProcessView.Open(pid));
                }
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Description
    {
        get
        {
            var when = _options.When is { } slow ? $", only in {slow}, each from its first sample on; such calls right after each other look like one" : "";
            var rate = 1e9 / _options.IntervalNs;
            var what = _options.GilOnly ? "holders of the interpreter lock" : _options.Idle ? "wall time, waiting included" : "wall time of active threads";
            return string.Create(CultureInfo.InvariantCulture, $"{what}, {rate:0.##} times a second, from outside: nothing is stopped, and no right is needed but that to read the process's memory{when}");
        }
    }

    /// <inheritdoc/>
    public Action? Attached { get; set; }

    /// <summary>Intervals so far, and how many of them went by without a sample because the sampler was late.</summary>
    public (long Intervals, long Missed) Punctuality { get; private set; }

    /// <inheritdoc/>
    public bool HasMetPython { get; private set; }

    /// <inheritdoc/>
    public IEnumerable<string> Problems => [];

    /// <inheritdoc/>
    public void Run(SampleRecorder recorder, CancellationToken cancellation)
    {
        const int slackNs = 1000;
        Clock.SetTimerSlack(slackNs);
        // Otherwise on a busy machine the samples come when others pause, and not when they are due.
        SchedulingPriority.TryRaise();
        _scout.Start();
        AddFound(recorder);
        // The first look takes longest, for everything is new.
        Look(-1);
        Attached?.Invoke();
        var start = Clock.MonotonicNs;
        var schedule = new SampleSchedule(start, (ulong)_options.IntervalNs, start);
        long missed = 0;
        while (!cancellation.IsCancellationRequested)
        {
            AddFound(recorder);
            if (_processes.Count == 0)
            {
                if (!_scout.MayFindMore && _found.IsEmpty)
                {
                    return;
                }

                Clock.SleepUntil(Clock.MonotonicNs + WaitNs);
                continue;
            }

            var before = schedule.Interval;
            schedule.Advance(Clock.MonotonicNs);
            missed += before < 0 ? 0 : schedule.Interval - before - 1;
            Punctuality = (schedule.Interval + 1, missed);
            if (SleepUntil(schedule.DueNs, cancellation))
            {
                Look(schedule.Interval);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scout.Dispose();
        _processes.ForEach(process => process.Dispose());
        _processes.Clear();
        while (_found.TryDequeue(out var view))
        {
            view.Dispose();
        }
    }

    static bool SleepUntil(ulong dueNs, CancellationToken cancellation)
    {
        for (var now = Clock.MonotonicNs; now < dueNs; now = Clock.MonotonicNs)
        {
            if (cancellation.IsCancellationRequested)
            {
                return false;
            }

            if (dueNs - now < ShortestSleepNs)
            {
                Thread.SpinWait(1);
                continue;
            }

            Clock.SleepUntil(Math.Min(dueNs, now + LongestSleepNs));
        }

        return true;
    }

    void AddFound(SampleRecorder recorder)
    {
        while (_found.TryDequeue(out var view))
        {
            try
            {
                _processes.Add(new SampledProcess(view, _options, recorder));
                HasMetPython = true;
            }
            catch (Exception exception) when (exception is UserErrorException or LinuxException)
            {
                var pid = view.Pid;
                view.Dispose();
                // One that has ended meanwhile, as children do, must not end the recording of the others.
                if (ProcFs.Exists(pid))
                {
                    throw;
                }
            }
        }
    }

    void Look(long interval)
    {
        var ended = false;
        foreach (var process in _processes)
        {
            process.Look(interval);
            ended |= process.HasEnded;
        }

        if (!ended)
        {
            return;
        }

        foreach (var process in _processes.Where(static process => process.HasEnded))
        {
            // A process that has become another program is looked into anew.
            if (!process.HasExited)
            {
                _scout.LookAgain(process.Pid);
            }

            process.Dispose();
        }

        _processes.RemoveAll(static process => process.HasEnded);
    }
}
