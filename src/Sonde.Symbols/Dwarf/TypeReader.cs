namespace Sonde.Symbols.Dwarf;

/// <summary>Makes types of entries.</summary>
static class TypeReader
{
    /// <summary>Lists of members or values beyond this are cut: a hostile file could otherwise make millions of objects of a few bytes each.</summary>
    const int MostChildren = 1 << 16;

    /// <summary>The type an entry describes; null when it describes none.</summary>
    public static DwarfType? TypeAt(DieReference reference) =>
        reference.Unit.Types.GetOrAdd(reference.Offset, static (offset, unit) => unit.ReadDie(offset) is { } die ? Read(die) : null, reference.Unit);

    static DwarfType? Read(Die die)
    {
        // The type stands in a unit of its own, which several units share.
        if (die.Reference(DwarfAttribute.Signature) is { } shared && shared.Unit != die.Unit)
        {
            die = shared.Read() ?? die;
        }

        // A type may complete a declaration, which then has its name.
        var name = die.InheritedText(DwarfAttribute.Name);
        var size = die.Constant(DwarfAttribute.ByteSize);
        var target = TargetOf(die);
        switch (die.Tag)
        {
            case DwarfTag.BaseType:
                return new DwarfBaseType { Name = name, Bytes = size, Encoding = EncodingOf(die.Constant(DwarfAttribute.Encoding)) };
            case DwarfTag.UnspecifiedType:
                return new DwarfBaseType { Name = name, Bytes = size, Encoding = DwarfEncoding.Other };
            case DwarfTag.PointerType:
                return new DwarfPointer(target) { Name = name, Bytes = size ?? die.Unit.AddressSize, Kind = DwarfPointerKind.Plain };
            case DwarfTag.ReferenceType:
                return new DwarfPointer(target) { Name = name, Bytes = size ?? die.Unit.AddressSize, Kind = DwarfPointerKind.Reference };
            case DwarfTag.RvalueReferenceType:
                return new DwarfPointer(target) { Name = name, Bytes = size ?? die.Unit.AddressSize, Kind = DwarfPointerKind.RvalueReference };
            case DwarfTag.PointerToMember:
                // One to a function has two words: the function and what to add to the object.
                ulong words = target.Die?.Read()?.Tag == DwarfTag.SubroutineType ? 2UL : 1;
                return new DwarfBaseType { Name = name ?? "pointer to member", Bytes = size ?? words * die.Unit.AddressSize, Encoding = DwarfEncoding.Other };
            case DwarfTag.StructureType or DwarfTag.ClassType or DwarfTag.InterfaceType or DwarfTag.UnionType:
                return Structure(die, name, size);
            case DwarfTag.EnumerationType:
                return new DwarfEnumeration(target, enumeration => ReadValues(die, enumeration)) { Name = name, Bytes = size };
            case DwarfTag.ArrayType:
                return new DwarfArray(target) { Name = name, Bytes = size, Dimensions = ReadDimensions(die) };
            case DwarfTag.Typedef or DwarfTag.TemplateAlias:
                return new DwarfTypedef(target) { Name = name };
            case DwarfTag.SubrangeType:
                return new DwarfTypedef(target) { Name = name };
            case DwarfTag.ConstType:
                return new DwarfQualifiedType(target) { Qualifier = "const" };
            case DwarfTag.VolatileType:
                return new DwarfQualifiedType(target) { Qualifier = "volatile" };
            case DwarfTag.RestrictType:
                return new DwarfQualifiedType(target) { Qualifier = "restrict" };
            case DwarfTag.AtomicType:
                return new DwarfQualifiedType(target) { Qualifier = "_Atomic" };
            case DwarfTag.SubroutineType:
                return new DwarfFunctionType(target, [.. die.Children().Where(c => c.Tag == DwarfTag.FormalParameter).Take(MostChildren).Select(TargetOf)]) { Name = name };
            default:
                return null;
        }
    }

    public static TypeReference TargetOf(Die die) => new(die.Reference(DwarfAttribute.Type));

    static DwarfStructure Structure(Die die, string? name, ulong? size) => new(_ => ReadMembers(die))
    {
        Name = name,
        Bytes = size,
        IsDeclaration = die.IsSet(DwarfAttribute.Declaration),
        Kind = die.Tag switch
        {
            DwarfTag.UnionType => DwarfStructureKind.Union,
            DwarfTag.ClassType or DwarfTag.InterfaceType => DwarfStructureKind.Class,
            _ => DwarfStructureKind.Struct,
        },
    };

