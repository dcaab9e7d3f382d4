namespace Sonde.Linux;

/// <summary>On which processors the calling thread runs (<c>sched_setaffinity(2)</c>). What it was before comes back on <see cref="Dispose"/>, which the same thread must call.</summary>
public sealed unsafe class ProcessorAffinity : IDisposable
{
    /// <summary>The kernel is built for at most as many (<c>NR_CPUS</c>, arch/x86/Kconfig).</summary>
    const int MostProcessors = 8192;

    readonly byte[]? _before;
    bool _isMoved;

    /// <summary>Takes down where the thread may run now.</summary>
    public ProcessorAffinity()
    {
        var mask = new byte[MostProcessors / 8];
        const int self = 0;
        fixed (byte* bits = mask)
        {
            _before = Libc.Result(Libc.GetAffinity(self, (nuint)mask.Length, bits)).Failed ? null : mask;
        }
    }

    /// <summary>Goes to a processor and stays there.</summary>
    /// <param name="processor">Its number.</param>
    /// <returns>False when the thread may not run there: it is offline, or not in the thread's cpuset.</returns>
    public bool TryMoveTo(int processor)
    {
        if (_before is null || processor is < 0 or >= MostProcessors || (_before[processor / 8] & (1 << (processor % 8))) == 0)
        {
            return false;
        }

        var mask = new byte[MostProcessors / 8];
        mask[processor / 8] = (byte)(1 << (processor % 8));
        if (!TrySet(mask))
        {
            return false;
        }

        _isMoved = true;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isMoved)
        {
            TrySet(_before!);
            _isMoved = false;
        }
    }

    static bool TrySet(byte[] mask)
    {
        const int self = 0;
        fixed (byte* bits = mask)
        {
            return !Libc.Result(Libc.SetAffinity(self, (nuint)mask.Length, bits)).Failed;
        }
    }
}
