using System.Globalization;

namespace Sonde.Symbols.Demangle.Itanium;

sealed partial class Parser
{
    Node ParseName(ref NameForm form)
    {
        if (!Enter())
        {
            return Fail();
        }

        var node = Peek switch
        {
            'N' => ParseNestedName(ref form),
            'Z' => ParseLocalName(ref form),
            _ => ParseUnscopedName(ref form),
        };
        _depth--;
        return node;
    }

    Node ParseUnscopedName(ref NameForm form)
    {
        Node name;
        if (Peek == 'S' && PeekAt(1) != 't')
        {
            name = ParseSubstitution();
            if (Peek != 'I')
            {
                return name;
            }
        }
        else
        {
            var isStandard = Eat("St");
            name = ParseUnqualifiedName(null, ref form);
            name = isStandard ? new NestedNode(new TextNode("std"), name) : name;
            if (Peek != 'I')
            {
                return name;
            }

            Remember(name);
        }

        form.EndsWithArguments = true;
        return new TemplateNode(name, ParseTemplateArguments(form.IsOfEncoding));
    }

    Node ParseNestedName(ref NameForm form)
    {
        _position++;
        form.Qualifiers = ParseQualifiers();
        if (Eat('R'))
        {
            form.Qualifiers += " &";
        }
        else if (Eat('O'))
        {
            form.Qualifiers += " &&";
        }

        Node? scope = null;
        while (!Eat('E'))
        {
            if (Failed || Peek == '\0')
            {
                return Fail();
            }

            form.EndsWithArguments = false;
            switch (Peek)
            {
                case 'S' when PeekAt(1) == 't' && scope is null:
                    _position += 2;
                    scope = new TextNode("std");
                    continue;
                case 'S' when scope is null:
                    scope = ParseSubstitution();
                    continue;
                case 'T' when scope is null:
                    scope = ParseTemplateParameter();
                    break;
                case 'D' when scope is null && PeekAt(1) is 't' or 'T':
                    scope = ParseDecltype();
                    break;
                case 'I' when scope is not null:
                    scope = new TemplateNode(scope, ParseTemplateArguments(form.IsOfEncoding));
                    form.EndsWithArguments = true;
                    break;
                case 'M' when scope is not null:
                    _position++; // a lambda in this member's initialiser
                    continue;
                default:
                    var name = ParseUnqualifiedName(scope, ref form);
                    scope = scope is null ? name : new NestedNode(scope, name);
                    break;
            }

            if (Peek != 'E')
            {
                Remember(scope);
            }
        }

        return scope ?? Fail();
    }

    Node ParseLocalName(ref NameForm form)
    {
        _position++;
        var function = ParseEncoding(isWhole: false);
        if (!Eat('E'))
        {
            return Fail();
        }

        if (Eat('s'))
        {
            SkipDiscriminator();
            return new NestedNode(function, new TextNode("string literal"));
        }

        Node? scope = null;
        if (Eat('d'))
        {
            var number = Peek == '_' ? 0 : ParseSmallNumber() + 1;
            if (!Eat('_'))
            {
                return Fail();
            }

            scope = new TextNode(string.Create(CultureInfo.InvariantCulture, $"{{default arg#{number + 1}}}"));
        }

        var name = ParseName(ref form);
        SkipDiscriminator();
        return new NestedNode(scope is null ? function : new NestedNode(function, scope), name);
    }

    void SkipDiscriminator()
    {
        if (Peek != '_')
        {
            return;
        }

        if (PeekAt(1) == '_')
        {
            _position += 2;
            ParseSmallNumber();
            Eat('_');
        }
        else if (char.IsAsciiDigit(PeekAt(1)))
        {
            _position += 2;
        }
    }

    Node ParseUnqualifiedName(Node? scope, ref NameForm form)
    {
        form.HasNoReturnType = false;
        Node name;
        switch (Peek)
        {
            case 'L':
                _position++; // not visible outside its object file
                name = ParseSourceName();
                SkipDiscriminator();
                break;
            case >= '0' and <= '9':
                name = ParseSourceName();
                break;
            case 'C' when scope is not null:
                _position++;
                var inherits = Eat('I');
                if (PeekAt(0) is not (>= '1' and <= '5'))
                {
                    return Fail();
                }

                _position++;
                if (inherits)
                {
                    ParseType();
                }

                form.HasNoReturnType = true;
                name = new ConstructorNode(scope, isDestructor: false);
                break;
            case 'D' when scope is not null && PeekAt(1) is >= '0' and <= '5':
                _position += 2;
                form.HasNoReturnType = true;
                name = new ConstructorNode(scope, isDestructor: true);
                break;
            case 'D' when PeekAt(1) == 'C':
                name = ParseStructuredBinding();
                break;
            case 'U' when PeekAt(1) == 't':
                _position += 2;
                name = new TextNode(string.Create(CultureInfo.InvariantCulture, $"{{unnamed type#{ParseOrdinal()}}}"));
                break;
            case 'U' when PeekAt(1) == 'l':
                name = ParseLambda();
                break;
            default:
                name = ParseOperatorName(ref form);
                break;
        }

        while (Eat('B'))
        {
            name = new TaggedNode(name, ParseIdentifier());
        }

        return name;
    }

    SequenceNode ParseStructuredBinding()
    {
        _position += 2;
        var names = new List<Node>();
        while (!Failed && !Eat('E'))
        {
            names.Add(ParseSourceName());
        }

        return new(new TextNode("["), new ListNode(names), new TextNode("]"));
    }

