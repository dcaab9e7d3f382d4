using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Sonde.Usdt;
using Xunit;

namespace Sonde.Kernel.Tests.Usdt;

/// <summary>Probes that are nothing but partial methods, seen by a tracer outside of this process.</summary>
public sealed partial class GeneratedProbeTests
{
    [UsdtProvider("generated")]
    static partial class Shop
    {
        [UsdtProbe]
        public static partial void OrderPlaced(long id, string? sku, DayOfWeek day);
    }

    /// <summary>In no provider of its own, and so in the assembly's; private, and of an object.</summary>
    [UsdtProbe("told")]
    partial void Tell(double half, byte[] bytes);

    [Fact]
    public void Calling_a_partial_method_fires_its_probe()
    {
        Requires.Root();
        Assert.True(Shop.Provider.IsLoaded, $"{Shop.Provider.LoadFailure}");
        Shop.OrderPlaced(1, "nobody listens", DayOfWeek.Monday);
        using var tracer = Target.Start(
            SondeCommand.Path, "-q", "-p", $"{Environment.ProcessId}", "-e",
            "usdt:*:generated:order_placed { printf(\"%d %s %d\\n\", args.id, str(args.sku), args.day); } usdt:*:sonde_kernel_tests:told { printf(\"%d %r\\n\", args.half, buf(args.bytes, 2)); exit(); }");
        UsdtFiringTests.Eventually(() => Shop.IsOrderPlacedEnabled && IsTellEnabled, tracer);
        Shop.OrderPlaced(42, "größe", DayOfWeek.Saturday);
        Shop.OrderPlaced(43, null, DayOfWeek.Sunday);
        Tell(1.5, [0xab, 0xcd]);
        Assert.Equal("42 größe 6|43 (null) 0|1.5 \\xab\\xcd", $"{tracer.ReadLine()}|{tracer.ReadLine()}|{tracer.ReadLine()}");
        Assert.Equal(0, tracer.WaitForExit());
        Assert.Equal("", tracer.Errors);
    }
}
