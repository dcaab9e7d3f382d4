using Sonde.Engine.Scripts.Values;
using Sonde.Script.Syntax;
using Sonde.Script.Types;
using Xunit;

namespace Sonde.Tests.Script.Values;

/// <summary>printf; what is expected was printed by bpftrace 0.27.1, unless a test says otherwise.</summary>
public sealed class PrintfTests
{
    const long Large = 0x123456789abcd;

    static readonly ValueFormatter _formatter = new(new ScriptConfig(), [], new FixtureNames());

    [Theory]
    [InlineData("%d", 1, "1")]
    [InlineData("%5d|", 2, "    2|")]
    [InlineData("%-5d|", 3, "3    |")]
    [InlineData("%05d|", 4, "00004|")]
    [InlineData("%+d", 5, "+5")]
    [InlineData("%+5d|", 3, "   +3|")]
    [InlineData("%-+5d|", 3, "+3   |")]
    [InlineData("%#x", 255, "0xff")]
    [InlineData("%#X", 255, "0XFF")]
    [InlineData("%#o", 8, "010")]
    [InlineData("%x", 255, "ff")]
    [InlineData("%X", 255, "FF")]
    [InlineData("%o", 8, "10")]
    [InlineData("%u", -1, "4294967295")]
    [InlineData("%i", -5, "-5")]
    [InlineData("%x", -1, "ffffffff")]
    [InlineData("%08llx", 255, "000000ff")]
    [InlineData("%016lx", 255, "00000000000000ff")]
    [InlineData("%hhu", -1, "255")]
    [InlineData("%hx", -1, "ffff")]
    [InlineData("%hhd", 300, "44")]
    [InlineData("%lx", -1, "ffffffffffffffff")]
    [InlineData("%d", Large, "1737075661")]
    [InlineData("%x", Large, "6789abcd")]
    [InlineData("%ld", Large, "320255973501901")]
    [InlineData("%lu", Large, "320255973501901")]
    [InlineData("%jd %", 5, "5 %")]
    [InlineData("%zu", 6, "6")]
    [InlineData("%td", 7, "7")]
    [InlineData("%o", Large, "14742325715")]
    [InlineData("%ho", Large, "125715")]
    [InlineData("%p", Large, "0x123456789abcd")]
    [InlineData("%20p", 4660, "              0x1234")]
    [InlineData("%c", 65, "A")]
    [InlineData("%5c|", 0x141, "    A|")]
    [InlineData("%-3c|", 65, "A  |")]
    [InlineData("%s", -3, "-3")]
    [InlineData("%-6s|", -3, "-3    |")]
    [InlineData("%5%|%%", 0, "%|%")]
    [InlineData("%q %d", 1, "%q 1")]
    [InlineData("%gr", 0xdc0, "GFP_KERNEL|__GFP_ZERO")]
    [InlineData("%gr", 0x92880, "GFP_NOWAIT|__GFP_FS|__GFP_NORETRY|__GFP_NOMEMALLOC")]
    [InlineData("%gr", 0x820, "GFP_ATOMIC")]
    [InlineData("%gr", 0, "0")]
    [InlineData("%gr", 0x200, "0x200")]
    // As in C, where bpftrace takes no notice of a blank and of a precision.
    [InlineData("% d", 6, " 6")]
    [InlineData("%.3d", 1, "001")]
    [InlineData("%5.3d|", 1, "  001|")]
    [InlineData("%05.3d|", 1, "  001|")]
    [InlineData("%-05d|", -12, "-12  |")]
    [InlineData("%05d", -12, "-0012")]
    [InlineData("%#08x", 255, "0x0000ff")]
    public void Integers(string format, long value, string expected) => Assert.Equal(expected, Printed(format, [IntegerType.Int64], ValueTests.Bytes(value)));

    [Theory]
    [InlineData("%s|", "abc|")]
    [InlineData("%10s|", "       abc|")]
    [InlineData("%-10s|", "abc       |")]
    // As in C, where bpftrace takes no notice of a precision.
    [InlineData("%.2s|", "ab|")]
    [InlineData("%-10.2s|", "ab        |")]
    [InlineData("%.0s|", "|")]
    public void Texts(string format, string expected) => Assert.Equal(expected, Printed(format, [new StringType(8)], ValueTests.Text(8, "abc")));

    [Fact]
    public void A_cut_text_ends_with_a_whole_character() => Assert.Equal("ä|", Printed("%.3s|", [new StringType(8)], ValueTests.Text(8, "ää")));

    [Theory]
    [InlineData("%r", "a\\x01b\\x80")]
    [InlineData("%rx", "\\x61\\x01\\x62\\x80")]
    [InlineData("%rh", "61 01 62 80")]
    [InlineData("%15r|", "     a\\x01b\\x80|")]
    [InlineData("%-14rh|", "61 01 62 80   |")]
    [InlineData("%s", "a\\x01b\\x80")]
    public void Buffers(string format, string expected) =>
        Assert.Equal(expected, Printed(format, [new BufferType(4)], ValueTests.Bytes(4, (byte)'a', (byte)1, (byte)'b', (byte)0x80)));

    [Fact]
    public void Any_value_is_a_text()
    {
        var tuple = new TupleType([IntegerType.Int8, IntegerType.Int8]);
        Assert.Equal("(1, 2) true   |", Printed("%s %-7s|", [tuple, BoolType.Instance], [1, 2, 1]));
        // The width counts for the whole value; bpftrace pads only what comes first of it.
        Assert.Equal("    (1, 2)|", Printed("%10s|", [tuple], [1, 2]));
    }

    [Fact]
    public void Values_come_in_the_layout_of_the_record() =>
        Assert.Equal("7 -1 x", Printed("%d %ld %s", [IntegerType.Int8, IntegerType.Int64, new StringType(64)], [7, 0, 0, 0, 0, 0, 0, 0, .. ValueTests.Bytes(-1L), (byte)'x', 0]));

    [Fact]
    public void A_missing_value_prints_nothing() => Assert.Equal("1 ", Printed("%d %d", [IntegerType.Int8], [1]));

    [Fact]
    public void A_huge_width_is_bounded() => Assert.True(Printed("%99999999999d", [IntegerType.Int8], [1]).Length <= 1 << 16);

    [Fact]
    public void Records_are_printed_without_allocating()
    {
        var types = new TupleType([new StringType(16), IntegerType.UInt32, IntegerType.UInt64]);
        byte[] payload = [.. ValueTests.Text(16, "spectarget"), 1, 2, 0, 0, 0, 0, 0, 0, .. ValueTests.Bytes(Large)];
        var format = new PrintfFormat("%-16s %5d %lu %#x\n");
        var text = new Utf8Text();
        Print(10_000);

        // The runtime allocates on this thread too while it still compiles what runs often, so the least of three counts.
        Assert.Equal(0, Enumerable.Range(0, 3).Min(_ => Print(10_000)));

        long Print(int times)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < times; i++)
            {
                text.Clear();
                format.Write(text, _formatter, types, payload);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    static string Printed(string format, DataType[] types, byte[] payload)
    {
        var text = new Utf8Text();
        new PrintfFormat(format).Write(text, _formatter, new TupleType(types), payload);
        return text.ToString();
    }
}
