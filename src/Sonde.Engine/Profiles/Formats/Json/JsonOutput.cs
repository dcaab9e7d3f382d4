using System.Buffers.Text;
using Sonde.Engine.Output;

namespace Sonde.Engine.Profiles.Formats.Json;

/// <summary>Writes JSON piece by piece, commas included, with memory for one piece. The stream stays the caller's.</summary>
/// <param name="stream">Needs no buffer of its own.</param>
sealed class JsonOutput(Stream stream) : IDisposable
{
    const int LongestNumber = 32;

    readonly OutputBuffer _buffer = new(stream, leaveOpen: true);
    bool _needsComma;

    public void BeginObject() => Begin((byte)'{');

    public void EndObject() => End((byte)'}');

    public void BeginArray() => Begin((byte)'[');

    public void EndArray() => End((byte)']');

    /// <summary>The name of a member; its value is to follow.</summary>
    /// <param name="name">Needs no escape.</param>
    public void Name(ReadOnlySpan<byte> name)
    {
        Comma();
        _buffer.Write("\""u8);
        _buffer.Write(name);
        _buffer.Write("\":"u8);
        _needsComma = false;
    }

    public void Text(ReadOnlySpan<char> text)
    {
        Comma();
        _buffer.Advance(JsonText.Write(text, _buffer.Reserve(JsonText.MaxLength(text.Length))));
    }

    public void Number(long value)
    {
        Comma();
        Utf8Formatter.TryFormat(value, _buffer.Reserve(LongestNumber), out int written);
        _buffer.Advance(written);
    }

    /// <summary>A whole number divided by a power of ten, exactly, such as nanoseconds as microseconds.</summary>
    public void Fraction(long value, int decimals)
    {
        Comma();
        ulong magnitude = value < 0 ? 0UL - (ulong)value : (ulong)value;
        var room = _buffer.Reserve(LongestNumber);
        Utf8Formatter.TryFormat(new decimal((int)magnitude, (int)(magnitude >> 32), 0, value < 0, (byte)decimals), room, out int written);
        _buffer.Advance(room[..written].TrimEnd((byte)'0').TrimEnd((byte)'.').Length);
    }

    public void Boolean(bool value) => Word(value ? "true"u8 : "false"u8);

    public void Null() => Word("null"u8);

    public void Member(ReadOnlySpan<byte> name, string text)
    {
        Name(name);
        Text(text);
    }

    public void Member(ReadOnlySpan<byte> name, long value)
    {
        Name(name);
        Number(value);
    }

    /// <summary>A new line before what follows. With <paramref name="separate"/> no comma connects the two: JSON lines.</summary>
    public void Line(bool separate = false)
    {
        if (separate)
        {
            _needsComma = false;
        }

        Comma();
        _buffer.Write("\n"u8);
        _needsComma = false;
    }

    /// <summary>Hands everything on.</summary>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public void Dispose() => _buffer.Dispose();

    void Begin(byte bracket)
    {
        Comma();
        _buffer.Write([bracket]);
        _needsComma = false;
    }

    void End(byte bracket)
    {
        _buffer.Write([bracket]);
        _needsComma = true;
    }

    void Word(ReadOnlySpan<byte> word)
    {
        Comma();
        _buffer.Write(word);
    }

    void Comma()
    {
        if (_needsComma)
        {
            _buffer.Write(","u8);
        }

        _needsComma = true;
    }
}
