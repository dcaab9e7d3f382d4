using Sonde.Linux;
using Sonde.Python.Stacks;
using Sonde.Python.Values;

namespace Sonde.Engine.Dump;

/// <summary>The lines of a process's source files, as it names them. What is not to be had is left out: programs run without their source too.</summary>
/// <param name="pid">The process; 0 when it lives no more.</param>
/// <param name="redaction">What of them is not shown; null to show everything.</param>
sealed class SourceLines(int pid, Redaction? redaction)
{
    const int MaximumBytes = 8 << 20;

    /// <summary>More files than a dump shows frames of are not kept.</summary>
    const int MaximumFiles = 256;

    readonly Dictionary<string, (byte[] Content, List<int> Starts)?> _files = [];
    readonly Dictionary<string, bool> _packages = [];

    /// <summary>The line that runs.</summary>
    public SourceExcerpt? Find(string file, SourceSpan span)
    {
        if (Read(file) is not { } found || span.Line < 1 || span.Line >= found.Starts.Count)
        {
            return null;
        }

        var excerpt = SourceExcerpt.Of(found.Content.AsSpan(found.Starts[span.Line - 1]..found.Starts[span.Line]), span);
        // Behind what is hidden the columns are others: such a line is shown without its mark.
        return excerpt is { } whole && redaction?.ScrubSource(whole.Text) is { } safe && safe != whole.Text ? new SourceExcerpt(safe, 0, 0, 0, 0) : excerpt;
    }

    /// <summary>A whole line with the blanks before it, escaped.</summary>
    public string? FindText(string file, int line)
    {
        const int longest = 300;
        if (Read(file) is not { } found || line < 1 || line >= found.Starts.Count)
        {
            return null;
        }

        var text = found.Content.AsSpan(found.Starts[line - 1]..found.Starts[line]).TrimEnd("\r\n \t\f"u8);
        var blanks = text.Length - text.TrimStart(" \t\f"u8).Length;
        var indent = string.Concat(System.Text.Encoding.ASCII.GetString(text[..blanks]).Select(static blank => blank == '\t' ? "    " : " "));
        var shown = Output.Escape.Utf8(text[blanks..], longest);
        return indent + (redaction?.ScrubSource(shown) ?? shown);
    }

    /// <summary>The path from the root of its package on: directories with an <c>__init__.py</c> belong to it.</summary>
    public string Shorten(string file)
    {
        var slash = file.LastIndexOf('/');
        while (slash > 0 && IsPackage(file[..slash]))
        {
            slash = file.LastIndexOf('/', slash - 1);
        }

        return file[(slash + 1)..];
    }

    bool IsPackage(string directory)
    {
        if (!_packages.TryGetValue(directory, out var isPackage))
        {
            using var file = RootedFile.TryOpen(pid, directory + "/__init__.py", out _);
            isPackage = file is not null;
            _packages[directory] = isPackage;
        }

        return isPackage;
    }

    (byte[] Content, List<int> Starts)? Read(string file)
    {
        if (_files.TryGetValue(file, out var known))
        {
            return known;
        }

        (byte[], List<int>)? found = null;
        if (!file.StartsWith('<') && _files.Count < MaximumFiles && RootedFile.TryRead(pid, file, MaximumBytes, out var content))
        {
            List<int> starts = [0];
            for (var i = 0; i < content.Length; i++)
            {
                // Python takes a lone carriage return as the end of a line too.
                if (content[i] == '\n' || (content[i] == '\r' && (i + 1 == content.Length || content[i + 1] != '\n')))
                {
                    starts.Add(i + 1);
                }
            }

            if (starts[^1] != content.Length)
            {
                starts.Add(content.Length);
            }

            found = (content, starts);
        }

        _files[file] = found;
        return found;
    }
}
