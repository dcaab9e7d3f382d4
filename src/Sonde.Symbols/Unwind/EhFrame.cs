using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Unwind;

/// <summary>One range of code the unwind table describes: a function, or a part of one that the compiler split off.</summary>
/// <param name="Start">Address of its first instruction, in the file's own address space.</param>
/// <param name="End">Address after its last instruction.</param>
/// <param name="BeginsWithFrame">
/// Whether the stack frame is already built at the first instruction, as the unwind instructions before the first advance say:
/// true for a split-off part of a function (<c>.cold</c>), false for a function's start.
/// </param>
public readonly record struct FrameDescription(ulong Start, ulong End, bool BeginsWithFrame)
{
    /// <summary>Whether <paramref name="address"/> lies in the range.</summary>
    public bool Contains(ulong address) => address >= Start && address < End;
}

/// <summary>Reads the code ranges out of <c>.eh_frame</c>, which is never stripped and knows functions that have no symbol.</summary>
/// <remarks>Source: Linux Standard Base Core, "Exception Frames", and DWARF 4, section 6.4.</remarks>
public static class EhFrame
{
    const byte Omitted = 0xff;

    /// <summary>All ranges, in order of their start; empty when the file has no unwind table.</summary>
    /// <exception cref="ElfException">The table contradicts itself, or uses an encoding this reader does not know.</exception>
    public static IReadOnlyList<FrameDescription> Read(ElfFile file)
    {
        ReadOnlySpan<byte> bytes;
        ulong address;
        if (file.TryGetSection(".eh_frame", out var section) && section.Type != ElfSectionType.NoBits)
        {
            bytes = file.SectionBytes(section);
            address = section.Address;
        }
        else if (!TryFindThroughIndex(file, out bytes, out address))
        {
            return [];
        }

        var ranges = new Table(file, bytes, address).Read();
        ranges.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        return ranges;
    }

    /// <summary>The range of a sorted list that contains <paramref name="address"/>.</summary>
    public static bool TryFind(IReadOnlyList<FrameDescription> frames, ulong address, out FrameDescription frame)
    {
        int low = 0, high = frames.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            frame = frames[middle];
            if (address < frame.Start)
            {
                high = middle - 1;
            }
            else if (address >= frame.End)
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        frame = default;
        return false;
    }

    /// <summary><c>.eh_frame_hdr</c>: version, three encodings, then the address of <c>.eh_frame</c>.</summary>
    static bool TryFindThroughIndex(ElfFile file, out ReadOnlySpan<byte> bytes, out ulong address)
    {
        foreach (var segment in file.Segments)
        {
            if (segment.Type == ElfSegmentType.GnuEhFrame)
            {
                var header = file.ReadToSegmentEnd(segment.VirtualAddress);
                if (header.Length < 8 || header[0] != 1)
                {
                    continue;
                }

                var cursor = new Cursor(header, segment.VirtualAddress, segment.Offset, file) { Position = 4 };
                address = cursor.ReadPointer(header[1], dataBase: segment.VirtualAddress);
                bytes = file.ReadToSegmentEnd(address);
                return !bytes.IsEmpty;
            }
        }

        bytes = default;
        address = 0;
        return false;
    }

    /// <summary>The common information entry that several ranges share: how their pointers are encoded.</summary>
    readonly record struct CommonEntry(byte PointerEncoding, bool HasAugmentation);

