using System.Globalization;

namespace Sonde.Symbols.Demangle.Itanium;

sealed partial class Parser
{
    /// <summary>Operators by their two letters: how they are written and how many operands they take in expressions.</summary>
    static readonly Dictionary<string, (string Text, int Operands)> _operators = new()
    {
        ["aN"] = ("&=", 2), ["aS"] = ("=", 2), ["aa"] = ("&&", 2), ["ad"] = ("&", 1), ["an"] = ("&", 2), ["at"] = ("alignof ", 1), ["aw"] = ("co_await ", 1),
        ["az"] = ("alignof ", 1), ["cc"] = ("const_cast", 2), ["cl"] = ("()", 2), ["cm"] = (",", 2), ["co"] = ("~", 1), ["dV"] = ("/=", 2), ["da"] = ("delete[] ", 1),
        ["dc"] = ("dynamic_cast", 2), ["de"] = ("*", 1), ["dl"] = ("delete ", 1), ["ds"] = (".*", 2), ["dt"] = (".", 2), ["dv"] = ("/", 2), ["eO"] = ("^=", 2),
        ["eo"] = ("^", 2), ["eq"] = ("==", 2), ["ge"] = (">=", 2), ["gt"] = (">", 2), ["ix"] = ("[]", 2), ["lS"] = ("<<=", 2), ["le"] = ("<=", 2), ["ls"] = ("<<", 2),
        ["lt"] = ("<", 2), ["mI"] = ("-=", 2), ["mL"] = ("*=", 2), ["mi"] = ("-", 2), ["ml"] = ("*", 2), ["mm"] = ("--", 1), ["na"] = ("new[]", 3), ["ne"] = ("!=", 2),
        ["ng"] = ("-", 1), ["nt"] = ("!", 1), ["nw"] = ("new", 3), ["nx"] = ("noexcept", 1), ["oR"] = ("|=", 2), ["oo"] = ("||", 2), ["or"] = ("|", 2), ["pL"] = ("+=", 2),
        ["pl"] = ("+", 2), ["pm"] = ("->*", 2), ["pp"] = ("++", 1), ["ps"] = ("+", 1), ["pt"] = ("->", 2), ["qu"] = ("?", 3), ["rM"] = ("%=", 2), ["rS"] = (">>=", 2),
        ["rc"] = ("reinterpret_cast", 2), ["rm"] = ("%", 2), ["rs"] = (">>", 2), ["sP"] = ("sizeof...", 1), ["sZ"] = ("sizeof...", 1), ["sc"] = ("static_cast", 2),
        ["ss"] = ("<=>", 2), ["st"] = ("sizeof ", 1), ["sz"] = ("sizeof ", 1), ["te"] = ("typeid ", 1), ["ti"] = ("typeid ", 1), ["tr"] = ("throw", 0), ["tw"] = ("throw ", 1),
    };

    Node ParseOperatorName(ref NameForm form)
    {
        if (Eat("cv"))
        {
            form.HasNoReturnType = true;
            var before = _mayReferForward;

            // The arguments that the type names stand behind it.
            _mayReferForward = true;
            var type = ParseType();
            _mayReferForward = before;
            return Prefixed("operator ", type);
        }

        if (Eat("li"))
        {
            return Prefixed("operator\"\" ", ParseSourceName());
        }

        if (!TryParseOperator(out var text, out _))
        {
            return Fail();
        }

        return new TextNode((char.IsAsciiLetterLower(text[0]) ? "operator " : "operator") + text.TrimEnd(' '));
    }

    bool TryParseOperator(out string text, out int operands)
    {
        if (_position + 2 <= mangled.Length && _operators.TryGetValue(mangled.Substring(_position, 2), out var found))
        {
            _position += 2;
            (text, operands) = found;
            return true;
        }

        (text, operands) = ("", 0);
        return false;
    }

    Node ParseExpression()
    {
        if (!Enter())
        {
            return Fail();
        }

        var node = ParseExpressionOf(Peek, PeekAt(1));
        _depth--;
        return node;
    }

