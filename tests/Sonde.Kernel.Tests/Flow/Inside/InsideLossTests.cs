using System.Globalization;
using Sonde.Engine.Flow;
using Sonde.Engine.Flow.Inside;
using Sonde.Engine.Flow.Sinks;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Flow.Inside;

/// <summary>Nothing is lost unseen: what the program did is what was received and what was counted as lost.</summary>
public sealed class InsideLossTests
{
    [Theory, InlineData("pyenv-3.11"), InlineData("pyenv-3.12"), InlineData("sid-3.14")]
    public void Calls_as_fast_as_they_come_are_in_the_output_or_counted(string name)
    {
        const int calls = 5_000_000;
        long overhead = Run(name, 10, 1 << 25, Stream.Null).Calls - 10;
        FlowOutcome outcome = Run(name, calls, 1 << 25, Stream.Null);
        Assert.Equal(calls + overhead, outcome.Calls);
        Assert.Equal(0, outcome.Report.Counts.Malformed);
    }

    [Fact]
    public void A_buffer_that_is_too_small_loses_and_says_how_much()
    {
        const int calls = 300_000;
        long overhead = Run("pyenv-3.12", 10, 1 << 25, Stream.Null).Calls - 10;
        FlowOutcome outcome = Run("pyenv-3.12", calls, 1 << 16, new SlowStream());
        Assert.True(outcome.Report.Losses.Entries > 0, "nothing was lost, so the test shows nothing");
        Assert.Equal(calls + overhead, outcome.Calls);
        Assert.Equal(0, outcome.Report.Counts.Malformed);
    }

    /// <summary>How often the program called, as received and as lost.</summary>
    readonly record struct FlowOutcome(FlowReport Report)
    {
        public long Calls => Report.Counts.Entries + Report.Losses.Entries;
    }

    static FlowOutcome Run(string name, int calls, int bufferBytes, Stream output)
    {
        Requires.Root();
        using Target target = InsideTarget.StartReady(Interpreters.Get(name), "storm.py", calls.ToString(CultureInfo.InvariantCulture));
        using var session = new InsideSession(new FlowOptions { RingBufferBytes = bufferBytes }, InsideTarget.Loader);
        session.Attach(target.Pid);
        using var sink = new TextSink(output, (long)Clock.MonotonicNs);
        using var stop = new CancellationTokenSource();
        var reader = new Thread(() => session.Run(sink, stop.Token));
        reader.Start();
        target.Send();
        target.WaitFor("done");
        stop.Cancel();
        reader.Join();
        session.Finish();
        return new FlowOutcome(session.Report());
    }

    /// <summary>An output that cannot keep up.</summary>
    sealed class SlowStream : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => Thread.Sleep(20);

        public override void Write(ReadOnlySpan<byte> buffer) => Thread.Sleep(20);
    }
}
