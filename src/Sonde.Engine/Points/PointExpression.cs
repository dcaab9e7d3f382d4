using System.Globalization;
using System.Text.Json.Nodes;

namespace Sonde.Engine.Points;

/// <summary>Reads the expressions of log points: those of Python's that can be evaluated without running any of the program's code.</summary>
/// <remarks>
/// Names, attributes, keys and indexes, <c>len()</c>, comparisons, <c>in</c>, <c>is</c>, <c>and</c>, <c>or</c>, <c>not</c>, literals, tuples. The result is the tree that the agent evaluates
/// (Injection/Agent/expressions.py): arrays whose first item says what they are.
/// </remarks>
sealed class PointExpression
{
    const int MostDepth = 50;

    static readonly string[] _comparisons = ["==", "!=", "<=", ">=", "<", ">"];

    readonly string _text;
    readonly string _option;
    int _at;
    int _depth;

    PointExpression(string text, string option)
    {
        _text = text;
        _option = option;
    }

    /// <summary>Reads a whole expression.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="option">Where it stands, for messages.</param>
    /// <exception cref="UsageException">It is none, or one that is not allowed; the message says where.</exception>
    public static JsonArray Parse(string text, string option)
    {
        var reader = new PointExpression(text, option);
        var tree = reader.ReadOr();
        reader.Skip();
        return reader._at == text.Length ? tree : throw reader.Wrong(reader.Peek() switch
        {
            '(' => "calls are not allowed but len(...), for they would run the program's code",
            '+' or '-' or '*' or '/' or '%' or '&' or '|' or '^' or '@' or '~' => "there is no arithmetic here; names, attributes, keys, len(), comparisons and constants can be used",
            ':' or '!' => "there are no formats here; values are shown as repr() shows them",
            _ => "the expression should end here",
        });
    }

    JsonArray ReadOr() => ReadMany("or", ReadAnd);

    JsonArray ReadAnd() => ReadMany("and", ReadNot);

    JsonArray ReadMany(string word, Func<JsonArray> part)
    {
        var first = part();
        if (!TryWord(word))
        {
            return first;
        }

        var all = new JsonArray(word, first);
        do
        {
            all.Add((JsonNode)part());
        }
        while (TryWord(word));

        return all;
    }

    JsonArray ReadNot() => TryWord("not") ? Deeper(() => new JsonArray("not", ReadNot())) : ReadComparison();

    JsonArray ReadComparison()
    {
        var first = ReadChain();
        JsonArray? all = null;
        while (ReadOperator() is { } name)
        {
            all ??= new JsonArray("compare", first);
            all.Add((JsonNode)name);
            all.Add((JsonNode)ReadChain());
        }

        return all ?? first;
    }

    string? ReadOperator()
    {
        Skip();
        foreach (var symbol in _comparisons)
        {
            if (_text.AsSpan(_at).StartsWith(symbol))
            {
                _at += symbol.Length;
                return symbol;
            }
        }

        var start = _at;
        if (TryWord("is"))
        {
            return TryWord("not") ? "is not" : "is";
        }

        if (TryWord("in"))
        {
            return "in";
        }

        if (TryWord("not") && TryWord("in"))
        {
            return "not in";
        }

        _at = start;
        return null;
    }

    JsonArray ReadChain()
    {
        var value = ReadAtom();
        while (true)
        {
            if (TryMark('.'))
            {
                value = new JsonArray("attribute", value, ReadName());
            }
            else if (TryMark('['))
            {
                value = new JsonArray("item", value, Deeper(ReadOr));
                Expect(']');
            }
            else
            {
                return value;
            }
        }
    }

