using Sonde.Bpf;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Bpf;

public class FeatureTests
{
    [Fact]
    public void Every_probe_agrees_with_the_kernels_version()
    {
        foreach (Feature feature in KernelFeatures.All)
        {
            switch (feature.Answer)
            {
                case FeatureAnswer.Untestable untestable:
                    Assert.Fail($"{feature.Name}: {untestable.Why}");
                    break;
                case FeatureAnswer.No no:
                    Assert.True(no.Needs is not null || (no.Since is { } since && RunningKernel.Version < since), $"{feature} on {RunningKernel.Version}");
                    break;
            }
        }
    }

    [Fact]
    public void Tells_helpers_by_program_type()
    {
        Assert.True(KernelFeatures.HasHelper(Helper.MapLookupElem, ProgramType.SocketFilter).IsSupported);
        Assert.True(KernelFeatures.HasHelper(Helper.ProbeReadUser, ProgramType.Kprobe).IsSupported);
        Assert.IsType<FeatureAnswer.No>(KernelFeatures.HasHelper(Helper.GetStackid, ProgramType.SocketFilter).Answer);
        Assert.IsType<FeatureAnswer.No>(KernelFeatures.HasHelper((Helper)9999, ProgramType.Kprobe).Answer);
        Assert.IsType<FeatureAnswer.No>(KernelFeatures.HasHelper(Helper.SkbStoreBytes, ProgramType.Kprobe).Answer);
    }

    [Fact]
    public void Tells_program_types()
    {
        foreach (ProgramType type in Enum.GetValues<ProgramType>().Except([ProgramType.Tracing, ProgramType.Extension, ProgramType.Lsm]))
        {
            // The newest of them came with 5.14.
            NeedsKernel.With(KernelFeatures.HasProgramType(type));
        }

        Assert.IsType<FeatureAnswer.No>(KernelFeatures.HasProgramType((ProgramType)9999).Answer);
        Assert.Throws<ArgumentOutOfRangeException>(() => KernelFeatures.HasProgramType(ProgramType.Lsm));
    }
}
