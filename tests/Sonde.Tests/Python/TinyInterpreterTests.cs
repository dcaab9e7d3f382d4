using Sonde.Python;
using Sonde.Python.Sites;
using Sonde.Symbols.Elf;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Sonde.Tests.Python;

public class TinyInterpreterTests
{
    const byte Rbx = 3, Rsi = 6, Rdi = 7, R12 = 12, R14 = 14;

    [Theory]
    [InlineData("OneFunction")]
    [InlineData("Split")]
    [InlineData("TailCalls")]
    public void Finds_the_sites_whatever_the_shape(string shape)
    {
        var analysis = Analyse(new() { Shape = Enum.Parse<Shape>(shape) });

        Assert.Null(analysis.Refusal);
        Assert.All(analysis.Sites, site => Assert.Equal(SiteCost.Emulated, site.Cost));
        Assert.All(analysis.Sites.Where(site => site.Kind != SiteKind.Throw), site => Assert.Equal(new ValueLocation(R14), site.ThreadState));
        var entries = analysis.Sites.Where(site => site.Kind == SiteKind.Entry).ToList();
        Assert.Equal(["INSTRUMENTED_RESUME", "RESUME", "RESUME_CHECK"], entries.Select(site => site.Origin).Order(StringComparer.Ordinal));
        Assert.All(entries, site => Assert.Equal(new ValueLocation(R12), site.Frame));
        // In the prologue the arguments are still where they were passed.
        var thrown = Assert.Single(analysis.Sites, site => site.Kind == SiteKind.Throw);
        Assert.Equal((new ValueLocation(Rdi), new ValueLocation(Rsi)), (thrown.ThreadState, thrown.Frame));
        Assert.Equal(
            [ExitReasons.Return, ExitReasons.Unwind, ExitReasons.Suspend, ExitReasons.GeneratorCreation],
            analysis.Sites.Where(site => site.Kind == SiteKind.Exit).Select(site => site.Reasons).Order());
    }

    [Fact]
    public void An_exit_tells_which_frame_is_current()
    {
        var exits = Analyse(new()).Sites.Where(site => site.Kind == SiteKind.Exit).ToDictionary(site => site.Reasons);

        // The parent is stored before the call, and rsi still has the frame that is left.
        Assert.Equal((CurrentFrame.Parent, new ValueLocation(Rsi)), (exits[ExitReasons.Return].Current, exits[ExitReasons.Return].Frame));
        // Copied before it was stored: the copy is the current frame, too.
        Assert.Equal(CurrentFrame.Parent, exits[ExitReasons.Suspend].Current);
        Assert.Contains(exits[ExitReasons.Suspend].ParentFrame!.Value.Register, (byte[])[Rbx, R12]);
        // The conditional jump comes before the store.
        Assert.Equal((CurrentFrame.Dying, new ValueLocation(R12)), (exits[ExitReasons.GeneratorCreation].Current, exits[ExitReasons.GeneratorCreation].Frame));
    }

    [Fact]
    public void An_opcode_that_loses_the_thread_state_is_refused() =>
        Assert.Contains("thread state", Refusal(new() { OddOpcode = static code => code.xor(r14d, r14d) }));

    [Fact]
    public void A_counter_stored_from_nowhere_is_refused() =>
        Assert.Contains("recursion counter", Refusal(new() { OddOpcode = static code => code.mov(__dword_ptr[r14 + 48], eax) }));

    [Fact]
    public void A_store_that_covers_the_counter_is_refused() =>
        Assert.Contains("recursion counter", Refusal(new() { OddOpcode = static code => code.movups(__[r14 + 40], xmm0) }));

    [Fact]
    public void A_return_that_does_not_raise_the_counter_is_refused() =>
        Assert.Contains("RETURN_VALUE", Refusal(new() { Raise = static code => code.nop() }));

    [Fact]
    public void Raising_the_counter_in_a_register_is_raising_it()
    {
        var analysis = Analyse(new()
        {
            Raise = static code =>
            {
                code.mov(eax, __dword_ptr[r14 + 48]);
                code.inc(eax);
                code.mov(__dword_ptr[r14 + 48], eax);
            },
        });
        Assert.Contains(analysis.Sites, site => site.Reasons == ExitReasons.Return);
    }

    [Fact]
    public void A_five_byte_nop_is_never_probed()
    {
        var analysis = Analyse(new()
        {
            Raise = static code =>
            {
                code.add(__dword_ptr[r14 + 48], 1);
                code.nop(5);
            },
        });
        Assert.Null(analysis.Refusal);
        Assert.DoesNotContain(analysis.Sites, site => site.Bytes.Span is [0x0f, 0x1f, ..]);
    }

    /// <summary>Whatever is in the file: an answer in bounded time, and only sites that keep all rules.</summary>
    [Theory]
    [InlineData("OneFunction")]
    [InlineData("Split")]
    [InlineData("TailCalls")]
    public void A_damaged_interpreter_is_refused_or_analysed(string shape)
    {
        const int Rounds = 300;
        var original = new TinyInterpreter { Shape = Enum.Parse<Shape>(shape) }.Assemble();
        var answers = new int[2];
        for (var seed = 0; seed < Rounds; seed++)
        {
            var random = new Random(seed);
            var bytes = (byte[])original.Clone();
            for (var damage = 1 << random.Next(6); damage > 0; damage--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)0xff : (byte)random.Next(256);
            }

            try
            {
                var analysis = StockProbes.Find(ElfFile.Parse(bytes, "damaged"), new PythonVersion(14, 0));
                answers[analysis.Refusal is null ? 1 : 0]++;
                Assert.NotEqual(analysis.Refusal is null, analysis.Sites.Count == 0);
                Assert.All(analysis.Sites, site => Assert.True(site.ThreadState is not null && site.Bytes.Length > 0));
            }
            catch (ElfException problem)
            {
                Assert.NotEmpty(problem.What);
            }
        }

        Assert.All(answers, count => Assert.NotEqual(0, count));
    }

    static string Refusal(TinyInterpreter interpreter)
    {
        var analysis = Analyse(interpreter);
        Assert.Empty(analysis.Sites);
        return Assert.IsType<string>(analysis.Refusal);
    }

    static SiteAnalysis Analyse(TinyInterpreter interpreter) => StockProbes.Find(ElfFile.Parse(interpreter.Assemble(), "tiny"), new PythonVersion(14, 0));
}
