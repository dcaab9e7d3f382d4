namespace Sonde.Symbols.Compression;

/// <summary>What has been decompressed so far, which is also what later parts of the data copy from.</summary>
/// <param name="most">More bytes than these are refused: a few bytes can claim to be any number.</param>
/// <param name="expected">How many there will be; 0 when that is not known.</param>
sealed class DecompressedBytes(int most, int expected = 0)
{
    byte[] _bytes = new byte[Math.Min(most, Math.Max(expected, 1 << 12))];

    /// <summary>How many there are.</summary>
    public int Length { get; private set; }

    /// <summary>The byte at a distance before the next one, from 1.</summary>
    public byte Before(int distance) => _bytes[Length - distance];

    /// <summary>Those from a place on; valid until more are added.</summary>
    public ReadOnlySpan<byte> From(int start) => _bytes.AsSpan(start, Length - start);

    /// <summary>Adds a byte.</summary>
    public void Add(byte value)
    {
        Reserve(1);
        _bytes[Length++] = value;
    }

    /// <summary>Adds bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    /// <summary>Adds a byte so many times.</summary>
    public void Repeat(byte value, int count)
    {
        Reserve(count);
        _bytes.AsSpan(Length, count).Fill(value);
        Length += count;
    }

    /// <summary>Adds bytes again that are there; they may overlap those that are added.</summary>
    /// <param name="distance">How far before the next byte they begin, at least 1 and at most <see cref="Length"/>.</param>
    /// <param name="count">How many.</param>
    public void Copy(int distance, int count)
    {
        Reserve(count);
        if (distance >= count)
        {
            _bytes.AsSpan(Length - distance, count).CopyTo(_bytes.AsSpan(Length));
            Length += count;
            return;
        }

        for (; count > 0; count--, Length++)
        {
            _bytes[Length] = _bytes[Length - distance];
        }
    }

    /// <summary>All of them; nothing may be added after that.</summary>
    public byte[] ToArray() => Length == _bytes.Length ? _bytes : _bytes[..Length];

    void Reserve(int count)
    {
        if (count > most - Length)
        {
            throw new CompressionException($"it decompresses to more than {most} bytes");
        }

        if (count > _bytes.Length - Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(most, Math.Max((long)_bytes.Length * 2, (long)Length + count)));
        }
    }
}
