using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>Lays the members of a C structure out as the System V ABI for AMD64 says.</summary>
/// <param name="Fields">The members; those of nameless ones stand in their place.</param>
/// <param name="Size">Bytes, a multiple of <paramref name="Alignment"/>.</param>
/// <param name="Alignment">What its address is a multiple of.</param>
sealed record RecordLayout(IReadOnlyList<StructField> Fields, int Size, int Alignment)
{
    /// <param name="record">The definition.</param>
    /// <param name="find">Finds the members' types.</param>
    /// <param name="followsPointers">Whether the types that members point to are wanted too: they are not for the size, and may be this very structure.</param>
    public static RecordLayout Of(CRecord record, Func<TypeName, DataType?> find, bool followsPointers)
    {
        var fields = new List<StructField>();
        long bits = 0;
        var alignment = 1;
        long largest = 0;
        foreach (var member in record.Fields)
        {
            if (TypeOf(member.Type, find, followsPointers) is not { } type)
            {
                continue;
            }

            var own = record.IsPacked ? 1 : Math.Max(1, type.Alignment);
            own = Math.Max(own, member.Alignment ?? 1);
            if (record.IsUnion)
            {
                bits = 0;
            }

            if (member.Bits is { } width)
            {
                bits = AddBits(fields, member, type, width, bits, record.IsPacked);
                alignment = Math.Max(alignment, member.Name.Length > 0 ? own : 1);
            }
            else
            {
                var offset = RoundUp(RoundUp(bits, 8) / 8, own);
                Add(fields, member.Name, type, offset);
                bits = checked((offset + type.Size) * 8);
                alignment = Math.Max(alignment, own);
            }

            largest = Math.Max(largest, bits);
        }

        alignment = Math.Max(alignment, record.Alignment ?? 1);
        var size = RoundUp(RoundUp(largest, 8) / 8, alignment);
        return new(fields, size > int.MaxValue ? 0 : (int)size, alignment);
    }

    static DataType? TypeOf(TypeName name, Func<TypeName, DataType?> find, bool followsPointers)
    {
        var pointer = -1;
        for (var i = 0; i < name.Suffixes.Count; i++)
        {
            pointer = name.Suffixes[i].IsPointer ? i : pointer;
        }

        if (pointer < 0)
        {
            return find(name);
        }

        // Only what stands behind the last pointer shapes the member; what it points to is looked at when it is followed.
        var target = new TypeName(name.Span, name.Keyword, name.Name, [.. name.Suffixes.Take(pointer)]) { Capacity = name.Capacity, TypeOf = name.TypeOf, Definition = name.Definition };
        DataType type = new PointerType(followsPointers ? find(target) ?? VoidType.Instance : VoidType.Instance);
        foreach (var suffix in name.Suffixes.Skip(pointer + 1).Reverse())
        {
            type = new ArrayType(type, (int)Math.Min(suffix.Length ?? 0, int.MaxValue / 64));
        }

        return type;
    }

    static long AddBits(List<StructField> fields, CField member, DataType type, int width, long bits, bool isPacked)
    {
        var unit = checked(type.Size * 8L);
        if (unit == 0 || width < 0 || width > unit)
        {
            return bits;
        }

        if (width == 0)
        {
            return RoundUp(bits, unit);
        }

        // A bit field does not cross a boundary of its declared type.
        if (!isPacked && bits / unit != (bits + width - 1) / unit)
        {
            bits = RoundUp(bits, unit);
        }

        if (member.Name.Length > 0)
        {
            var start = isPacked ? bits / 8 : bits / unit * (unit / 8);
            fields.Add(new(member.Name, type, checked((int)start), checked((int)(bits - start * 8)), width));
        }

        return bits + width;
    }

    static void Add(List<StructField> fields, string name, DataType type, long offset)
    {
        if (name.Length > 0)
        {
            fields.Add(new(name, type, checked((int)offset)));
        }
        else if (type is StructType inner)
        {
            fields.AddRange(inner.Fields.Select(field => field with { Offset = checked((int)(field.Offset + offset)) }));
        }
    }

    static long RoundUp(long value, long multiple) => checked((value + multiple - 1) / multiple * multiple);
}
