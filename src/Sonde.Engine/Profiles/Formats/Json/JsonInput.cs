using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Sonde.Engine.Profiles.Formats.Json;

/// <summary>Reads JSON value by value from a stream of any length, with memory for the longest single value.</summary>
/// <remarks>Everything that is not as asked for is a <see cref="FormatException"/> with the place. Nesting is limited to 64.</remarks>
sealed class JsonInput : IDisposable
{
    const int FirstCapacity = 64 << 10;
    const int LongestValue = 64 << 20;

    readonly Stream _stream;

    // The same few names come again and again.
    readonly string?[] _names = new string?[64];
    byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstCapacity);
    int _start;
    int _end;
    bool _ended;
    long _consumed;
    JsonReaderState _state = new(new JsonReaderOptions { AllowMultipleValues = true, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Disallow });

    // Where the current token lies in the buffer, without the quotes of a text.
    int _tokenStart;
    int _tokenLength;
    bool _tokenIsEscaped;

    /// <summary>Reads from where the stream is; the first value is then <see cref="Token"/>.</summary>
    public JsonInput(Stream stream)
    {
        _stream = stream;
        Advance();
    }

    /// <summary>What comes next; <see cref="JsonTokenType.None"/> at the end.</summary>
    public JsonTokenType Token { get; private set; }

    /// <summary>An end inside an array is taken for its bracket, as viewers of Chrome's traces do.</summary>
    public bool AllowsMissingEnd { get; init; }

    /// <summary>Enters an object.</summary>
    public void BeginObject() => Take(JsonTokenType.StartObject, "an object");

    /// <summary>Enters an array.</summary>
    public void BeginArray() => Take(JsonTokenType.StartArray, "an array");

    /// <summary>The next member of the object entered; false when it is left.</summary>
    public bool NextMember(out string name)
    {
        name = "";
        if (Token == JsonTokenType.EndObject)
        {
            Advance();
            return false;
        }

        if (Token != JsonTokenType.PropertyName)
        {
            throw Unexpected("a member of an object");
        }

        name = CurrentName();
        Advance();
        return true;
    }

    /// <summary>Whether the array entered has one more element, which is then <see cref="Token"/>; false when it is left.</summary>
    public bool NextElement()
    {
        if (Token == JsonTokenType.EndArray)
        {
            Advance();
            return false;
        }

        if (Token == JsonTokenType.None)
        {
            return AllowsMissingEnd ? false : throw Unexpected("an element of an array");
        }

        return true;
    }

    /// <summary>A text.</summary>
    public string Text()
    {
        if (Token != JsonTokenType.String)
        {
            throw Unexpected("a text");
        }

        string text = CurrentText();
        Advance();
        return text;
    }

    /// <summary>A text, or "" for null.</summary>
    public string TextOrNothing() => TakeNull() ? "" : Text();

    /// <summary>A whole number; one with decimals is rounded.</summary>
    public long Whole()
    {
        if (Token == JsonTokenType.Number && Utf8Parser.TryParse(Current, out long whole, out int used) && used == _tokenLength)
        {
            Advance();
            return whole;
        }

        double number = Math.Round(Number());
        return Math.Abs(number) < 9.2e18 ? (long)number : throw Wrong("a number is out of range");
    }

    /// <summary>A whole number, or a default for null.</summary>
    public long WholeOr(long absent) => TakeNull() ? absent : Whole();

    /// <summary>A whole number from a range.</summary>
    public int Index(int count)
    {
        long index = Whole();
        return index >= 0 && index < count ? (int)index : throw Wrong(string.Create(CultureInfo.InvariantCulture, $"{index} is no index into a table of {count}"));
    }

    /// <summary>A 32-bit number that is not negative; others become 0.</summary>
    public int SmallOrNothing()
    {
        long value = WholeOr(0);
        return value is >= 0 and <= int.MaxValue ? (int)value : 0;
    }

    /// <summary>A number.</summary>
    public double Number()
    {
        if (Token != JsonTokenType.Number || !Utf8Parser.TryParse(Current, out double number, out int used) || used != _tokenLength || !double.IsFinite(number))
        {
            throw Unexpected("a number");
        }

        Advance();
        return number;
    }

    /// <summary>True or false.</summary>
    public bool Boolean()
    {
        if (Token is not (JsonTokenType.True or JsonTokenType.False))
        {
            throw Unexpected("true or false");
        }

        bool value = Token == JsonTokenType.True;
        Advance();
        return value;
    }

    /// <summary>Passes a null, if there is one.</summary>
    public bool TakeNull()
    {
        if (Token != JsonTokenType.Null)
        {
            return false;
        }

        Advance();
        return true;
    }

    /// <summary>Passes a value, whatever it is.</summary>
    public void Skip()
    {
        int depth = 0;
        do
        {
            depth += Token switch
            {
                JsonTokenType.StartObject or JsonTokenType.StartArray => 1,
                JsonTokenType.EndObject or JsonTokenType.EndArray => -1,
                _ => 0,
            };
            if (Token == JsonTokenType.None || depth < 0)
            {
                throw Unexpected("a value");
            }

            Advance();
        }
        while (depth > 0);
    }

    /// <summary>That something is wrong at the value just read.</summary>
    public FormatException Wrong(string what) => new(string.Create(CultureInfo.InvariantCulture, $"near byte {_consumed}: {what}"));

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    ReadOnlySpan<byte> Current => _buffer.AsSpan(_tokenStart, _tokenLength);

    void Take(JsonTokenType wanted, string name)
    {
        if (Token != wanted)
        {
            throw Unexpected(name);
        }

        Advance();
    }

    FormatException Unexpected(string wanted) => Wrong(Token == JsonTokenType.None ? $"the file ends where {wanted} should be" : $"{Token} where {wanted} should be");

    string CurrentName()
    {
        if (_tokenIsEscaped || _tokenLength == 0)
        {
            return CurrentText();
        }

        ref string? name = ref _names[(_tokenLength * 7 + Current[0] * 3 + Current[^1]) & 63];
        if (name is null || !Ascii.Equals(Current, name))
        {
            name = CurrentText();
        }

        return name;
    }

    string CurrentText()
    {
        if (!_tokenIsEscaped)
        {
            return Encoding.UTF8.GetString(Current);
        }

        // With the quotes around it, it is a document of its own.
        var reader = new Utf8JsonReader(_buffer.AsSpan(_tokenStart - 1, _tokenLength + 2));
        try
        {
            reader.Read();
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong("a text is no valid Unicode");
        }
    }

    void Advance()
    {
        while (true)
        {
            var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), isFinalBlock: false, _state);
            bool found;
            try
            {
                found = reader.Read();
            }
            catch (JsonException exception)
            {
                throw new FormatException(string.Create(
                    CultureInfo.InvariantCulture, $"line {exception.LineNumber + 1}, byte {exception.BytePositionInLine}: no valid JSON"), exception);
            }

            int used = (int)reader.BytesConsumed;
            if (found)
            {
                Token = reader.TokenType;
                int quotes = Token is JsonTokenType.String or JsonTokenType.PropertyName ? 1 : 0;
                _tokenStart = _start + (int)reader.TokenStartIndex + quotes;
                _tokenLength = reader.ValueSpan.Length;
                _tokenIsEscaped = reader.ValueIsEscaped;
            }

            _state = reader.CurrentState;
            _start += used;
            _consumed += used;
            if (found)
            {
                return;
            }

            if (_ended)
            {
                Token = JsonTokenType.None;
                return;
            }

            Fill();
        }
    }

    void Fill()
    {
        int left = _end - _start;
        if (left == _buffer.Length)
        {
            if (left >= LongestValue)
            {
                throw Wrong("a single value is longer than 64 MiB");
            }

            byte[] larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(_start, left).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        else
        {
            _buffer.AsSpan(_start, left).CopyTo(_buffer);
        }

        _start = 0;
        int read = _stream.Read(_buffer, left, _buffer.Length - left);
        _end = left + read;
        _ended = read == 0;
    }
}
