using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using Sonde.Symbols.Compression;

namespace Sonde.Symbols.Elf;

public sealed partial class ElfFile
{
    readonly ConcurrentDictionary<int, byte[]> _decompressed = new();
    readonly Lock _decompressing = new();
    readonly Lazy<ElfFile?> _miniDebugInfo;
    ulong _decompressedBytes;

    /// <summary>The symbols of a stripped file's functions that it carries compressed (<c>.gnu_debugdata</c>); null when it has none, or they cannot be read.</summary>
    public ElfFile? MiniDebugInfo => _miniDebugInfo.Value;

    /// <summary>Why <see cref="MiniDebugInfo"/> cannot be read; null when it can, was not asked for yet, or there is none.</summary>
    public string? MiniDebugInfoProblem { get; private set; }

    /// <summary>The contents of a section of this file, decompressed when it is stored compressed.</summary>
    /// <exception cref="ElfException">The section lies outside the file, or cannot be decompressed.</exception>
    public ReadOnlySpan<byte> SectionBytes(ElfSection section)
    {
        if (section.Type is ElfSectionType.NoBits or ElfSectionType.Null)
        {
            return [];
        }

        if ((section.Flags & ElfSectionAttributes.Compressed) == 0)
        {
            return Slice(section.Offset, section.Size, $"section {section.Index} ({section.Name})");
        }

        if (_decompressed.TryGetValue(section.Index, out var known))
        {
            return known;
        }

        lock (_decompressing)
        {
            return _decompressed.GetOrAdd(section.Index, static (_, state) => state.File.Decompress(state.Section), (File: this, Section: section));
        }
    }

    /// <summary>As <see cref="SectionBytes"/>, for readers that keep them.</summary>
    internal ReadOnlyMemory<byte> SectionMemory(ElfSection section)
    {
        var bytes = SectionBytes(section);
        return bytes.IsEmpty ? default : _decompressed.TryGetValue(section.Index, out var decompressed) ? decompressed : MemoryOf(bytes);
    }

    /// <summary>The file offset of an address, for addresses whose bytes are in the file.</summary>
    public bool TryGetFileOffset(ulong address, out ulong offset)
    {
        foreach (ref readonly var segment in _segments.AsSpan())
        {
            if (segment.Type == ElfSegmentType.Load && segment.FileCovers(address))
            {
                offset = unchecked(address - segment.VirtualAddress + segment.Offset);
                return offset < (ulong)_bytes.Length;
            }
        }

        offset = 0;
        return false;
    }

    /// <summary>The address of a file offset, for offsets that are mapped.</summary>
    public bool TryGetAddress(ulong offset, out ulong address)
    {
        foreach (ref readonly var segment in _segments.AsSpan())
        {
            if (segment.Type == ElfSegmentType.Load && offset >= segment.Offset && offset - segment.Offset < segment.FileSize)
            {
                address = unchecked(offset - segment.Offset + segment.VirtualAddress);
                return true;
            }
        }

        address = 0;
        return false;
    }

    /// <summary>The mapped segment that holds <paramref name="address"/>, in the file or as zero bytes.</summary>
    public bool TryGetLoadSegment(ulong address, out ElfSegment segment)
    {
        foreach (var candidate in _segments)
        {
            if (candidate.Type == ElfSegmentType.Load && address >= candidate.VirtualAddress
                && address - candidate.VirtualAddress < Math.Max(candidate.FileSize, candidate.MemorySize))
            {
                segment = candidate;
                return true;
            }
        }

        segment = default;
        return false;
    }

    /// <summary>Reads <paramref name="length"/> bytes at an address of the file's own address space.</summary>
    /// <returns>False when not all of them are in the file, within one mapped segment.</returns>
    public bool TryRead(ulong address, int length, out ReadOnlySpan<byte> bytes)
    {
        foreach (ref readonly var segment in _segments.AsSpan())
        {
            if (segment.Type != ElfSegmentType.Load || !segment.FileCovers(address))
            {
                continue;
            }

            var skip = address - segment.VirtualAddress;
            var fileLength = (ulong)_bytes.Length;
            if (length >= 0 && (ulong)length <= segment.FileSize - skip && segment.Offset <= fileLength
                && skip <= fileLength - segment.Offset && (ulong)length <= fileLength - segment.Offset - skip)
            {
                bytes = Part((int)(segment.Offset + skip), length);
                return true;
            }

            break;
        }

        bytes = default;
        return false;
    }

    /// <summary>Up to <paramref name="length"/> bytes at an address, fewer at the end of its segment; empty when none are in the file, or they cannot be read any more.</summary>
    public ReadOnlySpan<byte> ReadCode(ulong address, int length)
    {
        try
        {
            return ReadToSegmentEnd(address, (ulong)Math.Max(length, 0));
        }
        catch (ElfException)
        {
            return [];
        }
    }

