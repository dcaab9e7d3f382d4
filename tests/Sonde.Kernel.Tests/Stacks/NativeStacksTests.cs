using Sonde.Engine.Stacks;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Stacks;

public sealed class NativeStacksTests
{
    public static TheoryData<string, string> Builds => new()
    {
        { "-O2 -fomit-frame-pointer", "wait" },
        { "-O2 -fomit-frame-pointer", "spin" },
        { "-O2 -fomit-frame-pointer", "wait thread" },
        { "-O2 -fomit-frame-pointer", "spin thread" },
        { "-O2 -fno-omit-frame-pointer", "wait" },
        { "-O2 -fno-omit-frame-pointer", "spin thread" },
        { "-O0 -g", "wait" },
        { "-O0 -g", "spin" },
        { "-O2 -static", "wait" },
        { "-O2 -no-pie", "wait thread" },
        { "-O2 -g -fno-asynchronous-unwind-tables -fno-unwind-tables", "spin" },
    };

    [Theory]
    [MemberData(nameof(Builds))]
    public void A_stack_is_the_chain_the_program_knows(string options, string mode)
    {
        var (_, stack) = Take(options, mode);

        Assert.True(stack.Truncated is null, $"{stack.Truncated}\n{Text(stack)}");
        Assert.Equal(mode.StartsWith("spin", StringComparison.Ordinal) ? NativeSource.Sample : NativeSource.Waiting, stack.Source);
        Assert.Equal([.. NativeProgram.Chain, mode.EndsWith("thread", StringComparison.Ordinal) ? "in_thread" : "main"], Own(stack));
    }

    [Fact]
    public void A_signal_handler_stands_on_what_it_interrupted()
    {
        var (_, stack) = Take("-O2 -fomit-frame-pointer", "signal");

        Assert.True(stack.Truncated is null, $"{stack.Truncated}\n{Text(stack)}");
        Assert.Equal(["innermost", "on_signal", "through_pointer", .. NativeProgram.Chain.Skip(2), "main"], Own(stack));
    }

    [Fact]
    public void Lines_are_those_of_the_source()
    {
        var (_, stack) = Take("-O0 -g", "wait");
        var source = File.ReadAllLines(Path.Combine(Repository.Targets, "native_chain.c"));

        var outermost = stack.Frames.Single(frame => frame.Function == "outermost");

        Assert.EndsWith("native_chain.c", outermost.File, StringComparison.Ordinal);
        Assert.Contains("with_alloca(mode", source[outermost.Line - 1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_thread_that_has_ended_is_told_of()
    {
        using var target = Start("-O2 -fomit-frame-pointer", "wait");
        using var stacks = NativeStacks.Open(target.Pid);

        var stack = stacks.Take(0x3ffffffe, TimeSpan.FromSeconds(1));

        Assert.Equal("the thread has ended", stack.Problem);
        Assert.Empty(stack.Frames);
    }

    static (int Tid, NativeTrace Stack) Take(string options, string mode)
    {
        using var target = Start(options, mode);
        using var stacks = NativeStacks.Open(target.Pid);
        var patience = Environment.TickCount64 + (long)Target.Patience.TotalMilliseconds;
        while (true)
        {
            // Its message comes before it is in the chain, and its thread may not have begun.
            var tid = mode.EndsWith("thread", StringComparison.Ordinal) ? ProcFs.Tasks(target.Pid).Max() : target.Pid;
            var stack = stacks.Take(tid, TimeSpan.FromSeconds(10));
            if (stack.Problem is not null || Own(stack).FirstOrDefault() == "innermost" || Environment.TickCount64 > patience)
            {
                Assert.Null(stack.Problem);
                return (tid, stack);
            }
        }
    }

    static Target Start(string options, string mode)
    {
        var target = Target.Start(NativeProgram.Compile(options), mode.Split(' '));
        target.WaitFor("ready");
        return target;
    }

    /// <summary>The program's own functions; what the compiler made of it may have other names for parts of one.</summary>
    static List<string> Own(NativeTrace stack) =>
    [
        .. stack.Frames.Where(frame => frame.Module.Contains("native-chain", StringComparison.Ordinal) && frame.Function is not null)
            .Select(frame => frame.Function!.Split('.')[0])
            .Where(name => NativeProgram.Chain.Contains(name) || name is "main" or "in_thread" or "on_signal"),
    ];

    static string Text(NativeTrace stack) => string.Join('\n', stack.Frames.Select(frame => $"{frame.Address:x} {frame.Function}+{frame.Offset} {frame.Module} {frame.Trust}"));
}
