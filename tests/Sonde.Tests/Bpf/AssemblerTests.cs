using Sonde.Bpf;
using Xunit;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Tests.Bpf;

/// <summary>Every instruction against its bytes (Documentation/bpf/standardization/instruction-set.rst) and its text.</summary>
public class AssemblerTests
{
    static readonly (Instruction Instruction, string Bytes, string Text)[] _table =
    [
        (Mov(R1, R2), "bf21000000000000", "r1 = r2"),
        (Mov(R1, -1), "b7010000ffffffff", "r1 = -1"),
        (Mov32(R1, R2), "bc21000000000000", "w1 = w2"),
        (Mov32(R1, 7), "b401000007000000", "w1 = 7"),
        (Add(R3, R4), "0f43000000000000", "r3 += r4"),
        (Add(R10, -8), "070a0000f8ffffff", "r10 += -8"),
        (Add32(R3, R4), "0c43000000000000", "w3 += w4"),
        (Add32(R3, 1), "0403000001000000", "w3 += 1"),
        (Sub(R3, R4), "1f43000000000000", "r3 -= r4"),
        (Sub32(R3, 1), "1403000001000000", "w3 -= 1"),
        (Mul(R3, R4), "2f43000000000000", "r3 *= r4"),
        (Mul32(R3, 3), "2403000003000000", "w3 *= 3"),
        (Div(R3, R4), "3f43000000000000", "r3 /= r4"),
        (Div(R3, 10), "370300000a000000", "r3 /= 10"),
        (Div32(R3, 10), "340300000a000000", "w3 /= 10"),
        (DivSigned(R3, R4), "3f43010000000000", "r3 s/= r4"),
        (DivSigned32(R3, 10), "340301000a000000", "w3 s/= 10"),
        (Mod(R3, R4), "9f43000000000000", "r3 %= r4"),
        (ModSigned(R3, 10), "970301000a000000", "r3 s%= 10"),
        (ModSigned32(R3, R4), "9c43010000000000", "w3 s%= w4"),
        (Or(R3, R4), "4f43000000000000", "r3 |= r4"),
        (Or32(R3, 1), "4403000001000000", "w3 |= 1"),
        (And(R3, 0xff), "57030000ff000000", "r3 &= 255"),
        (And32(R3, R4), "5c43000000000000", "w3 &= w4"),
        (Xor(R3, R4), "af43000000000000", "r3 ^= r4"),
        (Xor32(R3, 1), "a403000001000000", "w3 ^= 1"),
        (Lsh(R3, 32), "6703000020000000", "r3 <<= 32"),
        (Lsh32(R3, R4), "6c43000000000000", "w3 <<= w4"),
        (Rsh(R3, 32), "7703000020000000", "r3 >>= 32"),
        (Rsh32(R3, R4), "7c43000000000000", "w3 >>= w4"),
        (Arsh(R3, 32), "c703000020000000", "r3 s>>= 32"),
        (Arsh32(R3, R4), "cc43000000000000", "w3 s>>= w4"),
        (MovSigned(Size.Byte, R1, R2), "bf21080000000000", "r1 = (s8)r2"),
        (MovSigned(Size.Word, R1, R2), "bf21200000000000", "r1 = (s32)r2"),
        (MovSigned32(Size.Half, R1, R2), "bc21100000000000", "w1 = (s16)w2"),
        (Neg(R5), "8705000000000000", "r5 = -r5"),
        (Neg32(R5), "8405000000000000", "w5 = -w5"),
        (ToLittleEndian(Size.Half, R5), "d405000010000000", "r5 = le16 r5"),
        (ToBigEndian(Size.Word, R5), "dc05000020000000", "r5 = be32 r5"),
        (ToBigEndian(Size.Double, R5), "dc05000040000000", "r5 = be64 r5"),
        (Swap(Size.Word, R5), "d705000020000000", "r5 = bswap32 r5"),
        (LoadImm64(R1, 0x1122334455667788), "18010000887766550000000044332211", "r1 = 0x1122334455667788 ll"),
        (LoadImm64(R1, -2), "18010000feffffff00000000ffffffff", "r1 = -2 ll"),
        (Load(Size.Byte, R1, R2, 5), "7121050000000000", "r1 = *(u8 *)(r2 + 5)"),
        (Load(Size.Half, R1, R2, -5), "6921fbff00000000", "r1 = *(u16 *)(r2 - 5)"),
        (Load(Size.Word, R1, R2, 0), "6121000000000000", "r1 = *(u32 *)(r2 + 0)"),
        (Load(Size.Double, R1, R10, -512), "79a100fe00000000", "r1 = *(u64 *)(r10 - 512)"),
        (LoadSigned(Size.Byte, R1, R2, 1), "9121010000000000", "r1 = *(s8 *)(r2 + 1)"),
        (LoadSigned(Size.Word, R1, R2, 4), "8121040000000000", "r1 = *(s32 *)(r2 + 4)"),
        (LoadPacket(Size.Half, 12), "280000000c000000", "r0 = *(u16 *)skb[12]"),
        (LoadPacket(Size.Byte, R7, 2), "5070000002000000", "r0 = *(u8 *)skb[r7 + 2]"),
        (Store(Size.Byte, R1, 3, R2), "7321030000000000", "*(u8 *)(r1 + 3) = r2"),
        (Store(Size.Double, R10, -8, R2), "7b2af8ff00000000", "*(u64 *)(r10 - 8) = r2"),
        (StoreImm(Size.Word, R10, -4, 42), "620afcff2a000000", "*(u32 *)(r10 - 4) = 42"),
        (AtomicAdd(Size.Double, R1, 8, R2), "db21080000000000", "lock add((u64 *)(r1 + 8), r2)"),
        (AtomicAdd(Size.Word, R1, 8, R2, fetch: true), "c321080001000000", "r2 = atomic_fetch_add((u32 *)(r1 + 8), r2)"),
        (AtomicOr(Size.Double, R1, 0, R2), "db21000040000000", "lock or((u64 *)(r1 + 0), r2)"),
        (AtomicAnd(Size.Double, R1, 0, R2, fetch: true), "db21000051000000", "r2 = atomic_fetch_and((u64 *)(r1 + 0), r2)"),
        (AtomicXor(Size.Word, R1, 0, R2), "c3210000a0000000", "lock xor((u32 *)(r1 + 0), r2)"),
        (AtomicExchange(Size.Double, R1, 0, R2), "db210000e1000000", "r2 = atomic_xchg((u64 *)(r1 + 0), r2)"),
        (AtomicCompareExchange(Size.Double, R1, 0, R2), "db210000f1000000", "r0 = atomic_cmpxchg((u64 *)(r1 + 0), r0, r2)"),
        (Call(Helper.KtimeGetNs), "8500000005000000", "call KtimeGetNs"),
        (Call((Helper)9999), "850000000f270000", "call helper#9999"),
        (CallKernelFunction(77), "852000004d000000", "call kernel-function#77"),
        (Exit(), "9500000000000000", "exit"),
    ];

