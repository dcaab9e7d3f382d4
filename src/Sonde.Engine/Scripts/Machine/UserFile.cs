using Sonde.Engine.Listing;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Script.Binding;
using Sonde.Script.Types;
using Sonde.Symbols.Dwarf;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Tables;
using Sonde.Symbols.Unwind;
using Sonde.Symbols.Usdt;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>A program or library that probes are in: what is known of it, each thing read when first asked for.</summary>
sealed class UserFile : IDisposable
{
    readonly MappedImage? _image;
    readonly Lazy<SeparateDebugFile?> _debug;
    readonly Lazy<SymbolTable?> _symbols;
    readonly Lazy<IReadOnlyList<FrameDescription>> _functions;
    readonly Lazy<IReadOnlyList<UsdtProbe>> _probes;
    readonly Lazy<DwarfFile?> _dwarf;
    readonly Lazy<DwarfTypeReader?> _types;

    UserFile(Binary binary, ElfFile elf, MappedImage? image, ulong start, int processId, IReadOnlyList<string> debugDirectories)
    {
        Binary = binary;
        Elf = elf;
        Start = start;
        _image = image;
        _debug = new(() => SeparateDebugFile.For(Elf, binary.Name, processId == 0 ? null : processId, debugDirectories));
        _symbols = new(() => Read(() => SymbolTable.Read(Elf, _debug.Value?.Elf)));
        _functions = new(() => Read(() => EhFrame.Read(Elf)) ?? []);
        _dwarf = new(() => Read(() => DwarfFile.Open(Elf, _debug.Value?.Elf, SeparateDebugFile.SharedPartOf(Elf, binary.Name, _debug.Value, processId == 0 ? null : processId))));
        _types = new(() => _dwarf.Value is { } dwarf ? new DwarfTypeReader(dwarf) : null);
        _probes = new(() => Read(() => SeparateDebugFile.ReadNotes(Elf, binary.Name, processId == 0 ? null : processId, debugDirectories).Probes) ?? []);
    }

    /// <summary>Its name and path.</summary>
    public Binary Binary { get; }

    /// <summary>What is in it.</summary>
    public ElfFile Elf { get; }

    /// <summary>Where it begins in the file that is opened: not 0 inside an archive.</summary>
    public ulong Start { get; }

    /// <summary>Its functions, with those of its separate debug file; null when its symbol tables are damaged.</summary>
    public SymbolTable? Symbols => _symbols.Value;

    /// <summary>All of <see cref="Symbols"/>, or none.</summary>
    public IEnumerable<FunctionSymbol> AllFunctions => Symbols ?? Enumerable.Empty<FunctionSymbol>();

    /// <summary>The ranges of its functions by the unwind table; none when it cannot be read.</summary>
    public IReadOnlyList<FrameDescription> Functions => _functions.Value;

    /// <summary>Its USDT probes; none when they cannot be read.</summary>
    public IReadOnlyList<UsdtProbe> Probes => _probes.Value;

    /// <summary>Opens a file.</summary>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    /// <exception cref="ElfException">It is no 64-bit ELF file, or its headers are damaged.</exception>
    public static UserFile Open(Binary binary, int processId, IReadOnlyList<string> debugDirectories)
    {
        if (binary.Entry.Length > 0)
        {
            return OpenInArchive(binary, processId, debugDirectories);
        }

        var image = MappedImage.Open(binary.Path);
        if (image.Elf.Class != ElfClass.Elf64)
        {
            image.Dispose();
            throw new ElfException(binary.Name, 4, "a 32-bit file");
        }

        return new(binary, image.Elf, image, 0, processId, debugDirectories);
    }

    /// <summary>Where an address of it is in the file that is opened.</summary>
    public bool TryGetFileOffset(ulong address, out ulong offset)
    {
        var found = Elf.TryGetFileOffset(address, out offset);
        offset += Start;
        return found;
    }

