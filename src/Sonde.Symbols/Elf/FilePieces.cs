namespace Sonde.Symbols.Elf;

/// <summary>A file's contents, read piece by piece where and when they are asked for: of an interpreter's thirty megabytes most are of no use to anyone.</summary>
/// <remarks>Safe for concurrent use. What has been read stays as it was, whatever becomes of the file.</remarks>
/// <param name="length">The file's length in bytes.</param>
/// <param name="read">Reads at an offset of the file; false when not all of it is there.</param>
public sealed class FilePieces(int length, FilePieces.Reader read)
{
    const int PieceBits = 16;

    // Pinned objects have a heap of their own: on that of large ones, this much would make the next large one wait for a collection.
    readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(length, pinned: true);
    readonly ulong[] _present = new ulong[(length >> PieceBits) / 64 + 1];
    readonly Lock _gate = new();

    /// <summary>Reads at an offset of a file.</summary>
    /// <param name="offset">The offset in bytes.</param>
    /// <param name="destination">To be filled.</param>
    /// <returns>False when it could not be filled.</returns>
    public delegate bool Reader(long offset, Span<byte> destination);

    /// <summary>The whole file; only what was asked for by <see cref="TryFill"/> is there.</summary>
    internal ReadOnlyMemory<byte> Memory => _bytes;

    /// <summary>Makes sure that a part of the file is there.</summary>
    /// <returns>False when it cannot be read.</returns>
    internal bool TryFill(int offset, int count)
    {
        if (count == 0)
        {
            return true;
        }

        var last = (offset + count - 1) >> PieceBits;
        for (var piece = offset >> PieceBits; piece <= last; piece++)
        {
            if (!IsPresent(piece) && !TryFillMissing(piece, last))
            {
                return false;
            }
        }

        return true;
    }

    bool IsPresent(int piece) => (Volatile.Read(ref _present[piece / 64]) >> piece % 64 & 1) != 0;

    /// <summary>Reads from a missing piece to the next one that is there, at most to the last.</summary>
    bool TryFillMissing(int first, int last)
    {
        lock (_gate)
        {
            var end = first;
            while (end <= last && !IsPresent(end))
            {
                end++;
            }

            var start = first << PieceBits;
            var stop = (int)Math.Min((long)end << PieceBits, _bytes.Length);
            if (end > first && !read(start, _bytes.AsSpan(start..stop)))
            {
                return false;
            }

            for (var piece = first; piece < end; piece++)
            {
                Volatile.Write(ref _present[piece / 64], _present[piece / 64] | 1UL << piece % 64);
            }

            return true;
        }
    }
}
