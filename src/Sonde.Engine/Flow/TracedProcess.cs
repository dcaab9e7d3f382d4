using Sonde.Engine.Targets;
using Sonde.Linux;

namespace Sonde.Engine.Flow;

/// <summary>A process under trace: its memory, its end, and the processor time it used since.</summary>
sealed class TracedProcess : IDisposable
{
    readonly PidFd? _pidFd;
    readonly ulong _ticksBefore;
    double _cpuSeconds;

    public TracedProcess(int pid)
    {
        Pid = pid;
        Memory = new LiveMemory(pid);
        _pidFd = PidFd.TryOpen(pid, out var opened).Failed ? null : opened;
        _ticksBefore = Ticks() ?? 0;
    }

    public int Pid { get; }

    public LiveMemory Memory { get; }

    public bool HasExited => _pidFd?.HasExited ?? !ProcFs.Exists(Pid);

    /// <summary>User and system time since the trace of it began; what was last known once it has ended.</summary>
    public double CpuSeconds()
    {
        if (Ticks() is { } ticks && ticks >= _ticksBefore)
        {
            _cpuSeconds = (ticks - _ticksBefore) / (double)ProcStat.TicksPerSecond;
        }

        return _cpuSeconds;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pidFd?.Dispose();
        Memory.Dispose();
    }

    ulong? Ticks() => ProcFs.TryReadStat(Pid, out var stat) ? stat.UserTimeTicks + stat.SystemTimeTicks : null;
}
