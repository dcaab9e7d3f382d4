using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Session;

/// <summary>Keys that are new in one hit, where the kernel cannot get memory ready meanwhile: a timer's program runs with interrupts off.</summary>
public sealed class NewKeysTests
{
    [Theory]
    [InlineData("count()")]
    [InlineData("stats($i)")]
    [InlineData("hist($i)")]
    [InlineData("lhist($i, 0, 200, 10)")]
    public void All_of_them_are_kept(string value)
    {
        Requires.Root();
        CommandResult result = SondeCommand.Run("-e", $"profile:hz:99 {{ for ($i : 0..200) {{ @[$i] = {value}; }} exit(); }} END {{ print((\"keys\", len(@))); clear(@); }}");
        Assert.Contains("(keys, 200)", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("lost", result.Errors, StringComparison.Ordinal);
    }
}
