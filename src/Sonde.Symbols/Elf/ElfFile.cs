using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sonde.Symbols.Tables;

namespace Sonde.Symbols.Elf;

/// <summary>A 64-bit little-endian ELF file, read in place.</summary>
/// <remarks>
/// Everything beyond the headers is read when first asked for. The bytes are borrowed: they must stay as they are while the file is in use.
/// Any number of threads may read one file. Sources: the System V ABI's ELF chapters and the gABI's notes on compression and RELR.
/// </remarks>
public sealed partial class ElfFile
{
    const int HeaderSize = 64;
    const int SegmentHeaderSize = 56;
    const int SectionHeaderSize = 64;

    readonly ReadOnlyMemory<byte> _bytes;
    readonly FilePieces? _pieces;
    ElfSegment[] _segments = [];
    ElfSection[] _sections = [];

    ElfFile(ReadOnlyMemory<byte> bytes, FilePieces? pieces, string name)
    {
        _bytes = bytes;
        _pieces = pieces;
        Name = name;
        _dynamic = new(ReadDynamic);
        _dynamicSymbols = new(FindDynamicSymbols);
        _symbols = new(FindSymbols);
        _functions = new(() => SymbolTable.Read(this));
        _relativeRelocations = new(ReadRelativeRelocations);
        _buildId = new(FindBuildId);
        _miniDebugInfo = new(ReadMiniDebugInfo);
    }

    /// <summary>The name the file was parsed under, for messages.</summary>
    public string Name { get; }

    /// <summary>The word size. A 32-bit file has no segments, sections or symbols here.</summary>
    public ElfClass Class { get; private set; }

    /// <summary>The kind of object.</summary>
    public ElfType Type { get; private set; }

    /// <summary>The instruction set.</summary>
    public ElfMachine Machine { get; private set; }

    /// <summary>Address of the first instruction, in the file's own address space.</summary>
    public ulong Entry { get; private set; }

    /// <summary>The whole file.</summary>
    /// <exception cref="ElfException">It cannot be read any more.</exception>
    public ReadOnlySpan<byte> Bytes => Part(0, _bytes.Length);

    /// <summary>Its length in bytes.</summary>
    public int Length => _bytes.Length;

    /// <summary>The program headers in file order.</summary>
    public IReadOnlyList<ElfSegment> Segments => _segments;

    /// <summary>The section headers in file order; empty when they were stripped or cannot be used.</summary>
    public IReadOnlyList<ElfSection> Sections => _sections;

    /// <summary>Why the file's section headers cannot be used; null when they can, or when there are none.</summary>
    /// <remarks>The kernel and the dynamic linker never look at them, so a running program may well have broken ones.</remarks>
    public string? SectionHeadersProblem { get; private set; }

    /// <summary>Reads the headers of an ELF file.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="ElfException">It is no ELF file, is big-endian, or its program headers lie outside it.</exception>
    public static ElfFile Parse(ReadOnlyMemory<byte> bytes, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var file = new ElfFile(bytes, null, name);
        file.ReadHeader();
        return file;
    }

