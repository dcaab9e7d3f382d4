using Sonde.Bpf;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Bpf;

/// <summary>Skips a test that the running kernel cannot pass; a kernel that should be able to fails it instead.</summary>
static class NeedsKernel
{
    internal static void With(Feature feature)
    {
        switch (feature.Answer)
        {
            case FeatureAnswer.Untestable untestable:
                Assert.Fail($"{feature.Name} could not be tested: {untestable.Why}");
                break;
            case FeatureAnswer.No no when no.Needs is null && no.Since is { } since && RunningKernel.Version >= since:
                Assert.Fail($"{feature.Name} came with Linux {since}, this is {RunningKernel.Version}: it should be there");
                break;
            case FeatureAnswer.No no:
                Assert.Skip($"{feature.Name}: {no}");
                break;
        }
    }
}
