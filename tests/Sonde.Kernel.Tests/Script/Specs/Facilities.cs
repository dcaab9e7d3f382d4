using Sonde.Tests.Script.Specs;

namespace Sonde.Kernel.Tests.Script.Specs;

/// <summary>Whether this kernel has what a spec needs.</summary>
static class Facilities
{
    // A kernel without kprobes has no tracing programs and lets no program write to user memory either; such are built for virtual machines, and name no data.
    static readonly bool _kprobes = Directory.Exists("/sys/bus/event_source/devices/kprobe");

    public static bool AreHere(Spec spec) => spec.Needs.All(need => need switch
    {
        "kprobes" or "fentry" or "iter" or "write_user" or "kernel_data" => _kprobes,
        // Modules are loaded in guests only.
        "modules" => false,
        _ => throw new FormatException($"{spec}: needs '{need}', which is no facility"),
    });
}
