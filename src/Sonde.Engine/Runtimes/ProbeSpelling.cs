namespace Sonde.Engine.Runtimes;

/// <summary>A probe as people write it, as attach points of Sonde's language.</summary>
/// <param name="Entry">The attach point.</param>
/// <param name="Return">That of the function's end; null where there is none, for it is not a function.</param>
/// <param name="IsBcc">Whether it was spelled as BCC's tools spell probes, whose arguments count from 1.</param>
sealed record ProbeSpelling(string Entry, string? Return, bool IsBcc)
{
    /// <summary>Where it stands at a return: what BCC spells with <c>r:</c>.</summary>
    public bool IsReturn { get; private init; }

    /// <summary>
    /// Reads <c>libc:str*</c>, <c>/usr/bin/app:main</c>, <c>vfs_read</c>, BCC's <c>p:libc:open</c>, <c>r::vfs_read</c>, <c>t:sched:sched_switch</c>, <c>u:lib:probe</c>, or any attach
    /// point of the language.
    /// </summary>
    /// <exception cref="UserErrorException">It is none of these.</exception>
    public static ProbeSpelling Parse(string text)
    {
        var word = text.Trim();
        if (word.Length == 0 || word.Any(static c => c is '{' or '}' or '\n' || char.IsWhiteSpace(c)))
        {
            throw new UserErrorException($"probe '{text}': a probe is written libc:malloc, /path/to/program:function, vfs_read (the kernel's), u:library:probe, t:category:event, or as in the language: usdt:PATH:PROVIDER:NAME, pycall:NAME; globs have * in them");
        }

        var parts = word.Split(':');
        return parts switch
        {
            ["uprobe" or "kprobe" or "pycall" or "fentry", ..] => new(word, Ending(parts), IsBcc: false),
            ["uretprobe" or "kretprobe" or "pyreturn" or "pyraise" or "fexit" or "usdt" or "tracepoint" or "rawtracepoint" or "software" or "hardware" or "profile" or "interval" or "watchpoint", _, ..] =>
                new(word, null, IsBcc: false) { IsReturn = parts[0] is "uretprobe" or "kretprobe" },
            ["p" or "", "", var function] => Kernel(function),
            ["r", "", var function] => new($"kretprobe:{function}", null, IsBcc: true) { IsReturn = true },
            ["p" or "", var library, var function] => Native(library, function),
            ["r", var library, var function] => new($"uretprobe:{Part(library)}:{Part(function)}", null, IsBcc: true) { IsReturn = true },
            ["t", var category, var name] => new($"tracepoint:{category}:{name}", null, IsBcc: true),
            ["u", var library, var probe] => new($"usdt:{(library.Length == 0 ? "*" : Part(library))}:{probe}", null, IsBcc: true),
            ["u", var library, var provider, var probe] => new($"usdt:{(library.Length == 0 ? "*" : Part(library))}:{provider}:{probe}", null, IsBcc: true),
            [var library, var function] => Native(library, function),
            [var function] => Kernel(function),
            _ => throw new UserErrorException($"probe '{text}': it has too many parts; 'sonde list' shows what can be probed"),
        };
    }

    static ProbeSpelling Native(string library, string function) => new($"uprobe:{Part(library)}:{Part(function)}", $"uretprobe:{Part(library)}:{Part(function)}", IsBcc: true);

    static ProbeSpelling Kernel(string function) => new($"kprobe:{function}", $"kretprobe:{function}", IsBcc: true);

    static string Part(string text) => text.Contains('"', StringComparison.Ordinal) ? ProgramText.Quoted(text) : text;

    static string Ending(string[] parts)
    {
        var rest = string.Join(':', parts[1..]);
        return parts[0] switch
        {
            "uprobe" => "uretprobe:" + rest,
            "kprobe" => "kretprobe:" + rest,
            "fentry" => "fexit:" + rest,
            _ => $"pyreturn:{rest},\npyraise:{rest}",
        };
    }

    /// <summary>Whether it is hit in a program's own code, not in the kernel.</summary>
    public bool IsOfProgram => Entry.StartsWith("uprobe:", StringComparison.Ordinal) || Entry.StartsWith("uretprobe:", StringComparison.Ordinal) || Entry.StartsWith("usdt:", StringComparison.Ordinal)
        || Entry.StartsWith("py", StringComparison.Ordinal);

    /// <summary>Whether it is a Python function, whose frame tells one call from another.</summary>
    public bool IsPython => Entry.StartsWith("pycall:", StringComparison.Ordinal);
}
