namespace Sonde.Symbols.Demangle.Itanium;

/// <summary>A part of a demangled name. C++ types wrap around the names they declare, so each has a left and a right part.</summary>
abstract class Node
{
    /// <summary>The last name without scope and template arguments: what a constructor is called.</summary>
    public virtual Node BaseName => this;

    public abstract void PrintLeft(Printer printer);

    public virtual void PrintRight(Printer printer)
    {
    }
}

/// <summary>A name or a piece of text.</summary>
class TextNode(string text) : Node
{
    public static readonly TextNode Nothing = new("");

    public string Text { get; } = text;

    public override void PrintLeft(Printer printer) => printer.Append(Text);
}

/// <summary>An abbreviation of the standard library, printed in full.</summary>
sealed class StandardNode(string text, string baseName) : TextNode(text)
{
    public override Node BaseName { get; } = new TextNode(baseName);
}

/// <summary>Pieces one after the other.</summary>
sealed class SequenceNode(params IReadOnlyList<Node> parts) : Node
{
    public override void PrintLeft(Printer printer)
    {
        foreach (var part in parts)
        {
            printer.Print(part);
        }
    }
}

/// <summary>Nodes with commas between them.</summary>
sealed class ListNode(IReadOnlyList<Node> nodes) : Node
{
    public override void PrintLeft(Printer printer) => printer.List(nodes);
}

/// <summary>A name in a scope.</summary>
sealed class NestedNode(Node scope, Node name) : Node
{
    public override Node BaseName => name.BaseName;

    public override void PrintLeft(Printer printer)
    {
        printer.Print(scope);
        printer.Append("::");
        printer.Print(name);
    }
}

/// <summary>A name with an ABI tag.</summary>
sealed class TaggedNode(Node name, string tag) : Node
{
    public override Node BaseName => name.BaseName;

    public override void PrintLeft(Printer printer)
    {
        printer.Print(name);
        printer.Append("[abi:");
        printer.Append(tag);
        printer.Append(']');
    }
}

/// <summary>A template with its arguments.</summary>
sealed class TemplateNode(Node name, IReadOnlyList<Node> arguments) : Node
{
    public override Node BaseName => name.BaseName;

    public override void PrintLeft(Printer printer)
    {
        printer.Print(name);
        if (printer.Last == '<')
        {
            printer.Append(' ');
        }

        printer.Append('<');
        printer.List(arguments);
        if (printer.Last == '>')
        {
            printer.Append(' ');
        }

        printer.Append('>');
    }
}

/// <summary>A constructor or, with a tilde, a destructor.</summary>
sealed class ConstructorNode(Node of, bool isDestructor) : Node
{
    readonly Node _name = of.BaseName;

    public override void PrintLeft(Printer printer)
    {
        if (isDestructor)
        {
            printer.Append('~');
        }

        printer.Print(_name);
    }
}

/// <summary>The type of a lambda expression.</summary>
sealed class LambdaNode(IReadOnlyList<Node> parameters, int number) : Node
{
    public override void PrintLeft(Printer printer)
    {
        printer.Append("{lambda(");
        printer.List(parameters);
        printer.Append(")#");
        printer.Append(number.ToString(System.Globalization.CultureInfo.InvariantCulture));
        printer.Append('}');
    }
}

/// <summary>A function's whole name: scope, name, parameters and, for templates, the return type.</summary>
sealed class FunctionNode(Node? returnType, Node name, IReadOnlyList<Node> parameters, string qualifiers) : Node
{
    public Node Name { get; } = name;

    public override void PrintLeft(Printer printer)
    {
        if (returnType is not null)
        {
            PointerNode.LeftOfReturn(printer, returnType);
        }

        printer.Print(Name);
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

/// <summary>Something that belongs to a pack of template arguments; printed, all of them.</summary>
sealed class ArgumentPackNode(IReadOnlyList<Node> elements) : Node
{
    public IReadOnlyList<Node> Elements { get; } = elements;

    public override void PrintLeft(Printer printer) => printer.List(Elements);
}

/// <summary>A template parameter that stands for a pack: which element is meant depends on the expansion it is in.</summary>
sealed class PackNode(IReadOnlyList<Node> elements) : Node
{
    public override void PrintLeft(Printer printer)
    {
        if (Current(printer) is { } element)
        {
            printer.Left(element);
        }
    }

    public override void PrintRight(Printer printer)
    {
        if (Current(printer) is { } element)
        {
            printer.Right(element);
        }
    }

    public Node? Current(Printer printer)
    {
        if (printer.PackCount < 0)
        {
            printer.PackCount = elements.Count;
            printer.PackIndex = 0;
        }

        return printer.PackIndex < elements.Count ? elements[printer.PackIndex] : null;
    }
}

/// <summary>A pattern, printed once for each element of the packs in it.</summary>
sealed class ExpansionNode(Node pattern) : Node
{
    public override void PrintLeft(Printer printer)
    {
        var (index, count) = (printer.PackIndex, printer.PackCount);
        (printer.PackIndex, printer.PackCount) = (-1, -1);
        var start = printer.Length;
        printer.Print(pattern);
        if (printer.PackCount < 0)
        {
            printer.Append("...");
        }
        else if (printer.PackCount == 0)
        {
            printer.Shorten(start);
        }

        for (var i = 1; i < printer.PackCount && !printer.Exceeded; i++)
        {
            printer.Append(", ");
            printer.PackIndex = i;
            printer.Print(pattern);
        }

        (printer.PackIndex, printer.PackCount) = (index, count);
    }
}

/// <summary>A template parameter named before its arguments are known, in the type of a conversion operator.</summary>
sealed class ForwardNode(int index) : Node
{
    public int Index { get; } = index;

    public Node? Target { get; set; }

    public override void PrintLeft(Printer printer)
    {
        if (Target is not null)
        {
            printer.Left(Target);
        }
    }

    public override void PrintRight(Printer printer)
    {
        if (Target is not null)
        {
            printer.Right(Target);
        }
    }
}
