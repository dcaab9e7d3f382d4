using Sonde.Engine.Stacks;
using Sonde.Linux;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>Tells the words in memory that threads wait on for an interpreter's lock from those of other locks.</summary>
sealed class GilWaits : IDisposable
{
    const int MostKnown = 1 << 16;

    readonly Dictionary<(int Pid, ulong Address), bool> _known = [];
    readonly Dictionary<int, PythonProcessView?> _processes = [];

    /// <summary>Whether who waits on an address waits for the interpreter's lock.</summary>
    public bool Has(int pid, ulong address)
    {
        if (!_known.TryGetValue((pid, address), out var known))
        {
            // Programs make locks without end.
            if (_known.Count >= MostKnown)
            {
                _known.Clear();
            }

            _known[(pid, address)] = known = Ask(pid, address);
        }

        return known;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var process in _processes.Values)
        {
            process?.Dispose();
        }

        _processes.Clear();
    }

    bool Ask(int pid, ulong address)
    {
        if (!_processes.TryGetValue(pid, out var process))
        {
            _processes[pid] = process = TryOpen(pid);
        }

        return process?.Runtime is { } runtime && runtime.ReadInterpreters().Any(interpreter => runtime.ReadGil(interpreter).IsWaitedForAt(address));
    }

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
