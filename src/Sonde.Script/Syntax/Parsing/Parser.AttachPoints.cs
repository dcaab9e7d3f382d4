using System.Text;

namespace Sonde.Script.Syntax;

/// <summary>Attach points: read by characters, since paths, wildcards and symbols are not made of tokens.</summary>
sealed partial class Parser
{
    // False when what was read cannot be used, which has been reported.
    (string? Name, List<AttachPoint> Points, bool IsComplete) AttachPoints()
    {
        Lexer lexer = _tokens.Raw();
        string text = lexer.Source.Text;
        List<AttachPoint> points = [];
        string? name = null;
        bool isComplete = true;
        while (true)
        {
            lexer.SkipBlanks(out _);
            int start = lexer.Position;
            if (points.Count == 0 && NamePrefix(text, start) is int after)
            {
                name = text[start..(after - 1)];
                lexer.MoveTo(after);
                lexer.SkipBlanks(out _);
                start = lexer.Position;
            }

            int end = EndOfAttachPoint(text, start);
            SourceSpan span = new(lexer.Source, start, end);
            if (end == start)
            {
                if (points.Count > 0 && start < text.Length && text[start] is '/' or '{')
                {
                    break;
                }

                throw Fail(new SourceSpan(lexer.Source, start, Math.Min(start + 1, text.Length)), "expected attach point",
                    start < text.Length && text[start] == '/' ? "a condition stands between the probe and its block: begin /pid == 1/ { }" : null);
            }

            lexer.MoveTo(end);
            List<string>? parts = Parts(span);
            isComplete &= parts is not null;
            parts ??= [text[start..end]];
            points.Add(new AttachPoint(span, parts[0], parts[1..]));
            lexer.SkipBlanks(out _);
            if (lexer.Position >= text.Length || text[lexer.Position] != ',')
            {
                break;
            }

            lexer.MoveTo(lexer.Position + 1);
        }

        _tokens.Resume(points[^1].Span);
        return (name, points, isComplete);
    }

    // "name=" before the first attach point.
    static int? NamePrefix(string text, int start)
    {
        int i = start;
        while (i < text.Length && (char.IsAsciiLetterOrDigit(text[i]) || text[i] == '_'))
        {
            i++;
        }

        return i > start && i < text.Length && text[i] == '=' ? i + 1 : null;
    }

    // Whose places have no paths in them: there a slash starts the predicate even without a blank before it.
    static readonly HashSet<string> _withoutPaths =
    [
        "kprobe", "k", "kretprobe", "kr", "fentry", "f", "fexit", "fr", "kfunc", "kretfunc", "tracepoint", "t", "rawtracepoint", "rt",
        "interval", "i", "profile", "p", "software", "s", "hardware", "h", "watchpoint", "w", "self", "test", "bench",
    ];

    // A slash is part of a path behind the first colon, and starts the predicate or a comment before it.
    static int EndOfAttachPoint(string text, int start)
    {
        bool sawColon = false;
        bool isQuoted = false;
        for (int i = start; i < text.Length; i++)
        {
            char c = text[i];
            if (isQuoted)
            {
                i += c == '\\' ? 1 : 0;
                isQuoted = c != '"';
            }
            else if (c is '{' or ',' || char.IsWhiteSpace(c) || (c == '/' && !sawColon))
            {
                return i;
            }
            else
            {
                if (c == ':' && _withoutPaths.Contains(text[start..i]))
                {
                    return EndWithoutPath(text, i);
                }

                sawColon |= c == ':';
                isQuoted = c == '"';
            }
        }

        return text.Length;
    }

    static int EndWithoutPath(string text, int start)
    {
        int i = start;
        while (i < text.Length && text[i] is not ('{' or ',' or '/' or '"') && !char.IsWhiteSpace(text[i]))
        {
            i++;
        }

        if (i < text.Length && text[i] == '"')
        {
            int close = text.IndexOf('"', i + 1);
            return close < 0 ? text.Length : EndWithoutPath(text, close + 1);
        }

        return i;
    }

    List<string>? Parts(SourceSpan span)
    {
        string text = span.Text;
        List<string> parts = [];
        StringBuilder part = new();
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == ':')
            {
                parts.Add(part.ToString());
                part.Clear();
            }
            else if (c == '"')
            {
                for (i++; i < text.Length && text[i] != '"'; i++)
                {
                    i += text[i] == '\\' && i + 1 < text.Length && text[i + 1] is '"' or '\\' ? 1 : 0;
                    part.Append(text[i]);
                }

                if (i >= text.Length)
                {
                    _diagnostics.Error(span, "syntax: unterminated string");
                    return null;
                }
            }
            else if (c == '$')
            {
                int digits = i + 1;
                while (digits < text.Length && char.IsAsciiDigit(text[digits]))
                {
                    digits++;
                }

                string number = text[(i + 1)..digits];
                if (number.Length == 0 || number[0] == '0')
                {
                    string wrong = i + 1 < text.Length ? text[(i + 1)..(i + 2)] : "";
                    _diagnostics.Error(span, $"invalid trailing character for positional param: {wrong}. Try quoting this entire part if this is intentional e.g. \"${wrong}\".");
                    return null;
                }

                if (!ulong.TryParse(number, out ulong index))
                {
                    _diagnostics.Error(span, $"positional parameter is not valid: overflow error, maximum value is {ulong.MaxValue}: {number}");
                    return null;
                }

                part.Append(index <= (ulong)_arguments.Positional.Count ? _arguments.Positional[(int)index - 1] : "");
                i = digits - 1;
            }
            else
            {
                part.Append(c);
            }
        }

        parts.Add(part.ToString());
        return parts;
    }
}
