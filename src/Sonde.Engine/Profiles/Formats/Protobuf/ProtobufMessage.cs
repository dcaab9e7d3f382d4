using System.Buffers;
using System.Text;

namespace Sonde.Engine.Profiles.Formats.Protobuf;

/// <summary>One message in the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), written field by field, to be cleared and used again.</summary>
sealed class ProtobufMessage
{
    const int LongestVarint = 10;
    const int Varints = 0;
    const int Lengths = 2;

    readonly ArrayBufferWriter<byte> _bytes = new(256);

    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    public ProtobufMessage Clear()
    {
        _bytes.ResetWrittenCount();
        return this;
    }

    /// <summary>A number; zero, the default of every field, is left out.</summary>
    public ProtobufMessage Number(int field, long value)
    {
        if (value != 0)
        {
            Varint(((ulong)field << 3) | Varints);
            Varint((ulong)value);
        }

        return this;
    }

    /// <summary>A number that is there even when it is zero.</summary>
    public ProtobufMessage Present(int field, long value)
    {
        Varint(((ulong)field << 3) | Varints);
        Varint((ulong)value);
        return this;
    }

    /// <summary>A text as UTF-8; lone surrogates become U+FFFD.</summary>
    public ProtobufMessage Text(int field, string text)
    {
        Varint(((ulong)field << 3) | Lengths);
        int length = Encoding.UTF8.GetByteCount(text);
        Varint((ulong)length);
        Encoding.UTF8.GetBytes(text, _bytes.GetSpan(length));
        _bytes.Advance(length);
        return this;
    }

    /// <summary>A message within this one.</summary>
    public ProtobufMessage Message(int field, ProtobufMessage message)
    {
        LengthOf(field, message);
        _bytes.Write(message.Bytes);
        return this;
    }

    /// <summary>What goes before a message that is written elsewhere.</summary>
    public ProtobufMessage LengthOf(int field, ProtobufMessage message) =>
        Varint(((ulong)field << 3) | Lengths).Varint((ulong)message.Bytes.Length);

    /// <summary>A number without a field, as packed arrays hold them.</summary>
    public ProtobufMessage Varint(ulong value)
    {
        var room = _bytes.GetSpan(LongestVarint);
        int length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            room[length++] = (byte)(value | 0x80);
        }

        room[length++] = (byte)value;
        _bytes.Advance(length);
        return this;
    }
}
