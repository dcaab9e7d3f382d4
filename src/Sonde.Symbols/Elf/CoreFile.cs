using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sonde.Symbols.Unwind;

namespace Sonde.Symbols.Elf;

/// <summary>What a process left when it died: its memory and threads as the kernel, or a debugger, wrote them (core(5)). x86-64.</summary>
/// <remarks>
/// Core files can be larger than memory, so the file is read where it is needed. One that was cut short is read as far as it goes.
/// Sources: fs/binfmt_elf.c (elf_core_dump, fill_files_note), include/uapi/linux/elfcore.h.
/// </remarks>
public sealed class CoreFile
{
    const int HeaderSize = 64, SegmentHeaderSize = 56;
    const int MostSegments = 1 << 20, MostThreads = 1 << 20, MostMappings = 1 << 20;
    const ulong MostNoteBytes = 256 << 20;
    const int StatusNote = 1, ProcessNote = 3, AuxiliaryNote = 6, SignalNote = 0x53494749, FilesNote = 0x46494c45;

    readonly IMemory _file;
    readonly List<CoreThread> _threads = [];
    readonly List<CoreMapping> _mappings = [];
    readonly Dictionary<ulong, ulong> _auxiliary = [];
    readonly string _name;
    CoreSegment[] _segments = [];

    CoreFile(IMemory file, ulong length, string name) => (_file, Length, _name) = (file, length, name);

    /// <summary>How many bytes the file has.</summary>
    public ulong Length { get; }

    /// <summary>How many bytes are missing at its end; 0 for a whole file.</summary>
    public ulong MissingBytes { get; private set; }

    /// <summary>The threads; the first is the one that died, or that the debugger was at.</summary>
    public IReadOnlyList<CoreThread> Threads => _threads;

    /// <summary>The parts of files that were mapped, in order of address; empty when the file does not tell.</summary>
    public IReadOnlyList<CoreMapping> Mappings => _mappings;

    /// <summary>The memory, in order of address.</summary>
    public IReadOnlyList<CoreSegment> Segments => _segments;

    /// <summary>The signal it died of; null when the file does not tell, as when a debugger wrote it of a running process.</summary>
    public CoreSignal? Signal { get; private set; }

    /// <summary>The process's number in its own pid namespace; 0 when unknown.</summary>
    public int Pid { get; private set; }

    /// <summary>The process's name, of at most 15 bytes; empty when unknown.</summary>
    public string ProcessName { get; private set; } = "";

    /// <summary>The beginning of its command line, of at most 79 bytes; empty when unknown.</summary>
    public string CommandLine { get; private set; } = "";

    /// <summary>Reads what a core file says of its process.</summary>
    /// <param name="file">The file's bytes, by offset.</param>
    /// <param name="length">How many there are.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="ElfException">It is no core file of an x86-64 process, or is damaged.</exception>
    public static CoreFile Parse(IMemory file, ulong length, string name)
    {
        ArgumentNullException.ThrowIfNull(file);
        var core = new CoreFile(file, length, name);
        core.Read();
        return core;
    }

    /// <summary>A number of the auxiliary vector (<c>AT_*</c>, include/uapi/linux/auxvec.h).</summary>
    public bool TryGetAuxiliary(ulong type, out ulong value) => _auxiliary.TryGetValue(type, out value);

    /// <summary>The piece of memory that an address lies in.</summary>
    public bool TryFindSegment(ulong address, out CoreSegment segment)
    {
        var (low, high) = (0, _segments.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            segment = _segments[middle];
            if (segment.Contains(address))
            {
                return true;
            }

            (low, high) = address < segment.Start ? (low, middle - 1) : (middle + 1, high);
        }

        segment = default;
        return false;
    }

    /// <summary>Where the next piece of memory begins behind an address that lies in none; the highest address where there is none.</summary>
    public ulong NextSegment(ulong address)
    {
        var (low, high) = (0, _segments.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = _segments[middle].Start > address ? (low, middle) : (middle + 1, high);
        }

        return low < _segments.Length ? _segments[low].Start : ulong.MaxValue;
    }

