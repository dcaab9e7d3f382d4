using System.Globalization;
using System.Runtime.InteropServices;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Unwind;

/// <summary>A common information entry: what several code ranges share.</summary>
/// <param name="PointerEncoding">How their addresses are written (<c>DW_EH_PE_*</c>).</param>
/// <param name="HasAugmentation">Whether their entries have augmentation data.</param>
/// <param name="IsSignalFrame">Whether the code is returned to where a signal hit, not after a call.</param>
/// <param name="CodeAlignment">What advances are multiplied by.</param>
/// <param name="DataAlignment">What offsets are multiplied by.</param>
/// <param name="ReturnRegister">The column of the return address.</param>
/// <param name="ProgramStart">Where the first instructions of every range begin in the section.</param>
/// <param name="ProgramEnd">Where they end.</param>
readonly record struct CommonEntry(
    byte PointerEncoding, bool HasAugmentation, bool IsSignalFrame, ulong CodeAlignment, long DataAlignment, ulong ReturnRegister, int ProgramStart, int ProgramEnd);

/// <summary>A frame description entry: a code range and where its unwind instructions are in the section.</summary>
readonly record struct RangeEntry(ulong Start, ulong End, int Common, int ProgramStart, int ProgramEnd);

/// <summary>The entries of <c>.eh_frame</c> or <c>.debug_frame</c>, in order of the file.</summary>
/// <remarks>Sources: Linux Standard Base Core, "Exception Frames"; DWARF 5, section 6.4.1.</remarks>
sealed class UnwindSection
{
    const byte Omitted = 0xff;

    readonly ElfFile _file;
    readonly ulong _address;
    readonly ulong _fileOffset;
    readonly bool _isDebugFrame;
    readonly Dictionary<int, int> _commonAt = [];

    UnwindSection(ElfFile file, ReadOnlyMemory<byte> bytes, ulong address, ulong fileOffset, bool isDebugFrame)
    {
        (_file, Bytes, _address, _fileOffset, _isDebugFrame) = (file, bytes, address, fileOffset, isDebugFrame);
        ReadEntries();
    }

    public ReadOnlyMemory<byte> Bytes { get; }

    public List<CommonEntry> Common { get; } = [];

    public List<RangeEntry> Ranges { get; } = [];

    /// <summary>The table that is mapped with the program and survives <c>strip</c>; null when the file has none.</summary>
    /// <exception cref="ElfException">It contradicts itself, or uses an encoding this reader does not know.</exception>
    public static UnwindSection? ReadEhFrame(ElfFile file)
    {
        if (file.TryGetSection(".eh_frame", out var section) && section.Type != ElfSectionType.NoBits)
        {
            return new(file, file.SectionMemory(section), section.Address, section.Offset, isDebugFrame: false);
        }

        return TryFindThroughIndex(file, out var bytes, out var address)
            ? new(file, bytes, address, file.TryGetFileOffset(address, out var offset) ? offset : 0, isDebugFrame: false)
            : null;
    }

    /// <summary>The table for debuggers, as assembler code and programs built without <c>.eh_frame</c> have it; null when the file has none.</summary>
    /// <exception cref="ElfException">It contradicts itself, or uses an encoding this reader does not know.</exception>
    public static UnwindSection? ReadDebugFrame(ElfFile file) =>
        file.TryGetSection(".debug_frame", out var section) && section.Type != ElfSectionType.NoBits
            ? new(file, file.SectionMemory(section), 0, section.Offset, isDebugFrame: true)
            : null;

    /// <summary>A reader of part of the section.</summary>
    public UnwindCursor CursorAt(int start, int end) => new(Bytes.Span[..end], _address, _fileOffset, _file) { Position = start };

