using Sonde.Engine.Flow;
using Sonde.Engine.Flow.Sinks;
using Sonde.Engine.Targets;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Flow;

/// <summary>Nothing is lost unseen: what the program did is what was received and what was counted as lost.</summary>
public sealed class FlowLossTests
{
    [Fact]
    public void Five_million_calls_as_fast_as_they_come_are_in_the_file_or_counted()
    {
        const int calls = 5_000_000;
        string path = Path.Combine(Path.GetTempPath(), $"sonde-storm-{Environment.ProcessId}.txt");
        try
        {
            long overhead = Run(10, 32 << 20, Stream.Null).Calls - 10;
            FlowOutcome outcome;
            using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                outcome = Run(calls, 32 << 20, file);
            }

            Assert.Equal(calls + overhead, outcome.Calls);
            Assert.Equal(outcome.Report.Counts.Shown, Lines(path) - 1);
            Assert.Equal(0, outcome.Report.Counts.Malformed);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_buffer_that_is_too_small_loses_and_says_how_much()
    {
        const int calls = 300_000;
        long overhead = Run(10, 32 << 20, Stream.Null).Calls - 10;
        FlowOutcome outcome = Run(calls, 1 << 16, new SlowStream());
        Assert.True(outcome.Report.Losses.Entries > 0, "nothing was lost, so the test shows nothing");
        Assert.Equal(calls + overhead, outcome.Calls);
        Assert.Equal(0, outcome.Report.Counts.Malformed);
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.12")]
    public void Processes_that_come_and_go_are_all_shown_and_not_kept(string name)
    {
        Requires.Root();
        const int children = 400;
        Interpreter interpreter = Interpreters.Get(name);
        using Target target = Target.StartReady(interpreter, "comes_and_goes.py", children.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var session = new FlowSession(new FlowOptions { Functions = ["child"], Arguments = true, Results = true });
        using var recording = new Recording(session, session => session.AttachToAll([PythonTarget.Find(target.Pid)]));
        target.Send();
        target.WaitFor("done");
        // They are forgotten when all is read that they sent.
        Assert.True(SpinWait.SpinUntil(() => session.Processes <= 2 * FlowSession.FewProcesses, TimeSpan.FromSeconds(30)), $"{session.Processes} processes are remembered");
        FlowReport report = recording.Stop();
        FlowEvent[] calls = [.. recording.Events.Where(each => each.Kind == FlowEventKind.Call)];
        Assert.Equal(Enumerable.Range(0, children).Select(number => $"{number}"), calls.Select(each => each.Arguments![0].Text));
        Assert.Equal(Enumerable.Range(0, children).Where(number => number % 10 != 9).Select(number => $"{-number}"), recording.Events.Where(each => each.Kind == FlowEventKind.Return).Select(each => each.Result));
        Assert.All(recording.Events, each => Assert.Equal("child", each.Code.Function));
        Assert.Equal(children, report.Functions);
        Assert.Equal(children / 10, report.OpenCalls);
        Assert.Equal(0, report.Counts.ValueProcessesForgotten);
        Assert.Equal(0, report.UnresolvedNames);
    }

    /// <summary>How often the program called, as received and as lost.</summary>
    readonly record struct FlowOutcome(FlowReport Report)
    {
        public long Calls => Report.Counts.Entries - Report.Counts.Duplicates + Report.Losses.Entries;
    }

    static FlowOutcome Run(int calls, int bufferBytes, Stream output)
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get("pyenv-3.12");
        using Target target = Target.StartReady(interpreter, "storm.py", calls.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var session = new FlowSession(new FlowOptions { RingBufferBytes = bufferBytes });
        session.Attach(target.Pid);
        using var sink = new TextSink(output, (long)Clock.MonotonicNs);
        using var stop = new CancellationTokenSource();
        Exception? failure = null;
        var reader = new Thread(() =>
        {
            try
            {
                session.Run(sink, stop.Token);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        reader.Start();
        try
        {
            target.Send();
            // Each call stops at two probes: on a busy machine that many take minutes.
            target.WaitFor("done", TimeSpan.FromMinutes(4));
        }
        finally
        {
            // Whatever happens, nobody may read from a session that is disposed.
            stop.Cancel();
            reader.Join();
        }

        session.Finish();
        return failure is null ? new FlowOutcome(session.Report()) : throw new InvalidOperationException("the session failed", failure);
    }

    static long Lines(string path)
    {
        long lines = 0;
        byte[] buffer = new byte[1 << 20];
        using FileStream file = File.OpenRead(path);
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
        }

        return lines;
    }

    /// <summary>An output that cannot keep up.</summary>
    sealed class SlowStream : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => Thread.Sleep(20);

        public override void Write(ReadOnlySpan<byte> buffer) => Thread.Sleep(20);
    }
}
