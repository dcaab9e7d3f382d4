using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Usdt;

/// <summary>Probes that a Python program defines with <c>python/sonde_usdt.py</c>, seen by a tracer outside of it.</summary>
public sealed class PythonUsdtTests
{
    const int Firings = 10_000;

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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_fork_has_probes_of_its_own_that_are_disabled_when_the_tracer_leaves(bool byFile)
    {
        Requires.Root();
        var directory = Directory.CreateTempSubdirectory("sonde-usdt-");
        try
        {
            var interpreter = Interpreters.OfVersion(13);
            using var target = Target.Start(interpreter, "forking_probes.py", Target.ModulesOf(interpreter), byFile ? directory.FullName : "-");
            var path = target.WaitFor("ready");
            // By process only the parent is meant; by file all that have it.
            var (where, limit, expected) = byFile ? (path, Array.Empty<string>(), 2) : ("*", ["-p", $"{target.Pid}"], 1);
            using var tracer = Target.Start(SondeCommand.Path, ["-q", .. limit, "-e", $"usdt:{where}:forked:said {{ printf(\"%d %d\\n\", arg0, pid == {target.Pid}); @++; if (@ == {expected}) {{ clear(@); exit(); }} }}"]);
            var seen = Enumerable.Range(0, expected).Select(_ => tracer.ReadLine()).Order().ToList();
            Assert.Equal(byFile ? ["1 0", "2 1"] : ["2 1"], seen);
            Assert.Equal(0, tracer.WaitForExit());
            Assert.Equal("child 7, file True, done", $"{target.ReadLine()}, {target.ReadLine()}, {target.ReadLine()}");
            Assert.Equal(0, target.WaitForExit());
            Assert.Empty(directory.GetFiles());
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void Firing_takes_no_more_memory()
    {
        Requires.Root();
        var interpreter = Interpreters.Any();
        using var target = Target.StartReady(interpreter, "firing_memory.py", Target.ModulesOf(interpreter), "20000");
        using var tracer = Target.Start(SondeCommand.Path, "-q", "-p", $"{target.Pid}", "-e", "usdt:*:memory:said { @ = count(); }");
        Assert.InRange(int.Parse(target.WaitFor("grown"), System.Globalization.CultureInfo.InvariantCulture), -100_000, 1000);
    }
}
