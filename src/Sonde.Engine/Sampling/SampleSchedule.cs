namespace Sonde.Engine.Sampling;

/// <summary>When to sample: time is cut into intervals of equal length, and in each one moment is drawn.</summary>
/// <remarks>
/// So the mean rate is exactly what was promised, and a program whose period is the interval, or divides it, is still seen in all
/// its phases, while each sample stands for the same time. A moment that was missed because the sampler ran late belongs to the
/// next sample, which then stands for several intervals.
/// </remarks>
public sealed class SampleSchedule
{
    readonly ulong _startNs;
    readonly ulong _intervalNs;
    ulong _random;
    long _next;

    /// <summary>A schedule that begins at a moment.</summary>
    /// <param name="startNs">The beginning of the first interval.</param>
    /// <param name="intervalNs">How long an interval is, in nanoseconds; at least 1.</param>
    /// <param name="seed">What the moments are drawn from.</param>
    public SampleSchedule(ulong startNs, ulong intervalNs, ulong seed)
    {
        _startNs = startNs;
        _intervalNs = Math.Max(intervalNs, 1);
        _random = seed;
    }

    /// <summary>The moment of the next sample.</summary>
    public ulong DueNs { get; private set; }

    /// <summary>The number of the interval it is for, from 0 on.</summary>
    public long Interval { get; private set; } = -1;

    /// <summary>Goes on to the next moment: in the interval after the last one or, when that has gone by, in the one that <paramref name="nowNs"/> lies in.</summary>
    public void Advance(ulong nowNs)
    {
        var current = nowNs > _startNs ? (long)((nowNs - _startNs) / _intervalNs) : 0;
        Interval = Math.Max(_next, current);
        _next = Interval + 1;
        DueNs = _startNs + (ulong)Interval * _intervalNs + Draw() % _intervalNs;
    }

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014).</summary>
    ulong Draw()
    {
        _random += 0x9e3779b97f4a7c15;
        var mixed = (_random ^ _random >> 30) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
        return mixed ^ mixed >> 31;
    }
}
