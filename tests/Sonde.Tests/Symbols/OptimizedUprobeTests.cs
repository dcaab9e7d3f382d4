using Sonde.Symbols.Code;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class OptimizedUprobeTests
{
    const ulong Function = 0x1000;
    const ulong Cold = 0x1040;
    const ulong Unnamed = 0x1060;

    static readonly FrameDescription[] _functions = [new(Function, Function + 0x40, false), new(Cold, Cold + 0x20, false), new(Unnamed, Unnamed + 0x20, false)];

    [Theory]
    [InlineData(Function, "0f1f440000", false)]
    [InlineData(Function, "f30f1efa0f1f440000", false)]
    [InlineData(Function + 4, "0f1f440000", true)]
    [InlineData(Function + 16, "0f1f440000", true)]
    [InlineData(Function + 16, "90", false)]
    [InlineData(Function + 16, "0f1f00", false)]
    [InlineData(Cold, "0f1f440000", true)]
    [InlineData(Unnamed, "0f1f440000", true)]
    public void Only_a_function_start_is_proven_harmless(ulong address, string code, bool hazard)
    {
        var file = Program(address, Convert.FromHexString(code));

        Assert.Equal(hazard, OptimizedUprobe.Hazard(file, address, _functions) is not null);
    }

    [Fact]
    public void A_branch_target_marker_may_come_first()
    {
        var file = Program(Function, Convert.FromHexString("f30f1efa0f1f440000"));

        Assert.True(OptimizedUprobe.Applies(file, Function + 4));
        Assert.Null(OptimizedUprobe.Hazard(file, Function + 4, _functions));
    }

    [Fact]
    public void Older_kernels_and_nops_across_pages_are_not_optimized()
    {
        Assert.False(OptimizedUprobe.Applies(Program(Function + 16, [0x0f, 0x1f, 0x44, 0, 0]), Function + 16, new Version(6, 12)));
        Assert.True(OptimizedUprobe.Applies(Program(0x1ffb, [0x0f, 0x1f, 0x44, 0, 0]), 0x1ffb));
        Assert.False(OptimizedUprobe.Applies(Program(0x1ffc, [0x0f, 0x1f, 0x44, 0, 0]), 0x1ffc));
    }

    static ElfFile Program(ulong address, byte[] code)
    {
        var bytes = new byte[0x1100];
        bytes.AsSpan().Fill(0xc3);
        code.CopyTo(bytes, (int)(address - Function));
        var elf = new TestElf();
        elf.Segment(ElfSegmentType.Load, ElfSegmentAccess.Read | ElfSegmentAccess.Execute, Function, bytes);
        elf.Symbols(ElfSectionType.SymbolTable, ("work", Function, ElfSymbolType.Function, true), ("work.cold", Cold, ElfSymbolType.Function, true));
        return ElfFile.Parse(elf.Build(), "file");
    }
}
