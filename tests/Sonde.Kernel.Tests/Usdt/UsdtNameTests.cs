using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Sonde.Usdt;
using Xunit;

namespace Sonde.Kernel.Tests.Usdt;

/// <summary>What a provider calls its arguments, as users of the tool see it.</summary>
public sealed class UsdtNameTests : IDisposable
{
    readonly UsdtProvider _provider = new("shop");
    readonly UsdtProbe<long, string> _placed;

    public UsdtNameTests()
    {
        Requires.Root();
        _placed = _provider.AddProbe<long, string>("order_placed", "id", "sku");
        _provider.AddProbe<long>("nameless");
        _provider.Load();
    }

    public void Dispose() => _provider.Dispose();

    static string Self => $"{Environment.ProcessId}";

    [Fact]
    public void Scripts_ask_for_arguments_by_name()
    {
        using var tracer = Target.Start(
            SondeCommand.Path, "-q", "-p", Self, "-e", "usdt:*:shop:order_placed { printf(\"%d %s %d\\n\", args.id, str(args.sku), arg0 == args.id); exit(); }");
        UsdtFiringTests.Eventually(() => _placed.IsEnabled, tracer);
        _placed.Fire(-4711, "größe 42");
        Assert.Equal("-4711 größe 42 1", tracer.ReadLine());
        Assert.Equal(0, tracer.WaitForExit());
    }

    [Theory]
    [InlineData("order_placed { print(args.skus); }", "Can't find argument skus", "did you mean 'sku'?")]
    [InlineData("nameless { print(args.id); }", "does not say what they are called", "Use arg0, arg1, …")]
    public void A_name_that_is_not_there_is_said_with_what_is(string probe, string wrong, string hint)
    {
        var refused = SondeCommand.Run("-p", Self, "-e", $"usdt:*:shop:{probe}");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(wrong, refused.Errors, StringComparison.Ordinal);
        Assert.Contains(hint, refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Listings_show_them()
    {
        Assert.Matches(@"memfd:shop \(deleted\) shop:order_placed \(id, sku\)\n.*shop:nameless\n", SondeCommand.Run("list", "-p", Self, "shop:*").Output);
        Assert.Contains("argument 2: 8@%rsi               sku: 8 unsigned bytes in rsi", SondeCommand.Run("list", "-v", "-p", Self, "shop:*").Output, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"sku\",\"text\":\"8@%rsi\"", SondeCommand.Run("list", "--json", "-p", Self, "shop:*").Output, StringComparison.Ordinal);
        Assert.Contains("    uint64 arg1, args.sku\n", SondeCommand.Run("-p", Self, "-v", "-l", "usdt:*:shop:order_placed").Output, StringComparison.Ordinal);
        Assert.Contains("argument 2    sku: 8 unsigned bytes in rsi", SondeCommand.Run("inspect", "-p", Self, "shop:order_placed").Output, StringComparison.Ordinal);
    }
}
