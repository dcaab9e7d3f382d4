using System.Text.RegularExpressions;

namespace Sonde.Tests.Script.Specs;

/// <summary>What no two runs have in common, and what stands for it in an expectation.</summary>
static partial class Masks
{
    static readonly Dictionary<string, (Regex What, string By)> _all = new()
    {
        ["address"] = (Address(), "ADDRESS"),
        ["time"] = (Time(), "TIME"),
        ["number"] = (Number(), "N"),
        ["offset"] = (Offset(), "+N"),
    };

    public static string Apply(IEnumerable<string> masks, string text)
    {
        foreach (string mask in masks)
        {
            (Regex what, string by) = _all.TryGetValue(mask, out (Regex, string) found) ? found : throw new FormatException($"'{mask}' is no mask");
            text = what.Replace(text, by);
        }
        return text;
    }

    [GeneratedRegex("0x[0-9a-f]+")]
    private static partial Regex Address();

    [GeneratedRegex(@"\d\d:\d\d:\d\d")]
    private static partial Regex Time();

    [GeneratedRegex(@"\b\d+\b")]
    private static partial Regex Number();

    [GeneratedRegex(@"\+\d+")]
    private static partial Regex Offset();
}
