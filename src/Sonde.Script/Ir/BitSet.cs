using System.Numerics;

namespace Sonde.Script.Ir;

/// <summary>A set of small numbers.</summary>
sealed class BitSet(int count)
{
    readonly ulong[] _words = new ulong[(count + 63) / 64];

    public bool Contains(int number) => (_words[number >> 6] >> (number & 63) & 1) != 0;

    public void Add(int number) => _words[number >> 6] |= 1ul << (number & 63);

    public void Remove(int number) => _words[number >> 6] &= ~(1ul << (number & 63));

    public void Clear() => Array.Clear(_words);

    /// <summary>Adds all of another set; whether that changed anything.</summary>
    public bool Union(BitSet other)
    {
        ulong added = 0;
        for (int i = 0; i < _words.Length; i++)
        {
            added |= other._words[i] & ~_words[i];
            _words[i] |= other._words[i];
        }

        return added != 0;
    }

    public void Intersect(BitSet other)
    {
        for (int i = 0; i < _words.Length; i++)
        {
            _words[i] &= other._words[i];
        }
    }

    public void Subtract(BitSet other)
    {
        for (int i = 0; i < _words.Length; i++)
        {
            _words[i] &= ~other._words[i];
        }
    }

    public BitSet Copy()
    {
        BitSet copy = new(_words.Length * 64);
        copy.CopyFrom(this);
        return copy;
    }

    public void CopyFrom(BitSet other) => other._words.CopyTo(_words, 0);

    public Enumerator GetEnumerator() => new(_words);

    /// <summary>The numbers in ascending order; the set must not change meanwhile, but for the number just given.</summary>
    public ref struct Enumerator(ulong[] words)
    {
        int _index = -1;
        ulong _rest;

        public int Current { get; private set; }

        public bool MoveNext()
        {
            while (_rest == 0)
            {
                if (++_index >= words.Length)
                {
                    return false;
                }

                _rest = words[_index];
            }

            Current = _index * 64 + BitOperations.TrailingZeroCount(_rest);
            _rest &= _rest - 1;
            return true;
        }
    }
}
