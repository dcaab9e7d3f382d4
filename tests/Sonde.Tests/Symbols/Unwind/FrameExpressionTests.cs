using Sonde.Symbols;
using Sonde.Symbols.Unwind;
using Xunit;

namespace Sonde.Tests.Symbols.Unwind;

public sealed class FrameExpressionTests
{
    [Theory]
    [InlineData(new byte[] { 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22 }, 0x1008UL)] // the linkage table's, before its push
    [InlineData(new byte[] { 0x77, 0x78 }, 0xff8UL)] // breg7 -8
    [InlineData(new byte[] { 0x76, 0, 0x06 }, 0x1122334455667788UL)] // *(rbp)
    [InlineData(new byte[] { 0x35, 0x33, 0x1c }, 2UL)] // 5 - 3
    [InlineData(new byte[] { 0x35, 0x33, 0x16, 0x1c }, unchecked((ulong)-2))] // swapped
    [InlineData(new byte[] { 0x31, 0x32, 0x33, 0x17, 0x13 }, 1UL)] // 1 2 3: rot gives 3 1 2
    [InlineData(new byte[] { 0x09, 0xff, 0x34, 0x26 }, ulong.MaxValue)] // -1 >> 4, with its sign
    [InlineData(new byte[] { 0x31, 0x28, 1, 0, 0x39, 0x35 }, 5UL)] // a branch over 9
    [InlineData(new byte[] { 0x10, 0x80, 0x02 }, 256UL)]
    [InlineData(new byte[] { 0x37, 0x32, 0x1d }, 1UL)] // 7 mod 2
    public void Computes(byte[] code, ulong expected)
    {
        Assert.True(new FrameExpression(code, Registers(), new Words()).TryEvaluate(null, out var value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData(new byte[] { 0x73, 0 })] // rbx is not known
    [InlineData(new byte[] { 0x22 })] // nothing to add
    [InlineData(new byte[] { 0x31, 0x30, 0x1b })] // divided by zero
    [InlineData(new byte[] { 0x0e, 1, 2 })] // a cut constant
    [InlineData(new byte[] { 0x2f, 0xfd, 0xff })] // a jump to itself, for ever
    [InlineData(new byte[] { 0x2f, 0x00, 0x40 })] // a jump out of it
    [InlineData(new byte[] { 0x31, 0x12, 0x2f, 0xfc, 0xff })] // pushes for ever
    [InlineData(new byte[] { 0xff })]
    [InlineData(new byte[] { })]
    public void Says_when_it_cannot(byte[] code) => Assert.False(new FrameExpression(code, Registers(), new Words()).TryEvaluate(null, out _));

    [Fact]
    public void Begins_with_the_frame_address_where_there_is_one()
    {
        Assert.True(new FrameExpression([0x23, 0x10], Registers(), new Words()).TryEvaluate(0x100, out var value));
        Assert.Equal(0x110UL, value);
    }

    static FrameRegisters Registers()
    {
        var registers = FrameRegisters.At(0x4005, 0x1000);
        registers.Set(FrameRegister.Rbp, 0x2000);
        return registers;
    }

    sealed class Words : IMemory
    {
        public bool TryRead(ulong address, Span<byte> destination)
        {
            BitConverter.TryWriteBytes(destination, 0x1122334455667788UL);
            return address == 0x2000;
        }
    }
}
