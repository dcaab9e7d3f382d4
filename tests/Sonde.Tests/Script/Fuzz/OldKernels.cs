using Sonde.Script.Binding;

namespace Sonde.Tests.Script.Fuzz;

/// <summary>What kernels of old can do.</summary>
static class OldKernels
{
    public static readonly TargetKernel Linux515 = TargetKernel.Newest with
    {
        HasLoop = false,
        HasKprobeMulti = false,
        HasPerCpuLookup = false,
        HasSleepableUprobes = false,
        HasTaiTime = false,
        HasMapAllocator = false,
        HasUprobeMulti = false,
        HasInstructionSetV4 = false,
    };

    public static readonly TargetKernel Linux58 = Linux515 with { HasForEachMapElement = false, HasFetchingAtomics = false, HasCookies = false };

    public static readonly TargetKernel Linux419 = Linux58 with
    {
        HasBoundedLoops = false,
        HasRingBuffer = false,
        HasJump32 = false,
        HasSeparateReads = false,
        HasBootTime = false,
        HasBtf = false,
    };

    public static readonly IReadOnlyList<TargetKernel> All = [Linux515, Linux58, Linux419];
}
