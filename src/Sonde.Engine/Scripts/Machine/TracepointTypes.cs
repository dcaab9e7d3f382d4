using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Makes types of the language from the C declarations in a tracepoint's format, refined by the kernel's types where it has them.</summary>
/// <remarks>Sizes, offsets and signs are always the format's: they describe what is in the record.</remarks>
/// <param name="types">The kernel's types.</param>
sealed class TracepointTypes(KernelTypes types)
{
    const int MostPointers = 8;

    /// <summary>The field as the language sees it.</summary>
    /// <param name="field">What the format tells.</param>
    /// <param name="space">Whose memory pointers in it lead to.</param>
    public StructField Field(TracepointField field, AddressSpace space)
    {
        var type = WithoutQualifiers(field.Type);
        var location = type.StartsWith("__data_loc ", StringComparison.Ordinal) ? DataLocation.FromRecord
            : type.StartsWith("__rel_loc ", StringComparison.Ordinal) ? DataLocation.FromField
            : DataLocation.None;
        if (location != DataLocation.None)
        {
            var element = type[(type.IndexOf(' ') + 1)..].Replace("[]", "", StringComparison.Ordinal).Trim();
            return new(field.Name, new ArrayType(Element(element, field.IsSigned, space), 0), field.Offset, DataLocation: location);
        }

        if (field.IsArray)
        {
            var element = Element(type, field.IsSigned, space);
            return new(field.Name, new ArrayType(element, element.Size > 0 ? field.Size / element.Size : 0), field.Offset);
        }

        return new(field.Name, Value(type, field.Size, field.IsSigned, space), field.Offset);
    }

    DataType Value(string type, int size, bool isSigned, AddressSpace space)
    {
        if (type.EndsWith('*'))
        {
            return size == 8 ? Pointer(type, space, 0) : Number(size, isSigned);
        }

        if (type is "bool" or "_Bool" && size == 1)
        {
            return BoolType.Instance;
        }

        // A typedef of a number is as good as the format's own size and sign; of anything else only its name tells what it is.
        var named = Named(type);
        return named is EnumType or StructType or PointerType or ArrayType or FloatType && named.Size == size ? named : Number(size, isSigned);
    }

    DataType Element(string type, bool isSigned, AddressSpace space) => type switch
    {
        _ when type.EndsWith('*') => Pointer(type, space, 0),
        "char" or "signed char" or "unsigned char" or "u8" or "s8" or "__u8" or "__s8" or "uint8_t" or "int8_t" =>
            IntegerType.Of(1, type is "char" or "signed char" or "s8" or "__s8" or "int8_t"),
        "bool" => BoolType.Instance,
        "short" or "unsigned short" or "u16" or "s16" or "__u16" or "__be16" or "__le16" or "uint16_t" or "int16_t" => IntegerType.Of(2, isSigned),
        "int" or "unsigned int" or "unsigned" or "u32" or "s32" or "__u32" or "__s32" or "__be32" or "__le32" or "uint32_t" or "int32_t" => IntegerType.Of(4, isSigned),
        "long" or "unsigned long" or "long long" or "unsigned long long" or "u64" or "s64" or "__u64" or "__s64" or "__be64" or "size_t" or "uint64_t" or "int64_t" =>
            IntegerType.Of(8, isSigned),
        _ => Named(type) is { Size: > 0 } known ? known : IntegerType.UInt8,
    };

    PointerType Pointer(string type, AddressSpace space, int depth)
    {
        if (type.Contains("__user", StringComparison.Ordinal))
        {
            space = AddressSpace.User;
            type = type.Replace("__user", "", StringComparison.Ordinal);
        }

        var target = WithoutQualifiers(type[..^1].TrimEnd());
        return target.EndsWith('*') && depth < MostPointers
            ? new PointerType(Pointer(target, space, depth + 1), space)
            : new PointerType(Target(target), space);
    }

    DataType Target(string type) => type switch
    {
        "void" or "" => VoidType.Instance,
        "char" => IntegerType.Int8,
        _ => Named(type) ?? (type.StartsWith("struct ", StringComparison.Ordinal) || type.StartsWith("union ", StringComparison.Ordinal)
            ? new StructType(type[(type.IndexOf(' ') + 1)..], 0, type[0] == 'u', static () => [], 1)
            : Basic(type)),
    };

    DataType Basic(string type) => Element(type, !type.StartsWith("unsigned", StringComparison.Ordinal) && type[0] != 'u' && !type.StartsWith("__u", StringComparison.Ordinal), AddressSpace.None);

    /// <summary>A type of the kernel by its C name; null when it has none of it.</summary>
    DataType? Named(string type)
    {
        var blank = type.IndexOf(' ');
        return blank > 0 && type[..blank] is "struct" or "union" or "enum"
            ? types.Find(type[..blank], type[(blank + 1)..].Trim())
            : IsBuiltIn(type) ? null : types.Find("", type);
    }

    /// <summary>Whether the name alone says all, so that the kernel's types need not be read for it.</summary>
    static bool IsBuiltIn(string type) => type.Contains(' ') || type is "char" or "short" or "int" or "long" or "unsigned" or "bool" or "void"
        or "u8" or "u16" or "u32" or "u64" or "s8" or "s16" or "s32" or "s64" or "__u8" or "__u16" or "__u32" or "__u64" or "pid_t" or "size_t" or "dev_t" or "sector_t";

    static DataType Number(int size, bool isSigned) =>
        size is 1 or 2 or 4 or 8 ? IntegerType.Of(size, isSigned) : new ArrayType(IntegerType.UInt8, size);

    static string WithoutQualifiers(string type)
    {
        type = type.Trim();
        while (type.StartsWith("const ", StringComparison.Ordinal) || type.StartsWith("volatile ", StringComparison.Ordinal))
        {
            type = type[(type.IndexOf(' ') + 1)..].TrimStart();
        }

        while (type.EndsWith("const", StringComparison.Ordinal) && type is [.., ' ' or '*', _, _, _, _, _])
        {
            type = type[..^"const".Length].TrimEnd();
        }

        return type;
    }
}
