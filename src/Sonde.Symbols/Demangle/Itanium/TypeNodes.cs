namespace Sonde.Symbols.Demangle.Itanium;

/// <summary>A type with <c>const</c> and the like.</summary>
sealed class QualifiedNode(Node type, string qualifiers) : Node
{
    readonly string _qualifiers = qualifiers;

    public Node Type { get; } = type;

    public override void PrintLeft(Printer printer)
    {
        printer.Left(Type);
        if (printer.Core(Type) is not FunctionTypeNode)
        {
            // A template argument may bring the same one.
            printer.Append(printer.Actual(Type) is QualifiedNode inner && inner._qualifiers == _qualifiers ? "" : _qualifiers);
        }
    }

    public override void PrintRight(Printer printer)
    {
        printer.Right(Type);
        if (printer.Core(Type) is FunctionTypeNode)
        {
            printer.Append(_qualifiers); // those of the object behind "this"
        }
    }
}

/// <summary>A pointer or reference.</summary>
sealed class PointerNode(Node type, string sign) : Node
{
    public string Sign { get; } = sign;

    public Node Type { get; } = type;

    /// <summary>A return type before the function's name, which stands within it when it is a pointer to a function or array.</summary>
    public static void LeftOfReturn(Printer printer, Node type)
    {
        printer.Left(type);
        var pointed = printer.Core(type) switch
        {
            PointerNode pointer => pointer.Type,
            MemberPointerNode pointer => pointer.Member,
            _ => type,
        };
        if (pointed == type || printer.Core(pointed) is not (FunctionTypeNode or ArrayNode))
        {
            printer.Append(' ');
        }
    }

    public override void PrintLeft(Printer printer)
    {
        var (type, sign) = Collapse(printer);
        printer.Left(type);
        OpenParenthesis(printer, type);
        printer.Append(sign);
    }

    public override void PrintRight(Printer printer)
    {
        var (type, _) = Collapse(printer);
        if (printer.Core(type) is FunctionTypeNode or ArrayNode)
        {
            printer.Append(')');
        }

        printer.Right(type);
    }

    public static void OpenParenthesis(Printer printer, Node type)
    {
        var core = printer.Core(type);
        if (core is ArrayNode && printer.Last != ' ')
        {
            printer.Append(' ');
        }

        if (core is ArrayNode or FunctionTypeNode)
        {
            printer.Append('(');
        }
    }

    /// <summary>A reference to a reference is one reference: of both kinds only when both are <c>&amp;&amp;</c>.</summary>
    (Node Type, string Sign) Collapse(Printer printer)
    {
        const int MostSteps = 64;
        var type = Type;
        var sign = Sign;
        for (var i = 0; i < MostSteps && sign != "*" && printer.Actual(type) is PointerNode { Sign: "&" or "&&" } inner; i++)
        {
            sign = sign == "&&" ? inner.Sign : "&";
            type = inner.Type;
        }

        return (type, sign);
    }
}

/// <summary>A pointer to a member of a class.</summary>
sealed class MemberPointerNode(Node owner, Node member) : Node
{
    public Node Member { get; } = member;

    public override void PrintLeft(Printer printer)
    {
        printer.Left(Member);
        if (printer.Core(Member) is FunctionTypeNode or ArrayNode)
        {
            PointerNode.OpenParenthesis(printer, Member);
        }
        else
        {
            printer.Append(' ');
        }

        printer.Print(owner);
        printer.Append("::*");
    }

    public override void PrintRight(Printer printer)
    {
        if (printer.Core(Member) is FunctionTypeNode or ArrayNode)
        {
            printer.Append(')');
        }

        printer.Right(Member);
    }
}

/// <summary>A function type.</summary>
sealed class FunctionTypeNode(Node? returnType, IReadOnlyList<Node> parameters, string qualifiers) : Node
{
    public override void PrintLeft(Printer printer)
    {
        if (returnType is not null)
        {
            PointerNode.LeftOfReturn(printer, returnType);
        }
    }

    public override void PrintRight(Printer printer)
    {
        printer.Append('(');
        printer.List(parameters);
        printer.Append(')');
        if (returnType is not null)
        {
            printer.Right(returnType);
        }

        printer.Append(qualifiers);
    }
}

/// <summary>An array type.</summary>
sealed class ArrayNode(Node element, Node? count) : Node
{
    public override void PrintLeft(Printer printer) => printer.Left(element);

    public override void PrintRight(Printer printer)
    {
        if (printer.Last != ']')
        {
            printer.Append(' ');
        }

        printer.Append('[');
        if (count is not null)
        {
            printer.Print(count);
        }

        printer.Append(']');
        printer.Right(element);
    }
}

/// <summary>A type with something behind it, such as <c>_Complex</c>.</summary>
sealed class SuffixedNode(Node type, Node suffix) : Node
{
    public override void PrintLeft(Printer printer)
    {
        printer.Print(type);
        printer.Print(suffix);
    }
}
