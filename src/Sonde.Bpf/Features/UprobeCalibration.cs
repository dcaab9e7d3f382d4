using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>What a uprobe costs on this machine, whatever its program does.</summary>
/// <param name="EmptyHitNs">Nanoseconds a thread loses when it runs into a uprobe on an emulated one-byte instruction with an empty program.</param>
public readonly record struct UprobeCalibration(double EmptyHitNs)
{
    const int Rounds = 9;
    const int CallsARound = 500;

    /// <summary>Measures it by probing a function of this process's own.</summary>
    /// <remarks>A few milliseconds of work; the kernel may let the detaching wait for some tens more (an RCU grace period).</remarks>
    /// <exception cref="LinuxException">Rights are missing, or the kernel has no uprobes.</exception>
    public static UprobeCalibration Measure()
    {
        // x86-64: nop; ret. aarch64: nop; ret.
        using ExecutablePage page = ExecutablePage.Create(SelfProbe.IsX64 ? [0x90, 0xc3] : [0x1f, 0x20, 0x03, 0xd5, 0xc0, 0x03, 0x5f, 0xd6]);
        double bare = MedianNs(page);
        using SelfProbe.Attachment attached = SelfProbe.Attach(page, 0);
        return new UprobeCalibration(Math.Max(0, MedianNs(page) - bare));
    }

    // The median, because another thread may take the processor in the middle of any round.
    static double MedianNs(ExecutablePage page)
    {
        page.Time(0, CallsARound);
        Span<double> rounds = stackalloc double[Rounds];
        foreach (ref double round in rounds)
        {
            round = (double)page.Time(0, CallsARound) / CallsARound;
        }

        rounds.Sort();
        return rounds[Rounds / 2];
    }
}
