using System.Globalization;

namespace Sonde.Symbols.Demangle.Itanium;

/// <summary>Reads a mangled name into nodes. After a failure nothing is left to read, so every loop ends.</summary>
sealed partial class Parser(string mangled)
{
    const int DeepestNesting = 200;

    readonly List<Node> _substitutions = [];
    readonly List<ForwardNode> _forward = [];
    List<Node> _templateParameters = [];
    bool _mayReferForward;
    int _lambdaDepth;
    int _depth;
    int _position;

    public bool Failed { get; private set; }

    char Peek => PeekAt(0);

    /// <summary>A mangled name and the suffixes compilers give to copies of a function.</summary>
    public Node ParseMangledName()
    {
        if (!Eat("_Z"))
        {
            return Fail();
        }

        var node = ParseEncoding(isWhole: true);
        while (Peek == '.' && PeekAt(1) is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or '_' or (>= '0' and <= '9'))
        {
            node = new SequenceNode(node, new TextNode($" [clone {ParseCloneSuffix()}]"));
        }

        return _position == mangled.Length ? node : Fail();
    }

    string ParseCloneSuffix()
    {
        var start = _position++;
        if (char.IsAsciiDigit(Peek))
        {
            SkipDigits();
        }
        else
        {
            while (char.IsAsciiLetter(Peek) || Peek == '_')
            {
                _position++;
            }
        }

        while (Peek == '.' && char.IsAsciiDigit(PeekAt(1)))
        {
            _position++;
            SkipDigits();
        }

        return mangled[start.._position];

        void SkipDigits()
        {
            while (char.IsAsciiDigit(Peek))
            {
                _position++;
            }
        }
    }

    /// <summary>A function with its parameters, an object, or one of the special names.</summary>
    Node ParseEncoding(bool isWhole)
    {
        if (!Enter())
        {
            return Fail();
        }

        var outer = _templateParameters;
        _templateParameters = [];
        var node = Peek is 'G' or 'T' ? ParseSpecialName() : ParseFunctionOrData(isWhole);
        _templateParameters = outer;
        _depth--;
        return node;
    }

    Node ParseFunctionOrData(bool isWhole)
    {
        var forwardStart = _forward.Count;
        var form = new NameForm { IsOfEncoding = true };
        var name = ParseName(ref form);
        for (var i = forwardStart; i < _forward.Count; i++)
        {
            var reference = _forward[i];
            if (reference.Index >= _templateParameters.Count)
            {
                return Fail();
            }

            reference.Target = _templateParameters[reference.Index];
        }

        _forward.RemoveRange(forwardStart, _forward.Count - forwardStart);
        if (AtEndOfEncoding())
        {
            return form.Qualifiers.Length > 0 ? new SuffixedNode(name, new TextNode(form.Qualifiers)) : name;
        }

        Node? returnType = null;
        if (form.EndsWithArguments && !form.HasNoReturnType)
        {
            returnType = ParseType();
        }

        // Within a local name the return type is read but not shown.
        return new FunctionNode(isWhole ? returnType : null, name, ParseParameters(), form.Qualifiers);
    }

    bool AtEndOfEncoding() => Peek is '\0' or 'E' or '.';

    List<Node> ParseParameters()
    {
        var parameters = new List<Node>();
        if (Peek == 'v' && (PeekAt(1) is '\0' or 'E' or '.' || (PeekAt(1) is 'R' or 'O' && PeekAt(2) == 'E')))
        {
            _position++;
            return parameters;
        }

        while (!AtEndOfEncoding() && !(Peek is 'R' or 'O' && PeekAt(1) == 'E'))
        {
            parameters.Add(ParseType());
        }

        return parameters;
    }

