namespace Sonde.Script.Syntax;

/// <summary>A node of the syntax tree; immutable, equal only to itself.</summary>
abstract class Node
{
    /// <summary>A node at a place.</summary>
    protected Node(SourceSpan span)
    {
        Span = span;
    }

    /// <summary>The characters it was read from.</summary>
    public SourceSpan Span { get; }
}

/// <summary>Something that is done.</summary>
abstract class Statement(SourceSpan span) : Node(span);

/// <summary>Something that has a value.</summary>
abstract class Expression(SourceSpan span) : Node(span);
