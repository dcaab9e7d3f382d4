namespace Sonde.Engine.Output;

/// <summary>A shell-like pattern: <c>*</c> any text, <c>?</c> any character, <c>[a-z]</c> one of a set, <c>[!a-z]</c> none of it. Case matters.</summary>
/// <remarks>
/// <c>*</c> also crosses dots and slashes. A wildcard stands for itself in brackets (<c>[*]</c>); a backslash and an unclosed bracket stand for themselves.
/// Matching goes back to the last <c>*</c> only, so it takes time proportional to pattern times text at worst, whatever the target calls its functions.
/// </remarks>
public sealed class Glob
{
    readonly string _pattern;

    /// <summary>A pattern as the user wrote it; every text is a pattern.</summary>
    public Glob(string pattern) => _pattern = pattern;

    /// <summary>True when the whole text matches.</summary>
    public bool Matches(ReadOnlySpan<char> text)
    {
        int at = 0, inPattern = 0;
        int afterStar = -1, retryAt = 0;
        while (at < text.Length)
        {
            if (inPattern < _pattern.Length && _pattern[inPattern] == '*')
            {
                afterStar = ++inPattern;
                retryAt = at;
            }
            else if (inPattern < _pattern.Length && MatchesOne(text[at], inPattern, out int next))
            {
                inPattern = next;
                at++;
            }
            else if (afterStar >= 0)
            {
                inPattern = afterStar;
                at = ++retryAt;
            }
            else
            {
                return false;
            }
        }

        return _pattern.AsSpan(inPattern).TrimStart('*').IsEmpty;
    }

    /// <summary>
    /// True when the pattern matches a qualified name or what follows one of its dots:
    /// <c>handle</c> matches <c>handle</c> and <c>Server.handle</c>, <c>Server.*</c> matches <c>Server.handle</c> and <c>app.Server.handle</c>.
    /// </summary>
    public bool MatchesFunction(ReadOnlySpan<char> qualifiedName) => MatchesAnEnd(qualifiedName, '.');

    /// <summary>
    /// True when the pattern matches a path or what follows one of its slashes, with or without the <c>.py</c>
    /// (<c>app</c>, <c>app.py</c>, <c>lib/app.py</c>, <c>*/lib/*.py</c>), or the dotted module name the path ends in
    /// (<c>json.decoder</c>, <c>json</c> for <c>json/__init__.py</c>).
    /// </summary>
    public bool MatchesFile(ReadOnlySpan<char> path)
    {
        if (MatchesAnEnd(path, '/'))
        {
            return true;
        }

        if (!path.EndsWith(".py"))
        {
            return false;
        }

        path = path[..^".py".Length];
        if (MatchesAnEnd(path, '/'))
        {
            return true;
        }

        if (path.EndsWith("/__init__"))
        {
            path = path[..^"/__init__".Length];
        }

        return !_pattern.Contains('/') && MatchesAnEnd(path.ToString().Replace('/', '.'), '.');
    }

    bool MatchesAnEnd(ReadOnlySpan<char> text, char separator)
    {
        while (!Matches(text))
        {
            int next = text.IndexOf(separator);
            if (next < 0)
            {
                return false;
            }

            text = text[(next + 1)..];
        }

        return true;
    }

    bool MatchesOne(char character, int inPattern, out int next)
    {
        char wanted = _pattern[inPattern];
        next = inPattern + 1;
        if (wanted == '?')
        {
            return true;
        }

        if (wanted != '[')
        {
            return wanted == character;
        }

        bool negated = next < _pattern.Length && _pattern[next] == '!';
        int first = negated ? next + 1 : next;
        // A bracket right at the beginning of a set belongs to the set.
        int close = first < _pattern.Length ? _pattern.IndexOf(']', first + 1) : -1;
        if (close < 0)
        {
            return wanted == character;
        }

        bool found = false;
        for (int i = first; i < close; i++)
        {
            bool isRange = i + 2 < close && _pattern[i + 1] == '-';
            char last = isRange ? _pattern[i + 2] : _pattern[i];
            found |= character >= _pattern[i] && character <= last;
            i += isRange ? 2 : 0;
        }

        next = close + 1;
        return found != negated;
    }

    /// <inheritdoc/>
    public override string ToString() => _pattern;
}
