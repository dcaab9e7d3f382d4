using Sonde.Engine.Scripts.Values;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Symbols.Demangle;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Tables;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Names for addresses of processes: what each has mapped is kept, so that one that has ended can still be told about.</summary>
/// <param name="demangles">Whether names of C++ and Rust are shown as in the source.</param>
sealed class UserSymbols(bool demangles)
{
    const int MostProcesses = 1024;

    /// <summary>A process's mappings are read again when an address is in none of them, but not again and again.</summary>
    static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(200);

    readonly Dictionary<int, Known> _processes = [];
    readonly Dictionary<(uint Device, ulong Inode, string Path), Image?> _images = [];

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

        if (!mapping.IsFile || ImageOf(pid, mapping) is not { } image)
        {
            return new(null, 0, mapping.Path.Length > 0 ? mapping.Path : null);
        }

        var offset = address - mapping.Start + mapping.Offset;
        return image.Table.TryFindAtFileOffset(offset, out var symbol, out var behind) ? new(image.NameOf(symbol, demangles), behind, mapping.Path) : new(null, 0, mapping.Path);
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

    Image? ImageOf(int pid, ProcMapping mapping)
    {
        var key = (mapping.Device, mapping.Inode, mapping.Path);
        if (!_images.TryGetValue(key, out var image))
        {
            image = Open(pid, mapping);
            _images.Add(key, image);
        }

        return image;
    }

    static Image? Open(int pid, ProcMapping mapping)
    {
        try
        {
            using var file = OpenFile(pid, mapping);
            return new Image(SymbolTable.Read(file.Elf));
        }
        catch (Exception exception) when (exception is LinuxException or ElfException)
        {
            return null;
        }
    }

    /// <summary>A process that is gone has no links to its files; then the path is all there is.</summary>
    static MappedImage OpenFile(int pid, ProcMapping mapping)
    {
        try
        {
            return MappedImage.Open(pid, mapping);
        }
        catch (LinuxException) when (!mapping.IsDeleted && File.Exists(mapping.Path))
        {
            return MappedImage.Open(mapping.Path);
        }
    }

    sealed record Known(List<ProcMapping> Mappings, long ReadAt);

    /// <summary>A file's functions, and their names as they are shown.</summary>
    sealed class Image(SymbolTable table)
    {
        readonly Dictionary<ulong, string> _names = [];

        public SymbolTable Table { get; } = table;

        public string NameOf(FunctionSymbol symbol, bool demangled)
        {
            if (!_names.TryGetValue(symbol.Address, out var name))
            {
                name = demangled && Demangler.TryDemangle(symbol.Name, out var source) ? source : symbol.Name;
                _names.Add(symbol.Address, name);
            }

            return name;
        }
    }
}
