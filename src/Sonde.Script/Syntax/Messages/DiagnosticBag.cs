using System.Text;

namespace Sonde.Script.Syntax;

/// <summary>Collects the messages of all passes over one script, each once.</summary>
sealed class DiagnosticBag
{
    // A script of a few bytes can bring forth messages without number through macros; nobody reads more than these.
    const int MostMessages = 200;

    readonly List<Diagnostic> _messages = [];
    readonly HashSet<(SourceSpan, string)> _seen = [];
    readonly HashSet<string> _causes = [];

    /// <summary>The messages in the order in which they were found.</summary>
    public IReadOnlyList<Diagnostic> Messages => _messages;

    /// <summary>Whether there is an error.</summary>
    public bool HasErrors { get; private set; }

    /// <summary>Whether so many messages came that further ones are dropped.</summary>
    public bool IsFull => _messages.Count >= MostMessages;

    /// <summary>How often something was wrong; one message may stand for several.</summary>
    public int Complaints { get; private set; }

    /// <summary>Adds a message unless the same one was said of the same place.</summary>
    public void Add(Diagnostic message)
    {
        Complaints++;
        HasErrors |= message.Severity == Severity.Error;
        if (!IsFull && _seen.Add((message.Span, message.Message)))
        {
            _messages.Add(message);
        }
    }

    /// <summary>Adds an error.</summary>
    public void Error(SourceSpan span, string message, string? hint = null) => Add(new Diagnostic(Severity.Error, span, message, hint));

    /// <summary>Adds an error whose cause lies outside the script: the first place that meets it stands for all.</summary>
    public void ErrorOnce(SourceSpan span, string cause)
    {
        Complaints++;
        if (_causes.Add(cause))
        {
            Error(span, cause);
        }
    }

    /// <summary>Adds a warning.</summary>
    public void Warning(SourceSpan span, string message, string? hint = null) => Add(new Diagnostic(Severity.Warning, span, message, hint));

    /// <summary>All messages as the user sees them: errors first, then warnings.</summary>
    public string Render(bool warnings = true)
    {
        StringBuilder text = new();
        foreach (Diagnostic message in _messages.Where(m => m.Severity == Severity.Error))
        {
            text.Append(DiagnosticRenderer.Render(message));
        }

        foreach (Diagnostic message in _messages.Where(m => warnings && m.Severity == Severity.Warning))
        {
            text.Append(DiagnosticRenderer.Render(message));
        }

        return text.ToString();
    }
}