    /// <summary>Reads the headers of an ELF file, and the rest of it as it is asked for.</summary>
    /// <param name="pieces">The file.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="ElfException">It is no ELF file, is big-endian, or its program headers lie outside it; later, when a part cannot be read any more.</exception>
    public static ElfFile Parse(FilePieces pieces, string name)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        ArgumentNullException.ThrowIfNull(name);
        var file = new ElfFile(pieces.Memory, pieces, name);
        file.ReadHeader();
        return file;
    }

    /// <summary>Finds a section by name.</summary>
    public bool TryGetSection(string name, out ElfSection section)
    {
        foreach (var candidate in _sections)
        {
            if (candidate.Name == name)
            {
                section = candidate;
                return true;
            }
        }

        section = default;
        return false;
    }

    /// <summary>The bytes at [<paramref name="offset"/>, <paramref name="offset"/> + <paramref name="size"/>) of the file.</summary>
    /// <exception cref="ElfException">They are not all in the file.</exception>
    internal ReadOnlySpan<byte> Slice(ulong offset, ulong size, string what)
    {
        var length = (ulong)_bytes.Length;
        if (offset > length || size > length - offset)
        {
            throw Error(offset, string.Create(CultureInfo.InvariantCulture, $"{what} of 0x{size:x} bytes ends after the file's 0x{length:x} bytes"));
        }

        return Part((int)offset, (int)size);
    }

    /// <summary>A part of the file, of which it is known that it lies within it.</summary>
    ReadOnlySpan<byte> Part(int offset, int size) => _pieces?.TryFill(offset, size) ?? true
        ? _bytes.Span.Slice(offset, size)
        : throw Error((ulong)offset, string.Create(CultureInfo.InvariantCulture, $"0x{size:x} bytes cannot be read any more"));

    internal ElfException Error(ulong offset, string what) => new(Name, offset, what);

    /// <summary>Throws for a file of a class or byte order whose contents this reader does not know.</summary>
    void ReadHeader()
    {
        var bytes = Part(0, Math.Min(_bytes.Length, HeaderSize));
        if (bytes.Length < 20 || !bytes.StartsWith("\u007fELF"u8))
        {
            throw Error(0, "not an ELF file");
        }

        Class = bytes[4] switch
        {
            1 => ElfClass.Elf32,
            2 => ElfClass.Elf64,
            var other => throw Error(4, string.Create(CultureInfo.InvariantCulture, $"unknown ELF class {other}")),
        };
        if (bytes[5] != 1)
        {
            throw Error(5, bytes[5] == 2 ? "big-endian ELF files are not supported" : "unknown byte order");
        }

        Type = (ElfType)BinaryPrimitives.ReadUInt16LittleEndian(bytes[16..]);
        Machine = (ElfMachine)BinaryPrimitives.ReadUInt16LittleEndian(bytes[18..]);
        if (Class == ElfClass.Elf32)
        {
            return;
        }

        var header = Slice(0, HeaderSize, "ELF header");
        Entry = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        var sectionTable = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
        ReadSections(sectionTable, header);
        ReadSegments(header);
    }

    void ReadSegments(ReadOnlySpan<byte> header)
    {
        const int CountIsInFirstSection = 0xffff;
        var table = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        var entrySize = BinaryPrimitives.ReadUInt16LittleEndian(header[54..]);
        ulong count = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]);
        if (count == CountIsInFirstSection && _sections.Length > 0)
        {
            count = _sections[0].Info;
        }

        if (count == 0)
        {
            return;
        }

        if (entrySize != SegmentHeaderSize)
        {
            throw Error(54, string.Create(CultureInfo.InvariantCulture, $"program headers of {entrySize} bytes, not {SegmentHeaderSize}"));
        }

        var bytes = Slice(table, count * SegmentHeaderSize, "program header table");
        var segments = new ElfSegment[(int)count];
        for (var i = 0; i < segments.Length; i++)
        {
            var entry = bytes.Slice(i * SegmentHeaderSize, SegmentHeaderSize);
            segments[i] = new(
                (ElfSegmentType)BinaryPrimitives.ReadUInt32LittleEndian(entry),
                (ElfSegmentAccess)BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[40..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[48..]));
        }

        _segments = segments;
    }

    void ReadSections(ulong table, ReadOnlySpan<byte> header)
    {
        const uint NamesIndexIsInFirstSection = 0xffff;
        const string CompressedName = ".zdebug_";
        ulong count = BinaryPrimitives.ReadUInt16LittleEndian(header[60..]);
        uint names = BinaryPrimitives.ReadUInt16LittleEndian(header[62..]);
        if (table == 0)
        {
            return;
        }

        var length = (ulong)_bytes.Length;
        if (BinaryPrimitives.ReadUInt16LittleEndian(header[58..]) != SectionHeaderSize || table > length || length - table < SectionHeaderSize)
        {
            SectionHeadersProblem = "the section header table lies outside the file";
            return;
        }

        var first = Part((int)table, SectionHeaderSize);
        count = count == 0 ? BinaryPrimitives.ReadUInt64LittleEndian(first[32..]) : count;
        names = names == NamesIndexIsInFirstSection ? BinaryPrimitives.ReadUInt32LittleEndian(first[40..]) : names;
        if (count > (length - table) / SectionHeaderSize)
        {
            SectionHeadersProblem = "the section header table ends after the file";
            return;
        }

        var bytes = Part((int)table, (int)count * SectionHeaderSize);
        var strings = ReadOnlySpan<byte>.Empty;
        if (names < count)
        {
            var entry = bytes.Slice((int)names * SectionHeaderSize, SectionHeaderSize);
            var offset = BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]);
            var size = BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]);
            if (offset <= length && size <= length - offset)
            {
                strings = Part((int)offset, (int)size);
            }
        }

        var sections = new ElfSection[(int)count];
        for (var i = 0; i < sections.Length; i++)
        {
            var entry = bytes.Slice(i * SectionHeaderSize, SectionHeaderSize);
            var name = SectionName(strings, BinaryPrimitives.ReadUInt32LittleEndian(entry));
            var flags = (ElfSectionAttributes)BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
            if (name.StartsWith(CompressedName, StringComparison.Ordinal))
            {
                // Before there was a flag for it, debug sections said by their names that they are compressed.
                (name, flags) = (".debug_" + name[CompressedName.Length..], flags | ElfSectionAttributes.Compressed);
            }

            sections[i] = new(
                i,
                name,
                (ElfSectionType)BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]),
                flags,
                BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]),
                BinaryPrimitives.ReadUInt32LittleEndian(entry[40..]),
                BinaryPrimitives.ReadUInt32LittleEndian(entry[44..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[56..]));
        }

        _sections = sections;
    }

    static string SectionName(ReadOnlySpan<byte> strings, uint offset)
    {
        // Real names are short; the bound keeps a hostile table of overlapping strings from taking memory.
        const int LongestName = 256;
        if (offset >= (uint)strings.Length)
        {
            return "";
        }

        var rest = strings[(int)offset..];
        rest = rest[..Math.Min(rest.Length, LongestName)];
        var end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
