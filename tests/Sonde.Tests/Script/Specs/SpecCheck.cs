using System.Text.RegularExpressions;

namespace Sonde.Tests.Script.Specs;

/// <summary>Compares what a run left with what its spec expects.</summary>
static partial class SpecCheck
{
    /// <summary>Every way in which it is not as expected; nothing when all is well.</summary>
    public static IEnumerable<string> Differences(Spec spec, string output, string errors, int exitCode)
    {
        string text = Masks.Apply(spec.Masked, output), complaint = Masks.Apply(spec.Masked, errors);
        if (exitCode != spec.Exit)
        {
            yield return $"exit code {exitCode}, expected {spec.Exit}";
        }
        if (spec.Expect is not null && Trimmed(spec, text) != Trimmed(spec, spec.Expect))
        {
            yield return $"expected output:\n{spec.Expect}";
        }
        if (spec.ExpectExactly is not null && text.Replace("\n", "\\n", StringComparison.Ordinal) != spec.ExpectExactly)
        {
            yield return $"expected output:\n{spec.ExpectExactly}\nbut it is:\n{text.Replace("\n", "\\n", StringComparison.Ordinal)}";
        }
        if (spec.ExpectStderr is not null && Complaint(spec, complaint) != spec.ExpectStderr.Trim('\n'))
        {
            yield return $"expected standard error:\n{spec.ExpectStderr}";
        }
        foreach (string missing in Unmatched(spec.Match, text).Concat(Unmatched(spec.MatchStderr, complaint)))
        {
            yield return $"no line matches, after those that match what stands before it: {missing}";
        }
        foreach (string unwanted in spec.Absent.Where(pattern => Unmatched([pattern], text + '\n' + complaint).Length == 0))
        {
            yield return $"a line matches: {unwanted}";
        }
    }

    // Advice counts only where the spec has some: each tool has its own.
    static string Complaint(Spec spec, string text)
    {
        string complaint = Attached().Replace(text, "");
        return (spec.ExpectStderr!.Contains("HINT: ", StringComparison.Ordinal) ? complaint : Hint().Replace(complaint, "")).Trim('\n');
    }

    static string Trimmed(Spec spec, string text) =>
        spec.AnyOrder ? string.Join('\n', text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)) : text.Trim('\n');

    static string[] Unmatched(IReadOnlyList<string> patterns, string text)
    {
        int found = 0;
        foreach (string line in text.Split('\n'))
        {
            if (found < patterns.Count && Regex.IsMatch(line, patterns[found]))
            {
                found++;
            }
        }
        return [.. patterns.Skip(found).Take(1)];
    }

    [GeneratedRegex("^Attached [0-9]+ probes?\n", RegexOptions.Multiline)]
    private static partial Regex Attached();

    [GeneratedRegex("^HINT: .*\n", RegexOptions.Multiline)]
    private static partial Regex Hint();
}
