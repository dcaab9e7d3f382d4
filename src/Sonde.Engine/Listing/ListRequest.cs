using Sonde.Engine.Output;
using Sonde.Symbols.Usdt;

namespace Sonde.Engine.Listing;

/// <summary>What to list.</summary>
public sealed record ListRequest
{
    /// <summary>A process whose files are looked at; null for none.</summary>
    public int? Pid { get; init; }

    /// <summary>A file, or the name of a library or program to be found; null for none.</summary>
    public string? Target { get; init; }

    /// <summary>What kind of probe; null for those a target has by itself: USDT probes and Python interpreters.</summary>
    public ProbeKind? Kind { get; init; }

    /// <summary>Which of them; null for all.</summary>
    public Glob? Pattern { get; init; }

    /// <summary>Whether everything known of a probe is wanted: places, arguments, fields.</summary>
    public bool Details { get; init; }

    /// <summary>Understands what was written on the command line.</summary>
    /// <param name="pid">The process, if one was named.</param>
    /// <param name="library">The file or library named by an option of its own, if one was.</param>
    /// <param name="words">What else was written: [PATH] [PATTERN].</param>
    /// <exception cref="UsageException">It cannot be understood.</exception>
    public static ListRequest Parse(int? pid, string? library, IReadOnlyList<string> words)
    {
        if (pid is <= 0)
        {
            throw new UsageException($"process {pid}: a process id is a number above 0");
        }

        var request = new ListRequest { Pid = pid, Target = library };
        switch (words)
        {
            case []:
                return request;
            case [var word]:
                return request.WithWord(word);
            case [var path, var pattern] when pid is null && library is null:
                return (request with { Target = path }).WithPattern(pattern);
            default:
                throw new UsageException($"'{words[^1]}' is one word too many: sonde list [-p PID | PATH] [PATTERN]");
        }
    }

    ListRequest WithWord(string word) =>
        Pid is not null || Target is not null || ProbeKinds.Has(word) || (word.IndexOfAny(['*', '?', ':']) >= 0 && !word.Contains('/'))
            ? WithPattern(word)
            : this with { Target = word };

    ListRequest WithPattern(string text)
    {
        var written = text;
        if (!ProbeKinds.TryTakePrefix(ref text, out var kind))
        {
            // Without a target there is nothing else a bare pattern could mean.
            return this with { Kind = Pid is null && Target is null ? ProbeKind.Tracepoint : null, Pattern = new Glob(text) };
        }

        var request = this with { Kind = kind };
        switch (kind)
        {
            case ProbeKind.Function:
                return request.WithTargetIn(ref text, written) with { Pattern = new Glob(text) };
            case ProbeKind.Usdt when text.Contains('/') || text.AsSpan().Count(':') >= 2 || (Pid is null && Target is null):
                return request.WithTargetIn(ref text, written) with { Pattern = new Glob(text) };
            case ProbeKind.Python:
                return request;
            default:
                return request with { Pattern = new Glob(text) };
        }
    }

    /// <summary>Splits "TARGET:PATTERN". The target may be left out when it is known already.</summary>
    ListRequest WithTargetIn(ref string text, string written)
    {
        // A provider and a name follow the target of a USDT probe, one name that of a function; C++ names hold double colons.
        var colon = text.IndexOf(':');
        if (colon < 0 || text.AsSpan(colon).StartsWith("::"))
        {
            return Target is not null || Pid is not null
                ? this
                : throw new UsageException($"'{written}': it names no file; write {ProbeKinds.Prefix(Kind!.Value)}PATH:PATTERN");
        }

        var target = text[..colon];
        text = text[(colon + 1)..];
        return target is "" or "*" ? this : this with { Target = target };
    }
}

/// <summary>The kinds of probes that can be listed.</summary>
public enum ProbeKind
{
    /// <summary>Statically defined probes of programs and libraries.</summary>
    Usdt,

    /// <summary>Functions of programs and libraries.</summary>
    Function,

    /// <summary>The kernel's tracepoints.</summary>
    Tracepoint,

    /// <summary>Python interpreters.</summary>
    Python,
}

/// <summary>How probe kinds are written in front of a pattern.</summary>
public static class ProbeKinds
{
    static readonly (string Prefix, ProbeKind Kind)[] _prefixes =
    [
        ("usdt:", ProbeKind.Usdt), ("U:", ProbeKind.Usdt),
        ("uprobe:", ProbeKind.Function), ("u:", ProbeKind.Function),
        ("tracepoint:", ProbeKind.Tracepoint), ("t:", ProbeKind.Tracepoint),
    ];

    /// <summary>Whether a pattern says of what kind it is.</summary>
    public static bool Has(string pattern) => TryTakePrefix(ref pattern, out _);

    /// <summary>Cuts the kind off the front of a pattern, if it has one.</summary>
    public static bool TryTakePrefix(ref string pattern, out ProbeKind kind)
    {
        // No prefix: "python:gc__start" is a USDT probe of CPython's own.
        if (pattern == "python")
        {
            pattern = "";
            kind = ProbeKind.Python;
            return true;
        }

        foreach (var (prefix, candidate) in _prefixes)
        {
            if (pattern.StartsWith(prefix, StringComparison.Ordinal))
            {
                pattern = pattern[prefix.Length..];
                kind = candidate;
                return true;
            }
        }

        kind = default;
        return false;
    }

    /// <summary>
    /// Whether a pattern means a USDT probe: its name, or provider and name. DTrace writes as a dash what C names hold as two underscores.
    /// </summary>
    public static bool IsCalled(UsdtProbe probe, Glob pattern) =>
        pattern.Matches(probe.FullName) || pattern.Matches(probe.Name)
        || (probe.Name.Contains("__", StringComparison.Ordinal)
            && (pattern.Matches(probe.FullName.Replace("__", "-", StringComparison.Ordinal))
                || pattern.Matches(probe.Name.Replace("__", "-", StringComparison.Ordinal))));

    /// <summary>What is written in front of a pattern of this kind.</summary>
    public static string Prefix(ProbeKind kind) => Array.Find(_prefixes, p => p.Kind == kind).Prefix;
}
