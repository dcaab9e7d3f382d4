namespace Sonde.Script.Syntax;

/// <summary>A range of characters of a source text, end exclusive.</summary>
/// <param name="Source">The text, or null when something has no place in a source.</param>
/// <param name="Start">The first character's offset.</param>
/// <param name="End">The offset after the last character.</param>
readonly record struct SourceSpan(SourceText? Source, int Start, int End)
{
    /// <summary>No place.</summary>
    public static SourceSpan None => default;

    /// <summary>The use of the macro whose expansion put this text where it stands, or null outside expansions.</summary>
    public Expansion? Expansion { get; init; }

    /// <summary>The characters, or the empty string without a source.</summary>
    public string Text => Source is null ? "" : Source.Text[Start..End];

    /// <summary>The 1-based line and column of the start, (0, 0) without a source.</summary>
    public (int Line, int Column) StartPosition => Source?.Position(Start) ?? (0, 0);

    /// <summary>The 1-based line and column after the last character, (0, 0) without a source.</summary>
    public (int Line, int Column) EndPosition => Source?.Position(End) ?? (0, 0);

    /// <summary>Where the outermost macro is used that brought this text; this span outside expansions.</summary>
    public SourceSpan Outermost
    {
        get
        {
            SourceSpan span = this;
            while (span.Expansion is not null)
            {
                span = span.Expansion.Site;
            }

            return span;
        }
    }

    /// <summary>From the start of this span to the end of another one, seen from outside macros when only one of them is inside.</summary>
    public SourceSpan To(SourceSpan last)
    {
        if (!ReferenceEquals(Source, last.Source) || !Equals(Expansion, last.Expansion))
        {
            SourceSpan first = Outermost;
            last = last.Outermost;
            return ReferenceEquals(first.Source, last.Source) ? first with { End = Math.Max(first.End, last.End) } : first;
        }

        return this with { End = Math.Max(End, last.End) };
    }

    /// <summary><c>file:line:column-column</c>, or <c>file:line-line</c> over several lines (columns 1-based, end exclusive).</summary>
    public override string ToString()
    {
        if (Source is null)
        {
            return "";
        }

        (int startLine, int startColumn) = StartPosition;
        (int endLine, int endColumn) = EndPosition;
        return startLine == endLine ? $"{Source.Name}:{startLine}:{startColumn}-{endColumn}" : $"{Source.Name}:{startLine}-{endLine}";
    }
}

/// <summary>The use of a macro; a chain when that use stands in another macro's expansion.</summary>
/// <param name="Site">Where the macro is used.</param>
sealed record Expansion(SourceSpan Site);
