using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;

namespace Sonde.Engine.Stacks;

/// <summary>A place in a program's code: what is mapped there, and the address in the file's own address space.</summary>
/// <param name="Mapping">The mapping.</param>
/// <param name="File">The file; null for code in no file, or one that cannot be opened.</param>
/// <param name="Address">The address in the file; of no meaning without one.</param>
readonly record struct CodePlace(ProcMapping Mapping, CodeFile? File, ulong Address);

/// <summary>The executable mappings of one process, and what is known of their code.</summary>
/// <param name="read">Reads the mappings as they are now, in order of address.</param>
/// <param name="open">Opens the file behind one.</param>
sealed class NativeModules(Func<IReadOnlyList<ProcMapping>> read, Func<ProcMapping, CodeFile?> open)
{
    const int MostRows = 1 << 16;

    /// <summary>The mappings are read again when an address is in none of them, but not again and again.</summary>
    const long PatienceMs = 100;

    readonly Dictionary<(CodeFile File, ulong Address), UnwindRow?> _rows = [];
    readonly Dictionary<ProcMapping, CodeFile?> _files = [];
    ProcMapping[] _mappings = [];
    long _readAtMs = long.MinValue / 2;

    /// <summary>How often the mappings were read: what was found out about addresses holds while it stays.</summary>
    public int Generation { get; private set; }

    /// <summary>What lies at an address.</summary>
    /// <returns>False when no code is mapped there.</returns>
    public bool TryFind(ulong address, out CodePlace place)
    {
        if (!TryFindMapping(address, out var mapping) && !(Refresh() && TryFindMapping(address, out mapping)))
        {
            place = default;
            return false;
        }

        if (!_files.TryGetValue(mapping, out var file))
        {
            file = open(mapping);
            _files.Add(mapping, file);
        }

        var own = 0UL;
        place = new(mapping, file is not null && file.TryGetAddress(mapping, address, out own) ? file : null, own);
        return true;
    }

    /// <summary>How callers are found from a place.</summary>
    /// <returns>Null when no table tells.</returns>
    public UnwindRow? RowAt(in CodePlace place)
    {
        if (place.File is not { } file)
        {
            return null;
        }

        var key = (file, place.Address);
        if (!_rows.TryGetValue(key, out var row))
        {
            if (_rows.Count >= MostRows)
            {
                _rows.Clear();
            }

            row = Read(file, place.Address);
            _rows.Add(key, row);
        }

        return row;
    }

    static UnwindRow? Read(CodeFile file, ulong address)
    {
        try
        {
            return file.Unwind is { } table && table.TryFindRow(address, out var row) ? row : null;
        }
        catch (ElfException)
        {
            return null;
        }
    }

    bool Refresh()
    {
        if (Environment.TickCount64 - _readAtMs < PatienceMs)
        {
            return false;
        }

        _mappings = [.. read().Where(mapping => mapping.IsExecutable)];
        _readAtMs = Environment.TickCount64;
        _files.Clear();
        Generation++;
        return true;
    }

    bool TryFindMapping(ulong address, out ProcMapping mapping)
    {
        var (low, high) = (0, _mappings.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            ref readonly var candidate = ref _mappings[middle];
            if (candidate.Contains(address))
            {
                mapping = candidate;
                return true;
            }

            (low, high) = address < candidate.Start ? (low, middle - 1) : (middle + 1, high);
        }

        mapping = default;
        return false;
    }
}