    static List<DwarfMember> ReadMembers(Die die)
    {
        var members = new List<DwarfMember>();
        foreach (var child in die.Children())
        {
            // Static members are described here and live elsewhere.
            if (child.Tag is DwarfTag.Member or DwarfTag.Inheritance && !child.IsSet(DwarfAttribute.External) && !child.IsSet(DwarfAttribute.Declaration))
            {
                members.Add(ReadMember(child));
                if (members.Count == MostChildren)
                {
                    break;
                }
            }
        }

        return members;
    }

    static DwarfMember ReadMember(Die die)
    {
        var offset = MemberOffset(die);
        var bits = die.Constant(DwarfAttribute.BitSize);
        var bitOffset = 0UL;
        if (bits is { } size)
        {
            if (die.Constant(DwarfAttribute.DataBitOffset) is { } fromStart)
            {
                // DWARF 4 and later count from the start of the structure; the unit it is loaded by is that of its type.
                var unit = Math.Max(TargetOf(die).Type?.Size ?? 1, 1) * 8;
                var first = fromStart / unit * unit;
                offset = first / 8;
                bitOffset = fromStart - first;
            }
            else if (die.Constant(DwarfAttribute.BitOffset) is { } fromTop)
            {
                // Before, from the highest bit of the storage unit.
                var storage = (die.Constant(DwarfAttribute.ByteSize) ?? TargetOf(die).Type?.Size ?? 0) * 8;
                bitOffset = unchecked(storage - fromTop - size);
            }
        }

        const ulong MostBits = 1 << 16;
        return new(TargetOf(die))
        {
            Name = die.Text(DwarfAttribute.Name) is { Length: > 0 } name && die.Tag == DwarfTag.Member ? name : null,
            Offset = offset,
            BitSize = bits <= MostBits ? (int)bits : null,
            BitOffset = bitOffset <= MostBits ? (int)bitOffset : 0,
            IsBaseClass = die.Tag == DwarfTag.Inheritance,
        };
    }

    /// <summary>A number, or in old files a program that adds one; left out, as in unions, 0.</summary>
    static ulong? MemberOffset(Die die)
    {
        if (!die.TryGet(DwarfAttribute.DataMemberLocation, out var value))
        {
            return 0;
        }

        if (value.IsConstant)
        {
            return value.Number;
        }

        return value.IsBlock && DwarfExpression.Parse(die.Unit, value) is { Kind: DwarfLocationKind.Plus, Offset: >= 0 and var offset } ? (ulong)offset : null;
    }

    static List<DwarfEnumerator> ReadValues(Die die, DwarfEnumeration enumeration)
    {
        // The storage forms have no sign of their own.
        var isSigned = enumeration.BaseType?.Underlying is not DwarfBaseType { Encoding: DwarfEncoding.UnsignedInteger or DwarfEncoding.UnsignedCharacter or DwarfEncoding.Boolean };
        var values = new List<DwarfEnumerator>();
        foreach (var child in die.Children())
        {
            if (child.Tag == DwarfTag.Enumerator && child.Text(DwarfAttribute.Name) is { } name && child.TryGet(DwarfAttribute.ConstantValue, out var value))
            {
                values.Add(new(name, unchecked((long)(isSigned && enumeration.BaseType is not null ? SignExtended(value) : value.Number))));
                if (values.Count == MostChildren)
                {
                    break;
                }
            }
        }

        return values;
    }

    static ulong SignExtended(AttributeValue value) => unchecked(value.Form switch
    {
        DwarfForm.Data1 => (ulong)(sbyte)value.Number,
        DwarfForm.Data2 => (ulong)(short)value.Number,
        DwarfForm.Data4 => (ulong)(int)value.Number,
        _ => value.Number,
    });

    static List<ulong?> ReadDimensions(Die die)
    {
        var dimensions = new List<ulong?>();
        foreach (var child in die.Children())
        {
            if (child.Tag == DwarfTag.SubrangeType && dimensions.Count < MostChildren)
            {
                var lower = child.Constant(DwarfAttribute.LowerBound) ?? 0;

                // GCC writes an upper bound of -1 for arrays without elements.
                dimensions.Add(child.Constant(DwarfAttribute.Count)
                    ?? (child.Constant(DwarfAttribute.UpperBound) is { } upper ? unchecked(upper - lower + 1) : null));
            }
        }

        return dimensions;
    }

    static DwarfEncoding EncodingOf(ulong? encoding) => encoding switch
    {
        0x01 or 0x07 => DwarfEncoding.UnsignedInteger, // address, unsigned
        0x02 => DwarfEncoding.Boolean,
        0x03 => DwarfEncoding.ComplexFloatingPoint,
        0x04 => DwarfEncoding.FloatingPoint,
        0x05 => DwarfEncoding.SignedInteger,
        0x06 => DwarfEncoding.SignedCharacter,
        0x08 => DwarfEncoding.UnsignedCharacter,
        0x10 => DwarfEncoding.UnicodeCharacter,
        _ => DwarfEncoding.Other,
    };
}
