using System.Globalization;
using Sonde.Script.Types;
using Sonde.Symbols.Dwarf;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Makes types of the language from a program's debug information, each once and only when it is asked for. All pointers are the process's.</summary>
/// <remarks>Where the information contradicts itself a type has no size or fields.</remarks>
sealed class DwarfTypeReader(DwarfFile file)
{
    const int MostDepth = 32;
    const int MostMembers = 1 << 14;

    readonly Dictionary<DwarfType, DataType> _read = new(ReferenceEqualityComparer.Instance);
    int _nameless;

    /// <summary>The type as the language sees it; <see cref="VoidType"/> for none.</summary>
    public DataType Read(DwarfType? type) => Read(type, 0);

    DataType Read(DwarfType? type, int depth)
    {
        if (type?.Underlying is not { } known || depth > MostDepth)
        {
            return VoidType.Instance;
        }

        if (!_read.TryGetValue(known, out var made))
        {
            made = Make(known, depth);
            _read[known] = made;
        }

        return made;
    }

    DataType Make(DwarfType type, int depth) => type switch
    {
        DwarfBaseType number => Base(number),
        DwarfPointer pointer => new PointerType(Read(pointer.Target, depth + 1), AddressSpace.User),
        DwarfStructure structure => Structure(file.Complete(structure)),
        DwarfEnumeration enumeration => Enumeration(enumeration),
        DwarfArray array => Array(array, depth),
        _ => VoidType.Instance,
    };

    static DataType Base(DwarfBaseType type)
    {
        var size = SizeOf(type);
        return type.Encoding switch
        {
            DwarfEncoding.Boolean when size == 1 => BoolType.Instance,
            DwarfEncoding.SignedCharacter or DwarfEncoding.UnsignedCharacter when type.Name == "char" && size == 1 => IntegerType.Int8,
            DwarfEncoding.FloatingPoint when size is 4 or 8 => new FloatType(size),
            DwarfEncoding.FloatingPoint or DwarfEncoding.ComplexFloatingPoint or DwarfEncoding.Other => new ArrayType(IntegerType.UInt8, size),
            _ => size is 1 or 2 or 4 or 8 ? IntegerType.Of(size, type.IsSigned) : new ArrayType(IntegerType.UInt8, size),
        };
    }

    StructType Structure(DwarfStructure type)
    {
        var size = SizeOf(type);
        return new StructType(NameOf(type), size, type.Kind == DwarfStructureKind.Union, () => Fields(type), size == 0 ? 1 : Math.Min(8, size & -size));
    }

    EnumType Enumeration(DwarfEnumeration type)
    {
        var size = SizeOf(type);
        size = size is 1 or 2 or 8 ? size : 4;
        var isSigned = type.BaseType?.Underlying is DwarfBaseType number ? number.IsSigned : type.Values.Any(value => value.Value < 0);
        return new EnumType(NameOf(type), IntegerType.Of(size, isSigned), [.. type.Values.Select(value => new EnumMember(value.Name, value.Value))]);
    }

    ArrayType Array(DwarfArray type, int depth)
    {
        var element = Read(type.Element, depth + 1);
        foreach (var count in type.Dimensions.Reverse())
        {
            var fits = count is { } number && number * (UInt128)Math.Max(element.Size, 1) <= int.MaxValue;
            element = new ArrayType(element, fits ? (int)count!.Value : 0);
        }

        return element as ArrayType ?? new ArrayType(element, 0);
    }

    List<StructField> Fields(DwarfStructure type)
    {
        var fields = new List<StructField>();
        var left = MostMembers;
        try
        {
            AddFields(type, 0, fields, ref left, 0);
        }
        catch (ElfException)
        {
            // What was read before the damage stands.
        }

        return fields;
    }

    /// <summary>Members of nameless structures and unions, and of base classes, belong to the one around them.</summary>
    void AddFields(DwarfStructure type, ulong start, List<StructField> fields, ref int left, int depth)
    {
        foreach (var member in type.Members)
        {
            // Nameless ones count as well: a few that hold each other would be gone through without end.
            if (left-- <= 0)
            {
                return;
            }

            if (member.Offset is not { } offset || offset > int.MaxValue || start + offset > int.MaxValue)
            {
                continue;
            }

            var at = start + offset;
            if (member.Name is not { } name)
            {
                if (depth < MostDepth && member.Type?.Underlying is DwarfStructure nested)
                {
                    AddFields(file.Complete(nested), at, fields, ref left, depth + 1);
                }
            }
            else if (member.BitSize is not { } bits)
            {
                fields.Add(new StructField(name, Read(member.Type), (int)at));
            }
            else if (BtfTypeReader.BitField(name, Read(member.Type), (long)at * 8 + member.BitOffset, bits) is { } field)
            {
                fields.Add(field);
            }
        }
    }

    static int SizeOf(DwarfType type) => type.Size is <= int.MaxValue and var size ? (int)size : 0;

    /// <summary>Types are told apart by name, so nameless ones are given numbers.</summary>
    string NameOf(DwarfType type) => type.Name ?? string.Create(CultureInfo.InvariantCulture, $"(anonymous {++_nameless})");
}
