using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Recording;

public sealed class SampleRecorderTests
{
    static readonly Frame _main = new(FrameKind.Python, "main", "/app.py", 3);
    static readonly Frame _work = new(FrameKind.Python, "work", "/app.py", 9);

    [Fact]
    public void A_copy_has_what_was_recorded_and_nothing_without_samples()
    {
        var recorder = new SampleRecorder(new ProfileInfo(), keepsTimeline: true);
        int process = recorder.Process(new ProfileProcess(10, 1, "python app.py"));
        recorder.Thread(new ProfileThread(process, 11, "unused"));
        int thread = recorder.Thread(new ProfileThread(process, 12, "worker"));
        recorder.Stack(StackTable.Empty, recorder.Frame(new Frame(FrameKind.Python, "unused", "", 0)));
        int stack = recorder.Stack([recorder.Frame(_main), recorder.Frame(_work)]);

        recorder.Add(recorder.StartNs + 7, thread, stack, 100, ThreadState.Running, true);
        recorder.Add(recorder.StartNs + 9, thread, stack, 50, ThreadState.Running, true);
        recorder.Lose("torn", "work", 2);
        Profile copy = recorder.Copy();

        Assert.Equal([new ProfileThread(0, 12, "worker")], copy.Threads);
        Assert.Equal(2, copy.Frames.Count);
        Assert.Equal([7L, 9L], copy.Timeline.Select(sample => sample.TimeNs));
        Assert.Equal(new ProfileEntry(0, copy.Timeline[0].Stack, ThreadState.Running, true, 2, 150), Assert.Single(copy.Entries));
        Assert.Equal(_work, copy.Frames[copy.Stacks.Innermost(copy.Timeline[0].Stack)]);
        Assert.Equal(2, copy.Losses.Causes["torn"]);
        Assert.Equal(2, copy.Losses.Functions["work"]);
        Assert.Equal(2, copy.Losses.Total);
    }

    [Fact]
    public void Numbers_stay_when_it_is_emptied()
    {
        var recorder = new SampleRecorder(new ProfileInfo(), keepsTimeline: false);
        int thread = recorder.Thread(new ProfileThread(recorder.Process(new ProfileProcess(10, 1, "")), 10, ""));
        int stack = recorder.Stack([recorder.Frame(_main)]);
        recorder.Add(recorder.StartNs, thread, stack, 5, ThreadState.Running, false);
        recorder.Lose("torn");

        Profile first = recorder.Copy(empty: true);
        recorder.Add(recorder.StartNs, thread, stack, 6, ThreadState.Running, false);
        Profile second = recorder.Copy();

        Assert.Equal((5L, 6L), (first.Weight, second.Weight));
        Assert.Equal((1L, 0L), (first.Losses.Total, second.Losses.Total));
        Assert.Equal(_main, second.Frames[second.Stacks.Innermost(Assert.Single(second.Entries).Stack)]);
    }
}
