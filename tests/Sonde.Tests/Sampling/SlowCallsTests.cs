using Sonde.Engine;
using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Sampling;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Sampling;

public sealed class SlowCallsTests
{
    [Theory]
    [InlineData("calls > 50ms in app.handle", 50)]
    [InlineData("calls>2s in handle", 2000)]
    public void A_condition_is_read(string text, double milliseconds) =>
        Assert.Equal(milliseconds, SlowCalls.Parse(text).Threshold.TotalMilliseconds);

    [Theory]
    [InlineData("", "'calls' is missing")]
    [InlineData("call > 5ms in f", "'call' stands where 'calls' should")]
    [InlineData("calls < 5ms in f", "'<' stands where '>' should")]
    [InlineData("calls >", "the time is missing")]
    [InlineData("calls > soon in f", "'soon' is no duration")]
    [InlineData("calls > 5ms", "'in' is missing")]
    [InlineData("calls > 5ms in", "the function is missing")]
    [InlineData("calls > 5ms in f g", "'g' is too much")]
    public void What_is_none_is_refused_with_the_place(string text, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<UsageException>(() => SlowCalls.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("handle", "handle", "/srv/app.py", true)]
    [InlineData("handle", "Server.handle", "/srv/app.py", true)]
    [InlineData("app.handle", "handle", "/srv/app.py", true)]
    [InlineData("app.Server.handle", "Server.handle", "/srv/app.py", true)]
    [InlineData("app.handle", "handle", "/srv/other.py", false)]
    [InlineData("app.handle", "Server.handle", "/srv/app.py", false)]
    [InlineData("Server.*", "Server.handle", "/srv/app.py", true)]
    [InlineData("handle", "handler", "/srv/app.py", false)]
    public void Functions_are_meant_by_name_and_module(string pattern, string function, string file, bool meant) =>
        Assert.Equal(meant, SlowCalls.Parse($"calls > 1s in {pattern}").Means(function, file));

    [Fact]
    public void Samples_are_kept_back_until_their_call_is_slow()
    {
        var recorder = new SampleRecorder(new ProfileInfo(), keepsTimeline: true);
        int thread = recorder.Thread(new ProfileThread(recorder.Process(new ProfileProcess(1, 0, "")), 1, ""));
        var window = new SlowCallWindow(thresholdNs: 50, recorder, thread);
        ulong start = recorder.StartNs;
        void Add(ulong frame, ulong at) => window.Add(frame, start + at, StackTable.Empty, (long)at, ThreadState.Running, false);

        Add(0, 0);
        Add(7, 10);
        Add(7, 50);
        Assert.Equal(0, recorder.Counts.Samples);
        Add(7, 60);
        Assert.Equal(3, recorder.Counts.Samples);
        Add(7, 70);
        Add(8, 80);
        Add(0, 90);
        Add(8, 100);
        Add(8, 149);

        Assert.Equal([10L, 50L, 60L, 70L], recorder.Copy().Timeline.Select(sample => sample.Weight));
    }
}
