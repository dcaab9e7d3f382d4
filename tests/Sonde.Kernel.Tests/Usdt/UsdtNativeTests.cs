using System.Globalization;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Usdt;

/// <summary>Probes of programs without .NET: in C with <c>libsonde-usdt.so</c>, of a binding of libstapsdt, and of a C# program compiled ahead of time.</summary>
public sealed class UsdtNativeTests : IDisposable
{
    const int Firings = 10_000;

    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sonde-usdt-");

    public UsdtNativeTests() => Requires.Root();

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("memory")]
    [InlineData("file")]
    [InlineData("fork")]
    public void A_program_written_for_libstapsdt_fires_all_arguments(string mode)
    {
        using var program = Target.Start("env", $"TMPDIR={_directory.FullName}", Compile(), $"{Firings}", mode);
        var path = program.WaitFor("ready");
        var (where, limit) = path.Length > 0 ? (path, Array.Empty<string>()) : ("*", ["-p", $"{program.Pid}"]);
        const string Six = "printf(\"%d %u %d %llu %lld %s\\n\", args.a, args.b, args.c, args.d, args.e, str(args.text));";
        const string Twelve = "printf(\"%lld %lld %lld %lld %lld %lld %lld %lld %lld %lld %lld %s\\n\", arg0, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10, str(arg11));";
        var script = $"usdt:{where}:cshop:six {{ {Six} }} usdt:{where}:cshop:twelve {{ {Twelve} @n++; if (@n == {Firings}) {{ clear(@n); exit(); }} }}";
        using var tracer = Target.Start(SondeCommand.Path, ["-q", .. limit, "-e", script]);
        for (var i = 0; i < 2 * Firings; i++)
        {
            var fired = program.ReadLine();
            Assert.True(fired is not null, $"{program.Errors} {tracer.Errors}");
            Assert.Equal(fired, tracer.ReadLine());
        }

        Assert.Equal(0, tracer.WaitForExit());
        Assert.Equal("", tracer.Errors);
        Assert.Equal("reloaded", program.ReadLine());
        using var second = Target.Start(SondeCommand.Path, "-q", "-p", $"{program.Pid}", "-e", "usdt:*:cshop:none { print(\"none\"); exit(); }");
        Assert.Equal("none", second.ReadLine());
        Assert.Equal("done", program.ReadLine());
        Assert.Equal(0, program.WaitForExit());
        Assert.Empty(_directory.GetFiles("*.usdt.so"));
    }

    [Fact]
    public void Providers_that_come_and_go_take_no_more_memory()
    {
        using var program = Target.Start(Compile(), "300", "again");
        Assert.InRange(int.Parse(program.WaitFor("grown"), CultureInfo.InvariantCulture), -100_000, 1000);
        program.WaitFor("ready");
    }

    [Fact]
    public void A_binding_of_libstapsdt_works_as_it_is_and_in_a_fork()
    {
        using var program = Target.Start("env", $"LD_LIBRARY_PATH={Requires.NativeUsdt("library")}", Interpreters.OfVersion(13).Path, Path.Combine(Repository.Targets, "stapsdt_binding.py"));
        program.WaitFor("ready");
        using var tracer = Target.Start(SondeCommand.Path, "-q", "-p", $"{program.Pid}", "-e", "usdt:*:bound:said { printf(\"%llu %d %s\\n\", arg0, arg1, str(arg2)); }");
        Assert.Equal("5 -7 größe", tracer.ReadLine());
        Assert.Equal("child 7", program.ReadLine());
        tracer.Signal("KILL");
        Assert.Equal("done", program.ReadLine());
        Assert.Equal(0, program.WaitForExit());
    }

    [Fact]
    public void A_program_that_was_compiled_ahead_of_time_has_its_probes_from_its_start()
    {
        using var shop = Target.Start(Path.Combine(Requires.NativeUsdt("shop"), "shop"));
        shop.WaitFor("ready");
        Assert.Contains("shop:order_placed (id, sku, total, payment)", SondeCommand.Run("list", "-p", $"{shop.Pid}", "shop:*").Output, StringComparison.Ordinal);
        using var tracer = Target.Start(SondeCommand.Path, "-q", "-p", $"{shop.Pid}", "-e",
            "usdt:*:shop:order_placed { printf(\"%d %s %d %d\\n\", args.id, str(args.sku), args.total, args.payment); @++; if (@ == 3) { clear(@); exit(); } }");
        string[] goods = ["lamp", "chair", "größe 42"];
        for (var i = 0; i < 3; i++)
        {
            var order = tracer.ReadLine();
            Assert.True(order is not null, tracer.Errors);
            var id = long.Parse(order.Split(' ')[0], CultureInfo.InvariantCulture);
            Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{id} {goods[id % 3]} {id * 0.5} {(id % 2 == 0 ? 1 : 2)}"), order);
        }

        Assert.Equal(0, tracer.WaitForExit());
    }

    string Compile() => Compile(_directory.FullName);

    /// <summary>Makes the program tests/targets/own_probes.c in a directory, with the library by libstapsdt's name.</summary>
    internal static string Compile(string directory)
    {
        var library = Requires.NativeUsdt("library");
        var program = Path.Combine(directory, "own_probes");
        using var compiler = Target.Start(
            "gcc", "-Wall", "-Wextra", "-Werror", "-O1", $"-I{library}", "-o", program, Path.Combine(Repository.Targets, "own_probes.c"), $"-L{library}", "-lstapsdt", $"-Wl,-rpath,{library}");
        Assert.True(compiler.WaitForExit() == 0, compiler.Errors);
        return program;
    }
}
