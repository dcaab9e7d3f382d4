using Sonde.Bpf;
using Sonde.Bpf.Btf;
using Sonde.Linux;
using Sonde.Script.Binding;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>What the running kernel can do.</summary>
/// <remarks>
/// Trying something out takes a system call or more, and a script's start must not wait for a dozen: a kernel whose version says that it has
/// something has it. Older versions are tried, because distributions bring new features to old kernels.
/// </remarks>
static class MachineKernel
{
    /// <summary>Reads it.</summary>
    public static TargetKernel Read(MachineOptions options) => new()
    {
        Processors = Processors.Possible,
        HasLoop = Has(KernelFeatures.Loop),
        HasBoundedLoops = Has(KernelFeatures.BoundedLoops),
        HasForEachMapElement = Has(Helper.ForEachMapElem, 5, 13),
        HasRingBuffer = Has(KernelFeatures.RingBuffer),
        HasFetchingAtomics = Has(KernelFeatures.Atomics),
        HasCookies = Has(KernelFeatures.AttachCookie),
        HasUprobeMulti = Has(KernelFeatures.UprobeMulti),
        HasKprobeMulti = RunningKernel.Version >= new Version(5, 18),
        HasSleepableUprobes = Has(KernelFeatures.SleepableUprobe),
        HasPerCpuLookup = Has(Helper.MapLookupPercpuElem, 5, 19),
        HasInstructionSetV4 = Has(KernelFeatures.InstructionSetV4),
        HasJump32 = RunningKernel.Version >= new Version(5, 1) || KernelFeatures.BoundedLoops.IsSupported,
        HasSeparateReads = Has(KernelFeatures.ProbeReadUser),
        HasBootTime = Has(Helper.KtimeGetBootNs, 5, 8),
        HasTaiTime = Has(Helper.KtimeGetTaiNs, 6, 1),
        HasMapAllocator = RunningKernel.Version >= new Version(6, 1),
        HasBtf = File.Exists(options.BtfPath ?? BtfTypes.KernelPath),
        UsesPidNamespace = options.UsesPidNamespace,
    };

    static bool Has(Feature feature) => RunningKernel.Version >= feature.Since || feature.IsSupported;

    static bool Has(Helper helper, int major, int minor) =>
        RunningKernel.Version >= new Version(major, minor) || KernelFeatures.HasHelper(helper, ProgramType.Kprobe).IsSupported;
}
