namespace Sonde.Script.Syntax;

/// <summary>How bad it is.</summary>
enum Severity
{
    /// <summary>The script cannot run.</summary>
    Error,

    /// <summary>The script runs, perhaps not as meant.</summary>
    Warning,
}

/// <summary>One message about a script.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Span">Where; uses of macros that lead there are shown after it.</param>
/// <param name="Message">What is wrong, without a full stop as the language's messages are.</param>
/// <param name="Hint">What to do about it, or null.</param>
sealed record Diagnostic(Severity Severity, SourceSpan Span, string Message, string? Hint = null)
{
    /// <summary>Other places that belong to the message, such as the types of both operands, each with its own words.</summary>
    public IReadOnlyList<(SourceSpan Span, string Message)> Notes { get; init; } = [];

    /// <summary>The message as the user sees it, in several lines, each ended.</summary>
    public override string ToString() => DiagnosticRenderer.Render(this);
}
