namespace Sonde.Symbols.Dwarf;

/// <summary>The value of an attribute as it is stored; what it means depends on the unit.</summary>
/// <param name="Form">How it is stored.</param>
/// <param name="Number">The number, offset, index or address.</param>
/// <param name="Start">Where the bytes of a block or text are in the section.</param>
/// <param name="Length">Their number.</param>
readonly record struct AttributeValue(DwarfForm Form, ulong Number, int Start = 0, int Length = 0)
{
    /// <summary>Whether it is a number that is meant as such, not an address, offset or reference.</summary>
    public bool IsConstant => Form is DwarfForm.Data1 or DwarfForm.Data2 or DwarfForm.Data4 or DwarfForm.Data8
        or DwarfForm.Signed or DwarfForm.Unsigned or DwarfForm.ImplicitConstant;

    public bool IsBlock => Form is DwarfForm.Block or DwarfForm.Block1 or DwarfForm.Block2 or DwarfForm.Block4 or DwarfForm.Expression;

    /// <summary>Reads a value.</summary>
    public static AttributeValue Read(ref DwarfReader reader, DwarfForm form, long constant, DwarfUnit unit)
    {
        const int MostIndirections = 4;
        for (var i = 0; form == DwarfForm.Indirect && i < MostIndirections; i++)
        {
            form = (DwarfForm)reader.ReadUnsigned();
        }

        switch (form)
        {
            case DwarfForm.FlagPresent:
                return new(form, 1);
            case DwarfForm.ImplicitConstant:
                return new(form, unchecked((ulong)constant));
            case DwarfForm.Flag or DwarfForm.Data1 or DwarfForm.Reference1 or DwarfForm.TextIndex1 or DwarfForm.AddressIndex1:
                return new(form, reader.ReadByte());
            case DwarfForm.Data2 or DwarfForm.Reference2 or DwarfForm.TextIndex2 or DwarfForm.AddressIndex2:
                return new(form, reader.ReadUInt16());
            case DwarfForm.TextIndex3 or DwarfForm.AddressIndex3:
                return new(form, reader.ReadNumber(3));
            case DwarfForm.Data4 or DwarfForm.Reference4 or DwarfForm.TextIndex4 or DwarfForm.AddressIndex4 or DwarfForm.SupplementaryReference4:
                return new(form, reader.ReadUInt32());
            case DwarfForm.Data8 or DwarfForm.Reference8 or DwarfForm.Signature8 or DwarfForm.SupplementaryReference8:
                return new(form, reader.ReadUInt64());
            case DwarfForm.Address:
                return new(form, reader.ReadNumber(unit.AddressSize));
            case DwarfForm.ReferenceAddress:
                return new(form, unit.Version == 2 ? reader.ReadNumber(unit.AddressSize) : reader.ReadOffset(unit.Is64));
            case DwarfForm.TextOffset or DwarfForm.LineTextOffset or DwarfForm.SectionOffset or DwarfForm.SupplementaryText
                or DwarfForm.GnuAlternativeReference or DwarfForm.GnuAlternativeText:
                return new(form, reader.ReadOffset(unit.Is64));
            case DwarfForm.Unsigned or DwarfForm.ReferenceUnsigned or DwarfForm.TextIndex or DwarfForm.AddressIndex
                or DwarfForm.LocationListIndex or DwarfForm.RangeListIndex or DwarfForm.GnuAddressIndex or DwarfForm.GnuTextIndex:
                return new(form, reader.ReadUnsigned());
            case DwarfForm.Signed:
                return new(form, unchecked((ulong)reader.ReadSigned()));
            case DwarfForm.Text:
                var textStart = reader.Position;
                return new(form, 0, textStart, reader.ReadText().Length);
            case DwarfForm.Block1:
                return Block(ref reader, form, reader.ReadByte());
            case DwarfForm.Block2:
                return Block(ref reader, form, reader.ReadUInt16());
            case DwarfForm.Block4:
                return Block(ref reader, form, reader.ReadUInt32());
            case DwarfForm.Block or DwarfForm.Expression:
                return Block(ref reader, form, reader.ReadUnsigned());
            case DwarfForm.Data16:
                return Block(ref reader, form, 16);
            default:
                throw reader.Error($"unknown attribute form 0x{(ushort)form:x}");
        }
    }

    static AttributeValue Block(ref DwarfReader reader, DwarfForm form, ulong length)
    {
        var start = reader.Position;
        reader.Skip(length);
        return new(form, 0, start, (int)length);
    }
}

