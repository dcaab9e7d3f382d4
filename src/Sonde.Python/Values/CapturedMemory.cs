using System.Buffers.Binary;
using Sonde.Symbols;

namespace Sonde.Python.Values;

/// <summary>Pieces of a program's memory that were copied at one moment. What is not among them cannot be read: nothing is looked up later.</summary>
/// <remarks><code>
///  a piece       0 address (8) | 8 length, 0 when it could not be read (4) | 12 mark of the object's type, 0 for none (4)
///               16 the bytes, up to a multiple of 8
/// </code></remarks>
public sealed class CapturedMemory : IMemory
{
    /// <summary>Bytes in front of a piece.</summary>
    public const int HeaderSize = 16;

    readonly List<Piece> _pieces = [];
    byte[] _bytes = [];
    Piece _first;
    bool _isSorted;

    readonly record struct Piece(ulong Address, int Place, int Length, uint Mark);

    /// <summary>How many pieces there are.</summary>
    public int Count => _pieces.Count;

    /// <summary>What tells a type from others at the same address, as a piece's mark has it.</summary>
    /// <param name="name">The address of its name (<c>tp_name</c>).</param>
    /// <param name="size">The size of its instances (<c>tp_basicsize</c>).</param>
    public static uint MarkOf(ulong name, long size) => unchecked((uint)((name * 31) + (ulong)size));

    /// <summary>Takes the pieces of another moment in place of those it has.</summary>
    /// <returns>False when the bytes are not pieces; those before the damage are kept.</returns>
    public bool Load(ReadOnlySpan<byte> pieces)
    {
        _pieces.Clear();
        _first = default;
        _isSorted = false;
        if (_bytes.Length < pieces.Length)
        {
            _bytes = new byte[pieces.Length];
        }

        pieces.CopyTo(_bytes);
        for (var at = 0; at < pieces.Length;)
        {
            if (pieces.Length - at < HeaderSize)
            {
                return false;
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(pieces[(at + 8)..]);
            if (length < 0 || length > pieces.Length - at - HeaderSize)
            {
                return false;
            }

            _pieces.Add(new Piece(BinaryPrimitives.ReadUInt64LittleEndian(pieces[at..]), at + HeaderSize, length, BinaryPrimitives.ReadUInt32LittleEndian(pieces[(at + 12)..])));
            _first = _pieces.Count == 1 ? _pieces[0] : _first;
            at += HeaderSize + ((length + 7) & ~7);
        }

        return true;
    }

    /// <summary>The first piece; the programs put what all begins with there.</summary>
    public ReadOnlySpan<byte> First => BytesOf(_first);

    /// <summary>Calls for each piece that was read: address and bytes.</summary>
    public void ForEach(Action<ulong, ReadOnlyMemory<byte>> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        foreach (var piece in _pieces)
        {
            if (piece.Length > 0)
            {
                action(piece.Address, _bytes.AsMemory(piece.Place, piece.Length));
            }
        }
    }

    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (destination.IsEmpty)
        {
            return true;
        }

        foreach (ref readonly var piece in From(address))
        {
            var offset = address - piece.Address;
            if (offset < (ulong)piece.Length && (ulong)destination.Length <= (ulong)piece.Length - offset)
            {
                BytesOf(piece).Slice((int)offset, destination.Length).CopyTo(destination);
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether reading there was attempted, and failed.</summary>
    internal bool WasUnreadable(ulong address)
    {
        foreach (ref readonly var piece in From(address))
        {
            if (piece.Address != address)
            {
                break;
            }

            if (piece.Length == 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The mark of the type of the object at an address; 0 when none is there.</summary>
    internal uint TypeMark(ulong address)
    {
        foreach (ref readonly var piece in From(address))
        {
            if (piece.Address != address)
            {
                break;
            }

            if (piece.Mark != 0)
            {
                return piece.Mark;
            }
        }

        return 0;
    }

    /// <summary>The pieces that begin at or before an address, nearest first.</summary>
    Backwards From(ulong address)
    {
        if (!_isSorted)
        {
            _pieces.Sort(static (a, b) => a.Address.CompareTo(b.Address));
            _isSorted = true;
        }

        var (low, high) = (0, _pieces.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _pieces[middle].Address <= address ? (middle + 1, high) : (low, middle);
        }

        return new Backwards(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pieces)[..low]);
    }

    ReadOnlySpan<byte> BytesOf(Piece piece) => _bytes.AsSpan(piece.Place, piece.Length);

    ref struct Backwards(ReadOnlySpan<Piece> pieces)
    {
        readonly ReadOnlySpan<Piece> _pieces = pieces;
        int _at = pieces.Length;

        public readonly ref readonly Piece Current => ref _pieces[_at];

        public readonly Backwards GetEnumerator() => this;

        public bool MoveNext() => --_at >= 0;
    }
}
