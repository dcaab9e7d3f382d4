using Sonde.Engine.Output;
using Sonde.Script.Binding;
using Sonde.Script.Syntax;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Lists what a script can be attached to, and the types it can use, in lines for people: what is from files and processes is escaped.</summary>
/// <param name="target">The machine.</param>
/// <param name="details">Whether the values of probes and the members of types are wanted (<c>-v</c>).</param>
sealed class ProbeListing(MachineTarget target, bool details)
{
    const string Everything = "*:*";
    const int LongestLine = 1 << 16;

    static readonly string[] _typeWords = ["struct", "union", "enum"];
    static readonly string[] _pythonTypes = ["pycall", "pyreturn", "pyraise"];

    readonly DiagnosticBag _diagnostics = new();

    /// <summary>What stood in the way of what was listed so far, such as a file that is not there.</summary>
    public IReadOnlyList<string> Problems => [.. _diagnostics.Messages.Where(message => message.Severity == Severity.Error)
        .Select(message => message.Hint is { } hint ? $"{message.Message}; {hint}" : message.Message).Distinct()];

    /// <summary>Why a pattern cannot be one; null when it can.</summary>
    public string? Refuse(string pattern)
    {
        var blank = pattern.IndexOf(' ', StringComparison.Ordinal);
        var parts = SplitParts(pattern);
        return parts.Count == 1 || (blank > 0 && _typeWords.Contains(pattern[..blank])) ? null : target.ExplainType(parts[0]);
    }

    /// <summary>What can be probed in the process that this is about: its Python, USDT probes, and functions.</summary>
    public IEnumerable<string> OfProcess()
    {
        string[] python = [];
        try
        {
            python = [.. _pythonTypes.SelectMany(provider => target.List(provider, [], details).SelectMany(Lines))];
        }
        catch (UserErrorException)
        {
            // It has no Python, or none that is known; asked for by name that is an error.
        }

        return [.. python, .. Probes("usdt", ["*", "*", "*"]), .. Probes("uprobe", ["*", "*"])];
    }

    /// <summary>The probes, or types (<c>struct sock*</c>), that match.</summary>
    /// <param name="pattern">A pattern of attach points; null or empty for what the kernel has without naming a file.</param>
    public IEnumerable<string> Matching(string? pattern)
    {
        pattern = string.IsNullOrEmpty(pattern) ? Everything : pattern;
        var blank = pattern.IndexOf(' ', StringComparison.Ordinal);
        if (blank > 0 && _typeWords.Contains(pattern[..blank]))
        {
            return Types(pattern[..blank], pattern[(blank + 1)..].Trim());
        }

        var parts = SplitParts(pattern);
        if (parts.Count == 1 && target.TypesNamed(parts[0]).Count == 0)
        {
            // A pattern without a colon is looked for in whole names.
            var matches = Wildcards.Matcher(parts[0]);
            return target.List("*", [], details).Where(probe => matches(probe.Name)).SelectMany(Lines);
        }

        return Probes(parts[0], parts[1..]);
    }

    /// <summary>The probes a script would attach to; its begin and end are none.</summary>
    public IEnumerable<string> Of(Script.Syntax.Script script) =>
        script.Probes.SelectMany(probe => probe.AttachPoints)
            .Where(point => !target.TypesNamed(point.Provider).All(type => type.Kind is ProbeKind.Begin or ProbeKind.End))
            .SelectMany(point => Probes(point.Provider, point.Parts)).Distinct();

    IEnumerable<string> Probes(string provider, IReadOnlyList<string> parts) => target.List(provider, parts, details, _diagnostics).SelectMany(Lines);

    static IEnumerable<string> Lines(ListedScriptProbe probe) =>
        probe.Values.Select(value => "    " + Escape.Text(value, LongestLine)).Prepend(Escape.Text(probe.Name, LongestLine));

    IEnumerable<string> Types(string word, string pattern)
    {
        var matches = Wildcards.Matcher(pattern);
        foreach (var type in target.KernelTypes(word).Where(type => matches(type.Name)).OrderBy(type => type.Name, StringComparer.Ordinal))
        {
            if (!details)
            {
                yield return $"{word} {type.Name}";
                continue;
            }

            yield return "vmlinux: " + BtfDeclaration.Definition(type);
            yield return "";
        }
    }

    /// <summary>Splits at colons, but not inside quotes, which are taken off.</summary>
    static List<string> SplitParts(string pattern)
    {
        var parts = new List<string>();
        var part = new System.Text.StringBuilder();
        var quoted = false;
        foreach (var character in pattern)
        {
            switch (character)
            {
                case '"':
                    quoted = !quoted;
                    break;
                case ':' when !quoted:
                    parts.Add(part.ToString());
                    part.Clear();
                    break;
                default:
                    part.Append(character);
                    break;
            }
        }

        parts.Add(part.ToString());
        return parts;
    }
}
