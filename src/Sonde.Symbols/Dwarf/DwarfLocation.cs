namespace Sonde.Symbols.Dwarf;

/// <summary>Where a parameter is.</summary>
public enum DwarfLocationKind
{
    /// <summary>Nowhere: the compiler left it out, or the file does not say.</summary>
    None,

    /// <summary>In a register.</summary>
    Register,

    /// <summary>In memory, at a register plus an offset.</summary>
    RegisterOffset,

    /// <summary>In memory, at the canonical frame address plus an offset. At a function's first instruction that address is the stack pointer plus 8 on x86-64, the stack pointer on aarch64.</summary>
    FrameAddress,

    /// <summary>In memory, at a fixed address of the file.</summary>
    Address,

    /// <summary>In no place; its value is known.</summary>
    Constant,

    /// <summary>In no place; its value is what a register plus an offset gives.</summary>
    Value,

    /// <summary>An offset from what is already known, as members have.</summary>
    Plus,

    /// <summary>Somewhere that takes a program to compute which is not understood here.</summary>
    Complex,
}

/// <summary>Where a value is.</summary>
/// <param name="Kind">What kind of place.</param>
/// <param name="Register">The register in DWARF's numbering of the machine, where the kind has one.</param>
/// <param name="Offset">The offset, address or constant.</param>
public readonly record struct DwarfLocation(DwarfLocationKind Kind, int Register = 0, long Offset = 0);

/// <summary>Reads location expressions (DWARF 5 section 2.5), as far as compilers use them for parameters.</summary>
static class DwarfExpression
{
    public static DwarfLocation Parse(DwarfUnit unit, AttributeValue value, Die? function = null)
    {
        var reader = unit.Section.ReaderAt((ulong)value.Start, (ulong)value.Start + (ulong)value.Length);
        return Parse(ref reader, unit, function);
    }

    public static DwarfLocation Parse(ref DwarfReader reader, DwarfUnit unit, Die? function)
    {
        if (reader.AtEnd)
        {
            return default;
        }

        var location = ParseFirst(ref reader, unit, function);
        while (!reader.AtEnd && location.Kind != DwarfLocationKind.Complex)
        {
            location = (reader.ReadByte(), location.Kind) switch
            {
                (0x23, DwarfLocationKind.Register or DwarfLocationKind.None) => new(DwarfLocationKind.Complex),
                (0x23, _) => location with { Offset = unchecked(location.Offset + (long)reader.ReadUnsigned()) }, // plus_uconst
                (0x22, DwarfLocationKind.Plus or DwarfLocationKind.Address) => location, // plus, after a constant
                (0x9f, DwarfLocationKind.RegisterOffset) => location with { Kind = DwarfLocationKind.Value }, // stack_value
                (0x9f, DwarfLocationKind.Plus or DwarfLocationKind.Address) => location with { Kind = DwarfLocationKind.Constant },
                (0x96, _) => location, // nop
                _ => new(DwarfLocationKind.Complex),
            };
        }

        return location;
    }

    static DwarfLocation ParseFirst(ref DwarfReader reader, DwarfUnit unit, Die? function)
    {
        var operation = reader.ReadByte();
        switch (operation)
        {
            case 0x03: // addr
                return new(DwarfLocationKind.Address, 0, unchecked((long)reader.ReadNumber(unit.AddressSize)));
            case 0xa1 or 0xfb: // addrx
                return new(DwarfLocationKind.Address, 0, unchecked((long)unit.AddressAt(reader.ReadUnsigned())));
            case >= 0x50 and <= 0x6f: // reg0 to reg31
                return new(DwarfLocationKind.Register, operation - 0x50);
            case 0x90: // regx
                return new(DwarfLocationKind.Register, (int)Math.Min(reader.ReadUnsigned(), int.MaxValue));
            case >= 0x70 and <= 0x8f: // breg0 to breg31
                return new(DwarfLocationKind.RegisterOffset, operation - 0x70, reader.ReadSigned());
            case 0x92: // bregx
                return new(DwarfLocationKind.RegisterOffset, (int)Math.Min(reader.ReadUnsigned(), int.MaxValue), reader.ReadSigned());
            case 0x91: // fbreg
                return FrameRelative(reader.ReadSigned(), function);
            case 0x9c: // call_frame_cfa
                return new(DwarfLocationKind.FrameAddress);
            case 0x08: // const1u
                return new(DwarfLocationKind.Plus, 0, reader.ReadByte());
            case 0x09:
                return new(DwarfLocationKind.Plus, 0, unchecked((sbyte)reader.ReadByte()));
            case 0x0a:
                return new(DwarfLocationKind.Plus, 0, reader.ReadUInt16());
            case 0x0b:
                return new(DwarfLocationKind.Plus, 0, unchecked((short)reader.ReadUInt16()));
            case 0x0c:
                return new(DwarfLocationKind.Plus, 0, reader.ReadUInt32());
            case 0x0d:
                return new(DwarfLocationKind.Plus, 0, unchecked((int)reader.ReadUInt32()));
            case 0x10: // constu
                return new(DwarfLocationKind.Plus, 0, unchecked((long)reader.ReadUnsigned()));
            case 0x11: // consts
                return new(DwarfLocationKind.Plus, 0, reader.ReadSigned());
            case 0x23: // plus_uconst
                return new(DwarfLocationKind.Plus, 0, unchecked((long)reader.ReadUnsigned()));
            case >= 0x30 and <= 0x4f: // lit0 to lit31
                return new(DwarfLocationKind.Plus, 0, operation - 0x30);
            default:
                return new(DwarfLocationKind.Complex);
        }
    }

