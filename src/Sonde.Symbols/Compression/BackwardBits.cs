using System.Numerics;

namespace Sonde.Symbols.Compression;

/// <summary>Bits of a stream that is read from its end, where a set bit marks the last one (RFC 8878 section 4.1).</summary>
ref struct BackwardBits
{
    readonly ReadOnlySpan<byte> _bytes;

    /// <exception cref="CompressionException">The mark is missing.</exception>
    public BackwardBits(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || bytes[^1] == 0)
        {
            throw new CompressionException("a bit stream has no end");
        }

        _bytes = bytes;
        Left = bytes.Length * 8 - 8 + BitOperations.Log2(bytes[^1]);
    }

    /// <summary>How many bits have not been read; negative when more were read than there are.</summary>
    public int Left { get; private set; }

    /// <summary>The next bits, up to 32, without passing them; bits that are not there are zero.</summary>
    public readonly uint Peek(int count)
    {
        uint value = 0;
        var start = Left - count;
        for (var at = Math.Max(start, 0); at < Left;)
        {
            var inByte = at & 7;
            var taken = Math.Min(8 - inByte, Left - at);
            value |= (uint)(_bytes[at >> 3] >> inByte & (1 << taken) - 1) << at - start;
            at += taken;
        }

        return value;
    }

    /// <summary>The next bits.</summary>
    public uint Read(int count)
    {
        var value = Peek(count);
        Left -= count;
        return value;
    }

    /// <summary>Passes bits.</summary>
    public void Skip(int count) => Left -= count;
}
