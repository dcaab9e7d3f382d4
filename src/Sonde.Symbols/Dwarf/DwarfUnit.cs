using System.Collections.Concurrent;
using System.Globalization;

namespace Sonde.Symbols.Dwarf;

/// <summary>A unit of <c>.debug_info</c>: one source file with what it includes, or a part that several share.</summary>
sealed class DwarfUnit
{
    const int MostRanges = 1 << 16;

    readonly DwarfSection _section;
    readonly ulong _abbreviationsOffset;
    readonly Lazy<UnitRoot> _root;

    DwarfUnit(DwarfData data, DwarfSection section, ulong offset, ulong end, ushort version, bool is64, byte addressSize, ulong abbreviationsOffset, ulong firstDie)
    {
        Data = data;
        _section = section;
        Offset = offset;
        End = end;
        Version = version;
        Is64 = is64;
        AddressSize = addressSize;
        _abbreviationsOffset = abbreviationsOffset;
        FirstDie = firstDie;
        _root = new(() => UnitRoot.Read(this));
    }

    public DwarfData Data { get; }

    public ulong Offset { get; }

    public ulong End { get; }

    public ulong FirstDie { get; }

    public ushort Version { get; }

    public bool Is64 { get; }

    public byte AddressSize { get; }

    /// <summary>Of a unit that holds one type: what other units name it by.</summary>
    public ulong? TypeSignature { get; private init; }

    /// <summary>Where that type's entry is in the section.</summary>
    public ulong TypeOffset { get; private init; }

    public UnitRoot Root => _root.Value;

    public DwarfSection Section => _section;

    /// <summary>The types of this unit that were asked for, by the place of their entry.</summary>
    public ConcurrentDictionary<ulong, DwarfType?> Types { get; } = new();

    public Abbreviations Abbreviations => Data.AbbreviationsAt(_abbreviationsOffset);

    /// <summary>Reads the header of a unit (DWARF 5 section 7.5.1).</summary>
    public static DwarfUnit Read(DwarfData data, DwarfSection section, ulong offset, bool isOldTypeUnit)
    {
        const byte TypeUnit = 2;
        const byte SkeletonUnit = 4;
        const byte SplitUnit = 5;
        const byte SplitTypeUnit = 6;
        var reader = section.ReaderAt(offset);
        var length = reader.ReadUnitLength(out var is64);
        if (length > (ulong)reader.Remaining)
        {
            throw reader.Error("a unit ends after the section");
        }

        var end = (ulong)reader.Position + length;
        if (length == 0)
        {
            return new(data, section, offset, end, 0, is64, 8, 0, end);
        }

        var version = reader.ReadUInt16();
        if (version is < 2 or > 5)
        {
            // Later versions can at least be passed over.
            return new(data, section, offset, end, version, is64, 8, 0, end);
        }

        byte kind = isOldTypeUnit ? TypeUnit : (byte)1;
        byte addressSize;
        ulong abbreviations;
        if (version == 5)
        {
            kind = reader.ReadByte();
            addressSize = reader.ReadByte();
            abbreviations = reader.ReadOffset(is64);
        }
        else
        {
            abbreviations = reader.ReadOffset(is64);
            addressSize = reader.ReadByte();
        }

        if (addressSize is not (4 or 8))
        {
            throw reader.Error(string.Create(CultureInfo.InvariantCulture, $"a unit has addresses of {addressSize} bytes"));
        }

        ulong? signature = null;
        ulong typeOffset = 0;
        if (kind is TypeUnit or SplitTypeUnit)
        {
            signature = reader.ReadUInt64();
            typeOffset = unchecked(offset + reader.ReadOffset(is64));
        }
        else if (kind is SkeletonUnit or SplitUnit)
        {
            reader.Skip(8);
        }

        return new(data, section, offset, end, version, is64, addressSize, abbreviations, Math.Min((ulong)reader.Position, end)) { TypeSignature = signature, TypeOffset = typeOffset };
    }

