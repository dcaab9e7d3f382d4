using Sonde.Engine.Scripts.Values;
using Sonde.Engine.Targets;
using Sonde.Linux;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Names for addresses of processes: what each has mapped is kept, so that one that has ended can still be told about.</summary>
/// <param name="files">The files that processes have mapped.</param>
/// <param name="demangles">Whether names of C++ and Rust are shown as in the source.</param>
sealed class UserSymbols(CodeFiles files, bool demangles)
{
    const int MostProcesses = 1024;

    /// <summary>A process's mappings are read again when an address is in none of them, but not again and again.</summary>
    static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(200);

    readonly Dictionary<int, Known> _processes = [];

    /// <summary>Reads what a process has mapped now, for the time when it is gone.</summary>
    public void Remember(int pid)
    {
        if (ProcFs.TryReadMaps(pid, out var mappings) && mappings.Count > 0)
        {
            if (_processes.Count >= MostProcesses)
            {
                _processes.Clear();
            }

            _processes[pid] = new Known(mappings, Environment.TickCount64);
        }
    }

    /// <summary>The symbol at an address of a process.</summary>
    public SymbolName Find(int pid, ulong address)
    {
        if (address == 0 || !TryFindMapping(pid, address, out var mapping))
        {
            return default;
        }

        var file = files.Find(pid, mapping);
        return file?.Symbols is { } symbols && file.TryGetAddress(mapping, address, out var own) && symbols.TryFind(own, out var symbol, out var behind)
            ? new(file.NameOf(symbol, demangles), behind, mapping.Path)
            : new(null, 0, mapping.Path.Length > 0 ? mapping.Path : null);
    }

    bool TryFindMapping(int pid, ulong address, out ProcMapping mapping)
    {
        if (TryFindKnown(pid, address, out mapping))
        {
            return true;
        }

        if (_processes.TryGetValue(pid, out var known) && Environment.TickCount64 - known.ReadAt < _patience.TotalMilliseconds)
        {
            return false;
        }

        Remember(pid);
        return TryFindKnown(pid, address, out mapping);
    }

    bool TryFindKnown(int pid, ulong address, out ProcMapping mapping)
    {
        mapping = default;
        if (!_processes.TryGetValue(pid, out var known))
        {
            return false;
        }

        var (low, high) = (0, known.Mappings.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            mapping = known.Mappings[middle];
            if (mapping.Contains(address))
            {
                return true;
            }

            (low, high) = address < mapping.Start ? (low, middle - 1) : (middle + 1, high);
        }

        mapping = default;
        return false;
    }

    sealed record Known(List<ProcMapping> Mappings, long ReadAt);
}
