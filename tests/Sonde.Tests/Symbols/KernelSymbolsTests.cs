using Sonde.Symbols.Tables;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class KernelSymbolsTests
{
    static readonly KernelSymbols _symbols = KernelSymbols.Parse("""
        0000000000000000 A fixed_percpu_data
        0000000000001000 A cpu_debug_store
        ffffffff81000000 t a_local
        ffffffff81000000 T _stext
        ffffffff81000000 T startup
        ffffffff81000040 T vfs_read
        ffffffff81000080 t helper
        ffffffff82000000 D jiffies
        ffffffffc0000000 t helper	[ext4]
        ffffffffc0000100 T ext4_open	[ext4]
        ffffffffc0000200 t bpf_prog_1234	[bpf]
        nonsense
        ffffffffc0000300 T
        """u8.ToArray());

    [Theory]
    [InlineData(0xffffffff81000000, "startup+0")]
    [InlineData(0xffffffff81000041, "vfs_read+1")]
    [InlineData(0xffffffff82000008, "jiffies+8")]
    [InlineData(0xffffffffc0000010, "helper+16 [ext4]")]
    [InlineData(0xffffffffc0000200, "bpf_prog_1234+0 [bpf]")]
    [InlineData(0x1008, "none")]
    [InlineData(0, "none")]
    public void An_address_has_the_nearest_symbol_before_it(ulong address, string expected)
    {
        var text = _symbols.TryFind(address, out var symbol, out var offset)
            ? $"{symbol.Name}+{offset}{(symbol.Module is { } module ? $" [{module}]" : "")}"
            : "none";

        Assert.Equal(expected, text);
    }

    [Fact]
    public void A_name_has_its_address()
    {
        Assert.True(_symbols.TryFind("vfs_read", out var symbol));
        Assert.Equal(new KernelSymbol("vfs_read", 0xffffffff81000040, null, 'T'), symbol);
        Assert.True(symbol.IsFunction);
        Assert.True(_symbols.TryFind("jiffies", out var data));
        Assert.False(data.IsFunction);
        Assert.False(_symbols.TryFind("vfs_write", out _));
        Assert.Equal(11, _symbols.Count);
        Assert.Equal(11, _symbols.All.Count());
        Assert.True(_symbols.AddressesAreKnown);
    }

    [Fact]
    public void Hidden_addresses_are_no_addresses()
    {
        var hidden = KernelSymbols.Parse("0000000000000000 T vfs_read\n0000000000000000 T vfs_write\n"u8.ToArray());

        Assert.False(hidden.AddressesAreKnown);
        Assert.False(hidden.TryFind(0x1000, out _, out _));
        Assert.True(hidden.TryFind("vfs_write", out _));
    }

    [Fact]
    public void Any_text_can_be_read()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var text = "ffffffff81000000 T _stext\t[m]\nffffffff81000040 t x\n"u8.ToArray();
            for (var i = 0; i < 6; i++)
            {
                text[random.Next(text.Length)] = (byte)"\t\n []0fT\0\xff"[random.Next(10)];
            }

            var symbols = KernelSymbols.Parse(text);
            Assert.Equal(symbols.Count, symbols.All.Count());
            _ = symbols.TryFind(0xffffffff81000044, out _, out _);
        }
    }
}
