using System.Text;
using Sonde.Engine.Sampling;
using Sonde.Linux;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Sampling;

public sealed class WaitReasonTests
{
    // Numbers of x86-64.
    [Theory]
    [InlineData("230 0x0 0x0 0x7ffce13fe600 0x7ffce13fe640 0x0 0x0 0x7ffce13fe5e8 0x7f6f87d37503\n", ThreadState.Sleeping)]
    [InlineData("202 0x7f00 0x189 0x0 0x0 0x0 0xffffffff 0x7ffd 0x7f7b\n", ThreadState.WaitingForLock)]
    [InlineData("0 0x3 0x7f00 0x10 0x0 0x0 0x0 0x7ffd 0x7f7b\n", ThreadState.WaitingForIo)]
    [InlineData("7 0x7f00 0x1 0xffffffff 0x0 0x0 0x0 0x7ffd 0x7f7b\n", ThreadState.WaitingForIo)]
    [InlineData("7 0x0 0x0 0x3e8 0x0 0x0 0x0 0x7ffd 0x7f7b\n", ThreadState.Sleeping)]
    [InlineData("23 0x0 0x0 0x0 0x0 0x7f00 0x0 0x7ffd 0x7f7b\n", ThreadState.Sleeping)]
    [InlineData("61 0xffffffff 0x0 0x0 0x0 0x0 0x0 0x7ffd 0x7f7b\n", ThreadState.Sleeping)]
    [InlineData("-1 0x7ffd 0x7f7b\n", ThreadState.WaitingForIo)]
    [InlineData("100000 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n", ThreadState.Sleeping)]
    public void A_system_call_tells_why_a_thread_is_blocked(string text, ThreadState state)
    {
        Assert.True(ThreadFiles.TryParse(Encoding.ASCII.GetBytes(text), out ThreadCall call));
        Assert.False(call.IsRunning);
        Assert.Equal(state, WaitReason.Of(call));
    }

    [Fact]
    public void The_word_that_a_thread_waits_on_is_known()
    {
        Assert.True(ThreadFiles.TryParse("202 0x7f0c01 0x189 0x0 0x0 0x0 0xffffffff 0x7ffd 0x7f7b\n"u8, out ThreadCall call));
        Assert.True(WaitReason.IsFutex(call, out ulong address));
        Assert.Equal(0x7f0c01UL, address);
    }

    [Theory]
    [InlineData("running\n", true)]
    [InlineData("", false)]
    [InlineData("x", false)]
    [InlineData("7 nonsense", true)]
    public void Texts_that_are_none_are_refused(string text, bool parsed) =>
        Assert.Equal(parsed, ThreadFiles.TryParse(Encoding.ASCII.GetBytes(text), out ThreadCall _));

    [Fact]
    public void Turns_are_read()
    {
        Assert.True(ThreadFiles.TryParse("876258188 338215 7\n"u8, out ThreadTurns turns));
        Assert.Equal(new ThreadTurns(876258188, 338215, 7), turns);
        Assert.False(ThreadFiles.TryParse("876258188 338215"u8, out turns));
    }
}
