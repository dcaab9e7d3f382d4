using System.Buffers.Binary;
using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Values;

/// <summary>Writes values of every type of the language, from the bytes they lie in, as people read them.</summary>
/// <param name="config">Settings that change what is written.</param>
/// <param name="probeNames">The names of the script's probes.</param>
/// <param name="names">Puts symbolic values into words.</param>
/// <param name="forTerminal">Whether texts of targets are to be made safe for a terminal.</param>
sealed partial class ValueFormatter(ScriptConfig config, IReadOnlyList<string> probeNames, INames names, bool forTerminal = false)
{
    readonly byte[] _trailer = System.Text.Encoding.UTF8.GetBytes(config.TruncationTrailer);

    /// <summary>Puts symbolic values into words.</summary>
    public INames Names => names;

    /// <summary>Writes a value as text.</summary>
    /// <param name="value">At least the type's size; less only for a text that ends earlier.</param>
    /// <param name="divisor">What all integers in it are divided by, enumerations and pointers apart; 0 for nothing.</param>
    public void Write(Utf8Text text, DataType type, ReadOnlySpan<byte> value, long divisor = 0)
    {
        switch (type)
        {
            case IntegerType integer:
                text.AddNumber(Divided(Number(integer, value), divisor, integer.IsSigned), integer.IsSigned);
                break;
            case BoolType:
                text.Add(value[0] != 0 ? "true"u8 : "false"u8);
                break;
            case StringType:
                WriteString(text, value);
                break;
            case BufferType:
                WriteEscaped(text, BufferBytes(value));
                break;
            case EnumType enumeration:
                WriteEnum(text, enumeration, value);
                break;
            case PointerType:
                text.Add("0x"u8);
                text.AddHex(BinaryPrimitives.ReadUInt64LittleEndian(value));
                break;
            case TupleType { Names: null } tuple:
                WriteTuple(text, tuple, value, divisor);
                break;
            case TupleType record:
                WriteRecord(text, record, value, divisor);
                break;
            case ArrayType array:
                WriteArray(text, array, value, divisor);
                break;
            case StructType structure:
                WriteStruct(text, structure, value, divisor);
                break;
            case FloatType { Bytes: 4 }:
                text.Add(BinaryPrimitives.ReadSingleLittleEndian(value).ToString(CultureInfo.InvariantCulture));
                break;
            case FloatType:
                text.Add(BinaryPrimitives.ReadDoubleLittleEndian(value).ToString(CultureInfo.InvariantCulture));
                break;
            case SymbolicType symbolic:
                WriteSymbolic(text, symbolic, value);
                break;
            case VoidType:
                text.Add("null"u8);
                break;
            default:
                throw new InvalidOperationException($"values of {type} are not written one by one");
        }
    }

    /// <summary>The bits of a scalar, extended to 64 by its type's sign.</summary>
    public static long Number(DataType type, ReadOnlySpan<byte> value) => type switch
    {
        IntegerType { IsSigned: true } integer => integer.Size switch
        {
            1 => (sbyte)value[0],
            2 => BinaryPrimitives.ReadInt16LittleEndian(value),
            4 => BinaryPrimitives.ReadInt32LittleEndian(value),
            _ => BinaryPrimitives.ReadInt64LittleEndian(value),
        },
        EnumType enumeration => Number(enumeration.Underlying, value),
        _ => type.Size switch
        {
            1 => value[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(value),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(value),
            _ => BinaryPrimitives.ReadInt64LittleEndian(value),
        },
    };

    /// <summary>A number divided by another; by 0 it stays what it is.</summary>
    public static long Divided(long value, long divisor, bool isSigned) => divisor == 0 ? value : Aggregate.Divide(value, divisor, isSigned);

    /// <summary>The bytes a buffer holds.</summary>
    public static ReadOnlySpan<byte> BufferBytes(ReadOnlySpan<byte> value)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(value);
        var data = value[BufferType.DataOffset..];
        return data[..(int)Math.Min(length, (uint)data.Length)];
    }

    /// <summary>The text a <see cref="StringType"/> holds, and whether it was cut.</summary>
    /// <remarks>A record may end behind the text's zero byte, so that its last byte is not there to ask.</remarks>
    public static ReadOnlySpan<byte> StringBytes(ReadOnlySpan<byte> value, out bool isCut)
    {
        var end = value.IndexOf((byte)0);
        isCut = end < 0 && value.Length > 0;
        return isCut ? value[^1] == 1 ? value[..^1] : value : value[..Math.Max(0, end)];
    }

    void WriteString(Utf8Text text, ReadOnlySpan<byte> value)
    {
        var bytes = StringBytes(value, out var isCut);
        AddBytes(text, bytes);
        if (isCut)
        {
            text.Add(_trailer);
        }
        else if (bytes.IsEmpty)
        {
            text.Add(WhyEmpty(value));
        }
    }

    /// <summary>Adds text of a target.</summary>
    void AddBytes(Utf8Text text, ReadOnlySpan<byte> bytes)
    {
        if (forTerminal && bytes.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            text.Add(Escape.Utf8(bytes, int.MaxValue));
        }
        else
        {
            text.Add(bytes);
        }
    }

    /// <summary>Adds a name of a target.</summary>
    void AddName(Utf8Text text, string name) => text.Add(forTerminal ? Escape.Text(name, int.MaxValue) : name);

    /// <summary>What stands for a text that is not there; nothing for one without characters.</summary>
    static ReadOnlySpan<byte> WhyEmpty(ReadOnlySpan<byte> value) => value.Length < 2 ? [] : (EmptyReason)value[1] switch
    {
        EmptyReason.Null => "(null)"u8,
        EmptyReason.Unreadable => "(unreadable)"u8,
        _ => [],
    };

