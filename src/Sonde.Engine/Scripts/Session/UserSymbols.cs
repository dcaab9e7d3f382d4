using System.Globalization;
using Sonde.Engine.Scripts.Values;
using Sonde.Engine.Targets;
using Sonde.Linux;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Names for addresses of processes: what each has mapped is kept, so that one that has ended can still be told about.</summary>
/// <param name="files">The files that processes have mapped.</param>
/// <param name="demangles">Whether names of C++ and Rust are shown as in the source.</param>
/// <param name="withLines">Whether source lines and inlined functions are looked up where there is debug information.</param>
sealed class UserSymbols(CodeFiles files, bool demangles, bool withLines = false)
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

            var jit = _processes.GetValueOrDefault(pid)?.Jit ?? new JitNames(pid);
            _processes[pid] = new Known(mappings, jit, Environment.TickCount64);
            jit.Refresh(mappings);
        }
    }

    /// <summary>The symbol at an address of a process.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="address">The address.</param>
    /// <param name="isCaller">Whether it is where a function returns to: then the line is that of the call before.</param>
    public SymbolName Find(int pid, ulong address, bool isCaller = false)
    {
        if (address == 0 || !TryFindMapping(pid, address, out var mapping))
        {
            return default;
        }

        if (files.Find(pid, mapping) is not { } file)
        {
            return FindMade(pid, address) ?? new(null, 0, mapping.Path.Length > 0 ? mapping.Path : null);
        }

        if (!file.TryGetAddress(mapping, address, out var own))
        {
            return new(null, 0, mapping.Path);
        }

        var name = file.Symbols is { } symbols && symbols.TryFind(own, out var symbol, out var behind)
            ? new(file.NameOf(symbol, demangles), behind, mapping.Path)
            : new SymbolName(null, 0, mapping.Path);
        return withLines ? WithLines(name, file, isCaller ? own - 1 : own) : name;
    }

    /// <summary>The function of code that was made at run time; null when no file tells of it.</summary>
    SymbolName? FindMade(int pid, ulong address) =>
        _processes.TryGetValue(pid, out var known) && known.Jit.TryFind(address, out var function, out var source)
            ? new SymbolName(function.Name, address - function.Address, source) { Place = withLines && function.File is { } file ? Place(file, function.Line) : null }
            : null;

    SymbolName WithLines(SymbolName name, CodeFile file, ulong own)
    {
        var frames = file.FramesAt(own);
        if (frames.Count == 0)
        {
            return name;
        }

        // The last one has the code; those before are copies within it, the innermost first.
        var inlined = new List<SymbolName>();
        for (var i = 0; i < frames.Count - 1; i++)
        {
            inlined.Add(new SymbolName(CodeFile.NameOf(frames[i], demangles), 0, name.Module) { Place = Place(frames[i].Line) });
        }

        return name with { Name = name.Name ?? CodeFile.NameOf(frames[^1], demangles), Place = Place(frames[^1].Line), Inlined = inlined };
    }

    static string? Place(Symbols.Dwarf.SourceLine? line) => line is { } known ? Place(known.File, known.Line) : null;

    static string Place(string file, int line) => string.Create(CultureInfo.InvariantCulture, $"{file}:{line}");

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

    sealed record Known(List<ProcMapping> Mappings, JitNames Jit, long ReadAt);
}
