using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Values;

/// <content>Python objects as they were when a probe was hit (<see cref="PythonValueLayout"/>).</content>
sealed partial class ValueFormatter
{
    void WritePython(Utf8Text text, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadInt64LittleEndian(value[PythonValueLayout.Number..]);
        switch ((PythonValueKind)value[PythonValueLayout.Kind])
        {
            case PythonValueKind.Unset:
                text.Add("(unset)"u8);
                break;
            case PythonValueKind.Integer:
                text.AddNumber(number);
                break;
            case PythonValueKind.LargeInteger:
                text.Add(number < 0 ? "(negative int of "u8 : "(int of "u8);
                // The process says how many, and may say anything.
                text.AddNumber(number < 0 ? 0UL - (ulong)number : (ulong)number);
                text.Add(" 30-bit digits)"u8);
                break;
            case PythonValueKind.Bool:
                text.Add(number != 0 ? "True"u8 : "False"u8);
                break;
            case PythonValueKind.Float:
                text.Add(BitConverter.Int64BitsToDouble(number).ToString(CultureInfo.InvariantCulture));
                break;
            case PythonValueKind.Text:
                WritePythonText(text, value);
                break;
            case PythonValueKind.Other when PythonType(value).SequenceEqual("NoneType"u8):
                text.Add("None"u8);
                break;
            case PythonValueKind.Other:
                text.Add((byte)'<');
                AddBytes(text, PythonType(value));
                text.Add((byte)'>');
                break;
            default:
                text.Add("(unreadable)"u8);
                break;
        }
    }

    void WriteJsonPython(Utf8Text text, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadInt64LittleEndian(value[PythonValueLayout.Number..]);
        switch ((PythonValueKind)value[PythonValueLayout.Kind])
        {
            case PythonValueKind.Integer:
                WriteJsonNumber(text, number, isSigned: true);
                break;
            case PythonValueKind.Bool:
                text.Add(number != 0 ? "true"u8 : "false"u8);
                break;
            case PythonValueKind.Float when double.IsFinite(BitConverter.Int64BitsToDouble(number)):
                WritePython(text, value);
                break;
            case PythonValueKind.Float or PythonValueKind.LargeInteger or PythonValueKind.Text:
            case PythonValueKind.Other when !PythonType(value).SequenceEqual("NoneType"u8):
                _piece.Clear();
                WritePython(_piece, value);
                WriteJsonString(text, _piece.Written);
                break;
            default:
                text.Add("null"u8);
                break;
        }
    }

    static ReadOnlySpan<byte> PythonType(ReadOnlySpan<byte> value) => CText(value[PythonValueLayout.Text..]);

    void WritePythonText(Utf8Text text, ReadOnlySpan<byte> value)
    {
        var size = value[PythonValueLayout.CharacterSize] is 2 or 4 ? value[PythonValueLayout.CharacterSize] : (byte)1;
        var length = (long)BinaryPrimitives.ReadUInt32LittleEndian(value[PythonValueLayout.Length..]);
        var characters = value[PythonValueLayout.Text..];
        var held = Math.Min(length, characters.Length / size);
        Span<byte> encoded = stackalloc byte[4];
        for (var i = 0; i < held; i++)
        {
            var one = characters.Slice(i * size, size);
            var code = size == 1 ? one[0] : size == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(one) : BinaryPrimitives.ReadUInt32LittleEndian(one);
            var rune = Rune.IsValid(code) ? new Rune(code) : Rune.ReplacementChar;
            AddBytes(text, encoded[..rune.EncodeToUtf8(encoded)]);
        }

        text.Add(held < length ? _trailer : []);
    }
}
