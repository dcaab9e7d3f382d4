using System.Buffers.Binary;
using System.Globalization;
using Sonde.Engine.Recording;
using Sonde.Script;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

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
    readonly HashSet<int> _pythons = [];
    SampleRecorder? _recorder;
    KernelStacks? _stacks;
    KernelThreads? _threads;

    /// <summary>A sampler whose program is in the kernel, but does not run yet.</summary>
    /// <exception cref="UserErrorException">The kernel cannot do it or does not allow it; the message says why.</exception>
    public KernelSampler(SamplingOptions options)
    {
        _options = options;
        _program = new SamplerProgram(SamplerText.Cpu(options), Take);
        if (options.All)
        {
            _program.Processes.AddRunning();
            return;
        }

        foreach (var pid in options.Pids)
        {
            Watch(pid);
        }
    }

    /// <summary>Called when it has begun to sample.</summary>
    public Action? Attached { get; set; }

    /// <inheritdoc/>
    public string Description => string.Create(CultureInfo.InvariantCulture,
        $"time on processors, {1e9 / _options.IntervalNs:0.##} times a second of each, in the kernel: every stack is that of one moment, and threads that wait cost nothing");

    /// <inheritdoc/>
    public void Run(SampleRecorder recorder, CancellationToken cancellation)
    {
        (_recorder, _stacks, _threads) = (recorder, new KernelStacks(_program, recorder), new KernelThreads(recorder));
        _program.Attach();
        Attached?.Invoke();
        while (!cancellation.IsCancellationRequested && (_options.All || _threads.AnyAlive(_options)))
        {
            if (cancellation.WaitHandle.WaitOne(_pause))
            {
                break;
            }

            _program.Drain();
            TellLosses();
        }

        _program.Detach();
        while (_program.Drain() > 0)
        {
        }

        TellLosses();
    }

    /// <inheritdoc/>
    public void Dispose() => _program.Dispose();

    void Watch(int pid)
    {
        _program.Processes.Add(pid);
        if (_program.Find(SamplerText.Watched) is var (description, map))
        {
            var key = new byte[description.Key!.Size];
            BinaryPrimitives.WriteUInt64LittleEndian(key, (ulong)pid);
            var value = new byte[map.ValueBytes];
            value[0] = 1;
            map.Update(key, value);
        }
    }

    /// <summary>{when, process, thread, Python stack, user stack, kernel stack}: see <see cref="SamplerText.Cpu"/>.</summary>
    void Take(TupleType type, ReadOnlySpan<byte> value)
    {
        var timeNs = Number(type, value, 0);
        var pid = (int)Number(type, value, 1);
        var tid = (int)Number(type, value, 2);
        var python = Number(type, value, 3);
        var isMachine = type.Elements.Count > 4;
        if (!IsWanted(pid, python))
        {
            return;
        }

        var stack = _stacks!.Number(new StackNumbers(pid, python, isMachine ? (long)Number(type, value, 4) : -1, isMachine ? (long)Number(type, value, 5) : -1));
        _recorder!.Add(timeNs, _threads!.Number(pid, tid), stack, _options.IntervalNs, ThreadState.Running, holdsGil: false);
    }

    /// <summary>Of what is watched only Python processes are wanted, and children only when they are asked for, or when the command itself is no Python.</summary>
    bool IsWanted(int pid, ulong python)
    {
        if (python != PythonStackRecord.None)
        {
            _pythons.Add(pid);
        }

        return (!_options.All && _options.Pids.Contains(pid) && !_options.Launched) || (_pythons.Contains(pid) && (_options.All || _options.Subprocesses || _options.Pids.Contains(pid) || !_options.Pids.Any(_pythons.Contains)));
    }

    static ulong Number(TupleType type, ReadOnlySpan<byte> value, int element) => BinaryPrimitives.ReadUInt64LittleEndian(value[type.OffsetOf(element)..]);

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
