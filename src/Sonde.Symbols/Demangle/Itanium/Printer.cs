using System.Text;

namespace Sonde.Symbols.Demangle.Itanium;

/// <summary>Writes a tree of nodes as text, within limits: substitutions make trees that are exponentially larger than the mangled name.</summary>
sealed class Printer
{
    const int MostSteps = 200_000;
    const int DeepestNode = 1000;

    readonly StringBuilder _text = new();
    int _steps;
    int _depth;

    /// <summary>The text; null when it is beyond the limits.</summary>
    public string? Result => Exceeded ? null : _text.ToString();

    /// <summary>The element of parameter packs that is printed now; -1 outside of a pack's expansion.</summary>
    public int PackIndex { get; set; } = -1;

    /// <summary>The number of elements in the packs that are being expanded; -1 when none was met yet.</summary>
    public int PackCount { get; set; } = -1;

    public bool Exceeded { get; private set; }

    public int Length => _text.Length;

    public char Last => _text.Length == 0 ? '\0' : _text[^1];

    public void Append(string text)
    {
        _text.Append(text);
        Exceeded |= _text.Length > Demangler.LongestResult;
    }

    public void Append(char letter) => _text.Append(letter);

    /// <summary>Takes back what was written after <paramref name="length"/>.</summary>
    public void Shorten(int length) => _text.Length = length;

    public void Print(Node node)
    {
        Left(node);
        Right(node);
    }

    /// <summary>The part of a type before the name it declares.</summary>
    public void Left(Node node)
    {
        if (Enter())
        {
            node.PrintLeft(this);
        }

        _depth--;
    }

    /// <summary>The part of a type behind the name it declares: parameters, array bounds.</summary>
    public void Right(Node node)
    {
        if (Enter())
        {
            node.PrintRight(this);
        }

        _depth--;
    }

    public void List(IReadOnlyList<Node> nodes)
    {
        var first = true;
        foreach (var node in nodes)
        {
            var before = Length;
            if (!first)
            {
                Append(", ");
            }

            var start = Length;
            Print(node);
            if (Length == start)
            {
                Shorten(before); // an empty pack
            }
            else
            {
                first = false;
            }
        }
    }

    /// <summary>What stands behind parameters and references to what comes later.</summary>
    public Node Actual(Node node)
    {
        const int MostSteps = 64;
        for (var i = 0; i < MostSteps; i++)
        {
            switch (node)
            {
                case ForwardNode { Target: { } target }:
                    node = target;
                    break;
                case PackNode pack when pack.Current(this) is { } element:
                    node = element;
                    break;
                default:
                    return node;
            }
        }

        return node;
    }

    /// <summary>The type under its qualifiers.</summary>
    public Node Core(Node node)
    {
        const int MostSteps = 64;
        for (var i = 0; i < MostSteps; i++)
        {
            node = Actual(node);
            if (node is not QualifiedNode qualified)
            {
                break;
            }

            node = qualified.Type;
        }

        return node;
    }

    bool Enter() => !(Exceeded |= ++_depth > DeepestNode || ++_steps > MostSteps);
}
