using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Usdt;

/// <summary>Probes that a Python program defines with <c>python/sonde_usdt.py</c>, seen by a tracer outside of it.</summary>
public sealed class PythonUsdtTests
{
    const int Firings = 1000;

    [Theory]
    [InlineData("pyenv-3.6")]
    [InlineData("pyenv-3.9")]
    [InlineData("debian-3.11")]
    [InlineData("pyenv-3.13")]
    public void Every_firing_arrives_with_all_its_arguments(string name)
    {
        Requires.Root();
        using var target = Target.Start(Interpreters.Get(name), "own_probes.py", Path.Combine(Repository.Root, "python"), $"{Firings}");
        Assert.Equal("ready", target.ReadLine());
        const string Print = """printf("%d %u %d %u %d %u %lld %llu %lld %lld %s %r\n", arg0, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, str(arg10), buf(arg11, 4)); @n++; if (@n == """;
        using var tracer = Target.Start(SondeCommand.Path, "-q", "-p", $"{target.Pid}", "-e", $"usdt:*:shop:every_kind {{ {Print}{Firings}) {{ clear(@n); exit(); }} }}");
        for (var i = 0; i < Firings; i++)
        {
            var fired = target.ReadLine();
            Assert.True(fired is not null, target.Errors);
            Assert.Equal(fired, tracer.ReadLine());
        }

        Assert.Equal(0, tracer.WaitForExit());
        Assert.Equal("", tracer.Errors);
        Assert.Equal("done", target.ReadLine());
        Assert.Equal(0, target.WaitForExit());
    }
}
