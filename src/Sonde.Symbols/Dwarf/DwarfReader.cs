using System.Buffers.Binary;
using System.Globalization;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Dwarf;

/// <summary>Reads the numbers and texts of a section one after the other.</summary>
ref struct DwarfReader(DwarfSection section, int position, int end)
{
    readonly ReadOnlySpan<byte> _bytes = section.Bytes;
    readonly int _end = end;

    public int Position { get; private set; } = position;

    public readonly bool AtEnd => Position >= _end;

    public readonly int Remaining => _end - Position;

    public readonly ElfException Error(string what) => section.Error((ulong)Position, what);

    public byte ReadByte()
    {
        if (Position >= _end)
        {
            throw Error("an entry is cut short");
        }

        return _bytes[Position++];
    }

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>An unsigned number of so many bytes.</summary>
    public ulong ReadNumber(int size)
    {
        switch (size)
        {
            case 1:
                return ReadByte();
            case 2:
                return ReadUInt16();
            case 3:
                var low = ReadUInt16();
                return low | (ulong)ReadByte() << 16;
            case 4:
                return ReadUInt32();
            case 8:
                return ReadUInt64();
            default:
                throw Error(string.Create(CultureInfo.InvariantCulture, $"numbers of {size} bytes are not supported"));
        }
    }

    /// <summary>An offset into a section: 8 bytes in 64-bit DWARF.</summary>
    public ulong ReadOffset(bool is64) => is64 ? ReadUInt64() : ReadUInt32();

    /// <summary>The length that begins a unit: <c>0xffffffff</c> says that it is 64-bit DWARF.</summary>
    public ulong ReadUnitLength(out bool is64)
    {
        const uint LengthIs64 = 0xffffffff;
        const uint FirstReserved = 0xfffffff0;
        var length = ReadUInt32();
        is64 = length == LengthIs64;
        return is64 ? ReadUInt64() : length < FirstReserved ? length : throw Error("a reserved unit length");
    }

    /// <summary>An unsigned number in LEB128. Bits beyond 64 are lost, as they are for every reader.</summary>
    public ulong ReadUnsigned()
    {
        var first = ReadByte();
        if (first < 0x80)
        {
            return first;
        }

        ulong value = first & 0x7fU;
        for (var shift = 7; ; shift += 7)
        {
            var part = ReadByte();
            if (shift < 64)
            {
                value |= (ulong)(part & 0x7f) << shift;
            }

            if (part < 0x80)
            {
                return value;
            }
        }
    }

    /// <summary>A signed number in LEB128.</summary>
    public long ReadSigned()
    {
        long value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = ReadByte();
            if (shift < 64)
            {
                value |= (long)(part & 0x7f) << shift;
            }

            if (part < 0x80)
            {
                return shift < 57 && (part & 0x40) != 0 ? value | -1L << (shift + 7) : value;
            }
        }
    }

    /// <summary>A text that ends with a zero byte, without it.</summary>
    public ReadOnlySpan<byte> ReadText()
    {
        var length = _bytes[Position.._end].IndexOf((byte)0);
        if (length < 0)
        {
            throw Error("an unterminated text");
        }

        return Take(length + 1)[..length];
    }

    public ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)Remaining)
        {
            throw Error("an entry is cut short");
        }

        var part = _bytes.Slice(Position, (int)count);
        Position += (int)count;
        return part;
    }

    public void Skip(ulong count) => Take(count);

    ReadOnlySpan<byte> Take(int count) => Take((ulong)count);
}
