using System.Buffers.Binary;
using System.Globalization;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Compression;

/// <summary>Decompresses <c>.xz</c> files of one LZMA2 filter, which is what <c>xz</c> makes unless it is told otherwise.</summary>
/// <remarks>Source: The .xz File Format, version 1.2.1. Of the checks of contents CRC32 and CRC64 are compared, which <c>xz</c> writes; others are passed over.</remarks>
static class XzReader
{
    const int HeaderBytes = 12;
    const ulong Lzma2 = 0x21;

    /// <summary>The polynomial of ECMA-182, its bits the other way round (section 6).</summary>
    const ulong Crc64Polynomial = 0xc96c_5795_d787_0f42;

    static readonly ulong[] _crc64 = MakeCrc64Table();

    static ReadOnlySpan<byte> Magic => [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];

    /// <summary>Decompresses the first stream of a file.</summary>
    /// <param name="source">The file.</param>
    /// <param name="most">The most bytes that are wanted.</param>
    /// <exception cref="CompressionException">It is damaged, is filtered in another way, or decompresses to more.</exception>
    public static byte[] Decompress(ReadOnlySpan<byte> source, int most)
    {
        if (source.Length < HeaderBytes || !source.StartsWith(Magic) || source[6] != 0)
        {
            throw new CompressionException("it is no xz file");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(source[8..]) != DebugFiles.Crc32(source.Slice(6, 2)))
        {
            throw new CompressionException("the checksum of the xz header is wrong");
        }

        var check = source[7] & 15;
        var at = HeaderBytes;
        var output = new DecompressedBytes(most);
        var decoder = new Lzma2Decoder(output);

        // A zero where a block's size would be begins the index.
        while (at < source.Length && source[at] != 0)
        {
            var headerBytes = (source[at] + 1) * 4;
            if (headerBytes > source.Length - at)
            {
                throw new CompressionException("a block ends after the xz file");
            }

            CheckBlock(source.Slice(at, headerBytes));
            at += headerBytes;
            var start = output.Length;
            var used = decoder.Decode(source[at..]);
            at += used + 3 & ~3;
            var checkBytes = check == 0 ? 0 : 4 << (check - 1) / 3;
            if (at > source.Length || checkBytes > source.Length - at)
            {
                throw new CompressionException("a block ends after the xz file");
            }

            if ((check == 1 && BinaryPrimitives.ReadUInt32LittleEndian(source[at..]) != DebugFiles.Crc32(output.From(start)))
                || (check == 4 && BinaryPrimitives.ReadUInt64LittleEndian(source[at..]) != Crc64(output.From(start))))
            {
                throw new CompressionException("the checksum of a block is wrong");
            }

            at += checkBytes;
        }

        return output.ToArray();
    }

    /// <summary>Makes sure that a block has no filter but LZMA2.</summary>
    static void CheckBlock(ReadOnlySpan<byte> header)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[^4..]) != DebugFiles.Crc32(header[..^4]))
        {
            throw new CompressionException("the checksum of a block's header is wrong");
        }

        var flags = header[1];
        var fields = header[2..^4];
        if ((flags & 0x40) != 0)
        {
            ReadNumber(ref fields);
        }

        if ((flags & 0x80) != 0)
        {
            ReadNumber(ref fields);
        }

        var filter = ReadNumber(ref fields);
        if ((flags & 3) != 0 || filter != Lzma2)
        {
            throw new CompressionException(string.Create(CultureInfo.InvariantCulture, $"an xz filter other than LZMA2 alone (0x{filter:x}) is not supported"));
        }
    }

    static ulong Crc64(ReadOnlySpan<byte> bytes)
    {
        var crc = ulong.MaxValue;
        foreach (var one in bytes)
        {
            crc = _crc64[(byte)(crc ^ one)] ^ crc >> 8;
        }

        return ~crc;
    }

    static ulong[] MakeCrc64Table()
    {
        var table = new ulong[256];
        for (var i = 0; i < table.Length; i++)
        {
            var crc = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : crc >> 1 ^ Crc64Polynomial;
            }

            table[i] = crc;
        }

        return table;
    }

    static ulong ReadNumber(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (var i = 0; i < bytes.Length && i < 9; i++)
        {
            value |= (ulong)(bytes[i] & 0x7f) << 7 * i;
            if ((bytes[i] & 0x80) == 0)
            {
                bytes = bytes[(i + 1)..];
                return value;
            }
        }

        throw new CompressionException("a number in a block's header does not end");
    }
}
