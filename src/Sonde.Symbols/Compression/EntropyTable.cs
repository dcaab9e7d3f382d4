using System.Numerics;

namespace Sonde.Symbols.Compression;

/// <summary>A table of finite state entropy coding: each state stands for a symbol, and says where the next one is (RFC 8878 section 4.1).</summary>
sealed class EntropyTable
{
    readonly byte[] _symbols;
    readonly byte[] _bits;
    readonly ushort[] _bases;

    EntropyTable(int accuracy) => (Accuracy, _symbols, _bits, _bases) = (accuracy, new byte[1 << accuracy], new byte[1 << accuracy], new ushort[1 << accuracy]);

    /// <summary>How many bits a first state has.</summary>
    public int Accuracy { get; }

    /// <summary>A table of one symbol, which takes no bits.</summary>
    public static EntropyTable Of(byte symbol)
    {
        var table = new EntropyTable(0);
        table._symbols[0] = symbol;
        return table;
    }

    /// <summary>The table of a distribution: how many states each symbol has; -1 is one that is seldom.</summary>
    /// <exception cref="CompressionException">The states do not fill the table.</exception>
    public static EntropyTable Of(ReadOnlySpan<short> counts, int accuracy)
    {
        var table = new EntropyTable(accuracy);
        var size = 1 << accuracy;
        var high = size;
        Span<ushort> next = stackalloc ushort[256];
        for (var symbol = 0; symbol < counts.Length; symbol++)
        {
            if (counts[symbol] == -1)
            {
                table._symbols[--high] = (byte)symbol;
            }

            next[symbol] = (ushort)Math.Abs(counts[symbol]);
        }

        var (step, position) = ((size >> 1) + (size >> 3) + 3, 0);
        for (var symbol = 0; symbol < counts.Length; symbol++)
        {
            for (var i = 0; i < counts[symbol]; i++)
            {
                table._symbols[position] = (byte)symbol;
                do
                {
                    position = position + step & size - 1;
                }
                while (position >= high);
            }
        }

        if (position != 0)
        {
            throw new CompressionException("a distribution does not fill its table");
        }

        for (var state = 0; state < size; state++)
        {
            var number = next[table._symbols[state]]++;
            table._bits[state] = (byte)(accuracy - BitOperations.Log2(number));
            table._bases[state] = (ushort)((number << table._bits[state]) - size);
        }

        return table;
    }

    /// <summary>Reads a table's description.</summary>
    /// <param name="source">Where it begins.</param>
    /// <param name="mostSymbols">How many symbols there can be.</param>
    /// <param name="mostAccuracy">How large it can be.</param>
    /// <param name="used">How many bytes it takes.</param>
    /// <exception cref="CompressionException">It is damaged.</exception>
    public static EntropyTable Read(ReadOnlySpan<byte> source, int mostSymbols, int mostAccuracy, out int used)
    {
        var at = 0;
        var accuracy = Forward(source, ref at, 4) + 5;
        if (accuracy > mostAccuracy)
        {
            throw new CompressionException("an entropy table is too large");
        }

        Span<short> counts = stackalloc short[256];
        var symbols = 0;
        for (var left = 1 << accuracy; left > 0;)
        {
            if (symbols >= mostSymbols)
            {
                throw new CompressionException("an entropy table has too many symbols");
            }

            // Values that cannot come up leave room for others to have a bit less.
            var bits = BitOperations.Log2((uint)left + 1) + 1;
            var value = Forward(source, ref at, bits);
            var mask = (1 << bits - 1) - 1;
            var spare = (1 << bits) - 1 - (left + 1);
            if ((value & mask) < spare)
            {
                at--;
                value &= mask;
            }
            else if (value > mask)
            {
                value -= spare;
            }

            var count = value - 1;
            left -= Math.Abs(count);
            counts[symbols++] = (short)count;
            for (var repeat = count == 0 ? 3 : 0; repeat == 3;)
            {
                repeat = Forward(source, ref at, 2);
                symbols += repeat;
                if (symbols > mostSymbols)
                {
                    throw new CompressionException("an entropy table has too many symbols");
                }
            }

            if (left < 0)
            {
                throw new CompressionException("an entropy table is overfull");
            }
        }

        used = at + 7 >> 3;
        return used <= source.Length ? Of(counts[..symbols], accuracy) : throw new CompressionException("an entropy table ends early");
    }

    /// <summary>The symbol of a state.</summary>
    public byte this[int state] => _symbols[state];

    /// <summary>The state behind one.</summary>
    public int Next(int state, ref BackwardBits bits) => _bases[state] + (int)bits.Read(_bits[state]);

    static int Forward(ReadOnlySpan<byte> source, ref int at, int count)
    {
        var value = 0;
        for (var i = 0; i < count; i++, at++)
        {
            value |= at >> 3 < source.Length ? (source[at >> 3] >> (at & 7) & 1) << i : 0;
        }

        return value;
    }
}
