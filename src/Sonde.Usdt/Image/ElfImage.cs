using System.Buffers.Binary;
using System.Text;

namespace Sonde.Usdt.Image;

/// <summary>What the linker knows a section's contents as (System V ABI, chapter 4, "Sections").</summary>
enum SectionType : uint
{
    Program = 1,
    Strings = 3,
    Relocations = 4,
    Hash = 5,
    Dynamic = 6,
    Note = 7,
    DynamicSymbols = 11,
}

/// <summary>The part of a shared object that a section belongs to, which decides where it lies.</summary>
enum SectionPlace
{
    /// <summary>Mapped readable and executable.</summary>
    Code,

    /// <summary>Mapped readable and writable.</summary>
    Data,

    /// <summary>In the file only.</summary>
    File,
}

/// <summary>A section: so many bytes, filled in once it is known where everything lies.</summary>
/// <param name="name">Its name.</param>
/// <param name="type">What is in it.</param>
/// <param name="place">Where it belongs.</param>
/// <param name="length">How long it is, in bytes.</param>
/// <param name="fill">Writes its contents.</param>
sealed class Section(string name, SectionType type, SectionPlace place, int length, SectionFill fill)
{
    public string Name => name;

    public SectionType Type => type;

    public SectionPlace Place => place;

    public int Length => length;

    public SectionFill Fill => fill;

    /// <summary>What its start is a multiple of, in bytes.</summary>
    public int Alignment { get; init; } = 8;

    /// <summary>The section its contents point into.</summary>
    public Section? Link { get; init; }

    /// <summary>How long one entry is, in bytes, where it is a table.</summary>
    public int EntryLength { get; init; }

    /// <summary>Where it begins: in the file, and from the start of the mapping. Known when sections are filled.</summary>
    public int Offset { get; set; }
}

/// <summary>Writes a section's contents.</summary>
/// <param name="contents">Its bytes, all zero.</param>
delegate void SectionFill(Span<byte> contents);

/// <summary>A shared object (ELF64, little-endian) being laid out: headers and code on the first pages, data on the next ones, the rest behind.</summary>
/// <remarks>System V ABI, chapters 4 and 5. Addresses are offsets in the file, so the whole file can be mapped as it is and then be given its rights.</remarks>
/// <param name="machine">What the code is for: <c>EM_X86_64</c> 62 or <c>EM_AARCH64</c> 183.</param>
/// <param name="pageBytes">What the data's start is a multiple of.</param>
sealed class ElfImage(ushort machine, int pageBytes)
{
    const int HeaderLength = 64, SegmentLength = 56, SectionLength = 64, Segments = 4;
    const uint LoadSegment = 1, DynamicSegment = 2, StackSegment = 0x6474e551, Executable = 1, Writable = 2, Readable = 4;

    readonly List<Section> _sections = [];

    /// <summary>Where the data begins.</summary>
    public int DataOffset { get; private set; }

    /// <summary>Where the data ends.</summary>
    public int DataEnd { get; private set; }

    /// <summary>Adds a section; those of one place keep their order.</summary>
    public Section Add(Section section)
    {
        _sections.Add(section);
        return section;
    }

    /// <summary>The number of a section in the file's table.</summary>
    public int NumberOf(Section section) => 1 + _sections.IndexOf(section);

    /// <summary>Lays everything out and writes it.</summary>
    public byte[] Write()
    {
        var nameBytes = Names(out var namePlaces);
        Add(new Section(".shstrtab", SectionType.Strings, SectionPlace.File, nameBytes.Length, nameBytes.CopyTo) { Alignment = 1 });
        var end = HeaderLength + Segments * SegmentLength;
        Place(SectionPlace.Code, ref end);
        var codeEnd = end;
        DataOffset = end = Align(end, pageBytes);
        Place(SectionPlace.Data, ref end);
        DataEnd = end;
        Place(SectionPlace.File, ref end);
        var table = Align(end, 8);

        var image = new byte[table + (1 + _sections.Count) * SectionLength];
        WriteHeader(image, table);
        WriteSegment(image, 0, LoadSegment, Readable | Executable, 0, codeEnd, pageBytes);
        WriteSegment(image, 1, LoadSegment, Readable | Writable, DataOffset, DataEnd - DataOffset, pageBytes);
        var dynamic = _sections.Find(static section => section.Type == SectionType.Dynamic);
        WriteSegment(image, 2, DynamicSegment, Readable | Writable, dynamic?.Offset ?? 0, dynamic?.Length ?? 0, 8);
        // Without it a dynamic linker makes the stacks of the whole process executable, or refuses to load the object.
        WriteSegment(image, 3, StackSegment, Readable | Writable, 0, 0, 16);
        for (var i = 0; i < _sections.Count; i++)
        {
            var section = _sections[i];
            section.Fill(image.AsSpan(section.Offset, section.Length));
            WriteSection(image.AsSpan(table + (1 + i) * SectionLength), section, namePlaces[i]);
        }

        return image;
    }

