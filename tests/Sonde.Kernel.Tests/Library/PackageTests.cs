using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Library;

/// <summary>The library as others get it: as packages in a project elsewhere, and in a program without .NET (tests/targets/tracing).</summary>
public sealed class PackageTests
{
    public PackageTests() => Requires.Root();

    [Fact]
    public void A_program_elsewhere_restores_the_packages_builds_without_warnings_and_traces()
    {
        using var script = Target.Start(Path.Combine(Repository.Root, "tests", "setup", "library-package"));
        var output = script.ReadToEnd();
        Assert.True(script.WaitForExit() == 0, output + script.Errors);
        Assert.EndsWith("/etc/hostname by True, True\n-100 True\n1 0 64 0\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_compiled_ahead_of_time_traces_without_trim_warnings()
    {
        using var program = Target.Start(Path.Combine(Requires.NativeUsdt("tracing"), "tracing"));
        Assert.Equal("/etc/hostname by True, True\n-100 True\n1 0 64 0\n", program.ReadToEnd());
        Assert.True(program.WaitForExit() == 0, program.Errors);
    }
}
