using System.Buffers.Binary;
using System.Globalization;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Unwind;

/// <summary>Reads the numbers of an unwind table one after the other.</summary>
ref struct UnwindCursor(ReadOnlySpan<byte> bytes, ulong address, ulong fileOffset, ElfFile file)
{
    const byte Omitted = 0xff;

    readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { get; set; }

    public readonly bool AtEnd => Position >= _bytes.Length;

    public readonly ElfException Error(string what) => file.Error(fileOffset + (ulong)Position, $"unwind table: {what}");

    public byte ReadByte() => Take(1)[0];

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public void Skip(ulong count) => Take(count > int.MaxValue ? int.MaxValue : (int)count);

    public ReadOnlySpan<byte> ReadString()
    {
        var length = _bytes[Position..].IndexOf((byte)0);
        if (length < 0)
        {
            throw Error("an unterminated string");
        }

        return Take(length + 1)[..length];
    }

    /// <summary>An unsigned number in LEB128.</summary>
    public ulong ReadUnsigned()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var part = ReadByte();
            if (shift < 64)
            {
                value |= (ulong)(part & 0x7f) << shift;
            }

            if ((part & 0x80) == 0)
            {
                return value;
            }
        }

        throw Error("a number of more than ten bytes");
    }

    /// <summary>A signed number in LEB128.</summary>
    public long ReadSigned()
    {
        long value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var part = ReadByte();
            if (shift < 64)
            {
                value |= (long)(part & 0x7f) << shift;
            }

            if ((part & 0x80) == 0)
            {
                return shift < 57 && (part & 0x40) != 0 ? value | -1L << (shift + 7) : value;
            }
        }

        throw Error("a number of more than ten bytes");
    }

    /// <summary>A block of bytes with its length before it: where it begins and how long it is.</summary>
    public (int Start, int Length) ReadBlock()
    {
        var length = ReadUnsigned();
        var start = Position;
        Skip(length);
        return (start, (int)length);
    }

    /// <summary>A pointer in one of the encodings of <c>DW_EH_PE_*</c>: low half the format, high half what it is relative to.</summary>
    public ulong ReadPointer(byte encoding, ulong? dataBase)
    {
        if (encoding == Omitted)
        {
            return 0;
        }

        if (encoding == 0x50)
        {
            Position = (Position + 7) & ~7;
            return ReadUInt64();
        }

        var origin = (encoding & 0x70) switch
        {
            0x00 => 0UL,
            0x10 => unchecked(address + (ulong)Position),
            0x30 when (dataBase ?? GlobalOffsetTable()) is { } from => from,
            _ => throw Error(string.Create(CultureInfo.InvariantCulture, $"unknown pointer encoding 0x{encoding:x2}")),
        };
        var value = (encoding & 0x0f) switch
        {
            0x00 or 0x04 or 0x0c => ReadUInt64(),
            0x01 => ReadUnsigned(),
            0x02 => ReadUInt16(),
            0x03 => ReadUInt32(),
            0x0a => unchecked((ulong)(short)ReadUInt16()),
            0x0b => unchecked((ulong)(int)ReadUInt32()),
            _ => throw Error(string.Create(CultureInfo.InvariantCulture, $"unknown pointer encoding 0x{encoding:x2}")),
        };
        return unchecked(origin + value);
    }

    readonly ulong? GlobalOffsetTable() => file.Dynamic.TryGet(DynamicTag.PltGot, out var table) ? table : null;

    ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - Position)
        {
            throw Error("an entry is cut short");
        }

        var part = _bytes.Slice(Position, count);
        Position += count;
        return part;
    }
}
