using System.Buffers.Binary;

namespace Sonde.Symbols.Compression;

/// <summary>Decodes the compressed blocks of a Zstandard frame, which share tables and offsets (RFC 8878 section 3.1.1.3).</summary>
/// <param name="output">Takes what is decoded.</param>
sealed class ZstandardBlock(DecompressedBytes output)
{
    /// <summary>No block holds or makes more.</summary>
    public const int MostBytes = 1 << 17;

    static readonly Kind _literalLengths = new(9,
        EntropyTable.Of([4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1], 6),
        [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
            16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536,
        ],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

    static readonly Kind _matchLengths = new(9,
        EntropyTable.Of(
            [
                1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
            ], 6),
        [
            3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34,
            35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
        ],
        [
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
        ]);

    /// <summary>An offset's code is how many bits it has; what comes before them is a one.</summary>
    static readonly Kind _offsets = new(8,
        EntropyTable.Of([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5),
        [.. Enumerable.Range(0, 32).Select(static code => 1u << code)],
        [.. Enumerable.Range(0, 32).Select(static code => (byte)code)]);

    byte[] _literals = [];
    int _literalCount;
    PrefixCode? _code;
    EntropyTable? _literalTable;
    EntropyTable? _offsetTable;
    EntropyTable? _matchTable;
    uint _offset1 = 1;
    uint _offset2 = 4;
    uint _offset3 = 8;

    /// <summary>Decodes a block.</summary>
    /// <exception cref="CompressionException">It is damaged.</exception>
    public void Decode(ReadOnlySpan<byte> source)
    {
        var at = 0;
        ReadLiterals(source, ref at);
        int count = ZstandardReader.Take(source, ref at, 1)[0];
        if (count >= 255)
        {
            count = BinaryPrimitives.ReadUInt16LittleEndian(ZstandardReader.Take(source, ref at, 2)) + 0x7f00;
        }
        else if (count >= 128)
        {
            count = (count - 128 << 8) + ZstandardReader.Take(source, ref at, 1)[0];
        }

        if (count == 0)
        {
            output.Add(_literals.AsSpan(0, _literalCount));
            return;
        }

        int modes = ZstandardReader.Take(source, ref at, 1)[0];
        _literalTable = _literalLengths.Read(source, ref at, modes >> 6, _literalTable);
        _offsetTable = _offsets.Read(source, ref at, modes >> 4 & 3, _offsetTable);
        _matchTable = _matchLengths.Read(source, ref at, modes >> 2 & 3, _matchTable);
        RunSequences(source[at..], count);
    }

    void RunSequences(ReadOnlySpan<byte> source, int count)
    {
        var bits = new BackwardBits(source);
        var literal = (int)bits.Read(_literalTable!.Accuracy);
        var offset = (int)bits.Read(_offsetTable!.Accuracy);
        var match = (int)bits.Read(_matchTable!.Accuracy);
        var (used, end) = (0, output.Length + MostBytes);
        for (; count > 0; count--)
        {
            var offsetValue = _offsets.Value(_offsetTable[offset], ref bits);
            var matchLength = (int)_matchLengths.Value(_matchTable[match], ref bits);
            var literalLength = (int)_literalLengths.Value(_literalTable[literal], ref bits);
            if (count > 1)
            {
                literal = _literalTable.Next(literal, ref bits);
                match = _matchTable.Next(match, ref bits);
                offset = _offsetTable.Next(offset, ref bits);
            }

            if (bits.Left < 0 || literalLength > _literalCount - used)
            {
                throw new CompressionException("a sequence goes beyond its block");
            }

            output.Add(_literals.AsSpan(used, literalLength));
            used += literalLength;
            var distance = Distance(offsetValue, literalLength == 0);
            if (distance == 0 || distance > (uint)output.Length || matchLength > end - output.Length)
            {
                throw new CompressionException("a match lies outside of what was decoded");
            }

            output.Copy((int)distance, matchLength);
        }

        output.Add(_literals.AsSpan(used, _literalCount - used));
    }

    /// <summary>The first three values stand for the last three distances.</summary>
    uint Distance(uint value, bool hasNoLiterals)
    {
        if (value > 3)
        {
            (_offset3, _offset2, _offset1) = (_offset2, _offset1, value - 3);
            return _offset1;
        }

        switch (value + (hasNoLiterals ? 1u : 0))
        {
            case 1:
                break;
            case 2:
                (_offset1, _offset2) = (_offset2, _offset1);
                break;
            case 3:
                (_offset1, _offset2, _offset3) = (_offset3, _offset1, _offset2);
                break;
            default:
                (_offset1, _offset2, _offset3) = (_offset1 - 1, _offset1, _offset2);
                break;
        }

        return _offset1;
    }

    void ReadLiterals(ReadOnlySpan<byte> source, ref int at)
    {
        const int raw = 0, repeated = 1, compressed = 2;
        var start = at;
        int first = ZstandardReader.Take(source, ref at, 1)[0];
        var (kind, format) = (first & 3, first >> 2 & 3);
        var isPlain = kind is raw or repeated;
        var headerBytes = isPlain ? format switch { 1 => 2, 3 => 3, _ => 1 } : format switch { 2 => 4, 3 => 5, _ => 3 };
        at = start;
        var header = 0UL;
        var bytes = ZstandardReader.Take(source, ref at, headerBytes);
        for (var i = 0; i < bytes.Length; i++)
        {
            header |= (ulong)bytes[i] << 8 * i;
        }

        if (isPlain)
        {
            Reserve((int)(header >> ((format & 1) == 0 ? 3 : 4)));
            if (kind == raw)
            {
                ZstandardReader.Take(source, ref at, _literalCount).CopyTo(_literals);
            }
            else
            {
                _literals.AsSpan(0, _literalCount).Fill(ZstandardReader.Take(source, ref at, 1)[0]);
            }

            return;
        }

        var sizeBits = format switch { 2 => 14, 3 => 18, _ => 10 };
        var mask = (1UL << sizeBits) - 1;
        Reserve((int)(header >> 4 & mask));
        var packed = ZstandardReader.Take(source, ref at, (int)(header >> 4 + sizeBits & mask));
        if (kind == compressed)
        {
            _code = PrefixCode.Read(packed, out var used);
            packed = packed[used..];
        }

        var code = _code ?? throw new CompressionException("literals need a code that never came");
        if (format == 0)
        {
            code.Decode(packed, _literals.AsSpan(0, _literalCount));
            return;
        }

        // Four streams, of which the sizes of three are told.
        var place = 0;
        var sizes = ZstandardReader.Take(packed, ref place, 6);
        var quarter = (_literalCount + 3) / 4;
        for (var i = 0; i < 4; i++)
        {
            var stream = ZstandardReader.Take(packed, ref place, i < 3 ? BinaryPrimitives.ReadUInt16LittleEndian(sizes[(2 * i)..]) : packed.Length - place);
            var begin = Math.Min(i * quarter, _literalCount);
            code.Decode(stream, _literals.AsSpan(begin, i < 3 ? Math.Min(quarter, _literalCount - begin) : _literalCount - begin));
        }
    }

    void Reserve(int count)
    {
        _literalCount = count <= MostBytes ? count : throw new CompressionException("a block has too many literals");
        if (count > _literals.Length)
        {
            _literals = new byte[Math.Min(MostBytes, Math.Max(count, 2 * _literals.Length))];
        }
    }

    /// <summary>One of the three numbers of a sequence: its usual table, and what its codes stand for.</summary>
    sealed class Kind(int mostAccuracy, EntropyTable usual, uint[] bases, byte[] extraBits)
    {
        public EntropyTable Read(ReadOnlySpan<byte> source, ref int at, int mode, EntropyTable? last)
        {
            switch (mode)
            {
                case 0:
                    return usual;
                case 1:
                    var symbol = ZstandardReader.Take(source, ref at, 1)[0];
                    return symbol < bases.Length ? EntropyTable.Of(symbol) : throw new CompressionException("an unknown code");
                case 2:
                    var table = EntropyTable.Read(source[at..], bases.Length, mostAccuracy, out var used);
                    at += used;
                    return table;
                default:
                    return last ?? throw new CompressionException("a table is to be used again that never came");
            }
        }

        public uint Value(byte code, ref BackwardBits bits) => bases[code] + bits.Read(extraBits[code]);
    }
}
