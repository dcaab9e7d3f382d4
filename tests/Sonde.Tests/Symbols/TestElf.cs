using System.Buffers.Binary;
using System.Text;
using Sonde.Symbols.Elf;

namespace Sonde.Tests.Symbols;

/// <summary>Writes small ELF files with exactly the parts a test is about.</summary>
sealed class TestElf
{
    readonly List<(ElfSegmentType Type, ElfSegmentAccess Access, ulong Address, byte[] Bytes, ulong MemorySize, bool Mapped)> _segments = [];
    readonly List<(string Name, ElfSectionType Type, ElfSectionAttributes Attributes, ulong Address, byte[] Bytes, uint Link, int? Segment)> _sections = [];

    public ElfType Type { get; init; } = ElfType.Dynamic;

    public ElfMachine Machine { get; init; } = ElfMachine.X8664;

    /// <summary>Adds a program header; <paramref name="mapped"/> adds a LOAD header over the same bytes.</summary>
    public void Segment(ElfSegmentType type, ElfSegmentAccess access, ulong address, byte[] bytes, ulong? memorySize = null, bool mapped = false) =>
        _segments.Add((type, access, address, bytes, memorySize ?? (ulong)bytes.Length, mapped));

    public void Section(string name, ElfSectionType type, byte[] bytes, ElfSectionAttributes attributes = default, ulong address = 0, uint link = 0) =>
        _sections.Add((name, type, attributes, address, bytes, link, null));

    /// <summary>A symbol table with its strings, as two sections. Functions have 32 bytes.</summary>
    public void Symbols(ElfSectionType type, params (string Name, ulong Value, ElfSymbolType Type, bool Defined)[] symbols)
    {
        var strings = new List<byte> { 0 };
        var table = new byte[24 * (symbols.Length + 1)];
        for (var i = 0; i < symbols.Length; i++)
        {
            var entry = table.AsSpan(24 * (i + 1));
            BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)strings.Count);
            entry[4] = (byte)(0x10 | (byte)symbols[i].Type);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[6..], symbols[i].Defined ? (ushort)1 : (ushort)0);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], symbols[i].Value);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], symbols[i].Type == ElfSymbolType.Function ? 0x20UL : 8);
            strings.AddRange(Encoding.UTF8.GetBytes(symbols[i].Name));
            strings.Add(0);
        }

        // Section 0 is the null section, and this one's strings follow it.
        Section(type == ElfSectionType.DynamicSymbols ? ".dynsym" : ".symtab", type, table, link: (uint)_sections.Count + 2);
        Section(type == ElfSectionType.DynamicSymbols ? ".dynstr" : ".strtab", ElfSectionType.StringTable, [.. strings]);
    }

    public static byte[] Words(params ulong[] words)
    {
        var bytes = new byte[words.Length * 8];
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), words[i]);
        }

        return bytes;
    }

    public byte[] Build()
    {
        var headers = new List<(ElfSegmentType, ElfSegmentAccess, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize)>();
        var body = new List<byte>();
        var headerCount = _segments.Sum(s => s.Mapped ? 2 : 1);
        var start = 64 + headerCount * 56;
        foreach (var (type, access, address, bytes, memorySize, mapped) in _segments)
        {
            var offset = Place(bytes);
            headers.Add((type, access, offset, address, (ulong)bytes.Length, memorySize));
            if (mapped)
            {
                headers.Add((ElfSegmentType.Load, access, offset, address, (ulong)bytes.Length, memorySize));
            }
        }

        var sections = _sections.Select(s => (s.Name, s.Type, s.Attributes, s.Address, Offset: Place(s.Bytes), s.Bytes, s.Link)).ToList();
        var names = new List<byte> { 0 };
        var nameOffsets = sections.Select(s => AddName(s.Name)).ToList();
        var namesName = AddName(".shstrtab");
        var namesOffset = Place([.. names]);
        var sectionTable = sections.Count == 0 ? 0 : start + body.Count;
        var file = new byte[start + body.Count + (sections.Count == 0 ? 0 : 64 * (sections.Count + 2))];
        var header = file.AsSpan();
        "\u007fELF"u8.CopyTo(header);
        header[4] = 2;
        header[5] = 1;
        header[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], (ushort)Type);
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], (ushort)Machine);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], headerCount == 0 ? 0UL : 64);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], (ulong)sectionTable);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], (ushort)headers.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(header[58..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(header[60..], (ushort)(sections.Count == 0 ? 0 : sections.Count + 2));
        BinaryPrimitives.WriteUInt16LittleEndian(header[62..], (ushort)(sections.Count == 0 ? 0 : sections.Count + 1));
        for (var i = 0; i < headers.Count; i++)
        {
            var (type, access, offset, address, fileSize, memorySize) = headers[i];
            var entry = file.AsSpan(64 + i * 56);
            BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)type);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], (uint)access);
            Words(offset, address, address, fileSize, memorySize, type == ElfSegmentType.Note ? 4UL : 16).CopyTo(entry[8..]);
        }

        body.CopyTo(file, start);
        for (var i = 0; i < sections.Count; i++)
        {
            var s = sections[i];
            WriteSection(i + 1, nameOffsets[i], s.Type, s.Attributes, s.Address, s.Offset, (ulong)s.Bytes.Length, s.Link);
        }

        if (sections.Count > 0)
        {
            WriteSection(sections.Count + 1, namesName, ElfSectionType.StringTable, default, 0, namesOffset, (ulong)names.Count, 0);
        }

        return file;

        ulong Place(byte[] bytes)
        {
            while (body.Count % 8 != 0)
            {
                body.Add(0);
            }

            var offset = start + body.Count;
            body.AddRange(bytes);
            return (ulong)offset;
        }

        int AddName(string name)
        {
            var at = names.Count;
            names.AddRange(Encoding.UTF8.GetBytes(name));
            names.Add(0);
            return at;
        }

        void WriteSection(int index, int name, ElfSectionType type, ElfSectionAttributes attributes, ulong address, ulong offset, ulong size, uint link)
        {
            var entry = file.AsSpan(sectionTable + index * 64);
            BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)name);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], (uint)type);
            Words((ulong)attributes, address, offset, size).CopyTo(entry[8..]);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[40..], link);
        }
    }
}
