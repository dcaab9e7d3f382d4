using System.Globalization;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Numbers in attach points: decimal (<c>1_000</c>, <c>1e6</c>), octal, hexadecimal, and durations (<c>10ms</c>), which are nanoseconds.</summary>
static class ProbeNumber
{
    static readonly (string Unit, ulong Nanoseconds)[] _units =
    [
        ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ];

    /// <summary>Nanoseconds of a unit of time; null for what is none.</summary>
    public static ulong? Unit(string name)
    {
        foreach (var (unit, nanoseconds) in _units)
        {
            if (unit == name)
            {
                return nanoseconds;
            }
        }

        return null;
    }

    /// <summary>Reads a number; false when the text is none or it does not fit 64 bits.</summary>
    public static bool TryParse(string text, out ulong value)
    {
        value = 0;
        if (text.Length == 0 || !char.IsAsciiDigit(text[0]))
        {
            return false;
        }

        var digits = text.Replace("_", "", StringComparison.Ordinal);
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return ulong.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
        }

        var end = digits.AsSpan().IndexOfAnyExceptInRange('0', '9');
        var suffix = end < 0 ? "" : digits[end..];
        var whole = end < 0 ? digits : digits[..end];
        if (whole.Length > 1 && whole[0] == '0' && suffix.Length == 0)
        {
            return TryParseOctal(whole, out value);
        }

        if (!ulong.TryParse(whole, NumberStyles.None, CultureInfo.InvariantCulture, out value))
        {
            return false;
        }

        if (suffix.Length == 0)
        {
            return true;
        }

        if (suffix[0] is 'e' or 'E')
        {
            return int.TryParse(suffix.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var exponent) && TryScale(ref value, exponent);
        }

        return Unit(suffix) is { } scale && TryMultiply(ref value, scale);
    }

    /// <summary>Multiplies; false when the product does not fit.</summary>
    public static bool TryMultiply(ref ulong value, ulong factor)
    {
        var product = (UInt128)value * factor;
        value = (ulong)product;
        return product <= ulong.MaxValue;
    }

    static bool TryScale(ref ulong value, int exponent)
    {
        for (var i = 0; i < exponent && value != 0; i++)
        {
            if (!TryMultiply(ref value, 10))
            {
                return false;
            }
        }

        return true;
    }

    static bool TryParseOctal(string digits, out ulong value)
    {
        value = 0;
        foreach (var digit in digits)
        {
            if (digit is < '0' or > '7' || !TryMultiply(ref value, 8))
            {
                return false;
            }

            value |= (uint)(digit - '0');
        }

        return true;
    }
}
