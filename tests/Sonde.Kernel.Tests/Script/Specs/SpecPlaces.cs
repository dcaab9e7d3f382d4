using System.Globalization;
using Sonde.Kernel.Tests.Targets;
using Sonde.Tests.Script.Specs;

namespace Sonde.Kernel.Tests.Script.Specs;

/// <summary>What the words in braces of a spec stand for in one run of it.</summary>
sealed record SpecPlaces(string Target, string Directory, int? Pid)
{
    public string Fill(string text) => text
        .Replace("{target}", Target, StringComparison.Ordinal)
        .Replace("{dir}", Directory, StringComparison.Ordinal)
        .Replace("{python}", text.Contains("{python}", StringComparison.Ordinal) ? Interpreters.Any().Path : "", StringComparison.Ordinal)
        .Replace("{pid}", Pid?.ToString(CultureInfo.InvariantCulture) ?? "{pid}", StringComparison.Ordinal);

    public string Unfill(string text) => text
        .Replace(Target, "{target}", StringComparison.Ordinal)
        .Replace(Directory, "{dir}", StringComparison.Ordinal);

    /// <summary>The command line, without the tool itself.</summary>
    public IEnumerable<string> Words(Spec spec)
    {
        string[] child = spec.Child is null ? [] : ["-c", spec.Child];
        string[] program = spec.Program is null ? [] : ["-e", spec.Program];
        string[] script = spec.Script is null ? [] : ["script.bt"];
        return [.. spec.Options.Concat(child).Concat(program).Concat(script).Concat(spec.Arguments).Select(Fill)];
    }

    /// <summary>The files it is run with: text by path.</summary>
    public IEnumerable<KeyValuePair<string, string>> Files(Spec spec)
    {
        foreach ((string name, string text) in spec.Files)
        {
            yield return KeyValuePair.Create(Path.Combine(Directory, name), Fill(text));
        }
        if (spec.Script is not null)
        {
            yield return KeyValuePair.Create(Path.Combine(Directory, "script.bt"), Fill(spec.Script));
        }
    }
}