    void WriteTuple(Utf8Text text, TupleType tuple, ReadOnlySpan<byte> value, long divisor)
    {
        text.Add((byte)'(');
        for (var i = 0; i < tuple.Elements.Count; i++)
        {
            if (i > 0)
            {
                text.Add(", "u8);
            }

            Write(text, tuple.Elements[i], Element(tuple, i, value), divisor);
        }

        text.Add((byte)')');
    }

    void WriteRecord(Utf8Text text, TupleType record, ReadOnlySpan<byte> value, long divisor)
    {
        for (var i = 0; i < record.Elements.Count; i++)
        {
            text.Add(i == 0 ? "{ ."u8 : ", ."u8);
            text.Add(record.Names![i]);
            text.Add(" = "u8);
            Write(text, record.Elements[i], Element(record, i, value), divisor);
        }

        text.Add(record.Elements.Count == 0 ? "{}"u8 : " }"u8);
    }

    void WriteArray(Utf8Text text, ArrayType array, ReadOnlySpan<byte> value, long divisor)
    {
        var size = array.Element.Size;
        text.Add((byte)'[');
        for (var i = 0; i < array.Count; i++)
        {
            if (i > 0)
            {
                text.Add((byte)',');
            }

            Write(text, array.Element, value.Slice(i * size, size), divisor);
        }

        text.Add((byte)']');
    }

    void WriteStruct(Utf8Text text, StructType structure, ReadOnlySpan<byte> value, long divisor)
    {
        var any = false;
        foreach (var field in structure.Fields)
        {
            text.Add(any ? ", ."u8 : "{ ."u8);
            any = true;
            text.Add(field.Name);
            text.Add(" = "u8);
            if (!TryField(field, value, out var bits, out var bytes))
            {
                text.Add("(unreadable)"u8);
            }
            else if (field.BitSize > 0)
            {
                var isSigned = field.Type is IntegerType { IsSigned: true };
                text.AddNumber(Divided(bits, divisor, isSigned), isSigned);
            }
            else if (IsText(field.Type))
            {
                AddBytes(text, CText(bytes));
            }
            else
            {
                Write(text, field.Type, bytes, divisor);
            }
        }

        text.Add(any ? " }"u8 : "{}"u8);
    }

    /// <summary>Whether a field is an array of C's <c>char</c>.</summary>
    static bool IsText(DataType type) => type is StringType || (type is ArrayType array && array.Element == IntegerType.Int8);

    /// <summary>The characters of a C array of characters, which need not end with a zero byte.</summary>
    static ReadOnlySpan<byte> CText(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return end < 0 ? bytes : bytes[..end];
    }

    /// <summary>Where a field lies in a structure's bytes; false when it refers to something outside of them.</summary>
    static bool TryField(StructField field, ReadOnlySpan<byte> value, out long bits, out ReadOnlySpan<byte> bytes)
    {
        bits = 0;
        bytes = default;
        if (field.DataLocation != DataLocation.None || field.Offset > value.Length || field.Type.Size > value.Length - field.Offset)
        {
            return false;
        }

        bytes = value.Slice(field.Offset, field.Type.Size);
        if (field.BitSize > 0)
        {
            var left = 64 - field.BitSize - field.BitOffset;
            if (left < 0)
            {
                return false;
            }

            var raw = Number(IntegerType.Of(field.Type.Size, false), bytes) << left;
            bits = field.Type is IntegerType { IsSigned: true } ? raw >> (64 - field.BitSize) : (long)((ulong)raw >> (64 - field.BitSize));
        }

        return true;
    }

    /// <summary>An element's bytes; a record may end inside its last text.</summary>
    public static ReadOnlySpan<byte> Element(TupleType tuple, int index, ReadOnlySpan<byte> value)
    {
        var offset = Math.Min(tuple.OffsetOf(index), value.Length);
        return value.Slice(offset, Math.Min(tuple.Elements[index].Size, value.Length - offset));
    }

    static void WriteEnum(Utf8Text text, EnumType enumeration, ReadOnlySpan<byte> value)
    {
        var number = Number(enumeration, value);
        foreach (var member in enumeration.Members)
        {
            if (member.Value == number)
            {
                text.Add(member.Name);
                return;
            }
        }

        text.AddNumber(number, enumeration.Underlying.IsSigned);
    }

    /// <summary>Bytes with everything but visible characters as <c>\xNN</c>.</summary>
    static void WriteEscaped(Utf8Text text, ReadOnlySpan<byte> bytes)
    {
        foreach (var one in bytes)
        {
            if (one is >= (byte)' ' and <= (byte)'~')
            {
                text.Add(one);
            }
            else
            {
                text.Add("\\x"u8);
                WriteHexByte(text, one);
            }
        }
    }

    /// <summary>Writes a buffer as printf's %rx (every byte as <c>\xNN</c>) or %rh (digits with blanks between).</summary>
    public static void WriteHex(Utf8Text text, ReadOnlySpan<byte> value, bool escaped)
    {
        var first = true;
        foreach (var one in BufferBytes(value))
        {
            text.Add(escaped ? "\\x"u8 : first ? [] : " "u8);
            WriteHexByte(text, one);
            first = false;
        }
    }

    static void WriteHexByte(Utf8Text text, byte value)
    {
        text.Add("0123456789abcdef"u8[value >> 4]);
        text.Add("0123456789abcdef"u8[value & 15]);
    }
}