    Node ParseSpecialName()
    {
        var kind = mangled.AsSpan(_position, Math.Min(2, mangled.Length - _position));
        _position += kind.Length;
        switch (kind)
        {
            case "TV":
                return Prefixed("vtable for ", ParseType());
            case "TT":
                return Prefixed("VTT for ", ParseType());
            case "TI":
                return Prefixed("typeinfo for ", ParseType());
            case "TS":
                return Prefixed("typeinfo name for ", ParseType());
            case "TF":
                return Prefixed("typeinfo fn for ", ParseType());
            case "TA":
                return Prefixed("template parameter object for ", ParseTemplateArgument());
            case "TH":
                return Prefixed("TLS init function for ", ParseObjectName());
            case "TW":
                return Prefixed("TLS wrapper function for ", ParseObjectName());
            case "Th":
                ParseNumber();
                return Eat('_') ? Prefixed("non-virtual thunk to ", ParseEncoding(isWhole: false)) : Fail();
            case "Tv":
                ParseNumber();
                if (!Eat('_'))
                {
                    return Fail();
                }

                ParseNumber();
                return Eat('_') ? Prefixed("virtual thunk to ", ParseEncoding(isWhole: false)) : Fail();
            case "Tc":
                return SkipCallOffset() && SkipCallOffset() ? Prefixed("covariant return thunk to ", ParseEncoding(isWhole: false)) : Fail();
            case "TC":
                var derived = ParseType();
                ParseNumber();
                return Eat('_') ? new SequenceNode(new TextNode("construction vtable for "), ParseType(), new TextNode("-in-"), derived) : Fail();
            case "GV":
                return Prefixed("guard variable for ", ParseObjectName());
            case "GR":
                var name = ParseObjectName();
                var number = 0;
                if (Peek != '_' && !AtEndOfEncoding())
                {
                    number = ParseSequenceId() + 1;
                }

                Eat('_');
                return Prefixed(string.Create(CultureInfo.InvariantCulture, $"reference temporary #{number} for "), name);
            case "GA":
                return Prefixed("hidden alias for ", ParseEncoding(isWhole: false));
            case "GT":
                return Prefixed(Eat('n') ? "non-transaction clone for " : Eat('t') || Peek != '\0' ? "transaction clone for " : "", ParseEncoding(isWhole: false));
            default:
                return Fail();
        }
    }

    Node ParseObjectName()
    {
        var form = new NameForm();
        return ParseName(ref form);
    }

    bool SkipCallOffset()
    {
        if (Eat('h'))
        {
            ParseNumber();
            return Eat('_');
        }

        if (!Eat('v'))
        {
            return false;
        }

        ParseNumber();
        if (!Eat('_'))
        {
            return false;
        }

        ParseNumber();
        return Eat('_');
    }

    static SequenceNode Prefixed(string text, Node node) => new(new TextNode(text), node);

    /// <summary>A decimal number, negative behind an <c>n</c>.</summary>
    string ParseNumber()
    {
        var isNegative = Eat('n');
        var start = _position;
        while (char.IsAsciiDigit(Peek))
        {
            _position++;
        }

        return isNegative ? "-" + mangled[start.._position] : mangled[start.._position];
    }

    int ParseSmallNumber()
    {
        var value = 0;
        var start = _position;
        while (char.IsAsciiDigit(Peek) && value < Demangler.LongestName)
        {
            value = value * 10 + (Peek - '0');
            _position++;
        }

        if (start == _position)
        {
            Fail();
        }

        return value;
    }

    /// <summary>A number in base 36 that counts substitutions.</summary>
    int ParseSequenceId()
    {
        var value = 0;
        while ((char.IsAsciiDigit(Peek) || char.IsAsciiLetterUpper(Peek)) && value < Demangler.LongestName)
        {
            value = value * 36 + (char.IsAsciiDigit(Peek) ? Peek - '0' : Peek - 'A' + 10);
            _position++;
        }

        return value;
    }

    char PeekAt(int distance) => _position + distance < mangled.Length ? mangled[_position + distance] : '\0';

    bool Eat(char letter)
    {
        if (Peek != letter || letter == '\0')
        {
            return false;
        }

        _position++;
        return true;
    }

    bool Eat(string letters)
    {
        if (!mangled.AsSpan(_position).StartsWith(letters, StringComparison.Ordinal))
        {
            return false;
        }

        _position += letters.Length;
        return true;
    }

    Node Remember(Node node)
    {
        _substitutions.Add(node);
        return node;
    }

    bool Enter() => ++_depth <= DeepestNesting;

    TextNode Fail()
    {
        Failed = true;
        _position = mangled.Length;
        return TextNode.Nothing;
    }

    /// <summary>What the way a function is named says about what follows.</summary>
    struct NameForm()
    {
        /// <summary>Whether the name is that of the function itself, whose template arguments its types refer to.</summary>
        public bool IsOfEncoding { get; init; }

        public bool EndsWithArguments { get; set; }

        public bool HasNoReturnType { get; set; }

        /// <summary>Those of a member function, with a space before each.</summary>
        public string Qualifiers { get; set; } = "";
    }
}
