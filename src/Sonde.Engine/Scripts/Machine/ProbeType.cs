using Sonde.Engine.Output;
using Sonde.Script.Binding;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>A probe type as scripts write it.</summary>
/// <param name="Kind">What it attaches to.</param>
/// <param name="Name">Its name, which the names of its probes begin with.</param>
/// <param name="Aliases">What else it may be called: short names, old spellings.</param>
/// <param name="PartCounts">How many parts may follow, in the order messages name them.</param>
sealed record ProbeType(ProbeKind Kind, string Name, string[] Aliases, params int[] PartCounts)
{
    /// <summary>All there are, in the order listings have.</summary>
    public static IReadOnlyList<ProbeType> All { get; } =
    [
        new(ProbeKind.Begin, "begin", ["BEGIN"], 0),
        new(ProbeKind.End, "end", ["END"], 0),
        new(ProbeKind.Test, "test", [], 1),
        new(ProbeKind.Bench, "bench", [], 1),
        new(ProbeKind.SelfSignal, "self", [], 2),
        new(ProbeKind.Hardware, "hardware", ["h"], 1, 2),
        new(ProbeKind.Software, "software", ["s"], 1, 2),
        new(ProbeKind.Interval, "interval", ["i"], 1, 2),
        new(ProbeKind.Profile, "profile", ["p"], 1, 2),
        new(ProbeKind.Watchpoint, "watchpoint", ["w"], 3),
        new(ProbeKind.Iterator, "iter", ["it"], 1, 2),
        new(ProbeKind.Fentry, "fentry", ["f", "kfunc"], 1, 2, 3),
        new(ProbeKind.Fexit, "fexit", ["fr", "kretfunc"], 1, 2, 3),
        new(ProbeKind.Kprobe, "kprobe", ["k"], 1, 2),
        new(ProbeKind.Kretprobe, "kretprobe", ["kr"], 1, 2),
        new(ProbeKind.RawTracepoint, "rawtracepoint", ["rt"], 2, 1),
        new(ProbeKind.Tracepoint, "tracepoint", ["t"], 2),
        new(ProbeKind.Uprobe, "uprobe", ["u"], 2, 3),
        new(ProbeKind.Uretprobe, "uretprobe", ["ur"], 2, 3),
        new(ProbeKind.Usdt, "usdt", ["U"], 2, 3),
    ];

    /// <summary>The types a word means: one by its name or alias, several by a pattern.</summary>
    public static IEnumerable<ProbeType> Named(string word)
    {
        if (!Wildcards.Has(word))
        {
            return All.Where(type => type.Name == word || type.Aliases.Contains(word));
        }

        var pattern = new Glob(word);
        return All.Where(type => pattern.Matches(type.Name));
    }

    /// <summary>Whether a word means types whose places are all outside of programs: to find them no process is looked into.</summary>
    public static bool IsOfKernel(string word) => Named(word).Select(type => type.Kind).DefaultIfEmpty(ProbeKind.Uprobe)
        .All(kind => kind is not (ProbeKind.Uprobe or ProbeKind.Uretprobe or ProbeKind.Usdt or ProbeKind.Watchpoint));
}

/// <summary>What makes a part of an attach point a pattern.</summary>
static class Wildcards
{
    /// <summary>Whether a text holds <c>*</c> or a set in brackets.</summary>
    public static bool Has(string text) => text.Contains('*') || (text.IndexOf('[') is var open and >= 0 && text.IndexOf(']', open) > open + 1);

    /// <summary>What a text matches: itself, or what its pattern does.</summary>
    public static Func<string, bool> Matcher(string text)
    {
        if (!Has(text))
        {
            return name => name == text;
        }

        var pattern = new Glob(text);
        return name => pattern.Matches(name);
    }
}