    static readonly (Func<Label, Instruction> Jump, string Bytes, string Text)[] _jumps =
    [
        (Jump, "0500010000000000", "goto there"),
        (JumpLong, "0600000001000000", "gotol there"),
        (to => JumpIf(Condition.Equal, R1, R2, to), "1d21010000000000", "if r1 == r2 goto there"),
        (to => JumpIf(Condition.NotEqual, R1, 5, to), "5501010005000000", "if r1 != 5 goto there"),
        (to => JumpIf(Condition.Greater, R1, R2, to), "2d21010000000000", "if r1 > r2 goto there"),
        (to => JumpIf(Condition.GreaterOrEqual, R1, 5, to), "3501010005000000", "if r1 >= 5 goto there"),
        (to => JumpIf(Condition.Less, R1, R2, to), "ad21010000000000", "if r1 < r2 goto there"),
        (to => JumpIf(Condition.LessOrEqual, R1, 5, to), "b501010005000000", "if r1 <= 5 goto there"),
        (to => JumpIf(Condition.AnyBits, R1, 8, to), "4501010008000000", "if r1 & 8 goto there"),
        (to => JumpIf(Condition.SignedGreater, R1, R2, to), "6d21010000000000", "if r1 s> r2 goto there"),
        (to => JumpIf(Condition.SignedGreaterOrEqual, R1, -1, to), "75010100ffffffff", "if r1 s>= -1 goto there"),
        (to => JumpIf(Condition.SignedLess, R1, R2, to), "cd21010000000000", "if r1 s< r2 goto there"),
        (to => JumpIf(Condition.SignedLessOrEqual, R1, 0, to), "d501010000000000", "if r1 s<= 0 goto there"),
        (to => JumpIf32(Condition.Equal, R1, R2, to), "1e21010000000000", "if w1 == w2 goto there"),
        (to => JumpIf32(Condition.SignedLess, R1, 0, to), "c601010000000000", "if w1 s< 0 goto there"),
        (CallSubprogram, "8510000001000000", "call there"),
        (to => LoadFunction(R2, to), "18420000020000000000000000000000", "r2 = &there"),
    ];

    [Fact]
    public void Encodes_as_the_kernel_reads_it()
    {
        foreach ((Instruction instruction, string bytes, string text) in _table)
        {
            Assert.Equal((text, bytes), (instruction.ToString(), Hex(Assembler.Assemble([instruction]))));
        }
    }

