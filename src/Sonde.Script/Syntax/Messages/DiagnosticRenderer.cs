using System.Text;

namespace Sonde.Script.Syntax;

/// <summary>Writes messages in the language's usual form: place, severity, words, then the source line with the place underlined.</summary>
/// <remarks>
/// <code>
/// stdin:1:14-20: ERROR: Unknown function: 'foo'
/// begin { $x = foo(1); }
///              ~~~~~~
/// </code>
/// Over several lines the place is <c>file:first-last</c> and those lines follow, not underlined.
/// </remarks>
static class DiagnosticRenderer
{
    const int TabWidth = 4;
    const int MostContextLines = 20;
    const int MostContextColumns = 400;
    const int MostExpansions = 16;

    public static string Render(Diagnostic message)
    {
        StringBuilder text = new();
        Write(text, message.Severity, message.Span, message.Message);
        foreach ((SourceSpan span, string note) in message.Notes)
        {
            Write(text, message.Severity, span, note);
        }

        Expansion? expansion = message.Span.Expansion;
        for (int shown = 0; expansion is not null && shown < MostExpansions; shown++)
        {
            Write(text, message.Severity, expansion.Site, "expanded from");
            expansion = expansion.Site.Expansion;
        }

        if (message.Hint is not null)
        {
            text.Append("HINT: ").Append(message.Hint).Append('\n');
        }

        return text.ToString();
    }

    static void Write(StringBuilder text, Severity severity, SourceSpan span, string words)
    {
        if (span.Source is not null)
        {
            AppendEscaped(text, span.ToString());
            text.Append(": ");
        }

        text.Append(severity == Severity.Error ? "ERROR: " : "WARNING: ");
        AppendEscaped(text, words);
        text.Append('\n');
        if (span.Source is not null)
        {
            AppendContext(text, span.Source, span);
        }
    }

    static void AppendContext(StringBuilder text, SourceText source, SourceSpan span)
    {
        (int startLine, int startColumn) = span.StartPosition;
        (int endLine, int endColumn) = span.EndPosition;
        if (startLine != endLine)
        {
            int last = Math.Min(endLine, startLine + MostContextLines - 1);
            for (int line = startLine; line <= last; line++)
            {
                AppendEscaped(text, source.Line(line));
                text.Append('\n');
            }

            return;
        }

        // Long lines are common (programs of the command line); what is far from the place is not worth a screen of text.
        string whole = source.Line(startLine);
        int first = startColumn > MostContextColumns ? startColumn - (MostContextColumns / 2) : 1;
        string shown = whole.Length - first + 1 > 2 * MostContextColumns ? whole.Substring(first - 1, 2 * MostContextColumns) : whole[(first - 1)..];
        AppendEscaped(text, shown);
        text.Append('\n');
        for (int i = 0; i < shown.Length && first + i < endColumn; i++)
        {
            text.Append(first + i < startColumn ? ' ' : '~', WidthOf(shown[i]));
        }

        text.Append('\n');
    }

    static int WidthOf(char character) => character switch
    {
        '\t' => TabWidth,
        _ => IsControl(character) ? 4 : 1,
    };

    // A source line is not ours: a control character in it must not steer the terminal.
    static void AppendEscaped(StringBuilder text, string line)
    {
        foreach (char character in line)
        {
            if (character == '\t')
            {
                text.Append(' ', TabWidth);
            }
            else if (IsControl(character))
            {
                text.Append("\\x").Append(((int)character & 0xff).ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
            }
            else
            {
                text.Append(character);
            }
        }
    }

    static bool IsControl(char character) => char.IsControl(character) && character != '\n';
}
