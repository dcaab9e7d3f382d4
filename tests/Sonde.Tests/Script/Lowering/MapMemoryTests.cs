using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Lowering;
using Xunit;

namespace Sonde.Tests.Script.Lowering;

public sealed class MapMemoryTests
{
    [Theory]
    [InlineData("count()", 256)]
    [InlineData("stats($i)", 256)]
    [InlineData("hist($i)", 16)]
    [InlineData("lhist($i, 0, 10000, 100)", 16)]
    public void What_a_timer_counts_has_its_memory_before(string value, int mostProcessors)
    {
        for (var processors = 1; processors <= mostProcessors; processors *= 2)
        {
            Assert.Equal(MapFlags.None, SpecOf(value, processors).Flags & MapFlags.NoPreallocation);
        }
    }

    [Theory]
    [InlineData("hist($i)", 256)]
    [InlineData("lhist($i, 0, 100000, 100)", 128)]
    public void Nothing_takes_gigabytes_for_keys_that_may_never_come(string value, int processors) =>
        Assert.Equal(MapFlags.NoPreallocation, SpecOf(value, processors).Flags & MapFlags.NoPreallocation);

    static MapSpec SpecOf(string value, int processors)
    {
        var script = Lowerer.Lower(Texts.Bind($"profile:hz:99 {{ for ($i : 0..200) {{ @[$i] = {value}; }} }}"), TargetKernel.Newest with { Processors = processors });
        return Assert.Single(script.Maps).Spec!;
    }
}
