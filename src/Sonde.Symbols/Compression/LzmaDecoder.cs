namespace Sonde.Symbols.Compression;

/// <summary>Decodes LZMA.</summary>
/// <param name="output">Takes what is decoded; serves as the dictionary.</param>
/// <remarks>Names are those of the LZMA specification in the LZMA SDK (lzma-specification.txt).</remarks>
sealed class LzmaDecoder(DecompressedBytes output)
{
    const int States = 12;
    const int MostPositionStates = 16;
    const int FirstModelled = 4, LastModelled = 14;
    const int FullDistances = 1 << LastModelled / 2;
    const int ShortestMatch = 2;
    const ushort Even = 1024;

    readonly ushort[] _isMatch = new ushort[States * MostPositionStates];
    readonly ushort[] _isRep = new ushort[States];
    readonly ushort[] _isRepFirst = new ushort[States];
    readonly ushort[] _isRepSecond = new ushort[States];
    readonly ushort[] _isRepThird = new ushort[States];
    readonly ushort[] _isRepLong = new ushort[States * MostPositionStates];
    readonly ushort[][] _slots = [new ushort[64], new ushort[64], new ushort[64], new ushort[64]];
    readonly ushort[] _distances = new ushort[1 + FullDistances - LastModelled];
    readonly ushort[] _alignment = new ushort[16];
    readonly Lengths _matchLengths = new();
    readonly Lengths _repLengths = new();
    ushort[] _literals = [];
    int _literalContext;
    int _literalMask;
    int _positionMask;
    int _state;
    int _dictionary;
    uint _rep0;
    uint _rep1;
    uint _rep2;
    uint _rep3;

    /// <summary>What was decoded before is not copied from any more.</summary>
    public void ResetDictionary() => _dictionary = output.Length;

    /// <summary>Begins anew with other parameters.</summary>
    /// <param name="properties"><c>(pb * 5 + lp) * 9 + lc</c>.</param>
    /// <exception cref="CompressionException">They are out of bounds.</exception>
    public void SetProperties(byte properties)
    {
        var (context, rest) = (properties % 9, properties / 9);
        var (positions, matches) = (rest % 5, rest / 5);
        if (matches > 4 || context + positions > 4)
        {
            throw new CompressionException($"LZMA properties {properties} are out of bounds");
        }

        _literalContext = context;
        _literalMask = (1 << positions) - 1;
        _positionMask = (1 << matches) - 1;
        _literals = new ushort[0x300 << (context + positions)];
        ResetState();
    }

    /// <summary>Forgets what was learned.</summary>
    public void ResetState()
    {
        _state = 0;
        (_rep0, _rep1, _rep2, _rep3) = (0, 0, 0, 0);
        ushort[][] tables = [_isMatch, _isRep, _isRepFirst, _isRepSecond, _isRepThird, _isRepLong, _distances, _alignment, _literals, .. _slots];
        foreach (var table in tables)
        {
            Array.Fill(table, Even);
        }

        _matchLengths.Reset();
        _repLengths.Reset();
    }

    /// <summary>Decodes one chunk.</summary>
    /// <param name="source">All of it.</param>
    /// <param name="count">How many bytes it decodes to.</param>
    /// <exception cref="CompressionException">It is damaged.</exception>
    public void Decode(ReadOnlySpan<byte> source, int count)
    {
        var range = new RangeDecoder(source);
        var end = output.Length + count;
        while (output.Length < end)
        {
            var position = output.Length - _dictionary & _positionMask;
            if (range.Bit(ref _isMatch[_state * MostPositionStates + position]) == 0)
            {
                DecodeLiteral(ref range);
                continue;
            }

            int length;
            if (range.Bit(ref _isRep[_state]) == 0)
            {
                (_rep3, _rep2, _rep1) = (_rep2, _rep1, _rep0);
                length = _matchLengths.Decode(ref range, position);
                _state = _state < 7 ? 7 : 10;
                _rep0 = DecodeDistance(ref range, length);
            }
            else if (!TryDecodeRepeated(ref range, position, out length))
            {
                continue;
            }

            length += ShortestMatch;
            if (_rep0 >= (uint)(output.Length - _dictionary) || length > end - output.Length)
            {
                throw new CompressionException("a match lies outside of what was decoded");
            }

            output.Copy((int)_rep0 + 1, length);
        }
    }

    void DecodeLiteral(ref RangeDecoder range)
    {
        var hasBefore = output.Length > _dictionary;
        var before = hasBefore ? output.Before(1) : (byte)0;
        var table = 0x300 * (((output.Length - _dictionary & _literalMask) << _literalContext) + (before >> 8 - _literalContext));
        var symbol = 1;
        if (_state >= 7)
        {
            if (_rep0 >= (uint)(output.Length - _dictionary))
            {
                throw new CompressionException("a match lies outside of what was decoded");
            }

            // The byte that the last match would have gone on with is what this one is not.
            var match = output.Before((int)_rep0 + 1);
            while (symbol < 0x100)
            {
                var expected = match >> 7 & 1;
                match <<= 1;
                var bit = range.Bit(ref _literals[table + ((1 + expected) << 8) + symbol]);
                symbol = symbol << 1 | bit;
                if (bit != expected)
                {
                    break;
                }
            }
        }

        while (symbol < 0x100)
        {
            symbol = symbol << 1 | range.Bit(ref _literals[table + symbol]);
        }

        output.Add((byte)symbol);
        _state = _state < 4 ? 0 : _state < 10 ? _state - 3 : _state - 6;
    }

