using System.Text;
using Sonde.Bpf;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Bpf;

[Collection(DescriptorLeak.Alone)]
public class SelfProbeTests
{
    // mov eax, 42; ret - and mov w0, 42; ret.
    static readonly byte[] _answer = SelfProbe.IsX64 ? [0xb8, 42, 0, 0, 0, 0xc3] : [0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6];

    [Fact]
    public void Runs_code_of_our_own()
    {
        using DescriptorLeak leak = new();
        ExecutablePage page = ExecutablePage.Create(_answer);
        Assert.Equal(42ul, page.Call(0));
        page.Dispose();
        Assert.Throws<ObjectDisposedException>(() => page.Call(0));
    }

    [Fact]
    public void A_hit_costs_more_than_a_call_and_nothing_stays_attached()
    {
        using DescriptorLeak leak = new();
        UprobeCalibration cost = UprobeCalibration.Measure();
        // Entering the kernel and coming back has never been done in 20 ns; a millisecond would be a hang.
        Assert.InRange(cost.EmptyHitNs, 20, 1_000_000);
    }

    [Fact]
    public void The_red_zone_is_kept_while_nothing_is_attached()
    {
        Assert.SkipUnless(SelfProbe.IsX64, "the code is x86-64");
        using ExecutablePage page = ExecutablePage.Create(RedZone.Leaf);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Equal(0ul, page.Call(0)));
    }

    [Fact]
    public void The_red_zone_test_agrees_with_the_bytes_at_the_site()
    {
        FeatureAnswer answer = KernelFeatures.RedZoneSafety.Answer;
        Assert.IsNotType<FeatureAnswer.Untestable>(answer);

        // Only a site turned into a call can push anything; the kernel leaves its trampoline mapped in whoever hit one.
        Assert.True(ProcFs.TryRead("/proc/self/maps", out byte[] maps));
        bool optimizes = Encoding.UTF8.GetString(maps).Contains("[uprobes-trampoline]", StringComparison.Ordinal);
        Assert.True(answer.IsYes || optimizes, $"{answer}, but no uprobe was optimized");
    }
}