    /// <summary>The functions of a name: the one others can see, or all of the static ones that share it.</summary>
    public IReadOnlyList<(ulong Address, ulong Size)> FindFunctions(string name)
    {
        // Exported functions, which most probes are on, are found without the debug file.
        if (Read(() => Elf.TryFindSymbol(name, out var symbol) ? symbol : default(ElfSymbol?)) is { IsFunction: true, Size: > 0 } exported && exported.Binding != ElfSymbolBinding.Local)
        {
            return [(exported.Value, exported.Size)];
        }

        var symbols = Symbols?.Named(name) ?? [];
        var visible = symbols.Where(symbol => symbol.Binding != ElfSymbolBinding.Local).Take(1).ToList();
        return [.. (visible.Count > 0 ? visible : symbols).DistinctBy(symbol => symbol.Address).Select(symbol => (symbol.Address, symbol.Size))];
    }

    /// <summary>Its debug information; null when it has none.</summary>
    public DwarfFile? Dwarf => _dwarf.Value;

    /// <summary>Whether a separate debug file of it was found.</summary>
    public bool HasDebugFile => _debug.Value is not null;

    /// <summary>Whether its debug information is in the file itself, which is known without looking for another.</summary>
    public bool DescribesItself => Elf.TryGetSection(".debug_info", out _);

    /// <summary>A type of its debug information; null when it has none of the name.</summary>
    public DataType? FindType(string tag, string name) =>
        Read(() => Dwarf?.FindType(tag.Length > 0 ? $"{tag} {name}" : name)) is { } type ? Read(() => _types.Value!.Read(type)) : null;

    /// <summary>The parameters of the function that begins at an address; null when the debug information has none there.</summary>
    public IReadOnlyList<ProbeArgument>? FindArguments(ulong address) =>
        Read(() => Dwarf?.FindFunction(address) is { } function && function.Address == address ? FunctionArguments.Of(function, _types.Value!) : null);

    /// <summary>The same as declarations.</summary>
    public IReadOnlyList<string> DeclareArguments(ulong address) =>
        Read(() => Dwarf?.FindFunction(address) is { } function && function.Address == address ? function.Parameters.Select(FunctionArguments.Declare).ToList() : null) ?? [];

    /// <summary>Where the code of a source line begins.</summary>
    public IReadOnlyList<LineAddress> FindLines(string source, int line, int? column) => Read(() => Dwarf?.FindAddresses(source, line, column)) ?? [];

    /// <summary>A symbol's address, in the process when there is one that has the file mapped, and its size.</summary>
    public (ulong Address, int Size)? FindData(string name, int processId)
    {
        if (Read(() => Elf.TryFindSymbol(name, out var symbol) ? symbol : default(ElfSymbol?)) is not { } found)
        {
            return null;
        }

        return (unchecked(found.Value + Bias(processId)), (int)Math.Min(found.Size, int.MaxValue));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_debug.IsValueCreated)
        {
            _debug.Value?.Dispose();
        }

        _image?.Dispose();
    }

    static UserFile OpenInArchive(Binary binary, int processId, IReadOnlyList<string> debugDirectories)
    {
        var archive = ProcFs.TryRead(binary.Path, out var bytes) ? bytes : [];
        return StoredEntry.TryFind(archive, binary.Entry, out var start, out var length)
            ? new(binary, ElfFile.Parse(bytes.AsMemory(start, length), binary.Name), null, (ulong)start, processId, debugDirectories)
            : throw new ElfException(binary.Name, 0, "the archive has no such file that is stored uncompressed");
    }

    ulong Bias(int processId)
    {
        if (processId == 0 || _image is null || !ProcFs.TryReadMaps(processId, out var mappings) || !NamespaceFile.TryRead(Binary.Path, out var identity))
        {
            return 0;
        }

        foreach (var mapping in mappings)
        {
            if (mapping.IsExecutable && mapping.Inode == identity.Inode && _image.TryGetLoadBias(mapping, out var bias))
            {
                return bias;
            }
        }

        return 0;
    }

    /// <summary>A file that is damaged in one part is still good for the others.</summary>
    static T? Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ElfException)
        {
            return default;
        }
    }
}
