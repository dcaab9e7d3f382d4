using Sonde.Symbols;

namespace Sonde.Python.Values;

/// <summary>
/// What of a program's memory stays as it is for long: type objects, and what code objects are made of. It is told when it is first met, so that it is known
/// even when the program has ended since; the rest of it is read from the program.
/// </summary>
public sealed class LastingMemory(IMemory live) : IMemory
{
    /// <summary>Programs that make classes without end are met; what is known of them is then learned again.</summary>
    const int MaximumPieces = 1 << 16;

    readonly SortedList<ulong, byte[]> _pieces = [];
    int _longest;

    /// <summary>Takes a piece; what was known of the same addresses is what it says now.</summary>
    public void Add(ulong address, ReadOnlySpan<byte> bytes)
    {
        if (_pieces.Count >= MaximumPieces)
        {
            _pieces.Clear();
        }

        _longest = Math.Max(_longest, bytes.Length);
        var end = address + (ulong)bytes.Length;
        for (var i = Behind(end - 1) - 1; i >= 0 && _pieces.Keys[i] + (ulong)_longest > address; i--)
        {
            var (start, piece) = (_pieces.Keys[i], _pieces.Values[i]);
            var from = Math.Max(start, address);
            var to = Math.Min(start + (ulong)piece.Length, end);
            if (from < to)
            {
                bytes[(int)(from - address)..(int)(to - address)].CopyTo(piece.AsSpan((int)(from - start)));
            }
        }

        // What is told of a type as another's type is less than what it tells itself.
        if (!_pieces.TryGetValue(address, out var known) || known.Length < bytes.Length)
        {
            _pieces[address] = bytes.ToArray();
        }
    }

    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (!TryFind(address, destination.Length, out var known))
        {
            return live.TryRead(address, destination);
        }

        known.CopyTo(destination);
        return true;
    }

    /// <summary>Forgets what was told of an address.</summary>
    public void Remove(ulong address) => _pieces.Remove(address);

    bool TryFind(ulong address, int length, out ReadOnlySpan<byte> known)
    {
        known = default;
        for (var i = Behind(address) - 1; i >= 0 && _pieces.Keys[i] + (ulong)_longest > address; i--)
        {
            var offset = address - _pieces.Keys[i];
            if (offset <= (ulong)_pieces.Values[i].Length && (ulong)length <= (ulong)_pieces.Values[i].Length - offset)
            {
                known = _pieces.Values[i].AsSpan((int)offset, length);
                return true;
            }
        }

        return false;
    }

    /// <summary>The index of the first piece that begins behind an address.</summary>
    int Behind(ulong address)
    {
        var (low, high) = (0, _pieces.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _pieces.Keys[middle] <= address ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
