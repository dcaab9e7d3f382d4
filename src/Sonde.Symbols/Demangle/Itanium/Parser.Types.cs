namespace Sonde.Symbols.Demangle.Itanium;

sealed partial class Parser
{
    Node ParseType()
    {
        if (!Enter())
        {
            return Fail();
        }

        var node = ParseTypeOf(Peek);
        _depth--;
        return node;
    }

    Node ParseTypeOf(char letter)
    {
        switch (letter)
        {
            case 'r' or 'V' or 'K':
                var qualifiers = ParseQualifiers();
                return Remember(new QualifiedNode(IsFunctionType() ? ParseFunctionType() : ParseType(), qualifiers));
            case 'P':
                _position++;
                return Remember(new PointerNode(ParseType(), "*"));
            case 'R':
                _position++;
                return Remember(new PointerNode(ParseType(), "&"));
            case 'O':
                _position++;
                return Remember(new PointerNode(ParseType(), "&&"));
            case 'C':
                _position++;
                return Remember(new SuffixedNode(ParseType(), new TextNode(" _Complex")));
            case 'G':
                _position++;
                return Remember(new SuffixedNode(ParseType(), new TextNode(" _Imaginary")));
            case 'M':
                _position++;
                var owner = ParseType();
                return Remember(new MemberPointerNode(owner, ParseType()));
            case 'A':
                return Remember(ParseArrayType());
            case 'U' when PeekAt(1) is not ('t' or 'l'):
                _position++;
                Node qualifier = ParseSourceName();
                if (Peek == 'I')
                {
                    qualifier = new TemplateNode(qualifier, ParseTemplateArguments(setParameters: false));
                }

                return Remember(new SuffixedNode(ParseType(), new SequenceNode(new TextNode(" "), qualifier)));
            case 'u':
                _position++;
                Node vendor = ParseSourceName();
                if (Peek == 'I')
                {
                    vendor = new TemplateNode(vendor, ParseTemplateArguments(setParameters: false));
                }

                return Remember(vendor);
            case 'T' when PeekAt(1) is 's' or 'u' or 'e':
                _position += 2;
                return ParseType();
            case 'T':
                var parameter = Remember(ParseTemplateParameter());

                // The arguments behind a conversion's type are those of the operator.
                return _mayReferForward ? parameter : WithArguments(parameter);
            case 'S' when PeekAt(1) != 't':
                return WithArguments(ParseSubstitution());
            case 'D':
                return ParseExtendedType();
            case 'F':
                return Remember(ParseFunctionType());
            case 'N' or 'Z' or 'S' or 'U' or 'L' or (>= '0' and <= '9'):
                var form = new NameForm();
                return Remember(ParseName(ref form));
            default:
                _position++;
                return BuiltIn(letter) is { } text ? new TextNode(text) : Fail();
        }
    }

    Node WithArguments(Node node) =>
        Peek == 'I' ? Remember(new TemplateNode(node, ParseTemplateArguments(setParameters: false))) : node;

    /// <summary>They are mangled from the outermost in, and written from the innermost out.</summary>
    string ParseQualifiers()
    {
        var text = "";
        for (; ; _position++)
        {
            switch (Peek)
            {
                case 'r':
                    text = " __restrict" + text;
                    break;
                case 'V':
                    text = " volatile" + text;
                    break;
                case 'K':
                    text = " const" + text;
                    break;
                default:
                    return text;
            }
        }
    }

    bool IsFunctionType() => Peek == 'F' || (Peek == 'D' && PeekAt(1) is 'o' or 'O' or 'w' or 'x');