    [Fact]
    public void Encodes_jumps_relative_to_the_next_slot()
    {
        foreach ((Func<Label, Instruction> jump, string bytes, string text) in _jumps)
        {
            Label there = new("there");
            Instruction[] program = [jump(there), Exit(), Mark(there), Exit()];
            Assert.Equal((text, bytes), (program[0].ToString(), Hex(Assembler.Assemble(program))[..bytes.Length]));
        }
    }

    [Fact]
    public void Jumps_backwards_over_wide_instructions_by_their_slots()
    {
        Label loop = new("loop");
        ulong[] words = Assembler.Assemble([Mark(loop), LoadImm64(R1, 1), JumpIf(Condition.Equal, R1, 0, loop), Exit()]);
        Assert.Equal(-3, (short)(words[2] >> 16));
    }

    [Fact]
    public void Decoding_gives_back_every_instruction_assembled()
    {
        List<Instruction> program = [.. _table.Select(row => row.Instruction)];
        Label end = new("end");
        program.AddRange(_jumps.Select(row => row.Jump(end)));
        program.AddRange([Mark(end), Exit()]);

        ulong[] words = Assembler.Assemble(program);
        Instruction[] decoded = Disassembler.Decode(words);

        Assert.Equal(words, Assembler.Assemble(decoded));
        Assert.Equal(
            program.Where(i => i.Operand is not Label).Select(i => i.ToString()),
            decoded.Where(i => i.Operand is not Label).Select(i => i.ToString()));
    }

    [Fact]
    public void Prints_a_listing_with_labels_helpers_and_maps()
    {
        MapSpec hits = new() { Type = MapType.Array, Name = "hits", KeySize = 4, ValueSize = 8, MaxEntries = 1 };
        Label out1 = new("out");
        Label out2 = new("out");
        StringWriter text = new();
        Disassembler.Print(
            [
                LoadMapValue(R1, hits, 8), LoadMap(R2, hits), Call(Helper.MapLookupElem), JumpIf(Condition.Equal, R0, 0, out1),
                Jump(out2), Mark(out1), Mov(R0, 0), Mark(out2), Exit(),
            ], text);
        Assert.Equal(
            """
                 0  r1 = &hits[0] + 8
                 2  r2 = map hits
                 4  call MapLookupElem
                 5  if r0 == 0 goto out
                 6  goto out.2
            out:
                 7  r0 = 0
            out.2:
                 8  exit

            """, text.ToString());
    }

    [Fact]
    public void Refuses_what_does_not_hold_together()
    {
        Label label = new("here");
        MapSpec spec = new() { Type = MapType.Hash, Name = "absent" };
        Instruction[] far = [Jump(label), .. Enumerable.Repeat(Mov(R0, 0), 40_000), Mark(label), Exit()];

        Assert.Equal("The label \"here\" is used at slot 1 and marked nowhere.", Refusal([Exit(), Jump(label)]));
        Assert.Equal("The label \"here\" is marked twice, before slots 0 and 1.", Refusal([Mark(label), Exit(), Mark(label)]));
        Assert.Equal("The jump at slot 0 to \"here\" spans 40000 slots; the limit is 32767. Use JumpLong.", Refusal(far));
        Assert.Equal("No map was made of \"absent\", which the program uses.", Refusal([LoadMap(R1, spec), Exit()]));
        Assert.Contains("needs more than 32 bits", Refusal([Mov(R0, 0) with { Immediate = 1L << 40 }]), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => AtomicAdd(Size.Byte, R1, 0, R2));
    }

    [Fact]
    public void Decoding_refuses_damaged_programs_and_nothing_else_happens()
    {
        Assert.Throws<FormatException>(() => Disassembler.Decode([0x18]));
        Assert.Throws<FormatException>(() => Disassembler.Decode([0x05 | 5UL << 16, 0x95]));
        Assert.Throws<FormatException>(() => Disassembler.Decode([0x05 | 1UL << 16, 0x18, 0, 0x95]));

        Random random = new(1);
        ulong[] words = new ulong[64];
        for (int round = 0; round < 4_000; round++)
        {
            for (int i = 0; i < words.Length; i++)
            {
                words[i] = (ulong)random.NextInt64(long.MinValue, long.MaxValue) & (random.Next(2) == 0 ? ulong.MaxValue : 0xffff);
            }

            try
            {
                Disassembler.Print(Disassembler.Decode(words), TextWriter.Null);
            }
            catch (FormatException)
            {
                // Expected for most.
            }
        }
    }

    static string Refusal(Instruction[] program) => Assert.Throws<AssemblerException>(() => Assembler.Assemble(program)).Message;

    static string Hex(ulong[] words) => Convert.ToHexStringLower(System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()));
}
