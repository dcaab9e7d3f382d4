using Sonde.Symbols.Code;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class UprobeCostTests
{
    /// <summary>What Linux 6.18 does: attached to each, run once, and looked whether the page for single-stepping appeared.</summary>
    [Theory]
    [InlineData("90", UprobeExecution.Emulated)]
    [InlineData("6690", UprobeExecution.Emulated)]
    [InlineData("f390", UprobeExecution.Emulated)]
    [InlineData("4890", UprobeExecution.Emulated)]
    [InlineData("0f1f00", UprobeExecution.Emulated)]
    [InlineData("0f1f4000", UprobeExecution.Emulated)]
    [InlineData("0f1f440000", UprobeExecution.Optimized)]
    [InlineData("660f1f440000", UprobeExecution.Emulated)]
    [InlineData("0f1f8000000000", UprobeExecution.Emulated)]
    [InlineData("0f1f840000000000", UprobeExecution.Emulated)]
    [InlineData("660f1f840000000000", UprobeExecution.SingleStepped)]
    [InlineData("662e0f1f840000000000", UprobeExecution.Refused)]
    [InlineData("0f1fc0", UprobeExecution.SingleStepped)]
    [InlineData("4190", UprobeExecution.Refused)]
    [InlineData("f30f1efa", UprobeExecution.SingleStepped)]
    [InlineData("55", UprobeExecution.Emulated)]
    [InlineData("4154", UprobeExecution.Emulated)]
    [InlineData("4850", UprobeExecution.SingleStepped)]
    [InlineData("6650", UprobeExecution.SingleStepped)]
    [InlineData("6a00", UprobeExecution.SingleStepped)]
    [InlineData("e800000000", UprobeExecution.Emulated)]
    [InlineData("f2e800000000", UprobeExecution.Emulated)]
    [InlineData("48e800000000", UprobeExecution.Emulated)]
    [InlineData("66e800000000", UprobeExecution.Refused)]
    [InlineData("e900000000", UprobeExecution.Emulated)]
    [InlineData("eb00", UprobeExecution.Emulated)]
    [InlineData("7400", UprobeExecution.Emulated)]
    [InlineData("f27400", UprobeExecution.Emulated)]
    [InlineData("667400", UprobeExecution.Refused)]
    [InlineData("0f8400000000", UprobeExecution.Emulated)]
    [InlineData("e200", UprobeExecution.SingleStepped)]
    [InlineData("c3", UprobeExecution.SingleStepped)]
    [InlineData("4889c8", UprobeExecution.SingleStepped)]
    [InlineData("0f05", UprobeExecution.SingleStepped)]
    [InlineData("3effe0", UprobeExecution.Refused)]
    [InlineData("f0ff00", UprobeExecution.Refused)]
    [InlineData("cc", UprobeExecution.Refused)]
    [InlineData("f4", UprobeExecution.Refused)]
    [InlineData("8ed0", UprobeExecution.Refused)]
    [InlineData("8ed8", UprobeExecution.SingleStepped)]
    [InlineData("c5f81001", UprobeExecution.SingleStepped)]
    [InlineData("c5f96fc1", UprobeExecution.Refused)]
    [InlineData("62f17c481001", UprobeExecution.SingleStepped)]
    [InlineData("", UprobeExecution.Refused)]
    [InlineData("66", UprobeExecution.Refused)]
    public void Classifies_as_the_kernel_does(string hex, UprobeExecution expected) =>
        Assert.Equal(expected, UprobeCost.Classify(Convert.FromHexString(hex)).Execution);

    [Theory]
    [InlineData("0f1f440000", UprobeExecution.SingleStepped)]
    [InlineData("0f1f00", UprobeExecution.SingleStepped)]
    [InlineData("6690", UprobeExecution.Emulated)]
    [InlineData("90", UprobeExecution.Emulated)]
    public void Older_kernels_step_the_long_nops(string hex, UprobeExecution expected) =>
        Assert.Equal(expected, UprobeCost.Classify(Convert.FromHexString(hex), new Version(6, 12)).Execution);
}
