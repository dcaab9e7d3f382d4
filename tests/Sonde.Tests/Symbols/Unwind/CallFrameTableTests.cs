using System.Globalization;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;
using Xunit;

namespace Sonde.Tests.Symbols.Unwind;

public sealed class CallFrameTableTests
{
    static readonly string[] _registers = ["rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "ra"];

    public static TheoryData<string> Files => [.. TestFiles.Real.OrderBy(file => new FileInfo(file).Length).Take(5)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Rows_are_those_readelf_decodes(string path)
    {
        var table = CallFrameTable.Read(TestFiles.Open(path));
        string[] columns = [];
        var rows = 0;
        var inRange = false;
        foreach (var line in TestFiles.ReadElf("--debug-dump=frames-interp", path))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (line.Contains(" FDE ", StringComparison.Ordinal) || line.Contains(" CIE", StringComparison.Ordinal))
            {
                inRange = line.Contains(" FDE ", StringComparison.Ordinal);
            }
            else if (words is ["LOC", "CFA", ..])
            {
                columns = words[2..];
            }
            else if (inRange && words.Length == columns.Length + 2 && words[1] != "ZERO" && ulong.TryParse(words[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var address))
            {
                rows++;
                Assert.True(table.TryFindRow(address, out var row), line);
                Assert.True(words[1] == CfaText(row), $"{line}: {CfaText(row)}");
                for (var i = 0; i < columns.Length; i++)
                {
                    var register = Array.IndexOf(_registers, columns[i]);
                    Assert.True(register < 0 || words[i + 2] == RuleText(row[register]), $"{line}: {columns[i]} {RuleText(row[register])}");
                }
            }
        }

        Assert.True(rows > 50, $"{rows} rows");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void The_compact_table_says_the_same(string path)
    {
        var table = CallFrameTable.Read(TestFiles.Open(path));
        var compact = table.Compact();

        Assert.False(compact.IsCut);
        var known = 0;
        for (var i = 0; i < compact.Rows.Count; i++)
        {
            var row = compact.Rows[i];
            Assert.True(i == 0 || row.Start > compact.Rows[i - 1].Start);
            if (!table.TryFindRow(compact.Base + row.Start, out var full))
            {
                Assert.Equal(CompactFrameAddress.Unknown, row.FrameAddress);
                continue;
            }

            switch (row.FrameAddress)
            {
                case CompactFrameAddress.Rsp or CompactFrameAddress.Rbp:
                    Assert.Equal(row.FrameAddress == CompactFrameAddress.Rsp ? FrameRegister.Rsp : FrameRegister.Rbp, full.FrameAddress.Register);
                    Assert.Equal(full.FrameAddress.Value, row.FrameAddressOffset);
                    known++;
                    break;
                case CompactFrameAddress.End:
                    Assert.Equal(RegisterRuleKind.Undefined, full.ReturnAddress.Kind);
                    break;
                case CompactFrameAddress.Signal:
                    Assert.True(full.IsSignalFrame);
                    break;
                case CompactFrameAddress.Unknown:
                    Assert.True(full.IsSignalFrame || full.ReturnAddress is not { Kind: RegisterRuleKind.AtOffset, Value: -8 } || full.FrameAddress.Kind != FrameAddressKind.Register || full.FrameAddress.Register is not (FrameRegister.Rsp or FrameRegister.Rbp));
                    break;
            }
        }

        Assert.True(known * 10 > compact.Rows.Count * 7, $"{known} of {compact.Rows.Count}");
    }

    [Fact]
    public void The_library_knows_how_signal_handlers_return()
    {
        var libc = TestFiles.Real.First(file => file.Contains("libc.so", StringComparison.Ordinal) || Path.GetFileName(file).StartsWith("libc-", StringComparison.Ordinal));

        Assert.Contains(CallFrameTable.Read(TestFiles.Open(libc)).Compact().Rows, row => row.FrameAddress == CompactFrameAddress.Signal);
    }

    [Fact]
    public void Entries_of_the_linkage_table_have_a_form_of_their_own()
    {
        Assert.Contains(TestFiles.Real, file => CallFrameTable.Read(TestFiles.Open(file)).Compact().Rows is var rows
            && rows.Any(row => row is { FrameAddress: CompactFrameAddress.ProcedureLinkage, FrameAddressOffset: > 0 and < 16 }));
    }

    [Fact]
    public void Without_section_headers_the_rows_are_the_same()
    {
        var bytes = File.ReadAllBytes("/bin/ls");

        Assert.Equal(
            CallFrameTable.Read(ElfFile.Parse(bytes, "whole")).Compact().Rows,
            CallFrameTable.Read(ElfFile.Parse(ElfFileTests.WithoutSectionHeaders(bytes), "stripped")).Compact().Rows);
    }

    [Fact]
    public void A_damaged_table_gives_nothing_worse_than_an_ElfException()
    {
        var original = File.ReadAllBytes(TestFiles.Real.OrderBy(file => new FileInfo(file).Length).First());
        var file = ElfFile.Parse(original, "whole");
        Assert.True(file.TryGetSection(".eh_frame", out var section));
        var whole = CallFrameTable.Read(file);
        var changed = 0;
        for (var seed = 0; seed < 1500; seed++)
        {
            var random = new Random(seed);
            var bytes = (byte[])original.Clone();
            for (var i = random.Next(1, 20); i > 0; i--)
            {
                var at = (int)section.Offset + random.Next((int)section.Size);
                bytes[at] = random.Next(4) switch
                {
                    0 => 0xff,
                    1 => 0,
                    2 => (byte)(bytes[at] ^ 1 << random.Next(8)),
                    _ => (byte)random.Next(256),
                };
            }

            try
            {
                var table = CallFrameTable.Read(ElfFile.Parse(bytes, "damaged"));
                changed += table.Count != whole.Count ? 1 : 0;
                var compact = table.Compact();
                for (var i = 0; i < 20; i++)
                {
                    var row = compact.Rows.Count == 0 ? default : compact.Rows[random.Next(compact.Rows.Count)];
                    Walk(table, unchecked(compact.Base + row.Start), new NoisyMemory(random));
                }
            }
            catch (ElfException e)
            {
                changed++;
                Assert.NotEmpty(e.What);
            }
        }

        Assert.True(changed > 10, "the mutations changed nothing");
    }

    static void Walk(CallFrameTable table, ulong address, NoisyMemory memory)
    {
        var registers = FrameRegisters.At(address, 0x7fff0000);
        registers.Set(FrameRegister.Rbp, 0x7fff0040);
        try
        {
            for (var i = 0; i < 4 && table.TryFindRow(registers.Pc, out var row) && FrameStep.Step(row, registers, memory, out var caller) == StepResult.Caller; i++)
            {
                registers = caller;
            }
        }
        catch (ElfException e)
        {
            Assert.NotEmpty(e.What);
        }
    }

    static string CfaText(UnwindRow row) => row.FrameAddress switch
    {
        { Kind: FrameAddressKind.Register } rule => string.Create(CultureInfo.InvariantCulture, $"{_registers[rule.Register]}+{rule.Value}"),
        _ => "exp",
    };

    static string RuleText(RegisterRule rule) => rule.Kind switch
    {
        RegisterRuleKind.Same => "u",
        RegisterRuleKind.Undefined => "u",
        RegisterRuleKind.AtOffset => string.Create(CultureInfo.InvariantCulture, $"c{rule.Value:+#;-#;+0}"),
        RegisterRuleKind.Offset => string.Create(CultureInfo.InvariantCulture, $"v{rule.Value:+#;-#;+0}"),
        RegisterRuleKind.Register => _registers[(int)rule.Value],
        RegisterRuleKind.AtExpression => "exp",
        _ => "vexp",
    };

    sealed class NoisyMemory(Random random) : Sonde.Symbols.IMemory
    {
        public bool TryRead(ulong address, Span<byte> destination)
        {
            random.NextBytes(destination);
            return random.Next(10) != 0;
        }
    }
}
