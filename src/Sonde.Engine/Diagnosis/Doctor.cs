using Sonde.Linux;

namespace Sonde.Engine.Diagnosis;

/// <summary>Finds out what this kernel, this user and a target allow, and what to do about the rest.</summary>
public static class Doctor
{
    /// <summary>Looks at everything; the last finding is whether Python can be followed.</summary>
    /// <param name="pid">A process that shall be followed, or null to look at the machine alone.</param>
    public static IReadOnlyList<Finding> Examine(int? pid)
    {
        CapabilitySet rights = CapabilitySet.Effective;
        List<Finding> findings =
        [
            .. MachineChecks.All(rights),
            .. FeatureChecks.All(rights),
        ];
        if (pid is { } target)
        {
            findings.AddRange(TargetChecks.All(target));
        }

        findings.Add(Conclude(findings, pid));
        return findings;
    }

    /// <summary>The conclusion from what was found: bad if anything is.</summary>
    internal static Finding Conclude(IReadOnlyList<Finding> findings, int? pid)
    {
        string what = pid is { } target ? $"process {target}" : "Python";
        string[] reasons = [.. findings.Where(finding => finding.Verdict == Verdict.Bad).Select(finding => finding.Subject)];
        return reasons.Length == 0
            ? new Finding("flow", Verdict.Good, $"{what} can be followed")
            : new Finding("flow", Verdict.Bad, $"{what} cannot be followed because of: {string.Join(", ", reasons)}");
    }
}
