using Sonde.Bpf;
using Xunit;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Tests.Bpf;

/// <summary>Logs as kernels of several years write them.</summary>
public class VerifierSummaryTests
{
    [Fact]
    public void Registers_may_stand_behind_the_instruction_before() => Assert.Equal(
        "R0 invalid mem access 'scalar' (at 1: r0 = *(u64 *)(r0 + 0); before it R0_w=5) [4 log lines omitted]",
        VerifierException.Summarize(
            """
            func#0 @0
            0: R1=ctx() R10=fp0
            0: (b7) r0 = 5                        ; R0_w=5
            1: (79) r0 = *(u64 *)(r0 +0)
            R0 invalid mem access 'scalar'
            processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
            verification time 60 usec

            """, [Mov(R0, 5), Load(Size.Double, R0, R0, 0), Exit()]));

    [Fact]
    public void Registers_may_stand_on_a_line_of_their_own() => Assert.Equal(
        "R0 invalid mem access 'inv' (at 1: r0 = *(u64 *)(r0 + 0), under again; before it R0_w=inv5 R1=ctx(id=0,off=0,imm=0) R10=fp0) [3 log lines omitted]",
        VerifierException.Summarize(
            """
            0: (b7) r0 = 5
            1: R0_w=inv5 R1=ctx(id=0,off=0,imm=0) R10=fp0
            1: (79) r0 = *(u64 *)(r0 +0)
            R0 invalid mem access 'inv'
            processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
            stack depth 0
            """, [Mov(R0, 5), Mark(new Label("again")), Load(Size.Double, R0, R0, 0), Exit()]));

    [Fact]
    public void A_refusal_before_any_instruction_is_taken_as_it_is()
    {
        Assert.Equal("back-edge from insn 3 to 1", VerifierException.Summarize("back-edge from insn 3 to 1\n", []));
        Assert.Equal("The verifier gave no reason.", VerifierException.Summarize("", []));
        Assert.Equal("The verifier gave no reason.", VerifierException.Summarize("processed 0 insns (limit 1000000)\n", []));
        Assert.Equal("7: (85) call bpf_unknown#999 [1 log lines omitted]", VerifierException.Summarize("x\n7: (85) call bpf_unknown#999\n", [Exit()]));
        Assert.Equal("bad (at 9: exit) [1 log lines omitted]", VerifierException.Summarize("8: (95) no\n9: (95) exit\nbad\n", [Exit()]));
    }
}
