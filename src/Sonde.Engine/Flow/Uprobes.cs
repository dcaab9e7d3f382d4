using Sonde.Bpf;
using Sonde.Linux;

namespace Sonde.Engine.Flow;

/// <summary>Attaches a program to many places of one file, the best way the kernel has.</summary>
static class Uprobes
{
    /// <summary>True when the kernel has links to many uprobes at once (6.6); one perf event per place and process otherwise.</summary>
    /// <remarks>Where rights are missing to find out, attaching will say so in its own words.</remarks>
    public static bool UseMulti { get; internal set; } = KernelFeatures.UprobeMulti.Answer is not FeatureAnswer.No;

    /// <summary>Attaches to a process, or with null to every process that has the file mapped now or later.</summary>
    /// <returns>The links; disposing them detaches. When an attachment fails, those made before it are taken back.</returns>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static IReadOnlyList<Link> Attach(Program program, string path, ulong[] offsets, int? pid)
    {
        if (UseMulti)
        {
            return [program.AttachUprobeMulti(new UprobeMultiSpec { Path = path, Offsets = offsets, Pid = pid })];
        }

        var links = new List<Link>();
        try
        {
            foreach (var offset in offsets)
            {
                links.Add(program.AttachUprobePerf(new UprobeSpec { Path = path, Offset = offset, Pid = pid }));
            }
        }
        catch
        {
            links.ForEach(link => link.Dispose());
            throw;
        }

        return links;
    }
}