    readonly ref struct Table(ElfFile file, ReadOnlySpan<byte> bytes, ulong address)
    {
        readonly ReadOnlySpan<byte> _bytes = bytes;
        readonly ulong _fileOffset = file.TryGetFileOffset(address, out var offset) ? offset : 0;

        public List<FrameDescription> Read()
        {
            var ranges = new List<FrameDescription>(_bytes.Length / 48);
            var common = new Dictionary<int, CommonEntry>();
            for (var at = 0; at + 4 <= _bytes.Length;)
            {
                var start = at;
                var body = EntryAt(start, out at);
                if (at == start)
                {
                    break; // a length of zero ends the table
                }

                var idPosition = body.Position;
                var distance = body.ReadUInt32();
                if (distance == 0)
                {
                    continue; // a common entry, read when a range first points to it
                }

                var commonAt = idPosition - (long)distance;
                if (commonAt < 0)
                {
                    throw body.Error("its common entry lies before the table");
                }

                ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(common, (int)commonAt, out var known);
                if (!known)
                {
                    entry = ReadCommon((int)commonAt);
                }

                if (entry.PointerEncoding != Omitted)
                {
                    AddRange(ref body, entry, ranges);
                }
            }

            return ranges;
        }

        static void AddRange(ref Cursor body, CommonEntry entry, List<FrameDescription> ranges)
        {
            var start = body.ReadPointer(entry.PointerEncoding, dataBase: null);
            var length = body.ReadPointer((byte)(entry.PointerEncoding & 0x0f), dataBase: null);
            if (length == 0 || start > ulong.MaxValue - length)
            {
                return; // code the linker discarded
            }

            if (entry.HasAugmentation)
            {
                body.Skip(body.ReadUnsigned());
            }

            ranges.Add(new(start, start + length, body.SetsFrameBeforeAdvance()));
        }

        Cursor EntryAt(int at, out int next)
        {
            const uint LengthIsExtended = 0xffffffff;
            var cursor = new Cursor(_bytes, address, _fileOffset, file) { Position = at };
            ulong length = cursor.ReadUInt32();
            if (length == LengthIsExtended)
            {
                length = cursor.ReadUInt64();
            }

            if (length == 0)
            {
                next = at;
                return cursor;
            }

            if (length > (ulong)(_bytes.Length - cursor.Position))
            {
                throw cursor.Error("an entry ends after the table");
            }

            next = cursor.Position + (int)length;
            return new Cursor(_bytes[..next], address, _fileOffset, file) { Position = cursor.Position };
        }

        CommonEntry ReadCommon(int at)
        {
            var body = EntryAt(at, out var next);
            if (next == at || body.ReadUInt32() != 0)
            {
                throw body.Error("a range points to something that is no common entry");
            }

            var version = body.ReadByte();
            if (version is not (1 or 3 or 4))
            {
                throw body.Error(string.Create(CultureInfo.InvariantCulture, $"unknown version {version} of a common entry"));
            }

            var augmentation = body.ReadString();
            if (version == 4)
            {
                body.Skip(2); // address size, segment size
            }

            body.ReadUnsigned(); // code alignment
            body.ReadUnsigned(); // data alignment: signed, of the same length
            if (version == 1)
            {
                body.ReadByte();
            }
            else
            {
                body.ReadUnsigned();
            }

            byte pointerEncoding = 0;
            var hasAugmentation = augmentation.StartsWith("z"u8);
            if (hasAugmentation)
            {
                body.ReadUnsigned();
                foreach (var letter in augmentation[1..])
                {
                    switch (letter)
                    {
                        case (byte)'R':
                            pointerEncoding = body.ReadByte();
                            break;
                        case (byte)'P':
                            body.ReadPointer(body.ReadByte(), dataBase: 0);
                            break;
                        case (byte)'L':
                            body.ReadByte();
                            break;
                        case (byte)'S' or (byte)'B' or (byte)'G':
                            break;
                        default:
                            throw body.Error(string.Create(CultureInfo.InvariantCulture, $"unknown augmentation '{(char)letter}' of a common entry"));
                    }
                }
            }
            else if (!augmentation.IsEmpty)
            {
                throw body.Error("a common entry with an augmentation of unknown length");
            }

            return new(pointerEncoding, hasAugmentation);
        }
    }

    ref struct Cursor(ReadOnlySpan<byte> bytes, ulong address, ulong fileOffset, ElfFile file)
    {
        readonly ReadOnlySpan<byte> _bytes = bytes;

        public int Position { get; set; }

        public readonly ElfException Error(string what) => file.Error(fileOffset + (ulong)Position, $".eh_frame: {what}");

        public byte ReadByte() => Take(1)[0];

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

        /// <summary>An unsigned number in LEB128. Reading a signed one this way is right for its length only.</summary>
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
                0x02 => BinaryPrimitives.ReadUInt16LittleEndian(Take(2)),
                0x03 => ReadUInt32(),
                0x0a => unchecked((ulong)BinaryPrimitives.ReadInt16LittleEndian(Take(2))),
                0x0b => unchecked((ulong)BinaryPrimitives.ReadInt32LittleEndian(Take(4))),
                _ => throw Error(string.Create(CultureInfo.InvariantCulture, $"unknown pointer encoding 0x{encoding:x2}")),
            };
            return unchecked(origin + value);
        }

        /// <summary>Whether the rest, a program of <c>DW_CFA_*</c> instructions, changes the frame before it first moves on in the code.</summary>
        public bool SetsFrameBeforeAdvance()
        {
            while (Position < _bytes.Length)
            {
                var operation = _bytes[Position++];
                switch (operation)
                {
                    case 0x00: // nop
                    case 0x0a: // remember_state
                    case 0x0b: // restore_state
                    case 0x2d: // GNU_window_save, on aarch64: return address is signed
                        continue;
                    case 0x2e: // GNU_args_size
                        ReadUnsigned();
                        continue;
                    case 0x0c or 0x0d or 0x0e or 0x0f: // def_cfa, def_cfa_register, def_cfa_offset, def_cfa_expression
                    case 0x12 or 0x13: // def_cfa_sf, def_cfa_offset_sf
                    case 0x05 or 0x11 or 0x10 or 0x16: // offset_extended (also _sf), expression, val_expression
                    case >= 0x80 and < 0xc0: // offset
                        return true;
                    default: // an advance, or something no compiler puts first
                        return false;
                }
            }

            return false;
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
}
