using System.Buffers.Text;
using System.Text;

namespace Sonde.Engine.Scripts.Values;

/// <summary>Text being written as UTF-8, in memory that grows and is used again: what one record becomes on its way to the output.</summary>
sealed class Utf8Text
{
    byte[] _bytes = new byte[1024];

    /// <summary>How many bytes have been written.</summary>
    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Forgets what was written.</summary>
    public void Clear() => Length = 0;

    /// <summary>Forgets all but the first bytes.</summary>
    public void Truncate(int length) => Length = Math.Min(Length, length);

    public void Add(byte ascii)
    {
        if (Length == _bytes.Length)
        {
            Grow(1);
        }

        _bytes[Length++] = ascii;
    }

    public void Add(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        Length += bytes.Length;
    }

    public void Add(scoped ReadOnlySpan<char> text)
    {
        var room = Reserve(Encoding.UTF8.GetMaxByteCount(text.Length));
        Length += Encoding.UTF8.GetBytes(text, room);
    }

    public void Add(string text) => Add(text.AsSpan());

    /// <summary>Adds one byte many times.</summary>
    public void Repeat(byte ascii, int count)
    {
        if (count > 0)
        {
            Reserve(count)[..count].Fill(ascii);
            Length += count;
        }
    }

    public void AddNumber(long value)
    {
        Utf8Formatter.TryFormat(value, Reserve(20), out var written);
        Length += written;
    }

    public void AddNumber(ulong value)
    {
        Utf8Formatter.TryFormat(value, Reserve(20), out var written);
        Length += written;
    }

    /// <summary>Adds a number of either sign, given by its bits.</summary>
    public void AddNumber(long bits, bool isSigned)
    {
        if (isSigned)
        {
            AddNumber(bits);
        }
        else
        {
            AddNumber((ulong)bits);
        }
    }

    /// <summary>Adds hexadecimal digits without zeros in front.</summary>
    public void AddHex(ulong value)
    {
        Utf8Formatter.TryFormat(value, Reserve(16), out var written, 'x');
        Length += written;
    }

    /// <summary>Adds decimal digits with zeros in front.</summary>
    public void AddDigits(long value, int digits)
    {
        var room = Reserve(digits);
        for (var i = digits - 1; i >= 0; i--)
        {
            room[i] = (byte)('0' + value % 10);
            value /= 10;
        }

        Length += digits;
    }

    /// <summary>Puts blanks, or another byte, in front of or behind what was written since <paramref name="from"/>, until it has the width.</summary>
    public void Pad(int from, int width, bool left, byte with = (byte)' ')
    {
        var missing = width - Columns(_bytes.AsSpan(from, Length - from));
        if (missing <= 0)
        {
            return;
        }

        if (left)
        {
            Repeat(with, missing);
            return;
        }

        Reserve(missing);
        _bytes.AsSpan(from, Length - from).CopyTo(_bytes.AsSpan(from + missing));
        _bytes.AsSpan(from, missing).Fill(with);
        Length += missing;
    }

    /// <summary>Takes every blank out of what was written since <paramref name="from"/>.</summary>
    public void RemoveBlanks(int from)
    {
        var to = from;
        for (var i = from; i < Length; i++)
        {
            if (_bytes[i] != ' ')
            {
                _bytes[to++] = _bytes[i];
            }
        }

        Length = to;
    }

    /// <summary>Takes the parentheses around what was written since <paramref name="from"/>, if there are any.</summary>
    public void RemoveParentheses(int from)
    {
        if (Length - from >= 2 && _bytes[from] == '(' && _bytes[Length - 1] == ')')
        {
            _bytes.AsSpan(from + 1, Length - from - 2).CopyTo(_bytes.AsSpan(from));
            Length -= 2;
        }
    }

    public override string ToString() => Encoding.UTF8.GetString(Written);

    static int Columns(ReadOnlySpan<byte> utf8)
    {
        var columns = 0;
        foreach (var unit in utf8)
        {
            columns += (unit & 0xc0) != 0x80 ? 1 : 0;
        }

        return columns;
    }

    Span<byte> Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Grow(count);
        }

        return _bytes.AsSpan(Length);
    }

    void Grow(int count) => Array.Resize(ref _bytes, Math.Max(checked(Length + count), checked(2 * _bytes.Length)));
}