/// <summary>A debugging information entry.</summary>
sealed class Die(DwarfUnit unit, ulong offset, Abbreviation abbreviation, AttributeValue[] values, ulong end)
{
    public DwarfUnit Unit { get; } = unit;

    /// <summary>Where it is in its section.</summary>
    public ulong Offset { get; } = offset;

    public DwarfTag Tag => abbreviation.Tag;

    public bool HasChildren => abbreviation.HasChildren;

    /// <summary>Where its children begin.</summary>
    public ulong End { get; } = end;

    public bool TryGet(DwarfAttribute attribute, out AttributeValue value)
    {
        var attributes = abbreviation.Attributes;
        for (var i = 0; i < attributes.Length; i++)
        {
            if (attributes[i].Attribute == attribute)
            {
                value = values[i];
                return true;
            }
        }

        value = default;
        return false;
    }

    public bool Has(DwarfAttribute attribute) => TryGet(attribute, out _);

    public bool IsSet(DwarfAttribute attribute) => TryGet(attribute, out var value) && value.Number != 0;

    public string? Text(DwarfAttribute attribute) => TryGet(attribute, out var value) ? Unit.TextOf(value) : null;

    public ulong? Address(DwarfAttribute attribute) => TryGet(attribute, out var value) ? Unit.AddressOf(value) : null;

    public ulong? Constant(DwarfAttribute attribute) => TryGet(attribute, out var value) && value.IsConstant ? value.Number : null;

    public DieReference? Reference(DwarfAttribute attribute) => TryGet(attribute, out var value) ? Unit.ReferenceOf(value) : null;

    /// <summary>The entry this one completes or is a copy of.</summary>
    public Die? Origin => (Reference(DwarfAttribute.AbstractOrigin) ?? Reference(DwarfAttribute.Specification))?.Read();

    /// <summary>This entry and those it completes, nearest first; attributes of the later ones hold for it, too.</summary>
    public IEnumerable<Die> WithOrigins()
    {
        const int MostOrigins = 8;
        var die = this;
        for (var i = 0; die is not null && i < MostOrigins; i++)
        {
            yield return die;
            die = die.Origin;
        }
    }

    /// <summary>The first value of a text among this entry and its origins.</summary>
    public string? InheritedText(DwarfAttribute attribute, DwarfAttribute older = 0)
    {
        foreach (var die in WithOrigins())
        {
            if ((die.Text(attribute) ?? (older != 0 ? die.Text(older) : null)) is { } text)
            {
                return text;
            }
        }

        return null;
    }

    /// <summary>The first value of a reference among this entry and its origins.</summary>
    public DieReference? InheritedReference(DwarfAttribute attribute)
    {
        foreach (var die in WithOrigins())
        {
            if (die.Reference(attribute) is { } reference)
            {
                return reference;
            }
        }

        return null;
    }

    /// <summary>The entries directly within this one.</summary>
    public IEnumerable<Die> Children()
    {
        if (!HasChildren)
        {
            yield break;
        }

        var at = End;
        while (Unit.ReadDie(at) is { } child)
        {
            yield return child;
            at = Unit.SkipChildren(child);
        }
    }
}

/// <summary>A place where an entry is.</summary>
readonly record struct DieReference(DwarfUnit Unit, ulong Offset)
{
    /// <summary>The entry; null when there is none at that place.</summary>
    public Die? Read() => Unit.ReadDie(Offset);
}
