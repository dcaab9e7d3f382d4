using System.Buffers.Text;
using System.Diagnostics;
using System.Text;

namespace Sonde.Engine.Output;

/// <summary>Writes text as UTF-8 into a span, one piece after the other, without allocating. The caller provides enough room.</summary>
public ref struct Utf8Cursor(Span<byte> room)
{
    readonly Span<byte> _room = room;

    /// <summary>The most bytes <see cref="AddNumber"/> writes.</summary>
    public const int LongestNumber = 20;

    /// <summary>The most bytes <see cref="AddDuration"/> writes: "9223372036 s".</summary>
    public const int LongestDuration = 12;

    /// <summary>How many bytes have been written.</summary>
    public int Length { get; private set; }

    /// <summary>What has been written.</summary>
    public readonly ReadOnlySpan<byte> Written => _room[..Length];

    /// <summary>Adds one ASCII character.</summary>
    public void Add(byte ascii) => _room[Length++] = ascii;

    /// <summary>Adds bytes as they are.</summary>
    public void Add(scoped ReadOnlySpan<byte> utf8)
    {
        utf8.CopyTo(_room[Length..]);
        Length += utf8.Length;
    }

    /// <summary>Adds blanks.</summary>
    public void AddBlanks(int count)
    {
        _room.Slice(Length, count).Fill((byte)' ');
        Length += count;
    }

    /// <summary>Adds a decimal number.</summary>
    public void AddNumber(long value)
    {
        bool fits = Utf8Formatter.TryFormat(value, _room[Length..], out int written);
        Debug.Assert(fits, "the caller reserves enough");
        Length += written;
    }

    /// <summary>Adds the last decimal digits of a number, with zeros in front.</summary>
    public void AddDigits(uint value, int digits)
    {
        for (int i = digits - 1; i >= 0; i--)
        {
            _room[Length + i] = (byte)('0' + value % 10);
            value /= 10;
        }

        Length += digits;
    }

    /// <summary>Adds a number of thousandths with three decimals: 12345 becomes "12.345".</summary>
    public void AddThousandths(long value)
    {
        if (value < 0)
        {
            Add((byte)'-');
        }

        ulong magnitude = Magnitude(value);
        AddNumber((long)(magnitude / 1000));
        Add((byte)'.');
        AddDigits((uint)(magnitude % 1000), 3);
    }

    /// <summary>Adds a duration with three significant digits and its unit: "7 ns", "12.3 µs", "4.56 ms", "1.20 s", "3600 s".</summary>
    /// <param name="ns">Nanoseconds, not negative.</param>
    public void AddDuration(long ns)
    {
        if (ns < 1000)
        {
            AddNumber(ns);
            Add(" ns"u8);
        }
        else if (ns < 999_500)
        {
            AddScaled(ns, 1);
            Add(" µs"u8);
        }
        else if (ns < 999_500_000)
        {
            AddScaled(ns, 1_000);
            Add(" ms"u8);
        }
        else
        {
            AddScaled(ns, 1_000_000);
            Add(" s"u8);
        }
    }

    /// <summary>Adds a number, right-aligned; a wider one takes what it needs.</summary>
    public void AddRight(long value, int width)
    {
        int digits = value < 0 ? 2 : 1;
        for (ulong rest = Magnitude(value); rest >= 10; rest /= 10)
        {
            digits++;
        }

        if (digits < width)
        {
            AddBlanks(width - digits);
        }

        AddNumber(value);
    }

    /// <summary>Adds a duration, right-aligned; a wider one takes what it needs.</summary>
    /// <param name="ns">Nanoseconds, not negative.</param>
    /// <param name="width">In columns.</param>
    public void AddDurationRight(long ns, int width)
    {
        var piece = new Utf8Cursor(stackalloc byte[LongestDuration]);
        piece.AddDuration(ns);
        int blanks = width - Columns(piece.Written);
        if (blanks > 0)
        {
            AddBlanks(blanks);
        }

        Add(piece.Written);
    }

    /// <summary>How many columns UTF-8 text takes, each character being one.</summary>
    public static int Columns(ReadOnlySpan<byte> utf8)
    {
        int columns = 0;
        foreach (byte unit in utf8)
        {
            columns += (unit & 0xc0) != 0x80 ? 1 : 0;
        }

        return columns;
    }

    /// <summary>A duration as <see cref="AddDuration"/> writes it.</summary>
    /// <param name="ns">Nanoseconds, not negative.</param>
    public static string Duration(long ns)
    {
        var cursor = new Utf8Cursor(stackalloc byte[LongestDuration]);
        cursor.AddDuration(ns);
        return Encoding.UTF8.GetString(cursor.Written);
    }

    static ulong Magnitude(long value) => value < 0 ? 0UL - (ulong)value : (ulong)value;

    // The value in thousandths of the unit after division, rounded to three significant digits.
    void AddScaled(long value, long perThousandth)
    {
        long thousandths = value / perThousandth;
        long rest = value % perThousandth;
        int decimals = 2;
        long step = 10;
        if (thousandths >= 99_950)
        {
            (decimals, step) = (0, 1000);
        }
        else if (thousandths >= 9_995)
        {
            (decimals, step) = (1, 100);
        }

        long rounded = thousandths / step;
        if ((thousandths % step) * perThousandth + rest >= step * perThousandth / 2)
        {
            rounded++;
        }

        long scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
        AddNumber(rounded / scale);
        if (decimals > 0)
        {
            Add((byte)'.');
            AddDigits((uint)(rounded % scale), decimals);
        }
    }
}
