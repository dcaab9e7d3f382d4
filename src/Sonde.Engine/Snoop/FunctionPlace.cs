using System.Globalization;

namespace Sonde.Engine.Snoop;

/// <summary>Functions to snoop upon: by a glob of their qualified name, by the file too, or by where they stand in it.</summary>
/// <param name="Text">As the user wrote it.</param>
/// <param name="Name">A glob of the qualified name, or null.</param>
/// <param name="File">A glob of the file's path or of what follows one of its slashes, or null.</param>
/// <param name="First">The first line, or 0.</param>
/// <param name="Last">The last line, or 0.</param>
/// <param name="IsRange">Only these lines are told, of whichever functions they belong to; else the function that has the line is.</param>
public sealed record FunctionPlace(string Text, string? Name, string? File, int First, int Last, bool IsRange)
{
    /// <summary>Reads <c>Server.handle</c>, <c>app.py:Server.*</c>, <c>app.py:12</c> or <c>app.py:10-20</c>.</summary>
    /// <exception cref="UsageException">It is none of them.</exception>
    public static FunctionPlace Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon < 0)
        {
            return text.Length > 0 && !text.Contains('/') && !text.EndsWith(".py", StringComparison.Ordinal) ? new FunctionPlace(text, text, null, 0, 0, false)
                : throw new UsageException($"snoop: '{text}' is no function; write a qualified name such as 'Server.handle', or 'file.py:LINE', 'file.py:FROM-TO' or 'file.py:NAME'");
        }

        var (file, where) = (text[..colon], text[(colon + 1)..]);
        if (file.Length == 0 || where.Length == 0)
        {
            throw new UsageException($"snoop: '{text}' lacks what stands {(file.Length == 0 ? "before" : "after")} the colon; write 'file.py:LINE', 'file.py:FROM-TO' or 'file.py:NAME'");
        }

        if (!char.IsAsciiDigit(where[0]))
        {
            return new FunctionPlace(text, where, file, 0, 0, false);
        }

        var dash = where.IndexOf('-', StringComparison.Ordinal);
        if (!TryReadLine(dash < 0 ? where : where[..dash], out var first) || !TryReadLine(dash < 0 ? where : where[(dash + 1)..], out var last) || last < first)
        {
            throw new UsageException($"snoop: the lines of '{text}' are not understood; write 'file.py:LINE', or 'file.py:FROM-TO' with the smaller one first");
        }

        return new FunctionPlace(text, null, file, first, last, dash >= 0);
    }

    static bool TryReadLine(string text, out int line) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out line) && line > 0;
}
