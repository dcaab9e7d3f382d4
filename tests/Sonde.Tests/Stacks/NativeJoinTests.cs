using Sonde.Engine.Stacks;
using Xunit;

namespace Sonde.Tests.Stacks;

public sealed class NativeJoinTests
{
    // e: evaluates Python; h: one opcode of it; i: inlined into what follows; anything else: other code.
    [Theory]
    [InlineData("r e v e m", "T T", "r e 0 v e 1 m")]
    [InlineData("r e v e m", "F T F F T", "r e 0 1 v e 2 3 4 m")]
    [InlineData("r h e v h e m", "F T T", "r h e 0 1 v h e 2 m")]
    [InlineData("r h v h m", "T T", "r h 0 v h 1 m")]
    [InlineData("r i e m", "T", "r i e 0 m")]
    [InlineData("e e", "T T", "e 0 e 1")]
    [InlineData("r m", "", "r m")]
    public void Each_evaluation_takes_the_calls_up_to_one_from_C(string native, string calledFromC, string expected)
    {
        var joined = NativeJoin.Join(Trace(native), FromC(calledFromC));

        Assert.Null(joined.Mismatch);
        Assert.Equal(expected, Text(joined));
    }

    [Theory]
    [InlineData("r e m", "T T")]
    [InlineData("r e v e m", "T")]
    [InlineData("r e m", "F F")]
    [InlineData("r m", "T")]
    [InlineData("r e m", "")]
    public void What_does_not_fit_is_said_and_not_guessed(string native, string calledFromC)
    {
        var joined = NativeJoin.Join(Trace(native), FromC(calledFromC));

        Assert.NotNull(joined.Mismatch);
        Assert.Empty(joined.Frames);
    }

    [Fact]
    public void Python_above_the_end_of_a_cut_stack_is_kept()
    {
        var joined = NativeJoin.Join(Trace("r e v") with { Truncated = "cut" }, FromC("T F T"));

        Assert.Null(joined.Mismatch);
        Assert.Equal("r e 0 v 1 2", Text(joined));
    }

    [Fact]
    public void Without_machine_code_there_is_nothing_to_join()
    {
        var joined = NativeJoin.Join(Trace("") with { Problem = "gone" }, FromC("T"));

        Assert.Equal("gone", joined.Mismatch);
    }

    static NativeTrace Trace(string frames) => new()
    {
        Tid = 1,
        Source = NativeSource.Sample,
        Frames = [.. frames.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => new NativeFrame(1, word, 0, "", null, 0, word == "i", word is "e" or "h" or "i", word == "h", FrameTrust.Table))],
    };

    static bool[] FromC(string words) => [.. words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word == "T")];

    static string Text(JoinedTrace joined) => string.Join(' ', joined.Frames.Select(frame => frame.Native?.Function ?? $"{frame.PythonIndex}"));
}