    JsonArray ReadAtom()
    {
        switch (Peek())
        {
            case '(' or '[':
                return ReadTuple();
            case '"' or '\'':
                return new JsonArray("constant", ReadText());
            case '-' or (>= '0' and <= '9'):
                return new JsonArray("constant", ReadNumber());
        }

        var start = _at;
        var name = ReadName();
        switch (name)
        {
            case "None":
                return new JsonArray("constant", (JsonNode?)null);
            case "True" or "False":
                return new JsonArray("constant", name == "True");
            case "len" when Peek() == '(':
                Expect('(');
                var inner = Deeper(ReadOr);
                Expect(')');
                return new JsonArray("length", inner);
            case "and" or "or" or "not" or "in" or "is" or "if" or "else" or "for" or "lambda" or "await" or "yield":
                _at = start;
                throw Wrong($"'{name}' is not expected here");
        }

        return Peek() == '(' ? throw Wrong("calls are not allowed but len(...), for they would run the program's code") : new JsonArray("name", name);
    }

    JsonArray ReadTuple()
    {
        var end = Peek() == '(' ? ')' : ']';
        _at++;
        var items = new JsonArray("tuple");
        var isTuple = end == ']';
        while (Peek() != end)
        {
            items.Add((JsonNode)Deeper(ReadOr));
            if (!TryMark(','))
            {
                break;
            }

            isTuple = true;
        }

        Expect(end);
        if (isTuple || items.Count != 2)
        {
            return items;
        }

        var only = (JsonArray)items[1]!;
        items.RemoveAt(1);
        return only;
    }

    string ReadText()
    {
        var quote = _text[_at++];
        var text = new System.Text.StringBuilder();
        while (_at < _text.Length && _text[_at] != quote)
        {
            var character = _text[_at++];
            if (character == '\\')
            {
                character = _at < _text.Length ? _text[_at++] : throw Wrong("the text has no end");
                character = character switch
                {
                    'n' => '\n',
                    't' => '\t',
                    '\\' or '\'' or '"' => character,
                    _ => throw Wrong($"'\\{character}' is no escape that is known here; there are \\n, \\t, \\\\, \\' and \\\""),
                };
            }

            text.Append(character);
        }

        if (_at == _text.Length)
        {
            throw Wrong("the text has no end");
        }

        _at++;
        return text.ToString();
    }

    JsonValue ReadNumber()
    {
        var start = _at;
        _at += Peek() == '-' ? 1 : 0;
        while (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || _text[_at] is '.' or 'e' or 'E' or '_' || (_text[_at] is '+' or '-' && _text[_at - 1] is 'e' or 'E')))
        {
            _at++;
        }

        var text = _text[start.._at].Replace("_", "", StringComparison.Ordinal);
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? JsonValue.Create(whole)
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real) ? JsonValue.Create(real)
            : throw Wrong($"'{text}' is no number");
    }

    string ReadName()
    {
        Skip();
        var start = _at;
        while (_at < _text.Length && (char.IsLetter(_text[_at]) || _text[_at] == '_' || (_at > start && char.IsDigit(_text[_at]))))
        {
            _at++;
        }

        return _at > start ? _text[start.._at] : throw Wrong(_at == _text.Length ? "something is missing at the end" : $"'{_text[_at]}' is not expected here");
    }

    JsonArray Deeper(Func<JsonArray> read)
    {
        if (++_depth > MostDepth)
        {
            throw Wrong("it is nested too deeply");
        }

        var tree = read();
        _depth--;
        return tree;
    }

    bool TryWord(string word)
    {
        Skip();
        var end = _at + word.Length;
        if (!_text.AsSpan(_at).StartsWith(word) || (end < _text.Length && (char.IsLetterOrDigit(_text[end]) || _text[end] == '_')))
        {
            return false;
        }

        _at = end;
        return true;
    }

    bool TryMark(char mark)
    {
        if (Peek() != mark)
        {
            return false;
        }

        _at++;
        return true;
    }

    void Expect(char mark)
    {
        if (!TryMark(mark))
        {
            throw Wrong($"'{mark}' is missing");
        }
    }

    char Peek()
    {
        Skip();
        return _at < _text.Length ? _text[_at] : '\0';
    }

    void Skip()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }
    }

    UsageException Wrong(string what) => new(string.Create(CultureInfo.InvariantCulture, $"{_option} '{_text}': {what}, at character {_at + 1}"));
}
