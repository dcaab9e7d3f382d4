using System.Collections.Concurrent;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Dwarf;

/// <summary>The sections and units of one file. Sections are decompressed when they are first needed.</summary>
sealed class DwarfData
{
    readonly ConcurrentDictionary<ulong, Abbreviations> _abbreviations = new();
    readonly ConcurrentDictionary<ulong, UnitLines> _linesRead = new();
    readonly Lazy<DwarfUnit[]> _units;
    readonly Lazy<DwarfUnit[]> _typeUnits;
    readonly Lazy<Dictionary<ulong, DwarfUnit>> _signatures;
    readonly Lazy<DwarfSection> _abbreviationsSection;
    readonly Lazy<DwarfSection> _texts;
    readonly Lazy<DwarfSection> _lineTexts;
    readonly Lazy<DwarfSection> _textOffsets;
    readonly Lazy<DwarfSection> _addresses;
    readonly Lazy<DwarfSection> _ranges;
    readonly Lazy<DwarfSection> _rangeLists;
    readonly Lazy<DwarfSection> _locations;
    readonly Lazy<DwarfSection> _locationLists;
    readonly Lazy<DwarfSection> _lines;
    long _abbreviationBytes;
    long _lineBytes;

    public DwarfData(ElfFile file, DwarfData? supplementary)
    {
        File = file;
        Supplementary = supplementary;
        Info = DwarfSection.Of(file, ".debug_info");
        _units = new(() => ReadUnits(Info, isOldTypes: false));
        _typeUnits = new(() => ReadUnits(DwarfSection.Of(file, ".debug_types"), isOldTypes: true));
        _signatures = new(IndexSignatures);
        _abbreviationsSection = Section(".debug_abbrev");
        _texts = Section(".debug_str");
        _lineTexts = Section(".debug_line_str");
        _textOffsets = Section(".debug_str_offsets");
        _addresses = Section(".debug_addr");
        _ranges = Section(".debug_ranges");
        _rangeLists = Section(".debug_rnglists");
        _locations = Section(".debug_loc");
        _locationLists = Section(".debug_loclists");
        _lines = Section(".debug_line");

        Lazy<DwarfSection> Section(string name) => new(() => DwarfSection.Of(file, name));
    }

    public ElfFile File { get; }

    /// <summary>The file that several debug files share (<c>dwz</c>).</summary>
    public DwarfData? Supplementary { get; }

    public DwarfSection Info { get; }

    public DwarfSection Texts => _texts.Value;

    public DwarfSection LineTexts => _lineTexts.Value;

    public DwarfSection TextOffsets => _textOffsets.Value;

    public DwarfSection Addresses => _addresses.Value;

    public DwarfSection Ranges => _ranges.Value;

    public DwarfSection RangeLists => _rangeLists.Value;

    public DwarfSection Locations => _locations.Value;

    public DwarfSection LocationLists => _locationLists.Value;

    public DwarfSection Lines => _lines.Value;

    /// <summary>The units of <c>.debug_info</c> in order.</summary>
    public DwarfUnit[] Units => _units.Value;

    /// <summary>The units of <c>.debug_types</c> (DWARF 4).</summary>
    public DwarfUnit[] TypeUnits => _typeUnits.Value;

    public Abbreviations AbbreviationsAt(ulong offset) => _abbreviations.GetOrAdd(offset, static (offset, data) => data.ReadAbbreviations(offset), this);

    /// <summary>The line table of a unit; null when it has none.</summary>
    public UnitLines? LinesAt(DwarfUnit unit) =>
        unit.Root.StatementList is { } offset ? _linesRead.GetOrAdd(offset, static (_, unit) => unit.Data.ReadLines(unit), unit) : null;

    /// <summary>An address of a table in <c>.debug_addr</c>.</summary>
    public ulong AddressAt(ulong tableOffset, ulong index, byte addressSize)
    {
        var reader = Addresses.ReaderAt(DwarfUnit.Scaled(tableOffset, index, addressSize));
        return reader.ReadNumber(addressSize);
    }

    /// <summary>The entry at an offset of <c>.debug_info</c>.</summary>
    public DieReference? ReferenceTo(ulong offset)
    {
        int low = 0, high = Units.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (Units[middle].Offset <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low > 0 && offset >= Units[low - 1].FirstDie && offset < Units[low - 1].End
            ? new(Units[low - 1], offset)
            : throw Info.Error(offset, "a reference leads to no unit");
    }

    /// <summary>The type of a signature; null when the file has none of it.</summary>
    public DieReference? ReferenceToType(ulong signature) =>
        _signatures.Value.TryGetValue(signature, out var unit) && unit.TypeOffset >= unit.FirstDie && unit.TypeOffset < unit.End ? new(unit, unit.TypeOffset) : null;

    Abbreviations ReadAbbreviations(ulong offset)
    {
        var section = _abbreviationsSection.Value;
        var table = Abbreviations.Read(section, offset);
        Spend(section, ref _abbreviationBytes, table.Length);
        return table;
    }

    UnitLines ReadLines(DwarfUnit unit)
    {
        var table = LineTable.Read(unit)!;
        Spend(Lines, ref _lineBytes, table.Length);
        return UnitLines.Read(table);
    }

    /// <summary>Tables do not overlap, so all of them are no longer than their section; otherwise units of a few bytes could each demand a large one.</summary>
    static void Spend(DwarfSection section, ref long total, int length)
    {
        if (Interlocked.Add(ref total, length) > 2L * section.Length)
        {
            throw section.Error(0, "the section's tables overlap");
        }
    }

    Dictionary<ulong, DwarfUnit> IndexSignatures()
    {
        var index = new Dictionary<ulong, DwarfUnit>();
        foreach (var unit in Units.Concat(TypeUnits))
        {
            if (unit.TypeSignature is { } signature)
            {
                index.TryAdd(signature, unit);
            }
        }

        return index;
    }

    DwarfUnit[] ReadUnits(DwarfSection section, bool isOldTypes)
    {
        var units = new List<DwarfUnit>();
        for (ulong at = 0; at < (ulong)section.Length;)
        {
            var unit = DwarfUnit.Read(this, section, at, isOldTypes);
            units.Add(unit);
            at = unit.End;
        }

        return [.. units];
    }
}
