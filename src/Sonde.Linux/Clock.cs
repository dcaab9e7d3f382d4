namespace Sonde.Linux;

/// <summary>The kernel's clocks, in nanoseconds.</summary>
public static unsafe class Clock
{
    /// <summary>Time since boot without suspension (<c>CLOCK_MONOTONIC</c>), the clock of <c>bpf_ktime_get_ns</c>.</summary>
    public static ulong MonotonicNs => Read(1);

    /// <summary>Time since boot with suspension (<c>CLOCK_BOOTTIME</c>), the clock of process start times.</summary>
    public static ulong BootTimeNs => Read(7);

    /// <summary>Time since 1970 (<c>CLOCK_REALTIME</c>).</summary>
    public static ulong RealTimeNs => Read(0);

    /// <summary>What to add to <see cref="MonotonicNs"/> to get <see cref="RealTimeNs"/>, at the moment of asking.</summary>
    /// <remarks>The monotonic clock is read on both sides of the real-time one, which bounds the error by half of that distance; the best of three counts.</remarks>
    public static long MonotonicToRealTimeNs
    {
        get
        {
            ulong best = ulong.MaxValue;
            long offset = 0;
            for (int i = 0; i < 3; i++)
            {
                ulong before = MonotonicNs;
                ulong real = RealTimeNs;
                ulong distance = MonotonicNs - before;
                if (distance < best)
                {
                    best = distance;
                    offset = (long)(real - before - distance / 2);
                }
            }

            return offset;
        }
    }

    /// <summary>Sleeps until <see cref="MonotonicNs"/> has reached a moment (<c>clock_nanosleep(2)</c> with an absolute time); a signal may end it before.</summary>
    public static void SleepUntil(ulong monotonicNs)
    {
        const int monotonic = 1;
        const int absolute = 1;
        long* time = stackalloc long[2] { (long)(monotonicNs / 1_000_000_000), (long)(monotonicNs % 1_000_000_000) };
        _ = Libc.ClockSleep(monotonic, absolute, time, null);
    }

    /// <summary>How much later than asked the kernel may wake the calling thread, in nanoseconds, to save power (<c>PR_SET_TIMERSLACK</c>); 50,000 unless set.</summary>
    public static void SetTimerSlack(int slackNs)
    {
        const int setTimerSlack = 29;
        Libc.Result(Libc.ProcessControl(setTimerSlack, slackNs, 0, 0, 0)).Check($"prctl(PR_SET_TIMERSLACK, {slackNs})");
    }

    static ulong Read(int clock)
    {
        long* time = stackalloc long[2];
        SystemResult result = Libc.Result(Libc.ClockGetTime(clock, time));
        if (result.Failed)
        {
            // Text made before it is needed would be garbage at every reading of the clock.
            result.Check($"clock_gettime({clock})");
        }

        return (ulong)time[0] * 1_000_000_000 + (ulong)time[1];
    }
}