    /// <summary>A reader from a place of this unit to its end.</summary>
    public DwarfReader ReaderAt(ulong offset) =>
        offset >= FirstDie && offset <= End ? _section.ReaderAt(offset, End) : throw _section.Error(offset, "a reference leads outside its unit");

    /// <summary>The entry at a place; null for the mark that ends a list of children, or the unit's end.</summary>
    public Die? ReadDie(ulong offset)
    {
        var reader = ReaderAt(offset);
        if (reader.AtEnd || ReadAbbreviation(ref reader) is not { } abbreviation)
        {
            return null;
        }

        var values = new AttributeValue[abbreviation.Attributes.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var (_, form, constant) = abbreviation.Attributes[i];
            values[i] = AttributeValue.Read(ref reader, form, constant, this);
        }

        return new(this, offset, abbreviation, values, (ulong)reader.Position);
    }

    /// <summary>The form of the entry that begins here; null for the end of a list of children.</summary>
    public Abbreviation? ReadAbbreviation(ref DwarfReader reader)
    {
        var code = reader.ReadUnsigned();
        return code == 0 ? null : Abbreviations.Find(code) ?? throw reader.Error(string.Create(CultureInfo.InvariantCulture, $"unknown abbreviation {code}"));
    }

    /// <summary>Where the entry behind all children of this one begins.</summary>
    public ulong SkipChildren(Die die)
    {
        if (!die.HasChildren)
        {
            return die.End;
        }

        if (die.TryGet(DwarfAttribute.Sibling, out var sibling) && ReferenceOf(sibling) is { } next && next.Unit == this && next.Offset > die.End && next.Offset <= End)
        {
            return next.Offset;
        }

        var reader = ReaderAt(die.End);
        SkipChildren(ref reader);
        return (ulong)reader.Position;
    }

    /// <summary>Passes over a list of children and all that is within them.</summary>
    public void SkipChildren(ref DwarfReader reader)
    {
        for (var depth = 1; depth > 0 && !reader.AtEnd;)
        {
            if (ReadAbbreviation(ref reader) is not { } abbreviation)
            {
                depth--;
                continue;
            }

            foreach (var (_, form, constant) in abbreviation.Attributes)
            {
                AttributeValue.Read(ref reader, form, constant, this);
            }

            depth += abbreviation.HasChildren ? 1 : 0;
        }
    }

    public string? TextOf(AttributeValue value) => TryGetText(value, out var text) ? DwarfSection.Decode(text) : null;

    /// <summary>The bytes of a text.</summary>
    /// <returns>False when it is not stored in this file, or the attribute is no text.</returns>
    public bool TryGetText(AttributeValue value, out ReadOnlySpan<byte> text)
    {
        switch (value.Form)
        {
            case DwarfForm.Text:
                text = _section.Bytes.Slice(value.Start, value.Length);
                return true;
            case DwarfForm.TextOffset:
                text = Data.Texts.TextAt(value.Number);
                return true;
            case DwarfForm.LineTextOffset:
                text = Data.LineTexts.TextAt(value.Number);
                return true;
            case DwarfForm.TextIndex or DwarfForm.GnuTextIndex or (>= DwarfForm.TextIndex1 and <= DwarfForm.TextIndex4):
                var size = Is64 ? 8UL : 4;
                var reader = Data.TextOffsets.ReaderAt(Scaled(Root.StringOffsetsBase, value.Number, size));
                text = Data.Texts.TextAt(reader.ReadOffset(Is64));
                return true;
            case DwarfForm.SupplementaryText or DwarfForm.GnuAlternativeText when Data.Supplementary is { } supplementary:
                text = supplementary.Texts.TextAt(value.Number);
                return true;
            default:
                text = default;
                return false;
        }
    }

    public ulong? AddressOf(AttributeValue value)
    {
        switch (value.Form)
        {
            case DwarfForm.Address:
                return value.Number;
            case DwarfForm.AddressIndex or DwarfForm.GnuAddressIndex or (>= DwarfForm.AddressIndex1 and <= DwarfForm.AddressIndex4):
                return AddressAt(value.Number);
            default:
                return null;
        }
    }