    /// <summary>A match at one of the last four distances.</summary>
    /// <returns>False when it is a single byte, which was added.</returns>
    bool TryDecodeRepeated(ref RangeDecoder range, int position, out int length)
    {
        length = 0;
        if (output.Length == _dictionary)
        {
            throw new CompressionException("a match comes before anything was decoded");
        }

        if (range.Bit(ref _isRepFirst[_state]) == 0)
        {
            if (range.Bit(ref _isRepLong[_state * MostPositionStates + position]) == 0)
            {
                _state = _state < 7 ? 9 : 11;
                if (_rep0 >= (uint)(output.Length - _dictionary))
                {
                    throw new CompressionException("a match lies outside of what was decoded");
                }

                output.Add(output.Before((int)_rep0 + 1));
                return false;
            }
        }
        else if (range.Bit(ref _isRepSecond[_state]) == 0)
        {
            (_rep0, _rep1) = (_rep1, _rep0);
        }
        else if (range.Bit(ref _isRepThird[_state]) == 0)
        {
            (_rep0, _rep1, _rep2) = (_rep2, _rep0, _rep1);
        }
        else
        {
            (_rep0, _rep1, _rep2, _rep3) = (_rep3, _rep0, _rep1, _rep2);
        }

        length = _repLengths.Decode(ref range, position);
        _state = _state < 7 ? 8 : 11;
        return true;
    }

    uint DecodeDistance(ref RangeDecoder range, int length)
    {
        var slot = range.Tree(_slots[Math.Min(length, 3)], 6);
        if (slot < FirstModelled)
        {
            return (uint)slot;
        }

        var bits = (slot >> 1) - 1;
        var distance = (uint)(2 | slot & 1) << bits;
        return slot < LastModelled
            ? distance + (uint)range.ReverseTree(_distances.AsSpan((int)distance - slot), bits)
            : distance + (range.Direct(bits - 4) << 4) + (uint)range.ReverseTree(_alignment, 4);
    }

    sealed class Lengths
    {
        readonly ushort[] _choice = new ushort[2];
        readonly ushort[][] _low = new ushort[MostPositionStates][];
        readonly ushort[][] _middle = new ushort[MostPositionStates][];
        readonly ushort[] _high = new ushort[256];

        public void Reset()
        {
            Array.Fill(_choice, Even);
            Array.Fill(_high, Even);
            for (var i = 0; i < MostPositionStates; i++)
            {
                Array.Fill(_low[i] ??= new ushort[8], Even);
                Array.Fill(_middle[i] ??= new ushort[8], Even);
            }
        }

        public int Decode(ref RangeDecoder range, int position) =>
            range.Bit(ref _choice[0]) == 0 ? range.Tree(_low[position], 3)
            : range.Bit(ref _choice[1]) == 0 ? 8 + range.Tree(_middle[position], 3)
            : 16 + range.Tree(_high, 8);
    }

    /// <summary>Reads bits of which each is more or less likely.</summary>
    ref struct RangeDecoder
    {
        const uint Top = 1 << 24;

        readonly ReadOnlySpan<byte> _source;
        int _at;
        uint _range;
        uint _code;

        public RangeDecoder(ReadOnlySpan<byte> source)
        {
            _source = source;
            _range = uint.MaxValue;
            for (var i = 0; i < 5; i++)
            {
                _code = _code << 8 | Next();
            }
        }

        public int Bit(ref ushort probability)
        {
            var bound = (_range >> 11) * probability;
            int bit;
            if (_code < bound)
            {
                _range = bound;
                probability += (ushort)(2048 - probability >> 5);
                bit = 0;
            }
            else
            {
                _range -= bound;
                _code -= bound;
                probability -= (ushort)(probability >> 5);
                bit = 1;
            }

            Normalize();
            return bit;
        }

        public uint Direct(int count)
        {
            uint value = 0;
            for (; count > 0; count--)
            {
                _range >>= 1;
                var bit = _code >= _range ? 1u : 0;
                _code -= _range & (0 - bit);
                value = value << 1 | bit;
                Normalize();
            }

            return value;
        }

        public int Tree(Span<ushort> probabilities, int bits)
        {
            var symbol = 1;
            for (var i = 0; i < bits; i++)
            {
                symbol = symbol << 1 | Bit(ref probabilities[symbol]);
            }

            return symbol - (1 << bits);
        }

        public int ReverseTree(Span<ushort> probabilities, int bits)
        {
            var (symbol, value) = (1, 0);
            for (var i = 0; i < bits; i++)
            {
                var bit = Bit(ref probabilities[symbol]);
                symbol = symbol << 1 | bit;
                value |= bit << i;
            }

            return value;
        }

        void Normalize()
        {
            if (_range < Top)
            {
                _range <<= 8;
                _code = _code << 8 | Next();
            }
        }

        uint Next() => _at < _source.Length ? _source[_at++] : throw new CompressionException("a chunk ends early");
    }
}
