using System.Globalization;
using Sonde.Bpf;
using Sonde.Linux;

namespace Sonde.Engine.Diagnosis;

/// <summary>What the kernel can do, and what it means for Sonde when it cannot.</summary>
static class FeatureChecks
{
    const string NewerKernel = "Use a newer kernel.";

    /// <summary>All of them, tried on this kernel.</summary>
    internal static IEnumerable<Finding> All(CapabilitySet rights)
    {
        yield return Uprobes(KernelFeatures.UprobeMulti.Answer, KernelFeatures.UprobePerf.Answer);
        yield return Judge(KernelFeatures.RingBuffer, Verdict.Bad, "Events cannot be brought out of the kernel.", NewerKernel);
        yield return Judge(KernelFeatures.ProbeReadUser, Verdict.Bad, "Python's structures cannot be read.", NewerKernel);
        yield return Judge(KernelFeatures.NamespacePid, Verdict.Bad, "Processes in containers cannot be told apart.", NewerKernel);
        yield return Judge(KernelFeatures.AttachCookie, Verdict.Limited, "Every probe site needs a program of its own.", NewerKernel);
        yield return Judge(KernelFeatures.Loop, Verdict.Limited, "Long stacks and lists are walked only as far as the verifier allows.", NewerKernel);
        yield return Judge(KernelFeatures.Stats, Verdict.Limited, "The time spent in programs cannot be told.", NewerKernel);
        yield return Judge(
            KernelFeatures.KernelBtf, Verdict.Limited, "The kernel's structures are not known by name. Python is not affected.", "Use a kernel with CONFIG_DEBUG_INFO_BTF.");
        yield return Judge(KernelFeatures.Kprobes, Verdict.Limited, "Kernel functions cannot be probed. Python is not affected.", "Use a kernel with CONFIG_KPROBES.");
        yield return Judge(
            KernelFeatures.RedZoneSafety, Verdict.Limited, "USDT probes on a five-byte nop in the middle of a function could damage the program; sonde refuses them. Python is not affected.", null);
        yield return Cost(rights);
    }

    internal static Finding Uprobes(FeatureAnswer multi, FeatureAnswer single)
    {
        const string Subject = "uprobes";
        return (multi, single) switch
        {
            (FeatureAnswer.Yes, _) => new Finding(Subject, Verdict.Good, "many with one call (uprobe_multi)"),
            (_, FeatureAnswer.Yes) => new Finding(Subject, Verdict.Limited, $"one by one; uprobe_multi {multi}")
            {
                Stops = multi is FeatureAnswer.No ? "Attaching and detaching take longer." : null,
                Advice = multi is FeatureAnswer.No ? NewerKernel : null,
            },
            (FeatureAnswer.Untestable, _) => new Finding(Subject, Verdict.Unknown, multi.ToString()),
            _ => new Finding(Subject, Verdict.Bad, "absent") { Stops = "No probe can be attached.", Advice = "Use a kernel with CONFIG_UPROBE_EVENTS." },
        };
    }

    internal static Finding Judge(Feature feature, Verdict without, string stops, string? advice) => Judge(feature.Name, feature.Answer, without, stops, advice);

    internal static Finding Judge(string name, FeatureAnswer answer, Verdict without, string stops, string? advice) => answer switch
    {
        FeatureAnswer.No => new Finding(name, without, answer.ToString()) { Stops = stops, Advice = advice },
        FeatureAnswer.Untestable => new Finding(name, Verdict.Unknown, answer.ToString()),
        _ => new Finding(name, Verdict.Good, answer.ToString()),
    };

    static Finding Cost(CapabilitySet rights)
    {
        const string Subject = "cost of a probe";
        if (!rights.CanTrace)
        {
            return new Finding(Subject, Verdict.Unknown, "cannot be measured without the rights to attach one");
        }

        try
        {
            double ns = UprobeCalibration.Measure().EmptyHitNs;
            return new Finding(Subject, Verdict.Good, string.Create(CultureInfo.InvariantCulture, $"{ns / 1000:0.00} µs a hit, two hits a Python call"));
        }
        catch (LinuxException exception)
        {
            return new Finding(Subject, Verdict.Unknown, $"could not be measured: {exception.Message}");
        }
    }
}
