using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Usdt;

/// <summary>Probes that a Python program defines with <c>python/sonde_usdt.py</c>, seen by a tracer outside of it.</summary>
public sealed class PythonUsdtTests
{
    const int Firings = 1000;

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Every_firing_arrives_with_all_its_arguments(string name)
    {
        Requires.Root();
        var interpreter = Interpreters.Get(name);
        using var target = Target.StartReady(interpreter, "own_probes.py", Target.ModulesOf(interpreter), $"{Firings}");
        const string Print = """printf("%d %u %d %u %d %u %lld %llu %lld %lld %s %r\n", args.i8, args.u8, args.i16, args.u16, args.i32, args.u32, args.i64, args.u64, args.single, args.number, str(args.text), buf(args.data, 4)); @n++; if (@n == """;
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
