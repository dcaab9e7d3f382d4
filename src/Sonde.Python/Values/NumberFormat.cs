using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Sonde.Python.Values;

/// <summary>How the elements of an array lie in memory.</summary>
/// <param name="Kind">As numpy's: b bool, i and u integers, f float, c complex, U characters of 4 bytes, S bytes, O objects, M and m times.</param>
/// <param name="Size">Bytes an element.</param>
/// <param name="IsBigEndian">The largest byte comes first.</param>
/// <param name="ShortestSingle">Numbers of 4 bytes are shown with the digits they need as such, not as if they had 8.</param>
readonly record struct NumberFormat(char Kind, int Size, bool IsBigEndian = false, bool ShortestSingle = false)
{
    /// <summary>The elements of <c>array.array</c> by their type code (Modules/arraymodule.c).</summary>
    public static NumberFormat OfArray(char code) => code switch
    {
        'b' => new('i', 1),
        'B' => new('u', 1),
        'h' => new('i', 2),
        'H' => new('u', 2),
        'i' => new('i', 4),
        'I' => new('u', 4),
        'l' or 'q' => new('i', 8),
        'L' or 'Q' => new('u', 8),
        'f' => new('f', 4),
        'd' => new('f', 8),
        'u' or 'w' => new('U', 4),
        _ => default,
    };

    /// <summary>One element as text; null where there is no form for it.</summary>
    public string? Describe(ReadOnlySpan<byte> raw)
    {
        if (IsBigEndian && Kind is not ('U' or 'S'))
        {
            var turned = raw.ToArray();
            var part = Kind == 'c' ? raw.Length / 2 : raw.Length;
            for (var i = 0; i + part <= raw.Length && part > 0; i += part)
            {
                Array.Reverse(turned, i, part);
            }

            raw = turned;
        }

        return (Kind, Size) switch
        {
            ('b', 1) => raw[0] != 0 ? "True" : "False",
            ('i', 1) => ((sbyte)raw[0]).ToString(CultureInfo.InvariantCulture),
            ('i', 2) => BinaryPrimitives.ReadInt16LittleEndian(raw).ToString(CultureInfo.InvariantCulture),
            ('i', 4) => BinaryPrimitives.ReadInt32LittleEndian(raw).ToString(CultureInfo.InvariantCulture),
            ('i' or 'M' or 'm', 8) => BinaryPrimitives.ReadInt64LittleEndian(raw).ToString(CultureInfo.InvariantCulture),
            ('u', 1) => raw[0].ToString(CultureInfo.InvariantCulture),
            ('u', 2) => BinaryPrimitives.ReadUInt16LittleEndian(raw).ToString(CultureInfo.InvariantCulture),
            ('u', 4) => BinaryPrimitives.ReadUInt32LittleEndian(raw).ToString(CultureInfo.InvariantCulture),
            ('u', 8) => BinaryPrimitives.ReadUInt64LittleEndian(raw).ToString(CultureInfo.InvariantCulture),
            ('f', 2) => PythonLiteral.Float((float)BinaryPrimitives.ReadHalfLittleEndian(raw)),
            ('f', 4) => Single(raw),
            ('f', 8) => PythonLiteral.Float(BinaryPrimitives.ReadDoubleLittleEndian(raw)),
            ('c', 8) => PythonLiteral.Complex(BinaryPrimitives.ReadSingleLittleEndian(raw), BinaryPrimitives.ReadSingleLittleEndian(raw[4..])),
            ('c', 16) => PythonLiteral.Complex(BinaryPrimitives.ReadDoubleLittleEndian(raw), BinaryPrimitives.ReadDoubleLittleEndian(raw[8..])),
            ('S', _) => Bytes(raw),
            ('U', _) when raw.Length % 4 == 0 => Characters(raw, IsBigEndian),
            _ => null,
        };
    }

    string Single(ReadOnlySpan<byte> raw)
    {
        var value = BinaryPrimitives.ReadSingleLittleEndian(raw);
        return ShortestSingle && float.IsFinite(value)
            ? PythonLiteral.Float(double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture))
            : PythonLiteral.Float(value);
    }

    static string Bytes(ReadOnlySpan<byte> raw)
    {
        var text = new StringBuilder("b");
        PythonLiteral.QuoteBytes(text, raw.TrimEnd((byte)0), int.MaxValue - 2);
        return text.ToString();
    }

    /// <summary>Characters up to the zeros that fill the element.</summary>
    static string Characters(ReadOnlySpan<byte> raw, bool isBigEndian)
    {
        var copy = raw.ToArray();
        for (var i = 0; isBigEndian && i < copy.Length; i += 4)
        {
            Array.Reverse(copy, i, 4);
        }

        var length = copy.Length;
        while (length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(copy.AsSpan(length - 4)) == 0)
        {
            length -= 4;
        }

        var text = new StringBuilder();
        PythonLiteral.Quote(text, copy.AsSpan(0, length), 4, int.MaxValue - 2);
        return text.ToString();
    }
}