    Node ParseFunctionType()
    {
        if (!Enter())
        {
            return Fail();
        }

        var exceptions = "";
        Node? specification = null;
        if (Eat("Do"))
        {
            exceptions = " noexcept";
        }
        else if (Eat("DO"))
        {
            specification = ParseExpression();
            Eat('E');
        }
        else if (Eat("Dw"))
        {
            while (!Failed && !Eat('E'))
            {
                ParseType();
            }

            exceptions = " throw";
        }

        if (Eat("Dx"))
        {
            exceptions += " transaction_safe";
        }

        if (!Eat('F'))
        {
            return Fail();
        }

        Eat('Y'); // extern "C"
        var returnType = ParseType();
        var parameters = ParseParameters();
        var qualifiers = Eat('R') ? " &" : Eat('O') ? " &&" : "";
        _depth--;
        if (!Eat('E'))
        {
            return Fail();
        }

        Node function = new FunctionTypeNode(returnType, parameters, qualifiers + exceptions);
        return specification is null ? function : new SuffixedNode(function, new SequenceNode(new TextNode(" noexcept("), specification, new TextNode(")")));
    }

    Node ParseArrayType()
    {
        _position++;
        Node? count = null;
        if (char.IsAsciiDigit(Peek))
        {
            count = new TextNode(ParseNumber());
        }
        else if (Peek != '_')
        {
            count = ParseExpression();
        }

        return Eat('_') ? new ArrayNode(ParseType(), count) : Fail();
    }

    Node ParseExtendedType()
    {
        switch (PeekAt(1))
        {
            case 't' or 'T':
                return Remember(ParseDecltype());
            case 'p':
                _position += 2;
                return Remember(new ExpansionNode(ParseType()));
            case 'o' or 'O' or 'w' or 'x':
                return Remember(ParseFunctionType());
            case 'v':
                _position += 2;
                return Remember(ParseVectorType());
            case 'F':
                _position += 2;
                var bits = ParseNumber();
                return Eat('x') ? new TextNode($"_Float{bits}x") : Eat('b') ? new TextNode("std::bfloat16_t") : Eat('_') ? new TextNode($"_Float{bits}") : Fail();
            case 'B' or 'U':
                var sign = PeekAt(1) == 'U' ? "unsigned " : "";
                _position += 2;
                var width = char.IsAsciiDigit(Peek) ? new TextNode(ParseNumber()) : ParseExpression();
                return Eat('_') ? Remember(new SequenceNode(new TextNode(sign + "_BitInt("), width, new TextNode(")"))) : Fail();
        }

        var text = PeekAt(1) switch
        {
            'a' => "auto",
            'c' => "decltype(auto)",
            'd' => "decimal64",
            'e' => "decimal128",
            'f' => "decimal32",
            'h' => "half",
            'i' => "char32_t",
            'n' => "decltype(nullptr)",
            's' => "char16_t",
            'u' => "char8_t",
            _ => null,
        };
        _position += 2;
        return text is null ? Fail() : new TextNode(text);
    }

    Node ParseVectorType()
    {
        Node count;
        if (Eat('_'))
        {
            count = ParseExpression();
        }
        else
        {
            count = new TextNode(ParseNumber());
        }

        return Eat('_') ? new SuffixedNode(ParseType(), new SequenceNode(new TextNode(" __vector("), count, new TextNode(")"))) : Fail();
    }

    Node ParseDecltype()
    {
        _position += 2;
        var expression = ParseExpression();
        return Eat('E') ? new SequenceNode(new TextNode("decltype ("), expression, new TextNode(")")) : Fail();
    }

    static string? BuiltIn(char letter) => letter switch
    {
        'v' => "void",
        'w' => "wchar_t",
        'b' => "bool",
        'c' => "char",
        'a' => "signed char",
        'h' => "unsigned char",
        's' => "short",
        't' => "unsigned short",
        'i' => "int",
        'j' => "unsigned int",
        'l' => "long",
        'm' => "unsigned long",
        'x' => "long long",
        'y' => "unsigned long long",
        'n' => "__int128",
        'o' => "unsigned __int128",
        'f' => "float",
        'd' => "double",
        'e' => "long double",
        'g' => "__float128",
        'z' => "...",
        _ => null,
    };
}
