using System.Text;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Dwarf;

/// <summary>A section of debug information, decompressed.</summary>
sealed class DwarfSection
{
    readonly ElfFile _file;
    readonly ulong _fileOffset;
    readonly ReadOnlyMemory<byte> _bytes;

    DwarfSection(ElfFile file, string name, ulong fileOffset, ReadOnlyMemory<byte> bytes)
    {
        _file = file;
        Name = name;
        _fileOffset = fileOffset;
        _bytes = bytes;
    }

    public string Name { get; }

    public ReadOnlySpan<byte> Bytes => _bytes.Span;

    public int Length => _bytes.Length;

    /// <summary>The section of that name; one without bytes when the file has none.</summary>
    /// <exception cref="ElfException">The section lies outside the file, or cannot be decompressed.</exception>
    public static DwarfSection Of(ElfFile file, string name) =>
        file.TryGetSection(name, out var section)
            ? new(file, name, section.Offset, file.SectionMemory(section))
            : new(file, name, 0, default);

    /// <summary>A reader from <paramref name="start"/> to <paramref name="end"/>, or to the section's end.</summary>
    /// <exception cref="ElfException">The range is not within the section.</exception>
    public DwarfReader ReaderAt(ulong start, ulong end = ulong.MaxValue)
    {
        end = Math.Min(end, (ulong)Length);
        return start <= end ? new DwarfReader(this, (int)start, (int)end) : throw Error(start, "a reference leads outside the section");
    }

    /// <summary>The text that ends with a zero byte.</summary>
    /// <exception cref="ElfException">It is not within the section.</exception>
    public ReadOnlySpan<byte> TextAt(ulong offset)
    {
        // Names are far shorter; the bound keeps a hostile table of overlapping texts from taking time and memory.
        const int LongestText = 1 << 15;
        if (offset >= (ulong)Length)
        {
            throw Error(offset, "a text lies outside the section");
        }

        var rest = Bytes[(int)offset..];
        rest = rest[..Math.Min(rest.Length, LongestText)];
        var end = rest.IndexOf((byte)0);
        return end < 0 ? rest : rest[..end];
    }

    public static string Decode(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);

    public ElfException Error(ulong position, string what) => _file.Error(unchecked(_fileOffset + position), $"{Name}: {what}");
}