    LambdaNode ParseLambda()
    {
        _position += 2;
        _lambdaDepth++;
        while (Peek == 'T' && PeekAt(1) is 'y' or 'n' or 't' or 'p')
        {
            SkipTemplateParameterDeclaration();
        }

        var parameters = ParseParameters();
        _lambdaDepth--;
        if (!Eat('E'))
        {
            Fail();
        }

        return new(parameters, ParseOrdinal());
    }

    /// <summary>The template heads of generic lambdas: their names are not mangled, so there is nothing to show.</summary>
    void SkipTemplateParameterDeclaration()
    {
        if (!Enter())
        {
            Fail();
        }

        _position++;
        switch (PeekAt(0))
        {
            case 'y':
                _position++;
                break;
            case 'n':
                _position++;
                ParseType();
                break;
            case 'p':
                _position++;
                if (Peek == 'T')
                {
                    SkipTemplateParameterDeclaration();
                }

                break;
            case 't':
                _position++;
                while (Peek == 'T')
                {
                    SkipTemplateParameterDeclaration();
                }

                if (!Eat('E'))
                {
                    Fail();
                }

                break;
            default:
                Fail();
                break;
        }

        _depth--;
    }

    /// <summary>The count of unnamed things of a scope: <c>_</c> is the first, <c>0_</c> the second.</summary>
    int ParseOrdinal()
    {
        var number = Peek == '_' ? 1 : ParseSmallNumber() + 2;
        if (!Eat('_'))
        {
            Fail();
        }

        return number;
    }

    TextNode ParseSourceName() => new(ParseIdentifier() is var name && name.StartsWith("_GLOBAL_", StringComparison.Ordinal)
        && name.Length >= 10 && name[8] is '_' or '.' or '$' && name[9] == 'N' ? "(anonymous namespace)" : name);

    string ParseIdentifier()
    {
        var length = ParseSmallNumber();
        if (length == 0 || length > mangled.Length - _position)
        {
            Fail();
            return "";
        }

        var name = mangled.Substring(_position, length);
        _position += length;
        return name;
    }

    Node ParseSubstitution()
    {
        if (!Eat('S'))
        {
            return Fail();
        }

        var letter = Peek;
        if (letter == '_' || char.IsAsciiDigit(letter) || char.IsAsciiLetterUpper(letter))
        {
            var index = letter == '_' ? 0 : ParseSequenceId() + 1;
            return Eat('_') && index < _substitutions.Count ? _substitutions[index] : Fail();
        }

        _position++;
        const string Traits = "std::char_traits<char>";
        Node node;
        switch (letter)
        {
            case 'a':
                node = new StandardNode("std::allocator", "allocator");
                break;
            case 'b':
                node = new StandardNode("std::basic_string", "basic_string");
                break;
            case 's':
                node = new StandardNode($"std::basic_string<char, {Traits}, std::allocator<char> >", "basic_string");
                break;
            case 'i':
                node = new StandardNode($"std::basic_istream<char, {Traits} >", "basic_istream");
                break;
            case 'o':
                node = new StandardNode($"std::basic_ostream<char, {Traits} >", "basic_ostream");
                break;
            case 'd':
                node = new StandardNode($"std::basic_iostream<char, {Traits} >", "basic_iostream");
                break;
            default:
                return Fail();
        }

        if (Peek != 'B')
        {
            return node;
        }

        while (Eat('B'))
        {
            node = new TaggedNode(node, ParseIdentifier());
        }

        return Remember(node);
    }

    Node ParseTemplateParameter()
    {
        if (!Eat('T'))
        {
            return Fail();
        }

        if (Eat('L'))
        {
            if (Peek != '_')
            {
                ParseSmallNumber();
            }

            if (!Eat('_'))
            {
                return Fail();
            }
        }

        var index = Peek == '_' ? 0 : ParseSmallNumber() + 1;
        if (!Eat('_'))
        {
            return Fail();
        }

        if (_lambdaDepth > 0)
        {
            return new TextNode(string.Create(CultureInfo.InvariantCulture, $"auto:{index + 1}"));
        }

        if (_mayReferForward)
        {
            var forward = new ForwardNode(index);
            _forward.Add(forward);
            return forward;
        }

        return index < _templateParameters.Count ? _templateParameters[index] : Fail();
    }

    List<Node> ParseTemplateArguments(bool setParameters)
    {
        var arguments = new List<Node>();
        if (!Eat('I'))
        {
            Fail();
            return arguments;
        }

        var parameters = new List<Node>();
        if (setParameters)
        {
            // Arguments name those of the template before them, so they are visible while they are read.
            _templateParameters = parameters;
        }

        while (!Failed && !Eat('E'))
        {
            var argument = ParseTemplateArgument();
            arguments.Add(argument);
            parameters.Add(argument is ArgumentPackNode pack ? new PackNode(pack.Elements) : argument);
        }

        return arguments;
    }

    Node ParseTemplateArgument()
    {
        if (!Enter())
        {
            return Fail();
        }

        Node node;
        switch (Peek)
        {
            case 'X':
                _position++;
                node = ParseExpression();
                node = Eat('E') ? node : Fail();
                break;
            case 'L':
                node = ParseLiteral();
                break;
            case 'J' or 'I':
                _position++;
                var elements = new List<Node>();
                while (!Failed && !Eat('E'))
                {
                    elements.Add(ParseTemplateArgument());
                }

                node = new ArgumentPackNode(elements);
                break;
            case 'T' when PeekAt(1) is 'n' or 'y' or 't' or 'p':
                SkipTemplateParameterDeclaration();
                node = ParseTemplateArgument();
                break;
            default:
                node = ParseType();
                break;
        }

        _depth--;
        return node;
    }
}