    /// <summary>All bytes from an address to the end of its segment's part in the file, or as many as are wanted; empty when there are none.</summary>
    internal ReadOnlySpan<byte> ReadToSegmentEnd(ulong address, ulong most = ulong.MaxValue)
    {
        foreach (ref readonly var segment in _segments.AsSpan())
        {
            if (segment.Type == ElfSegmentType.Load && segment.FileCovers(address) && segment.Offset < (ulong)_bytes.Length)
            {
                var mapped = Math.Min((ulong)_bytes.Length - segment.Offset, segment.FileSize);
                var skip = address - segment.VirtualAddress;
                return skip < mapped ? Part((int)(segment.Offset + skip), (int)Math.Min(mapped - skip, most)) : [];
            }
        }

        return [];
    }

    /// <summary>The gABI's compressed sections, and the older ones of GNU, which begin with a word of their own and were named <c>.zdebug_</c>.</summary>
    byte[] Decompress(ElfSection section)
    {
        const int headerSize = 24;
        const int gnuHeaderSize = 12;
        const uint zlib = 1;
        const uint zstandard = 2;
        const ulong largestSection = 1 << 30;

        // Neither method can do better, so a larger claim is a lie that would only cost memory.
        const ulong bestZlibRatio = 1032;
        const ulong bestZstandardRatio = 1 << 15;

        // Debug information becomes three to six times larger.
        const ulong usualRatio = 256, leastOfFile = 16 << 20, mostOfFile = 1UL << 31;
        var most = Math.Clamp((ulong)_bytes.Length * usualRatio, leastOfFile, mostOfFile) - _decompressedBytes;
        var stored = Slice(section.Offset, section.Size, $"section {section.Index} ({section.Name})");
        var isGnu = stored.StartsWith("ZLIB"u8);
        var start = isGnu ? gnuHeaderSize : headerSize;
        if (stored.Length < start)
        {
            throw Error(section.Offset, $"compressed section {section.Name} has no compression header");
        }

        var kind = isGnu ? zlib : BinaryPrimitives.ReadUInt32LittleEndian(stored);
        if (kind is not (zlib or zstandard))
        {
            throw Error(section.Offset, string.Create(CultureInfo.InvariantCulture, $"section {section.Name} is compressed by method {kind}; only zlib (1) and Zstandard (2) are supported"));
        }

        var size = isGnu ? BinaryPrimitives.ReadUInt64BigEndian(stored[4..]) : BinaryPrimitives.ReadUInt64LittleEndian(stored[8..]);
        if (size > largestSection || size > (ulong)(stored.Length - start) * (kind == zlib ? bestZlibRatio : bestZstandardRatio))
        {
            throw Error(section.Offset, string.Create(CultureInfo.InvariantCulture, $"section {section.Name} claims to decompress to 0x{size:x} bytes"));
        }

        if (size > most)
        {
            throw Error(section.Offset, string.Create(CultureInfo.InvariantCulture, $"section {section.Name} claims to decompress to 0x{size:x} bytes, which with the other sections is too much for a file of 0x{_bytes.Length:x}"));
        }

        try
        {
            var result = kind == zlib ? Inflate(stored[start..], (int)size) : ZstandardReader.Decompress(stored[start..], (int)size);
            if (result.Length != (int)size)
            {
                throw new EndOfStreamException();
            }

            _decompressedBytes += size;
            return result;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or CompressionException)
        {
            throw Error(section.Offset, $"section {section.Name} is damaged: it does not decompress to the 0x{size:x} bytes it claims");
        }
    }

    static byte[] Inflate(ReadOnlySpan<byte> stored, int size)
    {
        var result = new byte[size];
        using var source = new ZLibStream(new MemoryStream(stored.ToArray(), writable: false), CompressionMode.Decompress);
        source.ReadExactly(result);
        return result;
    }

    /// <summary>The functions' symbols that distributions leave in stripped files, compressed by xz in <c>.gnu_debugdata</c> ("MiniDebugInfo").</summary>
    ElfFile? ReadMiniDebugInfo()
    {
        const int largest = 128 << 20;
        if (!TryGetSection(".gnu_debugdata", out var section))
        {
            return null;
        }

        try
        {
            return Parse(XzReader.Decompress(SectionBytes(section), largest), Name + " (.gnu_debugdata)");
        }
        catch (Exception exception) when (exception is ElfException or CompressionException)
        {
            MiniDebugInfoProblem = $"section .gnu_debugdata cannot be read: {exception.Message}";
            return null;
        }
    }
}
