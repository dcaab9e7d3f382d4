namespace Sonde.Script.Types;

/// <summary>What a value is and how it lies in memory: the same on the program's stack, in maps, in tuples and in records.</summary>
/// <remarks>
/// The code generator stores with it and the decoder reads with it; there is no other description of a layout.
/// All numbers are in the machine's byte order. Types are compared by structure.
/// </remarks>
abstract record DataType
{
    /// <summary>Bytes a value takes.</summary>
    public abstract int Size { get; }

    /// <summary>What its address in a tuple or record is a multiple of: 1, 2, 4 or 8.</summary>
    public abstract int Alignment { get; }

    /// <summary>Whether a value fits a register: numbers, booleans, enums, pointers and those symbolic values that are one number.</summary>
    public virtual bool IsScalar => false;

    /// <summary>The name as diagnostics write it, for example <c>uint64</c>, <c>string[64]</c>, <c>(int64,string[16])</c>.</summary>
    public abstract override string ToString();
}

/// <summary>No value.</summary>
sealed record VoidType : DataType
{
    public static readonly VoidType Instance = new();

    public override int Size => 0;

    public override int Alignment => 1;

    public override string ToString() => "void";
}

/// <summary>True or false in one byte, 1 or 0.</summary>
sealed record BoolType : DataType
{
    public static readonly BoolType Instance = new();

    public override int Size => 1;

    public override int Alignment => 1;

    public override bool IsScalar => true;

    public override string ToString() => "bool";
}

/// <summary>A whole number of 1, 2, 4 or 8 bytes.</summary>
sealed record IntegerType : DataType
{
    public static readonly IntegerType Int8 = new(1, true);
    public static readonly IntegerType Int16 = new(2, true);
    public static readonly IntegerType Int32 = new(4, true);
    public static readonly IntegerType Int64 = new(8, true);
    public static readonly IntegerType UInt8 = new(1, false);
    public static readonly IntegerType UInt16 = new(2, false);
    public static readonly IntegerType UInt32 = new(4, false);
    public static readonly IntegerType UInt64 = new(8, false);

    IntegerType(int size, bool isSigned) => (Size, IsSigned) = (size, isSigned);

    public override int Size { get; }

    public override int Alignment => Size;

    /// <summary>Whether it has negative values.</summary>
    public bool IsSigned { get; }

    public override bool IsScalar => true;

    public static IntegerType Of(int size, bool isSigned) => (size, isSigned) switch
    {
        (1, true) => Int8,
        (2, true) => Int16,
        (4, true) => Int32,
        (8, true) => Int64,
        (1, false) => UInt8,
        (2, false) => UInt16,
        (4, false) => UInt32,
        (8, false) => UInt64,
        _ => throw new ArgumentOutOfRangeException(nameof(size), size, "A number has 1, 2, 4 or 8 bytes."),
    };

    public override string ToString() => (IsSigned ? "int" : "uint") + (Size * 8);
}

/// <summary>A floating-point number, as it lies in the memory of a target; it can be copied and printed, not computed with in the kernel.</summary>
/// <param name="Bytes">4 or 8.</param>
sealed record FloatType(int Bytes) : DataType
{
    public override int Size => Bytes;

    public override int Alignment => Bytes;

    public override string ToString() => Bytes == 4 ? "float" : "double";
}

/// <summary>A number with named values.</summary>
sealed record EnumType(string Name, IntegerType Underlying, IReadOnlyList<EnumMember> Members) : DataType
{
    public override int Size => Underlying.Size;

    public override int Alignment => Underlying.Size;

    public override bool IsScalar => true;

    public bool Equals(EnumType? other) => other is not null && Name == other.Name && Underlying == other.Underlying;

    public override int GetHashCode() => HashCode.Combine(Name, Underlying);

    public override string ToString() => $"enum {Name}";
}

/// <summary>One named value of an enum.</summary>
readonly record struct EnumMember(string Name, long Value);

