using Sonde.Bpf;
using Sonde.Linux;
using Xunit;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Kernel.Tests.Bpf;

public class ProgramTests
{
    static readonly byte[] _packet = new byte[64];

    [Fact]
    public void Computes_what_the_instructions_say()
    {
        Label loop = new("loop");
        Label square = new("square");
        uint sum = Run(
            Mov(R6, 0), Mov(R7, 10),
            Mark(loop), Mov(R1, R7), CallSubprogram(square), Add(R6, R0), Sub(R7, 1), JumpIf(Condition.NotEqual, R7, 0, loop),
            Mov(R0, R6), Exit(),
            Mark(square), Mov(R0, R1), Mul(R0, R1), Exit());
        Assert.Equal(385u, sum);
        Assert.Equal(0x12345678u, Run(LoadImm64(R1, 0x78563412_00000000), Rsh(R1, 32), Mov(R0, R1), Swap(Size.Word, R0), Exit()));
        Assert.Equal(unchecked((uint)-3), Run(Mov(R0, -7), DivSigned(R0, 2), Exit()));
        Assert.Equal(unchecked((uint)-1), Run(Mov(R0, -7), ModSigned(R0, 2), Exit()));
        Assert.Equal(unchecked((uint)-128), Run(Mov(R1, 0x80), MovSigned(Size.Byte, R0, R1), Exit()));
        Assert.Equal(0x3412u, Run(Mov(R0, 0x1234), ToBigEndian(Size.Half, R0), Exit()));
        Assert.Equal(unchecked((uint)-5), Run(StoreImm(Size.Word, R10, -8, -5), LoadSigned(Size.Word, R0, R10, -8), Exit()));
    }

    [Fact]
    public void Atomics_work_on_the_stack()
    {
        Assert.Equal(7u + 12u, Run(
            StoreImm(Size.Double, R10, -8, 7), Mov(R1, 5), AtomicAdd(Size.Double, R10, -8, R1, fetch: true),
            Load(Size.Double, R0, R10, -8), Add(R0, R1), Exit()));
        Assert.Equal(9u, Run(
            StoreImm(Size.Double, R10, -8, 3), Mov(R0, 3), Mov(R1, 9), AtomicCompareExchange(Size.Double, R10, -8, R1),
            Load(Size.Double, R0, R10, -8), Exit()));
        Assert.Equal(0b0110u, Run(
            StoreImm(Size.Double, R10, -8, 0b1100), Mov(R1, 0b1010), AtomicXor(Size.Double, R10, -8, R1), Load(Size.Double, R0, R10, -8), Exit()));
    }

    [Fact]
    public void A_long_jump_reaches_where_a_short_one_does_not()
    {
        Label end = new("end");
        Label far = new("far");
        // Half of it is reached by falling through, so that the verifier sees no dead code to refuse.
        Assert.Equal(1u, Run(
            [
                Call(Helper.GetPrandomU32), JumpIf(Condition.Equal, R0, 0, far), Mov(R0, 1), JumpLong(end),
                Mark(far), .. Enumerable.Repeat(Mov(R0, 1), 40_000), Mark(end), Exit(),
            ]));
    }

    [Fact]
    public void A_helper_calls_a_subprogram_back()
    {
        Label body = new("body");
        Assert.Equal(45u, Run(
            StoreImm(Size.Double, R10, -8, 0),
            Mov(R1, 10), LoadFunction(R2, body), Mov(R3, R10), Add(R3, -8), Mov(R4, 0), Call(Helper.Loop),
            Load(Size.Double, R0, R10, -8), Exit(),
            Mark(body), Load(Size.Double, R3, R2, 0), Add(R3, R1), Store(Size.Double, R2, 0, R3), Mov(R0, 0), Exit()));
    }

    [Fact]
    public void A_raw_tracepoint_program_runs_on_given_arguments()
    {
        using Program sum = Program.Load(new ProgramSpec
        {
            Name = "sonde_raw",
            Type = ProgramType.RawTracepoint,
            Instructions = [Load(Size.Double, R0, R1, 0), Load(Size.Double, R2, R1, 8), Add(R0, R2), Exit()],
        });
        Assert.Equal(42u, sum.TestRun(40, 2));
        using Program process = Program.Load(new ProgramSpec
        {
            Name = "sonde_raw",
            Type = ProgramType.RawTracepoint,
            Instructions = [Call(Helper.GetCurrentPidTgid), Rsh(R0, 32), Exit()],
        });
        Assert.Equal((uint)Environment.ProcessId, process.TestRun());
    }

    [Fact]
    public void Tells_name_size_and_runs()
    {
        using BpfStats stats = BpfStats.Enable();
        using Program program = Program.Load(Filter(Mov(R0, 0), Exit()));
        program.TestRun(_packet);
        program.TestRun(_packet);
        ProgramInfo info = program.Info;
        Assert.Equal("sonde_test", info.Name);
        Assert.Equal(2, info.TranslatedInstructions);
        Assert.Equal(2ul, info.RunCount);
        Assert.NotEqual(0u, info.Id);
    }

    [Fact]
    public void The_verifiers_no_is_one_line_with_the_instruction_and_the_registers()
    {
        using Map map = Map.Create(new MapSpec { Type = MapType.Hash, Name = "seen", KeySize = 4, ValueSize = 8, MaxEntries = 8 });
        Label miss = new("lookup");
        VerifierException refused = Assert.Throws<VerifierException>(() => Program.Load(Filter(
            StoreImm(Size.Word, R10, -4, 1), Mark(miss), LoadMap(R1, map), Mov(R2, R10), Add(R2, -4), Call(Helper.MapLookupElem),
            Load(Size.Double, R0, R0, 0), Exit())));
        Assert.Equal(Errno.EACCES, refused.Errno);
        Assert.StartsWith(
            "R0 invalid mem access 'map_value_or_null' (at 6: r0 = *(u64 *)(r0 + 0), under lookup; before it R0", refused.Summary, StringComparison.Ordinal);
        Assert.Contains("log lines omitted]", refused.Summary, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Summary);
        Assert.Contains("processed ", refused.Log, StringComparison.Ordinal);
        Assert.StartsWith("bpf(PROG_LOAD, \"sonde_test\", SocketFilter): EACCES. R0 invalid", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_longer_than_the_first_buffer_still_ends_with_the_reason()
    {
        Instruction[] branches = [.. Enumerable.Range(0, 4000).SelectMany(i =>
        {
            Label next = new("next");
            return new[] { Call(Helper.GetPrandomU32), JumpIf(Condition.Equal, R0, i, next), Mov(R6, i), Mark(next) };
        })];
        VerifierException refused = Assert.Throws<VerifierException>(() => Program.Load(Filter([.. branches, Mov(R0, R9), Exit()])));
        Assert.StartsWith("R9 !read_ok", refused.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_of_an_accepted_program_is_there_when_asked_for()
    {
        using Program quiet = Program.Load(Filter(Mov(R0, 0), Exit()));
        using Program verbose = Program.Load(Filter(Mov(R0, 0), Exit()) with { LogLevel = 2 });
        Assert.Equal("", quiet.VerifierLog);
        Assert.Contains("r0 = 0", verbose.VerifierLog, StringComparison.Ordinal);
    }

    static uint Run(params Instruction[] instructions)
    {
        using Program program = Program.Load(Filter(instructions));
        return program.TestRun(_packet);
    }

    static ProgramSpec Filter(params Instruction[] instructions) =>
        new() { Name = "sonde_test", Type = ProgramType.SocketFilter, Instructions = instructions };
}
