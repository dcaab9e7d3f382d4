using System.Text;

namespace Sonde.Symbols.Demangle.Rust;

/// <summary>Decodes identifiers with letters beyond ASCII (RFC 3492, section 6.2).</summary>
static class Punycode
{
    const int Base = 36;
    const int LowestThreshold = 1;
    const int HighestThreshold = 26;
    const int Skew = 38;
    const int FirstDamp = 700;
    const int InitialBias = 72;
    const int FirstCode = 0x80;

    /// <summary>Nothing a person writes is longer, and inserting takes time that grows with the square.</summary>
    const int LongestName = 512;

    /// <param name="basic">The ASCII letters of the name, in order.</param>
    /// <param name="insertions">Where the others go, and which they are.</param>
    /// <returns>The name; null when the digits make none.</returns>
    public static string? Decode(ReadOnlySpan<char> basic, ReadOnlySpan<char> insertions)
    {
        if (basic.Length + insertions.Length > LongestName)
        {
            return null;
        }

        var letters = new List<Rune>(basic.Length + insertions.Length);
        foreach (var letter in basic)
        {
            letters.Add(new Rune(letter));
        }

        long code = FirstCode;
        long index = 0;
        var bias = InitialBias;
        while (!insertions.IsEmpty)
        {
            var before = index;
            long weight = 1;
            for (var k = Base; ; k += Base)
            {
                if (insertions.IsEmpty || DigitOf(insertions[0]) is not (>= 0 and var digit))
                {
                    return null;
                }

                insertions = insertions[1..];
                index += digit * weight;
                var threshold = Math.Clamp(k - bias, LowestThreshold, HighestThreshold);
                if (digit < threshold)
                {
                    break;
                }

                weight *= Base - threshold;
                if (weight > int.MaxValue || index > int.MaxValue)
                {
                    return null;
                }
            }

            var count = letters.Count + 1;
            bias = Adapt(index - before, count, before == 0);
            code += index / count;
            index %= count;
            if (code > int.MaxValue || !Rune.IsValid((int)code))
            {
                return null;
            }

            letters.Insert((int)index++, new Rune((int)code));
        }

        return string.Concat(letters);
    }

    static int Adapt(long delta, int count, bool isFirst)
    {
        delta = isFirst ? delta / FirstDamp : delta / 2;
        delta += delta / count;
        var k = 0;
        for (; delta > (Base - LowestThreshold) * HighestThreshold / 2; k += Base)
        {
            delta /= Base - LowestThreshold;
        }

        return k + (int)((Base - LowestThreshold + 1) * delta / (delta + Skew));
    }

    static int DigitOf(char letter) => letter switch
    {
        >= 'a' and <= 'z' => letter - 'a',
        >= '0' and <= '9' => letter - '0' + 26,
        _ => -1,
    };
}
