using System.Buffers.Binary;
using System.Numerics;
using Sonde.Python.Layouts;

namespace Sonde.Python.Values;

/// <summary>Reads <c>int</c> objects (Include/cpython/longintrepr.h).</summary>
static class IntegerReader
{
    /// <summary>Numbers of more digits of 30 bits are not read: to turn them into decimals takes time by the square.</summary>
    public const int MaximumDigits = 1024;

    /// <summary>Reads a number.</summary>
    /// <param name="objects">Where to read.</param>
    /// <param name="value">The object.</param>
    /// <param name="number">The number.</param>
    /// <param name="digits">How many digits it has, as it says itself.</param>
    /// <returns>False when it cannot be read or has too many digits.</returns>
    public static bool TryRead(ObjectReader objects, PythonObject value, out BigInteger number, out long digits)
    {
        (number, digits) = (default, 0);
        if (!objects.TryReadInt64(value.Address + (ulong)objects.Values.IntegerSize, out var size))
        {
            return false;
        }

        digits = objects.Values.IntegerSizeIsTag ? (long)((ulong)size >> 3) : size == long.MinValue ? long.MaxValue : Math.Abs(size);
        var isNegative = objects.Values.IntegerSizeIsTag ? (size & 3) == 2 : size < 0;
        if (digits > MaximumDigits)
        {
            return false;
        }

        Span<byte> raw = stackalloc byte[4 * (int)digits];
        if (!objects.TryRead(value.Address + (ulong)objects.Values.IntegerDigits, raw))
        {
            return false;
        }

        for (var i = (int)digits - 1; i >= 0; i--)
        {
            number = (number << ValueLayout.DigitBits) + (BinaryPrimitives.ReadUInt32LittleEndian(raw[(4 * i)..]) & ((1u << ValueLayout.DigitBits) - 1));
        }

        number = isNegative ? -number : number;
        return true;
    }

    /// <summary>Reads the number at an address, if there is one.</summary>
    public static bool TryRead(ObjectReader objects, ulong address, out BigInteger number)
    {
        number = default;
        return objects.TryGet(address, out var value) == ObjectState.Live && (value.Type.Flags & (ulong)ValueLayout.IntegerFlag) != 0 && TryRead(objects, value, out number, out _);
    }
}
