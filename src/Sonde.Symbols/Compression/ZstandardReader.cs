using System.Buffers.Binary;

namespace Sonde.Symbols.Compression;

/// <summary>Decompresses Zstandard frames without a dictionary.</summary>
/// <remarks>Source: RFC 8878. Checksums of contents are passed over.</remarks>
static class ZstandardReader
{
    const uint Frame = 0xfd2fb528;
    const uint Skippable = 0x184d2a50;

    /// <summary>Decompresses all frames of some data.</summary>
    /// <param name="source">The frames.</param>
    /// <param name="most">The most bytes that are wanted.</param>
    /// <exception cref="CompressionException">It is damaged, needs a dictionary, or decompresses to more.</exception>
    public static byte[] Decompress(ReadOnlySpan<byte> source, int most)
    {
        // Grows as it fills: what is wanted is what the data claims.
        var output = new DecompressedBytes(most, Math.Min(most, 1 << 20));
        for (var at = 0; at < source.Length;)
        {
            var magic = BinaryPrimitives.ReadUInt32LittleEndian(Take(source, ref at, 4));
            if ((magic & ~15u) == Skippable)
            {
                var size = BinaryPrimitives.ReadUInt32LittleEndian(Take(source, ref at, 4));
                Take(source, ref at, (int)Math.Min(size, int.MaxValue));
            }
            else if (magic == Frame)
            {
                ReadFrame(source, ref at, output);
            }
            else
            {
                throw new CompressionException("it is no Zstandard frame");
            }
        }

        return output.ToArray();
    }

    static void ReadFrame(ReadOnlySpan<byte> source, ref int at, DecompressedBytes output)
    {
        var descriptor = Take(source, ref at, 1)[0];
        var isSingleSegment = (descriptor & 0x20) != 0;
        if (!isSingleSegment)
        {
            Take(source, ref at, 1);
        }

        if ((descriptor & 3) != 0)
        {
            throw new CompressionException("it needs a dictionary");
        }

        var sizeBytes = (descriptor >> 6) switch { 0 => isSingleSegment ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        Take(source, ref at, sizeBytes);
        var blocks = new ZstandardBlock(output);
        for (var isLast = false; !isLast;)
        {
            var bytes = Take(source, ref at, 3);
            var header = bytes[0] | bytes[1] << 8 | bytes[2] << 16;
            isLast = (header & 1) != 0;
            var size = header >> 3;
            if (size > ZstandardBlock.MostBytes)
            {
                throw new CompressionException("a block is too large");
            }

            switch (header >> 1 & 3)
            {
                case 0:
                    output.Add(Take(source, ref at, size));
                    break;
                case 1:
                    output.Repeat(Take(source, ref at, 1)[0], size);
                    break;
                case 2:
                    blocks.Decode(Take(source, ref at, size));
                    break;
                default:
                    throw new CompressionException("an unknown kind of block");
            }
        }

        if ((descriptor & 4) != 0)
        {
            Take(source, ref at, 4);
        }
    }

    /// <summary>The next bytes.</summary>
    /// <exception cref="CompressionException">There are not so many.</exception>
    public static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> source, ref int at, int count)
    {
        if (count > source.Length - at)
        {
            throw new CompressionException("it ends early");
        }

        at += count;
        return source.Slice(at - count, count);
    }
}