    /// <summary>An address of the unit's table in <c>.debug_addr</c>.</summary>
    public ulong AddressAt(ulong index) => Data.AddressAt(Root.AddressBase, index, AddressSize);

    public DieReference? ReferenceOf(AttributeValue value)
    {
        switch (value.Form)
        {
            case DwarfForm.Reference1 or DwarfForm.Reference2 or DwarfForm.Reference4 or DwarfForm.Reference8 or DwarfForm.ReferenceUnsigned:
                return value.Number < End - Offset ? new(this, Offset + value.Number) : throw _section.Error(Offset, "a reference leads outside its unit");
            case DwarfForm.ReferenceAddress:
                return Data.ReferenceTo(value.Number);
            case DwarfForm.SupplementaryReference4 or DwarfForm.SupplementaryReference8 or DwarfForm.GnuAlternativeReference:
                return Data.Supplementary?.ReferenceTo(value.Number);
            case DwarfForm.Signature8:
                return Data.ReferenceToType(value.Number);
            default:
                return null;
        }
    }

    /// <summary>The code an entry covers, the part with its entry point first as it is stored.</summary>
    /// <param name="die">The entry.</param>
    /// <param name="most">How many parts are wanted.</param>
    public IReadOnlyList<AddressRange> RangesOf(Die die, int most = MostRanges)
    {
        if (die.TryGet(DwarfAttribute.Ranges, out var list))
        {
            return ReadRanges(list, most);
        }

        if (die.Address(DwarfAttribute.LowPc) is not { } low || !die.TryGet(DwarfAttribute.HighPc, out var high))
        {
            return [];
        }

        var end = high.IsConstant ? unchecked(low + high.Number) : AddressOf(high) ?? low;
        return end > low ? [new(low, end)] : [];
    }

    List<AddressRange> ReadRanges(AttributeValue list, int most)
    {
        var ranges = new List<AddressRange>();
        if (Version >= 5)
        {
            ReadRangeList(list, ranges, most);
            return ranges;
        }

        var reader = Data.Ranges.ReaderAt(list.Number);
        var selectsBase = AddressSize == 8 ? ulong.MaxValue : uint.MaxValue;
        var origin = Root.LowPc;
        while (ranges.Count < most)
        {
            var low = reader.ReadNumber(AddressSize);
            var high = reader.ReadNumber(AddressSize);
            if (low == 0 && high == 0)
            {
                break;
            }

            if (low == selectsBase)
            {
                origin = high;
            }
            else
            {
                Add(ranges, unchecked(origin + low), unchecked(origin + high));
            }
        }

        return ranges;
    }

    /// <summary>DWARF 5 section 7.25.</summary>
    void ReadRangeList(AttributeValue list, List<AddressRange> ranges, int most)
    {
        var offset = list.Number;
        if (list.Form == DwarfForm.RangeListIndex)
        {
            var table = Data.RangeLists.ReaderAt(Scaled(Root.RangeListsBase, offset, Is64 ? 8UL : 4));
            offset = unchecked(Root.RangeListsBase + table.ReadOffset(Is64));
        }

        var reader = Data.RangeLists.ReaderAt(offset);
        var origin = Root.LowPc;
        while (ranges.Count < most)
        {
            ulong low;
            switch (reader.ReadByte())
            {
                case 0: // end
                    return;
                case 1: // base address by index
                    origin = AddressAt(reader.ReadUnsigned());
                    break;
                case 2: // start and end by index
                    low = AddressAt(reader.ReadUnsigned());
                    Add(ranges, low, AddressAt(reader.ReadUnsigned()));
                    break;
                case 3: // start by index, length
                    low = AddressAt(reader.ReadUnsigned());
                    Add(ranges, low, unchecked(low + reader.ReadUnsigned()));
                    break;
                case 4: // offsets from the base address
                    low = unchecked(origin + reader.ReadUnsigned());
                    Add(ranges, low, unchecked(origin + reader.ReadUnsigned()));
                    break;
                case 5: // base address
                    origin = reader.ReadNumber(AddressSize);
                    break;
                case 6: // start and end
                    low = reader.ReadNumber(AddressSize);
                    Add(ranges, low, reader.ReadNumber(AddressSize));
                    break;
                case 7: // start, length
                    low = reader.ReadNumber(AddressSize);
                    Add(ranges, low, unchecked(low + reader.ReadUnsigned()));
                    break;
                default:
                    throw reader.Error("an unknown kind of range");
            }
        }
    }

