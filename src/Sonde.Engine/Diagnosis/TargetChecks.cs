using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Engine.Targets;
using Sonde.Linux;

namespace Sonde.Engine.Diagnosis;

/// <summary>A process that shall be followed.</summary>
static class TargetChecks
{
    /// <summary>Who it belongs to, and what interpreter it runs.</summary>
    internal static IEnumerable<Finding> All(int pid)
    {
        if (ProcFs.TryReadStatus(pid, out ProcStatus status))
        {
            string command = Escape.Text(ProcFs.ReadComm(pid, pid) ?? "?");
            string place = status.NamespacePids.Length > 1 ? $", in a pid namespace where it is {status.NamespacePids[^1]}" : "";
            yield return new Finding("process", Verdict.Good, string.Create(
                CultureInfo.InvariantCulture, $"{pid} ({command}), user {status.EffectiveUser}, {status.Threads} threads{place}"));
        }

        yield return Interpreter(pid);
    }

    // Everything flow does before it attaches, the comparison with the code in memory included.
    static Finding Interpreter(int pid)
    {
        const string Subject = "interpreter";
        try
        {
            PythonTarget target = PythonTarget.Find(pid);
            using PythonImage image = PythonImage.Analyse(target.Image);
            using LiveMemory memory = new(pid);
            image.Verify(pid, target.Bias, memory);
            string name = Escape.Text(target.Mapping.Path) + (target.Mapping.IsDeleted ? " (replaced or deleted since it started)" : "");
            return new Finding(Subject, Verdict.Good, string.Create(
                CultureInfo.InvariantCulture, $"CPython {image.Version} in {name}: {image.Sites.Count} probe sites in its machine code, as it is in memory"));
        }
        catch (UserErrorException exception)
        {
            return new Finding(Subject, Verdict.Bad, exception.Message) { Stops = "This process cannot be followed." };
        }
    }
}
