using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Dwarf;

/// <summary>The debug information of a program or library: its functions with their parameters, its types, its source lines (DWARF 2 to 5).</summary>
/// <remarks>
/// Nothing is read before it is asked for. Names are found by an index of the outer entries of all units, made at the first lookup by name;
/// addresses by the ranges of units, of which only the one concerned is read. The bytes of the files are borrowed. Any number of threads may use one object.
/// Every member throws <see cref="ElfException"/> when the information contradicts itself, or is compressed by another method than zlib and Zstandard.
/// Source: DWARF Debugging Information Format, version 5.
/// </remarks>
public sealed partial class DwarfFile
{
    readonly DwarfData _data;

    DwarfFile(DwarfData data)
    {
        _data = data;
        _unitRanges = new(ReadUnitRanges);
        _names = new(() => NameIndex.Read(_data));
    }

    /// <summary>The file the information is in: the program itself, or its debug file.</summary>
    public ElfFile File => _data.File;

    /// <summary>Whether the information is in other files, which are not read, because the program was compiled with <c>-gsplit-dwarf</c>; then such a file's name.</summary>
    public string? SplitFile => _data.Units.FirstOrDefault(u => u.Root.SplitName is not null)?.Root.SplitName;

    /// <summary>Opens the debug information of a file.</summary>
    /// <param name="file">The program or library.</param>
    /// <param name="debug">Its separate debug file (see <see cref="DebugFiles"/>); null for none.</param>
    /// <param name="supplementary">The file that its debug file shares with others (see <see cref="SupplementaryOf"/>); null for none.</param>
    /// <returns>Null when neither file has debug information.</returns>
    /// <exception cref="ElfException">It cannot be decompressed, or lies outside the file.</exception>
    public static DwarfFile? Open(ElfFile file, ElfFile? debug = null, ElfFile? supplementary = null)
    {
        foreach (var candidate in new[] { debug, file })
        {
            if (candidate is not null && candidate.TryGetSection(".debug_info", out var section) && section.Type != ElfSectionType.NoBits && section.Size > 0)
            {
                var shared = supplementary is null ? null : new DwarfData(supplementary, null);
                return new(new DwarfData(candidate, shared));
            }
        }

        return null;
    }

    /// <summary>The file that a debug file shares with others, as <c>dwz</c> leaves it: where it is, relative to the debug file or absolute, and its build-id.</summary>
    /// <exception cref="ElfException">The section that names it lies outside the file.</exception>
    public static (string Path, string BuildId)? SupplementaryOf(ElfFile debug)
    {
        if (!debug.TryGetSection(".gnu_debugaltlink", out var section))
        {
            return null;
        }

        var bytes = debug.SectionBytes(section);
        var end = bytes.IndexOf((byte)0);
        return end > 0 ? (DwarfSection.Decode(bytes[..end]), Convert.ToHexStringLower(bytes[(end + 1)..])) : null;
    }

    /// <summary>The type of a name that is defined, not only declared.</summary>
    /// <param name="name">
    /// The name, with or without <c>struct</c>, <c>union</c>, <c>class</c> or <c>enum</c> before it; with it, only those are found.
    /// A namespace before it is not compared.
    /// </param>
    /// <returns>Null when there is none.</returns>
    public DwarfType? FindType(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var space = name.IndexOf(' ', StringComparison.Ordinal);
        DwarfTag[] tags = (space < 0 ? "" : name[..space]) switch
        {
            "struct" or "class" => [DwarfTag.StructureType, DwarfTag.ClassType],
            "union" => [DwarfTag.UnionType],
            "enum" => [DwarfTag.EnumerationType],
            _ => [],
        };
        var plain = tags.Length > 0 ? name[(space + 1)..].Trim() : name;
        var separator = LastSeparator(plain);
        foreach (var reference in _names.Value.Find(separator < 0 ? plain : plain[(separator + 2)..], isFunction: false))
        {
            if (reference.Read() is { } die && (tags.Length == 0 || tags.Contains(die.Tag)))
            {
                return TypeReader.TypeAt(reference);
            }
        }

        return null;
    }

    /// <summary>The definition of a structure that one unit only declares.</summary>
    /// <returns>The structure itself when it is defined, or no unit defines it.</returns>
    public DwarfStructure Complete(DwarfStructure structure)
    {
        ArgumentNullException.ThrowIfNull(structure);
        return structure is { IsDeclaration: true, Name: { } name }
            && FindType($"{(structure.Kind == DwarfStructureKind.Union ? "union" : "struct")} {name}") is DwarfStructure { IsDeclaration: false } definition
            ? definition
            : structure;
    }

    /// <summary>The names of all functions with code, without parameters; the same name more than once when several files define it.</summary>
    public IEnumerable<string> FunctionNames => _names.Value.Functions
        .Select(r => r.Read()).Where(d => d is not null && FirstRange(d) is not null).Select(d => d!.InheritedText(DwarfAttribute.Name)).OfType<string>();
}
