using Sonde.Bpf;
using Sonde.Linux;

namespace Sonde.Engine.Flow;

/// <summary>Finds out, beside a running trace, what one probe hit costs on this machine: the trap, and the program that runs at it.</summary>
/// <remarks>
/// The trap is measured on a stub of our own. The programs' own time is what the kernel counts for a moment while the trace runs
/// (<c>BPF_ENABLE_STATS</c>, 5.8); counting costs something itself, so it is switched off again.
/// </remarks>
sealed class FlowCost : IDisposable
{
    static readonly TimeSpan _counting = TimeSpan.FromMilliseconds(300);

    /// <summary>Fewer runs than this are mostly first ones, which say little about the rest.</summary>
    const ulong EnoughRuns = 200;

    readonly IReadOnlyList<Program> _programs;
    readonly ManualResetEventSlim _end = new();
    readonly Thread _thread;
    HitCost? _cost;

    /// <summary>Begins to measure on a thread of its own.</summary>
    public FlowCost(IReadOnlyList<Program> programs)
    {
        _programs = programs;
        _thread = new Thread(Measure) { IsBackground = true, Name = "cost" };
        _thread.Start();
    }

    /// <summary>Ends the measurement; null when there were too few hits, or no rights to measure.</summary>
    public HitCost? Finish()
    {
        _end.Set();
        _thread.Join();
        return _cost;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Finish();
        _end.Dispose();
    }

    void Measure()
    {
        try
        {
            var trap = UprobeCalibration.Measure().EmptyHitNs;
            if (_end.IsSet)
            {
                return;
            }

            using (BpfStats.Enable())
            {
                // Somebody else may have had the kernel count before (kernel.bpf_stats_enabled).
                var before = Total();
                _end.Wait(_counting);
                var after = Total();
                var (time, runs) = (after.TimeNs - before.TimeNs, after.Runs - before.Runs);
                _cost = runs >= EnoughRuns ? new HitCost(trap, (double)time / runs) : null;
            }
        }
        catch (Exception exception) when (exception is LinuxException or VerifierException)
        {
            // Without the rights to measure, nothing is said about the cost.
        }
    }

    (ulong TimeNs, ulong Runs) Total()
    {
        ulong time = 0, runs = 0;
        foreach (var info in _programs.Select(each => each.Info))
        {
            time += info.RunTimeNs;
            runs += info.RunCount;
        }

        return (time, runs);
    }
}

/// <summary>What probe hits cost, as measured for a moment of the trace.</summary>
/// <param name="TrapNs">Nanoseconds of the trap alone, with an empty program.</param>
/// <param name="ProgramNs">Nanoseconds that the programs ran on average.</param>
public readonly record struct HitCost(double TrapNs, double ProgramNs)
{
    /// <summary>Nanoseconds of the traced thread's time per hit.</summary>
    public double TotalNs => TrapNs + ProgramNs;
}