    /// <summary>Reads bytes that are stored in the file.</summary>
    /// <param name="segment">The piece of memory.</param>
    /// <param name="skip">Where to begin in it.</param>
    /// <param name="destination">As many bytes as are wanted.</param>
    /// <returns>False when not all of them are in the file.</returns>
    public bool TryReadStored(in CoreSegment segment, ulong skip, Span<byte> destination) =>
        skip <= segment.StoredBytes && (ulong)destination.Length <= segment.StoredBytes - skip && _file.TryRead(segment.Offset + skip, destination);

    ElfException Error(ulong offset, string what) => new(_name, offset, what);

    void Read()
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        if (Length < HeaderSize || !_file.TryRead(0, header) || !header.StartsWith("\u007fELF"u8))
        {
            throw Error(0, "not a core file");
        }

        if (header[4] != 2 || header[5] != 1)
        {
            throw Error(4, "a core file of another kind of machine: only 64-bit little-endian ones are read");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(header[16..]) != (int)ElfType.Core)
        {
            throw Error(16, "an ELF file, but no core file");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(header[18..]) != (int)ElfMachine.X8664)
        {
            throw Error(18, "a core file of another kind of machine: only x86-64 is read");
        }

        foreach (var (offset, size) in ReadSegments(header))
        {
            ReadNotes(offset, size);
        }