    /// <summary><c>.eh_frame_hdr</c>: version, three encodings, then the address of <c>.eh_frame</c>.</summary>
    static bool TryFindThroughIndex(ElfFile file, out ReadOnlyMemory<byte> bytes, out ulong address)
    {
        const ulong IndexHeaderBytes = 16;
        foreach (var segment in file.Segments)
        {
            if (segment.Type == ElfSegmentType.GnuEhFrame)
            {
                var header = file.ReadToSegmentEnd(segment.VirtualAddress, IndexHeaderBytes);
                if (header.Length < 8 || header[0] != 1)
                {
                    continue;
                }

                var cursor = new UnwindCursor(header, segment.VirtualAddress, segment.Offset, file) { Position = 4 };
                address = cursor.ReadPointer(header[1], dataBase: segment.VirtualAddress);
                var found = file.ReadToSegmentEnd(address);
                bytes = found.IsEmpty ? default : file.MemoryOf(found);
                return !bytes.IsEmpty;
            }
        }

        bytes = default;
        address = 0;
        return false;
    }

    void ReadEntries()
    {
        var length = Bytes.Length;
        Ranges.Capacity = length / 48;
        for (var at = 0; at + 4 <= length;)
        {
            var start = at;
            var body = EntryAt(start, out at, out var is64);
            if (at == start)
            {
                break; // a length of zero ends the table
            }

            var idPosition = body.Position;
            var id = is64 && _isDebugFrame ? body.ReadUInt64() : body.ReadUInt32();
            if (IsCommon(id, is64))
            {
                continue; // read when a range first points to it
            }

            var commonAt = _isDebugFrame ? id : (ulong)idPosition - id;
            if (commonAt >= (ulong)length)
            {
                throw body.Error("its common entry lies outside the table");
            }

            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_commonAt, (int)commonAt, out var exists);
            if (!exists)
            {
                Common.Add(ReadCommon((int)commonAt));
                known = Common.Count - 1;
            }

            AddRange(ref body, known, at);
        }
    }

    bool IsCommon(ulong id, bool is64) => id == (_isDebugFrame ? is64 ? ulong.MaxValue : uint.MaxValue : 0);

    void AddRange(ref UnwindCursor body, int common, int end)
    {
        var entry = Common[common];
        if (entry.PointerEncoding == Omitted)
        {
            return;
        }

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

        Ranges.Add(new(start, start + length, common, body.Position, end));
    }

    UnwindCursor EntryAt(int at, out int next, out bool is64)
    {
        const uint LengthIsExtended = 0xffffffff;
        var cursor = CursorAt(at, Bytes.Length);
        ulong length = cursor.ReadUInt32();
        is64 = length == LengthIsExtended;
        if (is64)
        {
            length = cursor.ReadUInt64();
        }

        if (length == 0)
        {
            next = at;
            return cursor;
        }

        if (length > (ulong)(Bytes.Length - cursor.Position))
        {
            throw cursor.Error("an entry ends after the table");
        }

        next = cursor.Position + (int)length;
        return CursorAt(cursor.Position, next);
    }

    CommonEntry ReadCommon(int at)
    {
        var body = EntryAt(at, out var next, out var is64);
        if (next == at || !IsCommon(is64 && _isDebugFrame ? body.ReadUInt64() : body.ReadUInt32(), is64))
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

        var codeAlignment = body.ReadUnsigned();
        var dataAlignment = body.ReadSigned();
        var returnRegister = version == 1 ? body.ReadByte() : body.ReadUnsigned();
        byte pointerEncoding = 0;
        var isSignalFrame = false;
        var hasAugmentation = augmentation.StartsWith("z"u8);
        var programStart = body.Position;
        // A range may point anywhere, and what it points to is run for each of them.
        const int mostProgramBytes = 1 << 16;
        if (next - programStart > mostProgramBytes)
        {
            throw body.Error("a common entry is too long");
        }

        if (hasAugmentation)
        {
            var size = body.ReadUnsigned();
            programStart = body.Position + (int)Math.Min(size, (ulong)(next - body.Position));
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
                    case (byte)'S':
                        isSignalFrame = true;
                        break;
                    case (byte)'B' or (byte)'G':
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

        return new(pointerEncoding, hasAugmentation, isSignalFrame, codeAlignment, dataAlignment, returnRegister, programStart, next);
    }
}