    /// <summary>The frame base is a location of its own, stated by the function.</summary>
    static DwarfLocation FrameRelative(long offset, Die? function)
    {
        if (function is null || !function.TryGet(DwarfAttribute.FrameBase, out var value) || !value.IsBlock)
        {
            return new(DwarfLocationKind.Complex);
        }

        var frame = Parse(function.Unit, value);
        return frame.Kind switch
        {
            DwarfLocationKind.Register => new(DwarfLocationKind.RegisterOffset, frame.Register, offset),
            DwarfLocationKind.RegisterOffset or DwarfLocationKind.FrameAddress => frame with { Offset = unchecked(frame.Offset + offset) },
            _ => new(DwarfLocationKind.Complex),
        };
    }
}

/// <summary>Finds the location that holds at one address in a list of them.</summary>
static class LocationList
{
    const int MostEntries = 1 << 14;

    /// <summary>Where an attribute says that something is while <paramref name="address"/> runs.</summary>
    public static DwarfLocation At(Die die, AttributeValue value, ulong address, Die? function)
    {
        var unit = die.Unit;
        if (value.IsBlock)
        {
            return DwarfExpression.Parse(unit, value, function);
        }

        // Before DWARF 4, offsets into the section were stored as plain numbers.
        return value.Form is not (DwarfForm.SectionOffset or DwarfForm.LocationListIndex or DwarfForm.Data4 or DwarfForm.Data8) ? default
            : unit.Version >= 5 ? InList(unit, value, address, function)
            : InOldList(unit, value.Number, address, function);
    }

    static DwarfLocation InOldList(DwarfUnit unit, ulong offset, ulong address, Die? function)
    {
        var reader = unit.Data.Locations.ReaderAt(offset);
        var selectsBase = unit.AddressSize == 8 ? ulong.MaxValue : uint.MaxValue;
        var origin = unit.Root.LowPc;
        for (var i = 0; i < MostEntries; i++)
        {
            var low = reader.ReadNumber(unit.AddressSize);
            var high = reader.ReadNumber(unit.AddressSize);
            if (low == 0 && high == 0)
            {
                break;
            }

            if (low == selectsBase)
            {
                origin = high;
                continue;
            }

            var length = reader.ReadUInt16();
            if (new AddressRange(unchecked(origin + low), unchecked(origin + high)).Contains(address))
            {
                return ParseBlock(unit.Data.Locations, ref reader, length, unit, function);
            }

            reader.Skip(length);
        }

        return default;
    }

    /// <summary>DWARF 5 section 7.29.</summary>
    static DwarfLocation InList(DwarfUnit unit, AttributeValue value, ulong address, Die? function)
    {
        var section = unit.Data.LocationLists;
        var offset = value.Number;
        if (value.Form == DwarfForm.LocationListIndex)
        {
            var table = section.ReaderAt(DwarfUnit.Scaled(unit.Root.LocationListsBase, offset, unit.Is64 ? 8UL : 4));
            offset = unchecked(unit.Root.LocationListsBase + table.ReadOffset(unit.Is64));
        }

        var reader = section.ReaderAt(offset);
        var origin = unit.Root.LowPc;
        for (var i = 0; i < MostEntries; i++)
        {
            ulong low, high;
            switch (reader.ReadByte())
            {
                case 0: // end
                    return default;
                case 1: // base address by index
                    origin = unit.AddressAt(reader.ReadUnsigned());
                    continue;
                case 2: // start and end by index
                    low = unit.AddressAt(reader.ReadUnsigned());
                    high = unit.AddressAt(reader.ReadUnsigned());
                    break;
                case 3: // start by index, length
                    low = unit.AddressAt(reader.ReadUnsigned());
                    high = unchecked(low + reader.ReadUnsigned());
                    break;
                case 4: // offsets from the base address
                    low = unchecked(origin + reader.ReadUnsigned());
                    high = unchecked(origin + reader.ReadUnsigned());
                    break;
                case 5: // everywhere else
                    low = 0;
                    high = ulong.MaxValue;
                    break;
                case 6: // base address
                    origin = reader.ReadNumber(unit.AddressSize);
                    continue;
                case 7: // start and end
                    low = reader.ReadNumber(unit.AddressSize);
                    high = reader.ReadNumber(unit.AddressSize);
                    break;
                case 8: // start, length
                    low = reader.ReadNumber(unit.AddressSize);
                    high = unchecked(low + reader.ReadUnsigned());
                    break;
                case 9: // GNU view pair
                    reader.ReadUnsigned();
                    reader.ReadUnsigned();
                    continue;
                default:
                    throw reader.Error("an unknown kind of location");
            }

            var length = reader.ReadUnsigned();
            if (new AddressRange(low, high).Contains(address))
            {
                return ParseBlock(section, ref reader, length, unit, function);
            }

            reader.Skip(length);
        }

        return default;
    }

    static DwarfLocation ParseBlock(DwarfSection section, ref DwarfReader reader, ulong length, DwarfUnit unit, Die? function)
    {
        var start = (ulong)reader.Position;
        reader.Skip(length);
        var expression = section.ReaderAt(start, start + length);
        return DwarfExpression.Parse(ref expression, unit, function);
    }
}