        if (_threads.Count == 0)
        {
            throw Error(0, MissingBytes > 0 ? "the core file ends before its threads" : "the core file tells of no thread");
        }
    }

    /// <summary>Reads the program headers; gives where notes are.</summary>
    List<(ulong Offset, ulong Size)> ReadSegments(ReadOnlySpan<byte> header)
    {
        const int countIsInFirstSection = 0xffff;
        var table = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        ulong count = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]);
        if (count == countIsInFirstSection)
        {
            Span<byte> section = stackalloc byte[64];
            var sections = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
            if (sections > Length || !_file.TryRead(sections, section))
            {
                throw Error(40, "the core file ends before it tells how many segments it has");
            }

            count = BinaryPrimitives.ReadUInt32LittleEndian(section[44..]);
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(header[54..]) != SegmentHeaderSize || count > MostSegments || table > Length || count * SegmentHeaderSize > Length - table)
        {
            throw Error(32, "the core file's segment table lies outside of it");
        }

        var bytes = new byte[count * SegmentHeaderSize];
        if (!_file.TryRead(table, bytes))
        {
            throw Error(table, "the core file's segment table cannot be read");
        }

        List<CoreSegment> segments = [];
        List<(ulong, ulong)> notes = [];
        for (var at = 0; at < bytes.Length; at += SegmentHeaderSize)
        {
            var entry = bytes.AsSpan(at, SegmentHeaderSize);
            var type = (ElfSegmentType)BinaryPrimitives.ReadUInt32LittleEndian(entry);
            var access = (ElfSegmentAccess)BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]);
            var offset = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
            var start = BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]);
            var stored = BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]);
            var size = BinaryPrimitives.ReadUInt64LittleEndian(entry[40..]);
            var there = offset >= Length ? 0 : Math.Min(stored, Length - offset);
            var missing = stored - there;
            MissingBytes += Math.Min(missing, ulong.MaxValue - MissingBytes);
            if (type == ElfSegmentType.Note)
            {
                notes.Add((offset, there));
            }
            else if (type == ElfSegmentType.Load && size > 0 && start <= ulong.MaxValue - size)
            {
                segments.Add(new(start, size, offset, Math.Min(there, size), Math.Min(missing, size - Math.Min(there, size)), access));
            }
        }

        segments.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        _segments = [.. segments];
        return notes;
    }

    void ReadNotes(ulong offset, ulong size)
    {
        if (size > MostNoteBytes)
        {
            throw Error(offset, string.Create(CultureInfo.InvariantCulture, $"notes of 0x{size:x} bytes"));
        }

        var bytes = new byte[size];
        if (!_file.TryRead(offset, bytes))
        {
            throw Error(offset, "the notes cannot be read");
        }

        var notes = new ElfNoteReader(bytes, 4);
        while (notes.MoveNext())
        {
            if (notes.Owner.SequenceEqual("CORE"u8))
            {
                ReadNote(notes.Type, notes.Descriptor);
            }
        }
    }

    void ReadNote(uint type, ReadOnlySpan<byte> note)
    {
        switch (type)
        {
            case StatusNote when note.Length >= 112 + 27 * 8 && _threads.Count < MostThreads:
                _threads.Add(ReadStatus(note));
                break;
            case ProcessNote when note.Length >= 136:
                Pid = BinaryPrimitives.ReadInt32LittleEndian(note[24..]);
                ProcessName = Text(note.Slice(40, 16));
                CommandLine = Text(note.Slice(56, 80)).TrimEnd(' ');
                break;
            case SignalNote when note.Length >= 24 && Signal is null:
                ReadSignal(note);
                break;
            case AuxiliaryNote:
                for (; note.Length >= 16; note = note[16..])
                {
                    _auxiliary.TryAdd(BinaryPrimitives.ReadUInt64LittleEndian(note), BinaryPrimitives.ReadUInt64LittleEndian(note[8..]));
                }

                break;
            case FilesNote when note.Length >= 16 && _mappings.Count == 0:
                ReadFiles(note);
                break;
        }
    }

    /// <summary>The registers are those of <c>struct user_regs_struct</c> (arch/x86/include/asm/user_64.h).</summary>
    static CoreThread ReadStatus(ReadOnlySpan<byte> note)
    {
        const int registers = 112, threadPointer = 21;

        // r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax (none of ours), rip, cs, flags, rsp: in DWARF's numbering.
        ReadOnlySpan<sbyte> order = [15, 14, 13, 12, 6, 3, 11, 10, 9, 8, 0, 2, 1, 4, 5, -1, 16, -1, -1, 7];
        var values = default(FrameRegisters);
        for (var i = 0; i < order.Length; i++)
        {
            if (order[i] >= 0)
            {
                values.Set(order[i], BinaryPrimitives.ReadUInt64LittleEndian(note[(registers + 8 * i)..]));
            }
        }

        return new(
            BinaryPrimitives.ReadInt32LittleEndian(note[32..]), values,
            BinaryPrimitives.ReadUInt64LittleEndian(note[(registers + 8 * threadPointer)..]), BinaryPrimitives.ReadInt16LittleEndian(note[12..]));
    }

    void ReadSignal(ReadOnlySpan<byte> note)
    {
        var number = BinaryPrimitives.ReadInt32LittleEndian(note);
        var code = BinaryPrimitives.ReadInt32LittleEndian(note[8..]);
        if (number != 0)
        {
            Signal = new(
                number, code, BinaryPrimitives.ReadUInt64LittleEndian(note[16..]), BinaryPrimitives.ReadInt32LittleEndian(note[16..]), BinaryPrimitives.ReadUInt32LittleEndian(note[20..]));
        }
    }

    /// <summary>How many, the unit of offsets, then start, end and offset of each, then their paths.</summary>
    void ReadFiles(ReadOnlySpan<byte> note)
    {
        var count = BinaryPrimitives.ReadUInt64LittleEndian(note);
        var unit = BinaryPrimitives.ReadUInt64LittleEndian(note[8..]);
        if (count > MostMappings || count * 24 > (ulong)note.Length - 16)
        {
            return;
        }

        var names = note[(16 + (int)count * 24)..];
        ReadOnlySpan<byte> lastBytes = default;
        var lastPath = "";
        for (var i = 0; i < (int)count; i++)
        {
            var end = names.IndexOf((byte)0);
            if (end < 0)
            {
                break;
            }

            if (lastPath.Length == 0 || !names[..end].SequenceEqual(lastBytes))
            {
                lastBytes = names[..end];
                lastPath = Encoding.UTF8.GetString(lastBytes);
            }

            names = names[(end + 1)..];
            var entry = note[(16 + i * 24)..];
            var start = BinaryPrimitives.ReadUInt64LittleEndian(entry);
            var stop = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
            if (stop > start)
            {
                _mappings.Add(new(start, stop, unchecked(BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]) * unit), lastPath));
            }
        }

        _mappings.Sort(static (a, b) => a.Start.CompareTo(b.Start));
    }

    static string Text(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