    static void Add(List<AddressRange> ranges, ulong low, ulong high)
    {
        if (high > low)
        {
            ranges.Add(new(low, high));
        }
    }

    /// <summary>A place in a table; an index beyond every table becomes a place beyond every section.</summary>
    public static ulong Scaled(ulong origin, ulong index, ulong size) => index > int.MaxValue ? ulong.MaxValue : unchecked(origin + index * size);
}

/// <summary>What the first entry of a unit says about all of it.</summary>
sealed record UnitRoot
{
    public string? Name { get; private init; }

    public string? Directory { get; private init; }

    public ulong? StatementList { get; private init; }

    public ulong LowPc { get; private init; }

    public ulong StringOffsetsBase { get; private init; }

    public ulong AddressBase { get; private init; }

    public ulong RangeListsBase { get; private init; }

    public ulong LocationListsBase { get; private init; }

    /// <summary>The file that holds the unit's entries, when it was compiled with <c>-gsplit-dwarf</c>.</summary>
    public string? SplitName { get; private init; }

    public static UnitRoot Read(DwarfUnit unit)
    {
        if (unit.FirstDie >= unit.End || unit.ReadDie(unit.FirstDie) is not { } die)
        {
            return new();
        }

        // Texts and addresses need the bases, so these come first.
        var headerSize = unit.Is64 ? 16UL : 8;
        var bases = new UnitRoot
        {
            StringOffsetsBase = Offset(DwarfAttribute.StringOffsetsBase) ?? (unit.Version >= 5 ? headerSize : 0),
            AddressBase = Offset(DwarfAttribute.AddressBase) ?? headerSize,
            RangeListsBase = Offset(DwarfAttribute.RangeListsBase) ?? 0,
            LocationListsBase = Offset(DwarfAttribute.LocationListsBase) ?? 0,
            StatementList = Offset(DwarfAttribute.StatementList),
        };
        return bases with
        {
            LowPc = die.TryGet(DwarfAttribute.LowPc, out var low) ? Address(low) : 0,
            Name = Text(DwarfAttribute.Name),
            Directory = Text(DwarfAttribute.CompilationDirectory),
            SplitName = Text(DwarfAttribute.SplitName) ?? Text(DwarfAttribute.GnuSplitName),
        };

        ulong? Offset(DwarfAttribute attribute) => die.TryGet(attribute, out var value) ? value.Number : null;

        ulong Address(AttributeValue value) => value.Form == DwarfForm.Address ? value.Number
            : unit.Data.AddressAt(bases.AddressBase, value.Number, unit.AddressSize);

        string? Text(DwarfAttribute attribute)
        {
            if (!die.TryGet(attribute, out var value))
            {
                return null;
            }

            if (value.Form is DwarfForm.TextIndex or DwarfForm.GnuTextIndex or (>= DwarfForm.TextIndex1 and <= DwarfForm.TextIndex4))
            {
                var reader = unit.Data.TextOffsets.ReaderAt(DwarfUnit.Scaled(bases.StringOffsetsBase, value.Number, unit.Is64 ? 8UL : 4));
                return DwarfSection.Decode(unit.Data.Texts.TextAt(reader.ReadOffset(unit.Is64)));
            }

            return unit.TextOf(value);
        }
    }
}

/// <summary>A range of code in the file's own address space.</summary>
/// <param name="Low">Its first address.</param>
/// <param name="High">The address behind it.</param>
readonly record struct AddressRange(ulong Low, ulong High)
{
    public bool Contains(ulong address) => address >= Low && address < High;

    /// <summary>Whether the linker left the code out and marked it by an address no code has.</summary>
    public bool IsDiscarded => Low == 0 || Low >= ulong.MaxValue - 1 || Low is uint.MaxValue or uint.MaxValue - 1;
}