    /// <summary>The names of all sections, the table's own included, and where each begins.</summary>
    byte[] Names(out int[] places)
    {
        var text = new StringBuilder("\0");
        places = new int[_sections.Count + 1];
        for (var i = 0; i <= _sections.Count; i++)
        {
            places[i] = text.Length;
            text.Append(i < _sections.Count ? _sections[i].Name : ".shstrtab").Append('\0');
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }

    void Place(SectionPlace place, ref int end)
    {
        foreach (var section in _sections)
        {
            if (section.Place == place)
            {
                section.Offset = Align(end, section.Alignment);
                end = section.Offset + section.Length;
            }
        }
    }

    void WriteHeader(Span<byte> image, int table)
    {
        const ushort sharedObject = 3;
        "\u007fELF"u8.CopyTo(image);
        image[4] = 2; // 64 bits
        image[5] = 1; // little-endian
        image[6] = 1; // version
        BinaryPrimitives.WriteUInt16LittleEndian(image[16..], sharedObject);
        BinaryPrimitives.WriteUInt16LittleEndian(image[18..], machine);
        BinaryPrimitives.WriteUInt32LittleEndian(image[20..], 1);
        BinaryPrimitives.WriteInt64LittleEndian(image[32..], HeaderLength);
        BinaryPrimitives.WriteInt64LittleEndian(image[40..], table);
        BinaryPrimitives.WriteUInt16LittleEndian(image[52..], HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(image[54..], SegmentLength);
        BinaryPrimitives.WriteUInt16LittleEndian(image[56..], Segments);
        BinaryPrimitives.WriteUInt16LittleEndian(image[58..], SectionLength);
        BinaryPrimitives.WriteUInt16LittleEndian(image[60..], (ushort)(1 + _sections.Count));
        BinaryPrimitives.WriteUInt16LittleEndian(image[62..], (ushort)_sections.Count);
    }

    static void WriteSegment(Span<byte> image, int number, uint type, uint flags, int offset, int length, int alignment)
    {
        var header = image[(HeaderLength + number * SegmentLength)..];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], flags);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], offset);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], offset);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], offset);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], length);
        BinaryPrimitives.WriteInt64LittleEndian(header[40..], length);
        BinaryPrimitives.WriteInt64LittleEndian(header[48..], alignment);
    }

    void WriteSection(Span<byte> header, Section section, int name)
    {
        const ulong writable = 1, allocated = 2, executable = 4;
        var flags = section.Place switch
        {
            SectionPlace.Code => allocated | (section.Type == SectionType.Program ? executable : 0),
            SectionPlace.Data => allocated | writable,
            _ => 0UL,
        };
        BinaryPrimitives.WriteInt32LittleEndian(header, name);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)section.Type);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], flags);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], section.Place == SectionPlace.File ? 0 : section.Offset);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], section.Offset);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], section.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[40..], section.Link is { } link ? NumberOf(link) : 0);
        // For symbols: the first that is not local; only the empty one is.
        BinaryPrimitives.WriteInt32LittleEndian(header[44..], section.Type == SectionType.DynamicSymbols ? 1 : 0);
        BinaryPrimitives.WriteInt64LittleEndian(header[48..], section.Alignment);
        BinaryPrimitives.WriteInt64LittleEndian(header[56..], section.EntryLength);
    }

    static int Align(int value, int to) => checked((value + to - 1) / to * to);
}
