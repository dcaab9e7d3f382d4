using System.Buffers.Binary;

namespace Sonde.Symbols.Compression;

/// <summary>Decodes LZMA2: chunks, each copied or compressed by LZMA, and what of the decoder's state each begins with.</summary>
/// <param name="output">Takes what is decoded; serves as the dictionary.</param>
/// <remarks>Source: the description of LZMA in the LZMA SDK (lzma-specification.txt), and linux/lib/xz for the chunks' headers.</remarks>
sealed class Lzma2Decoder(DecompressedBytes output)
{
    readonly LzmaDecoder _lzma = new(output);

    /// <summary>Decodes to the mark that ends the chunks.</summary>
    /// <returns>How many bytes of the source that took.</returns>
    /// <exception cref="CompressionException">The data is damaged.</exception>
    public int Decode(ReadOnlySpan<byte> source)
    {
        const byte copyAfterReset = 1, copy = 2, compressed = 0x80;
        var needsDictionary = true;
        var needsProperties = true;
        for (var at = 0; ;)
        {
            var control = Take(source, ref at, 1)[0];
            if (control == 0)
            {
                return at;
            }

            if (control is copyAfterReset or >= 0xe0)
            {
                _lzma.ResetDictionary();
                needsDictionary = false;
            }

            if (needsDictionary)
            {
                throw new CompressionException("the first chunk does not begin anew");
            }

            if (control is copyAfterReset or copy)
            {
                var size = BinaryPrimitives.ReadUInt16BigEndian(Take(source, ref at, 2)) + 1;
                output.Add(Take(source, ref at, size));
                continue;
            }

            if (control < compressed)
            {
                throw new CompressionException($"an unknown kind of chunk ({control})");
            }

            var header = Take(source, ref at, 4);
            var plainBytes = ((control & 0x1f) << 16) + BinaryPrimitives.ReadUInt16BigEndian(header) + 1;
            var packedBytes = BinaryPrimitives.ReadUInt16BigEndian(header[2..]) + 1;
            if (control >= 0xc0)
            {
                _lzma.SetProperties(Take(source, ref at, 1)[0]);
                needsProperties = false;
            }
            else if (needsProperties)
            {
                throw new CompressionException("the first compressed chunk does not say how it is compressed");
            }
            else if (control >= 0xa0)
            {
                _lzma.ResetState();
            }

            _lzma.Decode(Take(source, ref at, packedBytes), plainBytes);
        }
    }

    static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> source, ref int at, int count)
    {
        if (count > source.Length - at)
        {
            throw new CompressionException("a chunk ends after the data");
        }

        at += count;
        return source.Slice(at - count, count);
    }
}
