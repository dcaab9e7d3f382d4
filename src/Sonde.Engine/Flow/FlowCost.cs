using Sonde.Bpf;
using Sonde.Linux;

namespace Sonde.Engine.Flow;

/// <summary>Finds out, beside a running trace, what one probe hit costs on this machine: the trap, and the program that runs at it.</summary>
/// <remarks>
/// The trap is measured on a stub of our own. The programs' own time is what the kernel counts for a moment while the trace runs
/// (<c>BPF_ENABLE_STATS</c>, 5.8); counting costs something itself, so it is switched off again.
/// </remarks>
sealed class FlowCost
{
    static readonly TimeSpan _counting = TimeSpan.FromMilliseconds(300);

    readonly IReadOnlyList<Program> _programs;
    readonly CancellationToken _cancellation;
    readonly Thread _thread;
    double? _nsPerHit;

    /// <summary>Begins to measure on a thread of its own; cancellation ends that early.</summary>
    public FlowCost(IReadOnlyList<Program> programs, CancellationToken cancellation)
    {
        _programs = programs;
        _cancellation = cancellation;
        _thread = new Thread(Measure) { IsBackground = true, Name = "cost" };
        _thread.Start();
    }

    /// <summary>Nanoseconds of the traced thread's time per hit; null when they could not be measured.</summary>
    /// <remarks>Waits for a measurement under way.</remarks>
    public double? NsPerHit
    {
        get
        {
            _thread.Join();
            return _nsPerHit;
        }
    }

    void Measure()
    {
        try
        {
            var program = 0.0;
            using (BpfStats.Enable())
            {
                _cancellation.WaitHandle.WaitOne(_counting);
                ulong time = 0, runs = 0;
                foreach (var info in _programs.Select(each => each.Info))
                {
                    time += info.RunTimeNs;
                    runs += info.RunCount;
                }

                program = runs > 0 ? (double)time / runs : 0;
            }

            _nsPerHit = UprobeCalibration.Measure().EmptyHitNs + program;
        }
        catch (Exception exception) when (exception is LinuxException or VerifierException or ObjectDisposedException)
        {
            // Without the rights to measure, nothing is said about the cost.
        }
    }
}
