using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Sonde.Engine.Profiles.Formats.Protobuf;

/// <summary>The fields of a message in the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), one after the other.</summary>
/// <remarks>Whatever does not add up is a <see cref="FormatException"/> with the place in the file.</remarks>
/// <param name="bytes">The message.</param>
/// <param name="offset">Where it begins in the file, for messages about errors.</param>
ref struct ProtobufFields(ReadOnlySpan<byte> bytes, long offset = 0)
{
    const int LongestVarint = 10;

    readonly ReadOnlySpan<byte> _bytes = bytes;
    readonly long _offset = offset;
    int _at;
    int _valueAt;
    bool _isNumber;

    /// <summary>The current field's number.</summary>
    public int Field { get; private set; }

    /// <summary>The current field's value, if it is a number; else 0.</summary>
    public ulong Number { get; private set; }

    /// <summary>The current field's bytes, if it has a length; else none.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The current field's value as a signed number.</summary>
    public readonly long Signed => (long)Number;

    /// <summary>The current field's bytes as a text; bytes that are no UTF-8 become U+FFFD.</summary>
    public readonly string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>The current field's bytes as a message.</summary>
    public readonly ProtobufFields Message => new(Bytes, _offset + _valueAt);

    /// <summary>Goes to the next field; false at the end.</summary>
    public bool Next()
    {
        if (_at == _bytes.Length)
        {
            return false;
        }

        ulong key = Varint();
        Field = key >> 3 is > 0 and < 1 << 29 ? (int)(key >> 3) : throw Wrong("a field has no valid number");
        Number = 0;
        Bytes = default;
        _valueAt = _at;
        _isNumber = (key & 7) != 2;
        switch (key & 7)
        {
            case 0:
                Number = Varint();
                break;
            case 1:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case 2:
                ulong length = Varint();
                _valueAt = _at;
                Bytes = Take(length);
                break;
            case 5:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            default:
                throw Wrong("a field is of no known type");
        }

        return true;
    }

    /// <summary>Adds the numbers of a repeated field, which may be packed or not.</summary>
    public readonly void AddTo(List<ulong> numbers)
    {
        if (_isNumber)
        {
            numbers.Add(Number);
            return;
        }

        var packed = new ProtobufFields(Bytes, _offset + _valueAt);
        while (packed._at < packed._bytes.Length)
        {
            numbers.Add(packed.Varint());
        }
    }

    /// <summary>That something is wrong with the current field.</summary>
    public readonly FormatException Wrong(string what) => new(string.Create(CultureInfo.InvariantCulture, $"byte {_offset + _at}: {what}"));

    ulong Varint()
    {
        ulong value = 0;
        for (int i = 0; i < LongestVarint && _at < _bytes.Length; i++)
        {
            byte piece = _bytes[_at++];
            value |= (ulong)(piece & 0x7f) << (7 * i);
            if (piece < 0x80)
            {
                return value;
            }
        }

        throw Wrong("a number has no end");
    }

    ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(_bytes.Length - _at))
        {
            throw Wrong(string.Create(CultureInfo.InvariantCulture, $"a field of {length} bytes goes beyond the end"));
        }

        _at += (int)length;
        return _bytes.Slice(_at - (int)length, (int)length);
    }
}
