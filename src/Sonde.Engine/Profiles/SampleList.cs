using System.Collections;

namespace Sonde.Engine.Profiles;

/// <summary>Samples in pieces, so that many of them are never copied to make room for one more.</summary>
sealed class SampleList : IReadOnlyList<Sample>
{
    const int PieceBits = 14;
    const int PieceLength = 1 << PieceBits;

    readonly List<Sample[]> _pieces = [];

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public Sample this[int index] =>
        (uint)index < (uint)Count ? _pieces[index >> PieceBits][index & (PieceLength - 1)] : throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>Appends one.</summary>
    public void Add(in Sample sample)
    {
        if (Count == _pieces.Count << PieceBits)
        {
            _pieces.Add(new Sample[PieceLength]);
        }

        _pieces[^1][Count & (PieceLength - 1)] = sample;
        Count++;
    }

    /// <summary>Forgets them, and gives back the memory.</summary>
    public void Clear()
    {
        _pieces.Clear();
        Count = 0;
    }

    /// <inheritdoc/>
    public IEnumerator<Sample> GetEnumerator()
    {
        for (int index = 0; index < Count; index++)
        {
            yield return this[index];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
