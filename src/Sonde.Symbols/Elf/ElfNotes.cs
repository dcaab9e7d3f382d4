using System.Buffers.Binary;

namespace Sonde.Symbols.Elf;

/// <summary>Walks the notes in a section or segment (<c>Elf64_Nhdr</c>: name size, descriptor size, type; then both, padded).</summary>
/// <remarks>A note whose sizes leave the data ends the walk; <see cref="Truncated"/> then tells.</remarks>
ref struct ElfNoteReader(ReadOnlySpan<byte> data, int alignment)
{
    const int HeaderSize = 12;

    ReadOnlySpan<byte> _rest = data;

    public uint Type { get; private set; }

    public ReadOnlySpan<byte> Owner { get; private set; }

    public ReadOnlySpan<byte> Descriptor { get; private set; }

    /// <summary>Bytes from the start of the data to the note's header.</summary>
    public int Offset { get; private set; }

    public bool Truncated { get; private set; }

    /// <summary>Bytes from the start of the data to what was not walked yet.</summary>
    public int Position { get; private set; }

    public bool MoveNext()
    {
        if (_rest.Length < HeaderSize)
        {
            return false;
        }

        var nameSize = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        var descriptorSize = BinaryPrimitives.ReadUInt32LittleEndian(_rest[4..]);
        var descriptor = Align(HeaderSize + (long)nameSize);
        var end = descriptor + descriptorSize;
        if (end > _rest.Length)
        {
            Truncated = true;
            return false;
        }

        Type = BinaryPrimitives.ReadUInt32LittleEndian(_rest[8..]);
        Owner = _rest.Slice(HeaderSize, (int)nameSize).TrimEnd((byte)0);
        Descriptor = _rest.Slice((int)descriptor, (int)descriptorSize);
        Offset = Position;
        var next = (int)Math.Min(Align(end), _rest.Length);
        Position += next;
        _rest = _rest[next..];
        return true;
    }

    readonly long Align(long value) => (value + alignment - 1) / alignment * alignment;
}

public sealed partial class ElfFile
{
    readonly Lazy<string?> _buildId;

    /// <summary>The linker's identification of the file's contents, in hexadecimal (note <c>NT_GNU_BUILD_ID</c>); null when it has none.</summary>
    public string? BuildId => _buildId.Value;

    /// <summary>The separate debug file named by <c>.gnu_debuglink</c>; null when it names none.</summary>
    public ElfDebugLink? DebugLink
    {
        get
        {
            if (!TryGetSection(".gnu_debuglink", out var section))
            {
                return null;
            }

            var bytes = SectionBytes(section);
            var end = bytes.IndexOf((byte)0);
            var crc = (end + 4) & ~3;
            return end > 0 && crc + 4 <= bytes.Length
                ? new ElfDebugLink(System.Text.Encoding.UTF8.GetString(bytes[..end]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[crc..]))
                : null;
        }
    }

    string? FindBuildId()
    {
        foreach (var segment in _segments)
        {
            if (segment.Type == ElfSegmentType.Note && segment.Offset <= (ulong)_bytes.Length
                && segment.FileSize <= (ulong)_bytes.Length - segment.Offset
                && BuildIdIn(Slice(segment.Offset, segment.FileSize, "note segment"), segment.Alignment) is { } id)
            {
                return id;
            }
        }

        foreach (var section in _sections)
        {
            if (section.Type == ElfSectionType.Note && section.Name == ".note.gnu.build-id" && BuildIdIn(SectionBytes(section), 4) is { } id)
            {
                return id;
            }
        }

        return null;
    }

    static string? BuildIdIn(ReadOnlySpan<byte> notes, ulong alignment)
    {
        const uint GnuBuildId = 3;
        const int LongestBuildId = 64;
        var reader = new ElfNoteReader(notes, alignment == 8 ? 8 : 4);
        while (reader.MoveNext())
        {
            if (reader.Type == GnuBuildId && reader.Owner.SequenceEqual("GNU"u8) && reader.Descriptor.Length is > 0 and <= LongestBuildId)
            {
                return Convert.ToHexStringLower(reader.Descriptor);
            }
        }

        return null;
    }
}

/// <summary>The name of a separate debug file and the checksum of its contents (<c>.gnu_debuglink</c>).</summary>
/// <param name="FileName">A file name without directory.</param>
/// <param name="Crc">CRC-32 (IEEE) of the whole debug file.</param>
public readonly record struct ElfDebugLink(string FileName, uint Crc);