    Node ParseExpressionOf(char first, char second)
    {
        switch ((first, second))
        {
            case ('L', _):
                return ParseLiteral();
            case ('T', _):
                return ParseTemplateParameter();
            case ('s', 'r'):
                _position += 2;
                return ParseScopedName();
            case ('s', 'p'):
                _position += 2;
                return new ExpansionNode(ParseExpression());
            case ('f', 'p') or ('f', 'L') when second == 'p' || char.IsAsciiDigit(PeekAt(2)):
                return ParseFunctionParameter();
            case ('f', 'l' or 'r' or 'L' or 'R'):
                return ParseFold(second);
            case ('o', 'n'):
                _position += 2;
                return ParseSimpleName();
            case ( >= '0' and <= '9', _):
                return ParseSimpleName();
            case ('i', 'l'):
                _position += 2;
                return ParseBraces(null);
            case ('t', 'l'):
                _position += 2;
                return ParseBraces(ParseType());
            case ('c', 'v'):
                return ParseConversion();
            case ('s', 't') or ('a', 't') or ('t', 'i'):
                if (!TryParseOperator(out var ofType, out _))
                {
                    return Fail();
                }

                return new SequenceNode(new TextNode(ofType + "("), ParseType(), new TextNode(")"));
            case ('s', 'Z'):
                _position += 2;
                return new SequenceNode(new TextNode("sizeof...("), ParseExpression(), new TextNode(")"));
            case ('s', 'P'):
                _position += 2;
                return new SequenceNode(new TextNode("sizeof...("), new ListNode(ParseUntilEnd(ParseTemplateArgument)), new TextNode(")"));
            case ('c', 'l'):
                _position += 2;
                var callee = ParseExpression();
                return new SequenceNode(Operand(callee is FunctionNode function ? function.Name : callee), new TextNode("("), new ListNode(ParseUntilEnd(ParseExpression)), new TextNode(")"));
            case ('g', 's'):
                _position += 2;
                return Prefixed("::", ParseExpression());
            case ('d', 'n'):
                _position += 2;
                return Prefixed("~", char.IsAsciiDigit(Peek) ? ParseSimpleName() : ParseType());
            case ('d', 't') or ('p', 't'):
                _position += 2;
                var left = ParseExpression();
                return new SequenceNode(Operand(left), new TextNode(first == 'd' ? "." : "->"), ParseExpression());
            default:
                return ParseOperation();
        }
    }

    Node ParseOperation()
    {
        var isPrefix = PeekAt(2) == '_' && Peek is 'p' or 'm' && PeekAt(1) == Peek;
        var code = _position + 2 <= mangled.Length ? mangled.Substring(_position, 2) : "";
        if (!TryParseOperator(out var text, out var operands))
        {
            return Fail();
        }

        switch (code)
        {
            case "cc" or "dc" or "rc" or "sc":
                var type = ParseType();
                return new SequenceNode(new TextNode(text + "<"), type, new TextNode(">("), ParseExpression(), new TextNode(")"));
            case "ix":
                var array = ParseExpression();
                return new SequenceNode(Operand(array), new TextNode("["), ParseExpression(), new TextNode("]"));
            case "qu":
                var condition = ParseExpression();
                var whenTrue = ParseExpression();
                return new SequenceNode(Operand(condition), new TextNode("?"), Operand(whenTrue), new TextNode(" : "), Operand(ParseExpression()));
            case "nw" or "na":
                return ParseNew(text);
            case "pp" or "mm":
                if (isPrefix)
                {
                    _position++;
                    return new SequenceNode(new TextNode(text), Operand(ParseExpression()));
                }

                return new SequenceNode(Operand(ParseExpression()), new TextNode(text));
            case "nx" or "te" or "sz" or "az":
                return new SequenceNode(new TextNode(text + "("), ParseExpression(), new TextNode(")"));
        }

        switch (operands)
        {
            case 0:
                return new TextNode(text);
            case 1:
                var operand = ParseExpression();
                return new SequenceNode(new TextNode(text), Operand(code == "ad" && operand is FunctionNode { Name: NestedNode member } ? member : operand));
            default:
                var left = ParseExpression();
                var whole = new SequenceNode(Operand(left), new TextNode(text), Operand(ParseExpression()));

                // Within template arguments a bare > would end them.
                return code == "gt" ? new SequenceNode(new TextNode("("), whole, new TextNode(")")) : whole;
        }
    }

    Node ParseNew(string text)
    {
        var placement = new List<Node>();
        while (!Failed && !Eat('_'))
        {
            placement.Add(ParseExpression());
        }

        var type = ParseType();
        var parts = new List<Node> { new TextNode(text + " ") };
        if (placement.Count > 0)
        {
            parts.AddRange([new TextNode("("), new ListNode(placement), new TextNode(") ")]);
        }

        parts.Add(type);
        if (Eat("pi"))
        {
            parts.AddRange([new TextNode("("), new ListNode(ParseUntilEnd(ParseExpression)), new TextNode(")")]);
        }
        else if (!Eat('E'))
        {
            return Fail();
        }

        return new SequenceNode(parts);
    }

    SequenceNode ParseConversion()
    {
        _position += 2;
        var type = ParseType();
        if (Eat('_'))
        {
            return new SequenceNode(new TextNode("("), type, new TextNode(")("), new ListNode(ParseUntilEnd(ParseExpression)), new TextNode(")"));
        }

        return new SequenceNode(new TextNode("("), type, new TextNode(")"), Operand(ParseExpression()));
    }

    BracesNode ParseBraces(Node? type) => new(type, ParseUntilEnd(ParseExpression));

