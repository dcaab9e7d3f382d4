using System.Globalization;
using Sonde.Bpf.Btf;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Makes types of the language from BTF, each once and only when it is asked for; a structure's fields when they are.</summary>
/// <remarks>Damaged BTF gives types without size or fields, never an error: the chains of types are walked to a fixed depth.</remarks>
sealed class BtfTypeReader
{
    const int MostDepth = 32;
    const int MostMembers = 1 << 14;

    readonly Dictionary<BtfType, DataType> _read = [];

    /// <summary>The type as the language sees it; <see cref="VoidType"/> for what has no values (functions, <c>void</c>, damage).</summary>
    public DataType Read(BtfType type) => Read(type, 0);

    DataType Read(BtfType type, int depth)
    {
        if (_read.TryGetValue(type, out var known))
        {
            return known;
        }

        if (depth > MostDepth)
        {
            return VoidType.Instance;
        }

        try
        {
            var made = Make(type, depth);
            _read[type] = made;
            return made;
        }
        catch (BtfException)
        {
            return VoidType.Instance;
        }
    }

    DataType Make(BtfType type, int depth) => type.Kind switch
    {
        BtfKind.Integer => Integer(type),
        BtfKind.Float when type.SizeBytes is 4 or 8 => new FloatType((int)type.SizeBytes),
        BtfKind.Float => Bytes(type.SizeBytes),
        BtfKind.Pointer => Pointer(type.Target, depth),
        BtfKind.Array => Array(Read(type.Target, depth + 1), type.ElementCount),
        BtfKind.Structure or BtfKind.Union => Structure(type),
        BtfKind.Forward => new StructType(NameOf(type), 0, false, static () => [], 1),
        BtfKind.Enumeration or BtfKind.Enumeration64 => Enumeration(type),
        BtfKind.Typedef or BtfKind.Const or BtfKind.Volatile or BtfKind.Restrict or BtfKind.TypeTag or BtfKind.Variable => Read(type.Target, depth + 1),
        _ => VoidType.Instance,
    };

    static DataType Integer(BtfType type) => type.Name switch
    {
        "_Bool" or "bool" when type.SizeBytes == 1 => BoolType.Instance,
        // The kernel is built with unsigned characters since 6.2; to the language text is text.
        "char" when type.SizeBytes == 1 => IntegerType.Int8,
        _ => type.SizeBytes is 1 or 2 or 4 or 8 ? IntegerType.Of((int)type.SizeBytes, type.IsSigned) : Bytes(type.SizeBytes),
    };

    PointerType Pointer(BtfType target, int depth)
    {
        // "__user" is a tag between the pointer and what it points to (BTF of kernels built by clang, or by gcc 16).
        var space = AddressSpace.None;
        for (var i = 0; i < MostDepth && target.Kind == BtfKind.TypeTag; i++)
        {
            space = target.Name == "user" ? AddressSpace.User : space;
            target = target.Target;
        }

        return new PointerType(Read(target, depth + 1), space);
    }

    static ArrayType Array(DataType element, uint count) =>
        new(element, (long)count * Math.Max(element.Size, 1) <= int.MaxValue ? (int)count : 0);

    StructType Structure(BtfType type)
    {
        var size = type.SizeBytes is >= 0 and <= int.MaxValue ? (int)type.SizeBytes : 0;
        return new StructType(NameOf(type), size, type.Kind == BtfKind.Union, () => Fields(type), Alignment(size));
    }

    static EnumType Enumeration(BtfType type)
    {
        var size = type.SizeBytes is 1 or 2 or 8 ? (int)type.SizeBytes : 4;
        return new EnumType(NameOf(type), IntegerType.Of(size, type.IsSigned), [.. type.Values.Select(value => new EnumMember(value.Name, value.Value))]);
    }

    List<StructField> Fields(BtfType type)
    {
        var fields = new List<StructField>();
        var left = MostMembers;
        try
        {
            AddFields(type, 0, fields, ref left, 0);
        }
        catch (BtfException)
        {
            // What was read before the damage stands.
        }

        return fields;
    }

    /// <summary>Members of nameless structures and unions belong to the one around them.</summary>
    void AddFields(BtfType type, long bitBase, List<StructField> fields, ref int left, int depth)
    {
        foreach (var member in type.Members)
        {
            // Nameless ones count as well: a few that hold each other would be gone through without end.
            if (left-- <= 0)
            {
                return;
            }

            var bit = bitBase + member.BitOffset;
            if (bit / 8 > int.MaxValue)
            {
                continue;
            }

            if (member.Name.Length == 0)
            {
                if (depth < MostDepth && member.Type.Resolve() is { Kind: BtfKind.Structure or BtfKind.Union } nested)
                {
                    AddFields(nested, bit, fields, ref left, depth + 1);
                }
            }
            else if (member.BitSize == 0)
            {
                fields.Add(new StructField(member.Name, Read(member.Type), (int)(bit / 8)));
            }
            else if (BitField(member.Name, Read(member.Type), bit, member.BitSize) is { } field)
            {
                fields.Add(field);
            }
        }
    }

    /// <summary>Places a bit field in the number of its declared type that holds it, or in a larger one where it was packed across two.</summary>
    internal static StructField? BitField(string name, DataType type, long bit, int bitSize)
    {
        if (!type.IsScalar || type.Size == 0)
        {
            return null;
        }

        for (var size = type.Size; size <= 8; size *= 2)
        {
            var start = bit / 8 / size * size;
            var within = (int)(bit - start * 8);
            if (within + bitSize <= size * 8)
            {
                return new StructField(name, size == type.Size ? type : IntegerType.Of(size, type is IntegerType { IsSigned: true }), (int)start, within, bitSize);
            }
        }

        var first = bit / 8;
        return (int)(bit - first * 8) is var rest && rest + bitSize <= 64 ? new StructField(name, IntegerType.UInt64, (int)first, rest, bitSize) : null;
    }

    static ArrayType Bytes(long size) => new(IntegerType.UInt8, size is > 0 and <= int.MaxValue ? (int)size : 0);

    /// <summary>BTF does not tell alignments; what divides the size is right wherever values are only copied.</summary>
    static int Alignment(int size) => size == 0 ? 1 : Math.Min(8, size & -size);

    /// <summary>Types are told apart by name, so nameless ones are given their numbers.</summary>
    static string NameOf(BtfType type) => type.Name is { Length: > 0 } name ? name : string.Create(CultureInfo.InvariantCulture, $"(anonymous {type.Id})");
}
