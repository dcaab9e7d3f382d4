using System.Buffers.Binary;
using System.Globalization;
using Sonde.Engine.Recording;
using Sonde.Engine.Stacks;
using Sonde.Linux;
using Sonde.Script;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>Samples in the kernel, in the sampled thread itself: no stack can change while it is read, and threads that do not run cost nothing.</summary>
/// <remarks>It needs the rights of BPF programs: CAP_BPF and CAP_PERFMON, or root.</remarks>
public sealed class KernelSampler : ISampler
{
    /// <summary>How often the records are read: much sooner than their memory is full.</summary>
    static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(20);

    readonly SamplingOptions _options;
    readonly SamplerProgram _program;
    readonly Dictionary<LossKind, long> _lost = [];
    SampleRecorder? _recorder;
    ICollector? _collector;

    /// <summary>A sampler whose program is in the kernel, but does not run yet.</summary>
    /// <exception cref="UserErrorException">The kernel cannot do it or does not allow it, or one of the processes does not exist or runs no CPython; the message says which.</exception>
    public KernelSampler(SamplingOptions options)
    {
        if (options.GilOnly)
        {
            throw new UserErrorException("only threads that hold the interpreter lock were asked for; in the kernel that is not told. Record time by the clock, without --cpu, --off-cpu and --memory");
        }

        if (!CapabilitySet.Effective.CanTrace)
        {
            throw new UserErrorException("--cpu, --off-cpu and --memory sample by a program in the kernel, which needs root, or CAP_BPF and CAP_PERFMON: run it with sudo. Without them, time by the clock is recorded of your own processes");
        }

        // What cannot be recorded is told before, in the same words for all kinds of samples.
        foreach (var pid in options.All || options.Launched ? [] : options.Pids.Distinct())
        {
            PythonProcessView.Open(pid).Dispose();
        }

        _options = options;
        _program = new SamplerProgram(options.Mode switch
        {
            SamplingMode.OffCpu => SamplerText.OffCpu(options),
            SamplingMode.Memory => SamplerText.Memory(options),
            _ => SamplerText.Cpu(options),
        }, Single(options), (type, value) => _collector?.Take(type, value), followed: options.All ? [] : options.Pids, withChildren: SamplerText.FollowsChildren(options));
        try
        {
            if (options.All)
            {
                _program.Processes.AddRunning();
            }

            foreach (var pid in options.All ? [] : options.Pids)
            {
                Watch(pid);
            }
        }
        catch
        {
            _program.Dispose();
            throw;
        }
    }

    /// <summary>Called when it has begun to sample.</summary>
    public Action? Attached { get; set; }

    /// <inheritdoc/>
    public string Description => _options.Mode switch
    {
        SamplingMode.OffCpu => "time off the processors, every wait, in the kernel: with the stack at which a thread stopped, until it ran again",
        SamplingMode.Memory => string.Create(CultureInfo.InvariantCulture, $"""
            memory asked of the C library and the system, in the kernel: about one sample for each {SamplerText.BytesPerSample >> 10} KiB; small objects are seen when Python needs another arena for them
            """),
        _ => string.Create(CultureInfo.InvariantCulture,
            $"time on processors, {1e9 / _options.IntervalNs:0.##} times a second of each, in the kernel: every stack is that of one moment, and threads that wait cost nothing"),
    };

    /// <inheritdoc/>
    public bool HasMetPython => (!_options.All && !_options.Launched) || _program.Interpreters.Any;

    /// <inheritdoc/>
    public IEnumerable<string> Problems => _program.Problems;

    /// <inheritdoc/>
    public void Run(SampleRecorder recorder, CancellationToken cancellation)
    {
        var threads = new KernelThreads(recorder);
        var collection = new Collection(_program, recorder, new KernelStacks(_program, recorder), threads, _options);
        _recorder = recorder;
        _collector = _options.Mode switch
        {
            SamplingMode.OffCpu => new OffCpuWaits(collection),
            SamplingMode.Memory => new SampledMoments(collection, weight: 4),
            _ => new SampledMoments(collection, weight: null),
        };
        _program.Attach();
        _collector.Begin();
        Attached?.Invoke();
        while (!cancellation.IsCancellationRequested && (_options.All || threads.AnyAlive(_options)))
        {
            if (cancellation.WaitHandle.WaitOne(_pause))
            {
                break;
            }

            _program.Drain();
            _program.RefreshTables();
            _collector.Collect(Clock.MonotonicNs, isLast: false);
            TellLosses();
        }

        _program.Detach();
        var now = Clock.MonotonicNs;
        while (_program.Drain() > 0)
        {
        }

        _collector.Collect(now, isLast: true);
        TellLosses();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _collector?.Dispose();
        _program.Dispose();
    }

    /// <summary>The one process whose functions are probed: those of others are not slowed down; 0 when there may be several.</summary>
    static int Single(SamplingOptions options) =>
        options is { Mode: SamplingMode.Memory, All: false, Pids: [var pid] } && !SamplerText.FollowsChildren(options) ? pid : 0;

    void Watch(int pid)
    {
        _program.Add(pid);
        if (_program.Find(SamplerText.Watched) is var (description, map))
        {
            var key = new byte[description.Key!.Size];
            BinaryPrimitives.WriteUInt64LittleEndian(key, (ulong)pid);
            var value = new byte[map.ValueBytes];
            value[0] = 1;
            map.Update(key, value);
        }
    }

    void TellLosses()
    {
        Tell(LossKind.Record, "the kernel's buffer was full");
        Tell(LossKind.Stack, "the stack found no room in the kernel");
        Tell(LossKind.Scratch, "programs interrupted one another");
        Tell(LossKind.MapUpdate, "a map in the kernel was full");
        Tell(LossKind.Python, "memory of the stack could not be read");
        Tell(LossKind.PythonProcess, "it was not known yet what the process runs");
    }

    void Tell(LossKind kind, string cause)
    {
        var lost = _program.Losses(kind);
        if (lost > _lost.GetValueOrDefault(kind))
        {
            _recorder!.Lose(cause, null, lost - _lost.GetValueOrDefault(kind));
            _lost[kind] = lost;
        }
    }
}
