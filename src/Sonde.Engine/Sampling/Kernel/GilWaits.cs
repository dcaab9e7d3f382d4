using Sonde.Engine.Stacks;
using Sonde.Linux;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>Tells the words in memory that threads wait on for an interpreter's lock from those of other locks.</summary>
sealed class GilWaits : IDisposable
{
    const int MostProcesses = 256, MostAddresses = 1 << 12;

    /// <summary>How long what is known of a process is believed: it ends, its number is given to another, or it becomes a Python only later.</summary>
    const long BelievedMs = 1000;

    /// <summary>The longest time that it is believed of a process to be no Python: looking again costs more than looking at a Python does.</summary>
    const long MostBelievedMs = 60_000;

    readonly Dictionary<int, Known> _processes = [];

    /// <summary>Whether who waits on an address waits for the interpreter's lock.</summary>
    public bool Has(int pid, ulong address)
    {
        var process = Find(pid);
        if (!process.Addresses.TryGetValue(address, out var known))
        {
            // Programs make locks without end.
            if (process.Addresses.Count >= MostAddresses)
            {
                process.Addresses.Clear();
            }

            process.Addresses[address] = known = process.Asks(address);
        }

        return known;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var process in _processes.Values)
        {
            process.Dispose();
        }

        _processes.Clear();
    }

    Known Find(int pid)
    {
        var now = Environment.TickCount64;
        var believedMs = BelievedMs;
        if (_processes.TryGetValue(pid, out var process))
        {
            if (now - process.CheckedMs < process.BelievedMs || process.IsStill(now))
            {
                return process;
            }

            believedMs = process.IsPython ? BelievedMs : Math.Min(2 * process.BelievedMs, MostBelievedMs);
            Forget(pid);
        }

        if (_processes.Count >= MostProcesses)
        {
            Forget(_processes.MinBy(static entry => entry.Value.CheckedMs).Key);
        }

        process = new Known(pid, now, believedMs);
        _processes.Add(pid, process);
        return process;
    }

    void Forget(int pid)
    {
        if (_processes.Remove(pid, out var process))
        {
            process.Dispose();
        }
    }

    /// <summary>What is known of a process.</summary>
    sealed class Known(int pid, long nowMs, long believedMs) : IDisposable
    {
        readonly ulong _start = StartOf(pid);
        readonly PythonProcessView? _view = TryOpen(pid);

        public Dictionary<ulong, bool> Addresses { get; } = [];

        public bool IsPython => _view is not null;

        public long CheckedMs { get; private set; } = nowMs;

        public long BelievedMs => IsPython ? GilWaits.BelievedMs : believedMs;

        /// <summary>Whether it is the same process as before, and a Python.</summary>
        public bool IsStill(long nowMs)
        {
            CheckedMs = nowMs;
            return _view is { Runtime.IsReadable: true } && StartOf(pid) == _start;
        }

        public bool Asks(ulong address) => _view?.Runtime is { } runtime && runtime.ReadInterpreters().Any(interpreter => runtime.ReadGil(interpreter).IsWaitedForAt(address));

        public void Dispose() => _view?.Dispose();

        static ulong StartOf(int pid) => ProcFs.TryReadStat(pid, out var stat) ? stat.StartTimeTicks : 0;

        static PythonProcessView? TryOpen(int pid)
        {
            try
            {
                return PythonProcessView.Open(pid);
            }
            catch (Exception exception) when (exception is UserErrorException or LinuxException)
            {
                return null;
            }
        }
    }
}