    Node ParseFold(char kind)
    {
        _position += 2;
        if (!TryParseOperator(out var text, out _))
        {
            return Fail();
        }

        var first = ParseExpression();
        var second = kind is 'L' or 'R' ? ParseExpression() : null;
        IReadOnlyList<Node> parts = kind switch
        {
            'l' => [new TextNode("(..." + text), Operand(first), new TextNode(")")],
            'r' => [new TextNode("("), Operand(first), new TextNode(text + "...)")],
            _ => [new TextNode("("), Operand(first), new TextNode($"{text}...{text}"), Operand(second!), new TextNode(")")],
        };
        return new SequenceNode(parts);
    }

    TextNode ParseFunctionParameter()
    {
        var isOuter = PeekAt(1) == 'L';
        _position += 2;
        if (isOuter)
        {
            ParseSmallNumber();
            if (!Eat('p'))
            {
                return Fail();
            }
        }

        if (Eat('T'))
        {
            return new TextNode("this");
        }

        ParseQualifiers();
        var number = Peek == '_' ? 1 : ParseSmallNumber() + 2;
        return Eat('_') ? new TextNode(string.Create(CultureInfo.InvariantCulture, $"{{parm#{number}}}")) : Fail();
    }

    Node ParseSimpleName()
    {
        var form = new NameForm();
        var name = ParseUnqualifiedName(null, ref form);
        return Peek == 'I' ? new TemplateNode(name, ParseTemplateArguments(setParameters: false)) : name;
    }

    /// <summary>A name in a scope that depends on template arguments.</summary>
    Node ParseScopedName()
    {
        if (char.IsAsciiDigit(Peek))
        {
            return ParseNamesToEnd();
        }

        if (!Eat('N'))
        {
            return ParseMember(ParseType());
        }

        var scope = ParseType();
        while (!Failed && !Eat('E'))
        {
            scope = ParseMember(scope);
        }

        return ParseMember(scope);
    }

    /// <summary>Clang ends the scopes before the last name; GCC has only one scope then and does not.</summary>
    Node ParseNamesToEnd()
    {
        var scope = ParseSimpleName();
        var start = _position;
        var outer = scope;
        while (!Failed && char.IsAsciiDigit(Peek))
        {
            outer = ParseMember(outer);
        }

        if (Peek == 'E' && (char.IsAsciiDigit(PeekAt(1)) || (PeekAt(1) is 'o' or 'd' && PeekAt(2) == 'n')))
        {
            _position++;
            return ParseMember(outer);
        }

        _position = start;
        return ParseMember(scope);
    }

    Node ParseMember(Node scope)
    {
        if (Peek == 'd' && PeekAt(1) == 'n')
        {
            return new NestedNode(scope, ParseExpression());
        }

        Eat("on");
        var form = new NameForm();
        var name = new NestedNode(scope, ParseUnqualifiedName(null, ref form));
        return Peek == 'I' ? new TemplateNode(name, ParseTemplateArguments(setParameters: false)) : name;
    }

    /// <summary>A constant: its type and value, or an object with linkage.</summary>
    Node ParseLiteral()
    {
        _position++;
        if (Eat("_Z") || Eat('Z'))
        {
            var named = ParseEncoding(isWhole: true);
            return Eat('E') ? named : Fail();
        }

        var letter = Peek;
        var type = ParseType();
        var start = _position;
        while (Peek is not ('E' or '\0'))
        {
            _position++;
        }

        var value = mangled[start.._position];
        if (!Eat('E'))
        {
            return Fail();
        }

        value = value.StartsWith('n') ? "-" + value[1..] : value;
        if (letter == 'b' && value is "0" or "1")
        {
            return new TextNode(value == "1" ? "true" : "false");
        }

        string? suffix = letter switch
        {
            'i' => "",
            'j' => "u",
            'l' => "l",
            'm' => "ul",
            'x' => "ll",
            'y' => "ull",
            _ => null,
        };
        if (suffix is not null)
        {
            return new LiteralNode(new TextNode(value + suffix));
        }

        value = letter is 'f' or 'd' or 'e' or 'g' ? $"[{value}]" : value;
        return new LiteralNode(new SequenceNode(new TextNode("("), type, new TextNode(")" + value)));
    }

    List<Node> ParseUntilEnd(Func<Node> parse)
    {
        var nodes = new List<Node>();
        while (!Failed && !Eat('E'))
        {
            nodes.Add(parse());
        }

        return nodes;
    }

    static Node Operand(Node node) =>
        node is (TextNode or NestedNode or BracesNode) ? node : new SequenceNode(new TextNode("("), node, new TextNode(")"));
}

/// <summary>A constant.</summary>
sealed class LiteralNode(Node text) : Node
{
    public override void PrintLeft(Printer printer) => printer.Print(text);
}

/// <summary>A list of values in braces, of a type when one is named.</summary>
sealed class BracesNode(Node? type, IReadOnlyList<Node> values) : Node
{
    public override void PrintLeft(Printer printer)
    {
        if (type is not null)
        {
            printer.Print(type);
        }

        printer.Append('{');
        printer.List(values);
        printer.Append('}');
    }
}