/// <summary>Text, ended by a zero byte, in memory of a fixed size.</summary>
/// <remarks>
/// <code>
/// | text, up to Capacity - 1 bytes | 0 … 0 |
/// </code>
/// The last byte is 0, or 1 when the text was longer and was cut: it then has exactly Capacity - 1 bytes. An empty text says in its second byte
/// why it is empty (<see cref="EmptyReason"/>). What follows the end is zero, so that equal texts are equal as map keys.
/// </remarks>
/// <param name="Capacity">Bytes including the last; at least 1.</param>
sealed record StringType(int Capacity) : DataType
{
    public override int Size => Capacity;

    public override int Alignment => 1;

    public override string ToString() => $"string[{Capacity}]";
}

/// <summary>Why a text is empty: the second byte of a <see cref="StringType"/> whose first is 0.</summary>
enum EmptyReason : byte
{
    /// <summary>It has no characters.</summary>
    Empty = 0,

    /// <summary>The pointer to it was NULL.</summary>
    Null = 1,

    /// <summary>Its memory could not be read.</summary>
    Unreadable = 2,
}

/// <summary>Bytes: a count of 4 bytes, then room for <paramref name="Capacity"/> bytes, zero behind the count.</summary>
sealed record BufferType(int Capacity) : DataType
{
    /// <summary>Where the bytes begin.</summary>
    public const int DataOffset = 4;

    public override int Size => DataOffset + Capacity;

    public override int Alignment => 4;

    public override string ToString() => $"buffer[{Capacity}]";
}

/// <summary>Whose memory a pointer points into, which decides how it is read.</summary>
enum AddressSpace : byte
{
    /// <summary>
    /// Not known: a pointer points where it was read from (fields of kernel structures into the kernel, of user structures into the process);
    /// one that came with the probe has the probe's.
    /// </summary>
    None,

    /// <summary>The kernel's, by <c>bpf_probe_read_kernel</c>.</summary>
    Kernel,

    /// <summary>The current process's, by <c>bpf_probe_read_user</c>.</summary>
    User,

    /// <summary>The program's own: stack, map values, scratch; read directly.</summary>
    Program,

    /// <summary>The context the program was given; read directly at constant offsets.</summary>
    Context,
}

/// <summary>An address of 8 bytes.</summary>
sealed record PointerType(DataType Target, AddressSpace Space = AddressSpace.None) : DataType
{
    public override int Size => 8;

    public override int Alignment => 8;

    public override bool IsScalar => true;

    public override string ToString() => $"{Target} *";
}

/// <summary>A fixed number of values of one type, one after the other; count 0 where the number is not known (a flexible array).</summary>
/// <remarks>C's <c>char</c> is <see cref="IntegerType.Int8"/>, so an array of it is text to the language wherever it comes from (C, BTF, tracepoints, DWARF).</remarks>
sealed record ArrayType(DataType Element, int Count) : DataType
{
    public override int Size => checked(Element.Size * Count);

    public override int Alignment => Element.Alignment;

    public override string ToString() => $"{Element}[{Count}]";
}

/// <summary>A C structure or union, from the script, the kernel's BTF, a tracepoint's format or debug information.</summary>
/// <remarks>Two with the same tag and name are the same type: recursive structures end there. Fields are resolved when first asked for.</remarks>
sealed record StructType : DataType
{
    readonly Lazy<IReadOnlyList<StructField>> _fields;

    public StructType(string name, int size, bool isUnion, Func<IReadOnlyList<StructField>> fields, int alignment = 8)
    {
        Name = name;
        Size = size;
        IsUnion = isUnion;
        Alignment = alignment;
        _fields = new(fields);
    }

    /// <summary>The name without the tag; made up for anonymous ones.</summary>
    public string Name { get; }

    public override int Size { get; }

    public override int Alignment { get; }

