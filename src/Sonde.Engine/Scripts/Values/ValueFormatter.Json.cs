using System.Buffers.Binary;
using System.Text;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Values;

/// <content>Values as JSON: ", " and ": " in objects, "," in arrays.</content>
sealed partial class ValueFormatter
{
    readonly Utf8Text _piece = new();

    /// <summary>Writes a value as JSON.</summary>
    /// <param name="value">At least the type's size; less only for a text that ends earlier.</param>
    /// <param name="divisor">What all integers in it are divided by, enumerations and pointers apart; 0 for nothing.</param>
    public void WriteJson(Utf8Text text, DataType type, ReadOnlySpan<byte> value, long divisor = 0)
    {
        switch (type)
        {
            case IntegerType integer:
                WriteJsonNumber(text, Divided(Number(integer, value), divisor, integer.IsSigned), integer.IsSigned);
                break;
            case EnumType or PointerType:
                WriteJsonNumber(text, Number(type, value), type is EnumType { Underlying.IsSigned: true });
                break;
            case BufferType:
                WriteJsonBytes(text, BufferBytes(value));
                break;
            case TupleType { Names: null } tuple:
                text.Add((byte)'[');
                for (var i = 0; i < tuple.Elements.Count; i++)
                {
                    text.Add(i > 0 ? ","u8 : []);
                    WriteJson(text, tuple.Elements[i], Element(tuple, i, value), divisor);
                }

                text.Add((byte)']');
                break;
            case TupleType record:
                text.Add((byte)'{');
                for (var i = 0; i < record.Elements.Count; i++)
                {
                    WriteJsonName(text, record.Names![i], i == 0);
                    WriteJson(text, record.Elements[i], Element(record, i, value), divisor);
                }

                text.Add((byte)'}');
                break;
            case ArrayType array:
                text.Add((byte)'[');
                for (var i = 0; i < array.Count; i++)
                {
                    text.Add(i > 0 ? ","u8 : []);
                    WriteJson(text, array.Element, value.Slice(i * array.Element.Size, array.Element.Size), divisor);
                }

                text.Add((byte)']');
                break;
            case StructType structure:
                WriteJsonStruct(text, structure, value, divisor);
                break;
            case StringType when (value.IsEmpty || value[0] == 0) && WhyEmpty(value).Length > 0:
                text.Add("null"u8);
                break;
            case SymbolicType { Kind: SymbolicKind.PythonValue }:
                WriteJsonPython(text, value);
                break;
            case StringType or SymbolicType:
                WriteJsonText(text, type, value);
                break;
            case FloatType when !double.IsFinite(Float(type, value)):
                text.Add("null"u8);
                break;
            default:
                Write(text, type, value);
                break;
        }
    }

    /// <summary>Writes a key of a map: its text without blanks, and without the parentheses of a tuple.</summary>
    public void WriteJsonKey(Utf8Text text, DataType type, ReadOnlySpan<byte> value)
    {
        _piece.Clear();
        Write(_piece, type, value);
        _piece.RemoveParentheses(0);
        _piece.RemoveBlanks(0);
        WriteJsonString(text, _piece.Written);
    }

    /// <summary>Writes a number; one that a double cannot hold becomes a string (RFC 8259, 6).</summary>
    public static void WriteJsonNumber(Utf8Text text, long bits, bool isSigned)
    {
        var exact = isSigned ? (Int128)(double)bits == bits : (UInt128)(double)(ulong)bits == (ulong)bits;
        text.Add(exact ? [] : "\""u8);
        text.AddNumber(bits, isSigned);
        text.Add(exact ? [] : "\""u8);
    }

    /// <summary>Writes a string; bytes that are not UTF-8 become U+FFFD.</summary>
    public static void WriteJsonString(Utf8Text text, ReadOnlySpan<byte> utf8)
    {
        text.Add((byte)'"');
        while (!utf8.IsEmpty)
        {
            var plain = PlainLength(utf8);
            text.Add(utf8[..plain]);
            utf8 = utf8[plain..];
            if (!utf8.IsEmpty)
            {
                WriteJsonCharacter(text, ref utf8);
            }
        }

        text.Add((byte)'"');
    }

    static int PlainLength(ReadOnlySpan<byte> utf8)
    {
        var at = 0;
        while (at < utf8.Length && utf8[at] is >= (byte)' ' and <= (byte)'~' and not ((byte)'"' or (byte)'\\'))
        {
            at++;
        }

        return at;
    }

    static void WriteJsonCharacter(Utf8Text text, ref ReadOnlySpan<byte> utf8)
    {
        Rune.DecodeFromUtf8(utf8, out var rune, out var used);
        switch (rune.Value)
        {
            case '"':
                text.Add("\\\""u8);
                break;
            case '\\':
                text.Add("\\\\"u8);
                break;
            case '\n':
                text.Add("\\n"u8);
                break;
            case '\r':
                text.Add("\\r"u8);
                break;
            case '\t':
                text.Add("\\t"u8);
                break;
            case < ' ':
                text.Add("\\u00"u8);
                WriteHexByte(text, (byte)rune.Value);
                break;
            default:
                Span<byte> encoded = stackalloc byte[4];
                text.Add(encoded[..rune.EncodeToUtf8(encoded)]);
                break;
        }

        utf8 = utf8[used..];
    }

    static double Float(DataType type, ReadOnlySpan<byte> value) =>
        type.Size == 4 ? BinaryPrimitives.ReadSingleLittleEndian(value) : BinaryPrimitives.ReadDoubleLittleEndian(value);

    static void WriteJsonName(Utf8Text text, string name, bool first)
    {
        text.Add(first ? "\""u8 : ", \""u8);
        text.Add(name);
        text.Add("\": "u8);
    }

    // bpftrace's bytes have a sign.
    static void WriteJsonBytes(Utf8Text text, ReadOnlySpan<byte> bytes)
    {
        text.Add((byte)'[');
        for (var i = 0; i < bytes.Length; i++)
        {
            text.Add(i > 0 ? ","u8 : []);
            text.AddNumber((long)(sbyte)bytes[i]);
        }

        text.Add((byte)']');
    }

    void WriteJsonText(Utf8Text text, DataType type, ReadOnlySpan<byte> value)
    {
        _piece.Clear();
        Write(_piece, type, value);
        WriteJsonString(text, _piece.Written);
    }

    void WriteJsonStruct(Utf8Text text, StructType structure, ReadOnlySpan<byte> value, long divisor)
    {
        var first = true;
        text.Add((byte)'{');
        foreach (var field in structure.Fields)
        {
            WriteJsonName(text, field.Name, first);
            first = false;
            if (!TryField(field, value, out var bits, out var bytes))
            {
                text.Add("null"u8);
            }
            else if (field.BitSize > 0)
            {
                var isSigned = field.Type is IntegerType { IsSigned: true };
                WriteJsonNumber(text, Divided(bits, divisor, isSigned), isSigned);
            }
            else if (IsText(field.Type))
            {
                WriteJsonString(text, CText(bytes));
            }
            else
            {
                WriteJson(text, field.Type, bytes, divisor);
            }
        }

        text.Add((byte)'}');
    }
}
