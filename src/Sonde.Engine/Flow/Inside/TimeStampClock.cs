using Sonde.Linux;

namespace Sonde.Engine.Flow.Inside;

/// <summary>Turns the processor's time stamp counter into nanoseconds of the kernel's monotonic clock.</summary>
/// <remarks>
/// The two are compared now and then, and the line between them is bent so that it meets the clock again a second later: it never jumps, and follows the corrections of the
/// kernel's clock. Needs a counter that always runs at one speed (constant_tsc, nonstop_tsc), which Linux keeps equal on all processors, or does not use itself.
/// </remarks>
sealed class TimeStampClock : IDisposable
{
    const int Attempts = 5;

    // rdtsc; shl rdx, 32; or rax, rdx; ret
    static ReadOnlySpan<byte> ReadCounter => [0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0xc3];

    readonly ExecutablePage _page = ExecutablePage.Create(ReadCounter);
    readonly (ulong Ticks, long Ns) _first;
    ulong _anchorTicks;
    double _anchorNs;
    double _nsPerTick;

    /// <summary>Compares the clocks for some milliseconds.</summary>
    /// <exception cref="UserErrorException">The processor has no counter that can be used.</exception>
    public TimeStampClock()
    {
        var flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("flags", StringComparison.Ordinal))?.Split(' ') ?? [];
        RequireCounter(flags);
        HasProcessorRegister = flags.Contains("rdpid");
        _first = Pair();
        Clock.SleepUntil((ulong)_first.Ns + 5_000_000);
        var second = Pair();
        _nsPerTick = (double)(second.Ns - _first.Ns) / (second.Ticks - _first.Ticks);
        (_anchorTicks, _anchorNs) = (second.Ticks, second.Ns);
    }

    /// <summary>Whether the processor has an instruction for its own number.</summary>
    public bool HasProcessorRegister { get; }

    /// <summary>The counter now.</summary>
    public ulong Ticks => _page.Call(0);

    /// <summary>Ticks in a time.</summary>
    public long TicksIn(TimeSpan time) => (long)(time.TotalNanoseconds / _nsPerTick);

    /// <summary>The moment of a count.</summary>
    public long ToNs(ulong ticks) => (long)(_anchorNs + (long)(ticks - _anchorTicks) * _nsPerTick);

    /// <summary>Compares the clocks again. Earlier moments keep their order.</summary>
    public void Compare()
    {
        var (ticks, ns) = Pair();
        var line = _anchorNs + (long)(ticks - _anchorTicks) * _nsPerTick;
        var measured = (double)(ns - _first.Ns) / (ticks - _first.Ticks);
        (_anchorTicks, _anchorNs) = (ticks, line);
        const double aheadNs = 1e9;
        _nsPerTick = measured * (1 + Math.Clamp((ns - line) / aheadNs, -1e-3, 1e-3));
    }

    /// <inheritdoc/>
    public void Dispose() => _page.Dispose();

    /// <summary>Both at one moment: the closest of several attempts.</summary>
    (ulong Ticks, long Ns) Pair()
    {
        (ulong Ticks, long Ns) best = default;
        var closest = ulong.MaxValue;
        for (var i = 0; i < Attempts; i++)
        {
            var before = Ticks;
            var ns = (long)Clock.MonotonicNs;
            var after = Ticks;
            if (after - before < closest)
            {
                closest = after - before;
                best = (before + closest / 2, ns);
            }
        }

        return best;
    }

    static void RequireCounter(string[] flags)
    {
        string[] needed = ["constant_tsc", "nonstop_tsc", "rdtscp"];
        if (needed.FirstOrDefault(flag => !flags.Contains(flag)) is { } missing)
        {
            throw new UserErrorException($"the engine inside the process takes the time from the processor's time stamp counter, which this machine does not offer as it must be ('{missing}' is missing in /proc/cpuinfo); use --engine outside");
        }
    }
}
