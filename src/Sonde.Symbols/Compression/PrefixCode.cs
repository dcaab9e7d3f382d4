using System.Numerics;

namespace Sonde.Symbols.Compression;

/// <summary>The prefix code of Zstandard's literals (RFC 8878 section 4.2).</summary>
sealed class PrefixCode
{
    const int MostBits = 11;
    const int MostWeightAccuracy = 6;

    readonly int _bits;
    readonly byte[] _symbols;
    readonly byte[] _lengths;

    PrefixCode(ReadOnlySpan<byte> weights)
    {
        var sum = 0;
        foreach (var weight in weights)
        {
            sum += weight > MostBits ? throw new CompressionException("a prefix code is too long") : weight == 0 ? 0 : 1 << weight - 1;
        }

        // The last symbol's weight is what the others leave.
        _bits = sum == 0 ? 0 : BitOperations.Log2((uint)sum) + 1;
        var left = (1 << _bits) - sum;
        if (sum == 0 || _bits > MostBits || !BitOperations.IsPow2(left))
        {
            throw new CompressionException("a prefix code does not add up");
        }

        Span<byte> all = stackalloc byte[weights.Length + 1];
        weights.CopyTo(all);
        all[^1] = (byte)(BitOperations.Log2((uint)left) + 1);
        _symbols = new byte[1 << _bits];
        _lengths = new byte[1 << _bits];
        for (int weight = 1, at = 0; weight <= _bits; weight++)
        {
            for (var symbol = 0; symbol < all.Length; symbol++)
            {
                if (all[symbol] == weight)
                {
                    _symbols.AsSpan(at, 1 << weight - 1).Fill((byte)symbol);
                    _lengths.AsSpan(at, 1 << weight - 1).Fill((byte)(_bits + 1 - weight));
                    at += 1 << weight - 1;
                }
            }
        }
    }

    /// <summary>Reads a code's description.</summary>
    /// <param name="source">Where it begins.</param>
    /// <param name="used">How many bytes it takes.</param>
    /// <exception cref="CompressionException">It is damaged.</exception>
    public static PrefixCode Read(ReadOnlySpan<byte> source, out int used)
    {
        const int firstDirect = 128;
        used = 0;
        int header = ZstandardReader.Take(source, ref used, 1)[0];
        Span<byte> weights = stackalloc byte[255];
        var count = 0;
        if (header < firstDirect)
        {
            count = ReadCompressed(ZstandardReader.Take(source, ref used, header), weights);
        }
        else
        {
            count = header - firstDirect + 1;
            var packed = ZstandardReader.Take(source, ref used, (count + 1) / 2);
            for (var i = 0; i < count; i++)
            {
                weights[i] = (byte)(i % 2 == 0 ? packed[i / 2] >> 4 : packed[i / 2] & 15);
            }
        }

        return new PrefixCode(weights[..count]);
    }

    /// <summary>Decodes one stream.</summary>
    /// <exception cref="CompressionException">It is damaged.</exception>
    public void Decode(ReadOnlySpan<byte> source, Span<byte> literals)
    {
        var bits = new BackwardBits(source);
        for (var i = 0; i < literals.Length; i++)
        {
            var entry = bits.Peek(_bits);
            literals[i] = _symbols[entry];
            bits.Skip(_lengths[entry]);
        }

        if (bits.Left != 0)
        {
            throw new CompressionException("a stream of literals does not end where it should");
        }
    }

    /// <summary>Weights that are entropy coded by two states in turn, until there are no bits any more.</summary>
    static int ReadCompressed(ReadOnlySpan<byte> source, Span<byte> weights)
    {
        const int mostWeight = 12;
        var table = EntropyTable.Read(source, mostWeight + 1, MostWeightAccuracy, out var used);
        var bits = new BackwardBits(source[used..]);
        var first = (int)bits.Read(table.Accuracy);
        var second = (int)bits.Read(table.Accuracy);
        for (var count = 0; count < weights.Length - 1;)
        {
            weights[count++] = table[first];
            first = table.Next(first, ref bits);
            if (bits.Left < 0)
            {
                weights[count++] = table[second];
                return count;
            }

            (first, second) = (second, first);
        }

        throw new CompressionException("a prefix code has too many weights");
    }
}