    /// <summary>Whether the fields lie over each other.</summary>
    public bool IsUnion { get; }

    /// <summary>The fields in order; those of anonymous members stand in their place, with their offset from this structure's start.</summary>
    public IReadOnlyList<StructField> Fields => _fields.Value;

    /// <summary>The field of that name; null if there is none.</summary>
    public StructField? Find(string name)
    {
        foreach (var field in Fields)
        {
            if (field.Name == name)
            {
                return field;
            }
        }

        return null;
    }

    public bool Equals(StructType? other) => other is not null && Name == other.Name && Size == other.Size && IsUnion == other.IsUnion;

    public override int GetHashCode() => HashCode.Combine(Name, Size, IsUnion);

    public override string ToString() => (IsUnion ? "union " : "struct ") + Name;
}

/// <summary>A field of a structure.</summary>
/// <param name="Name">The name.</param>
/// <param name="Type">The type; for a bit field that of its declaration.</param>
/// <param name="Offset">Bytes from the structure's start; for a bit field, those of the number that holds it.</param>
/// <param name="BitOffset">For a bit field: bits from the lowest of the number at <paramref name="Offset"/>.</param>
/// <param name="BitSize">For a bit field: how many bits; 0 for ordinary fields.</param>
/// <param name="DataLocation">
/// Whether the field is a tracepoint's <c>__data_loc</c>: 32 bits whose low half is an offset from the context's start and whose high half is a length
/// (include/trace/stages/stage1_struct_define.h), which stands for the array or text of <paramref name="Type"/> there.
/// </param>
sealed record StructField(string Name, DataType Type, int Offset, int BitOffset = 0, int BitSize = 0, DataLocation DataLocation = DataLocation.None);

/// <summary>How a tracepoint's field refers to data behind the record.</summary>
enum DataLocation : byte
{
    /// <summary>It does not: the value is the field.</summary>
    None,

    /// <summary><c>__data_loc</c>: the offset counts from the record's start.</summary>
    FromRecord,

    /// <summary><c>__rel_loc</c>: the offset counts from the end of the field (Linux 5.18+).</summary>
    FromField,
}

/// <summary>Several values side by side, each at its own alignment; with names it is a record. Padding is zero.</summary>
sealed record TupleType : DataType
{
    readonly int[] _offsets;

    /// <param name="elements">The elements' types.</param>
    /// <param name="names">Their names for a record, null for a tuple.</param>
    public TupleType(IReadOnlyList<DataType> elements, IReadOnlyList<string>? names = null)
    {
        Elements = elements;
        Names = names;
        _offsets = new int[elements.Count];
        var end = 0;
        var alignment = 1;
        for (var i = 0; i < elements.Count; i++)
        {
            var own = elements[i].Alignment;
            alignment = Math.Max(alignment, own);
            _offsets[i] = checked(end + own - 1) / own * own;
            end = checked(_offsets[i] + elements[i].Size);
        }

        Alignment = alignment;
        Size = checked(end + alignment - 1) / alignment * alignment;
    }

    public IReadOnlyList<DataType> Elements { get; }

    /// <summary>The names of a record's fields; null for a tuple.</summary>
    public IReadOnlyList<string>? Names { get; }

    public override int Size { get; }

    public override int Alignment { get; }

    /// <summary>Where element <paramref name="index"/> begins.</summary>
    public int OffsetOf(int index) => _offsets[index];

    public bool Equals(TupleType? other) => other is not null && Elements.SequenceEqual(other.Elements)
        && (Names is null ? other.Names is null : other.Names is not null && Names.SequenceEqual(other.Names));

    public override int GetHashCode() => Elements.Aggregate(Elements.Count, HashCode.Combine);

    public override string ToString() => Names is { } names
        ? $"record {{ {string.Join(", ", names.Zip(Elements, (name, type) => $".{name} = {type}"))} }}"
        : $"({string.Join(",", Elements)})";
}
