using System.Globalization;
using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Sampling;
using Sonde.Engine.Stacks;
using Sonde.Kernel.Tests.Targets;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Kernel.Tests.Sampling;

/// <summary>A profile says what the program's own clock says.</summary>
public sealed class SamplingTruthTests
{
    public static TheoryData<string> Kinds => ["pyenv-3.8", "pyenv-3.10", "debian-3.11", "pyenv-3.12", "pyenv-3.13", "sid-3.15"];

    [Theory, MemberData(nameof(Kinds))]
    public void Shares_of_time_are_those_of_the_programs_own_clock(string name)
    {
        Sampled sampled = Sampled.Of(Interpreters.Get(name), "shares", seconds: 1.5, perSecond: 1000);
        sampled.AssertShares("first", "second", "third");
        Assert.All(sampled.Of("first"), sample => Assert.Equal(["<module>", "main", "repeat", "first"], sampled.Names(sample)));
    }

    [Fact]
    public void A_program_whose_period_is_that_of_the_sampling_is_seen_right() =>
        Sampled.Of(Interpreters.OfVersion(13), "shares", seconds: 4, perSecond: 100).AssertShares("first", "second", "third");

    [Fact]
    public void Time_asleep_is_told_from_time_awake()
    {
        Sampled sampled = Sampled.Of(Interpreters.OfVersion(13), "asleep", seconds: 2, perSecond: 1000, idle: true);
        sampled.AssertShares("work", "rest");
        List<Sample> resting = [.. sampled.Of("rest")];
        Assert.True(resting.Count(sample => sample.State == ThreadState.Sleeping) > 0.8 * resting.Count, "it sleeps in rest()");
        Assert.DoesNotContain(sampled.Of("work"), sample => sample.State == ThreadState.Sleeping);
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void A_thread_that_sleeps_has_a_sample_of_every_look_from_the_first_on(string name) => AssertSleepersAreWhole(Interpreters.Get(name), native: false);

    [Fact]
    public void A_thread_that_sleeps_has_a_sample_of_every_look_with_machine_code_in_it() => AssertSleepersAreWhole(Interpreters.OfVersion(13), native: true);

    [Fact]
    public void Threads_that_wait_are_left_out_unless_asked_for()
    {
        Sampled sampled = Sampled.Of(Interpreters.OfVersion(13), "asleep", seconds: 1, perSecond: 1000);
        Assert.NotEmpty(sampled.Of("work"));
        Assert.DoesNotContain(sampled.Profile.Timeline, sample => ProfileView.IsIdle(sample.State));
        Assert.Empty(sampled.Of("main.<locals>.wait_for_line"));
    }

    [Fact]
    public void Deep_stacks_are_whole()
    {
        Sampled sampled = Sampled.Of(Interpreters.OfVersion(13), "deep", seconds: 2, perSecond: 1000);
        sampled.AssertShares("deep", "flat");
        // On the way down and up it is anywhere; at the bottom it is for nearly all of the time.
        List<int> depths = [.. sampled.Of("descend").Select(sample => sampled.Names(sample).Count(name => name == "descend"))];
        Assert.All(depths, depth => Assert.InRange(depth, 1, 100));
        Assert.True(depths.Count(depth => depth == 100) > 0.8 * depths.Count, $"{depths.Count(depth => depth == 100)} of {depths.Count} at the bottom");
    }

    [Fact]
    public void Two_threads_that_want_the_interpreter_lock_run_and_wait_for_it_in_turn()
    {
        Sampled sampled = Sampled.Of(Interpreters.OfVersion(13), "gil", seconds: 4, perSecond: 200, idle: true);
        List<Sample> samples = [.. sampled.Of("fight.<locals>.contend")];
        List<IGrouping<int, Sample>> threads = [.. samples.GroupBy(sample => sample.Thread)];
        Assert.Equal(2, threads.Count);
        double weight = samples.Sum(sample => (double)sample.Weight);
        double running = samples.Where(sample => sample.State is ThreadState.Running or ThreadState.Runnable).Sum(sample => (double)sample.Weight) / weight;
        double waiting = samples.Where(sample => sample.State is ThreadState.WaitingForGil).Sum(sample => (double)sample.Weight) / weight;
        double cpu = (sampled.Truth["left"] + sampled.Truth["right"]) / (2 * sampled.Truth["all"]);
        double delay = (sampled.Truth["left.delay"] + sampled.Truth["right.delay"]) / (2 * sampled.Truth["all"]);
        double independent = weight * weight / samples.Sum(sample => (double)sample.Weight * sample.Weight);
        double tolerance = 5 * Math.Sqrt(0.25 / independent) + 0.02;
        Assert.InRange(running, cpu - tolerance, cpu + delay + tolerance);
        Assert.True(waiting > 0.9 * (1 - running), $"{waiting:P1} wait for the lock, {running:P1} run");
        // Never do both hold it.
        Assert.All(samples.GroupBy(sample => sample.TimeNs / 1000).Where(moment => moment.Count() > 1), moment => Assert.True(moment.Count(sample => sample.HoldsGil) <= 1));
    }

    [Fact]
    public void Every_interval_has_its_sample_or_is_counted()
    {
        Sampled sampled = Sampled.Of(Interpreters.OfVersion(13), "shares", seconds: 1, perSecond: 1000);
        List<Sample> samples = [.. sampled.Of("repeat")];
        Assert.True(samples.Zip(samples.Skip(1)).All(pair => pair.Second.TimeNs > pair.First.TimeNs), "samples are in the order of time");
        // Counted are also the intervals in which the thread was read in vain. At the very end one may have been cancelled.
        long lost = sampled.Profile.Losses.Total;
        Assert.InRange(samples.Count + lost + sampled.Punctuality.Missed, sampled.Punctuality.Intervals - 3, sampled.Punctuality.Intervals + 3);
        long span = samples[^1].TimeNs - samples[0].TimeNs;
        double weight = samples.Skip(1).Sum(sample => (double)sample.Weight);
        double missing = 1e6 * lost;
        Assert.InRange(weight + missing, 0.98 * span - 2e6, 1.02 * span + 2e6);
    }

    [Fact]
    public void The_program_is_never_stopped_or_traced()
    {
        int looks = 0;
        Sampled.Of(Interpreters.OfVersion(13), "shares", seconds: 1, perSecond: 10_000, meanwhile: target =>
        {
            string[] status = File.ReadAllLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{target.Pid}/status"));
            Assert.Equal("TracerPid:\t0", status.Single(line => line.StartsWith("TracerPid:", StringComparison.Ordinal)));
            Assert.DoesNotContain(status.Single(line => line.StartsWith("State:", StringComparison.Ordinal)).Split('\t')[1][0], "Tt");
            looks++;
        });
        Assert.NotEqual(0, looks);
    }

    [Fact]
    public void Only_slow_calls_are_recorded_when_asked_for()
    {
        Sampled sampled = Sampled.Of(Interpreters.OfVersion(13), "slow", seconds: 3, perSecond: 1000, when: SlowCalls.Parse("calls > 50ms in fractions.handle"));
        List<Sample> samples = [.. sampled.Profile.Timeline];
        Assert.NotEmpty(samples);
        Assert.All(samples, sample => Assert.Contains("handle", sampled.Names(sample)));
        Assert.Empty(sampled.Of("spin"));
        // The slow calls at both ends may not have been whole, and a call that the machine held up may have become slow.
        double recorded = samples.Sum(sample => (double)sample.Weight) / 1e9;
        Assert.InRange(recorded, 0.5 * sampled.Truth["handle"] - 0.2, 1.5 * sampled.Truth["handle"] + 0.2);
    }

    /// <summary>Samples a program all of whose threads wait for what does not come. Nothing that CPython keeps proves that a thread calls what it was made for.</summary>
    static void AssertSleepersAreWhole(Interpreter interpreter, bool native)
    {
        const int threads = 3, looks = 40;
        using Target target = Target.StartReady(interpreter, "dumped.py");
        using (PythonProcessView view = PythonProcessView.Open(target.Pid))
        {
            Strangers.WaitUntil(() => view.Snapshot().Threads.Count(thread => thread.Frames.Count > 0 && ProfileView.IsIdle(thread.State)) == threads, "all threads wait");
        }

        var options = new SamplingOptions { Pids = [target.Pid], IntervalNs = 5_000_000, Idle = true, Native = native };
        using var sampler = new OutsideSampler(options);
        var recorder = new SampleRecorder(new ProfileInfo { IntervalNs = options.IntervalNs }, keepsTimeline: true);
        using var stop = new CancellationTokenSource();
        Task sampling = Task.Factory.StartNew(() => sampler.Run(recorder, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Strangers.WaitUntil(() => sampling.IsCompleted || recorder.Counts.Samples + recorder.Counts.Lost >= threads * looks, "it samples");
        stop.Cancel();
        Assert.True(sampling.Wait(Target.Patience), "the sampler ends when it is told to");

        Profile profile = recorder.Copy();
        Assert.Empty(profile.Losses.Functions);
        Assert.DoesNotContain(profile.Losses.Causes.Keys, cause => cause.Contains("stack", StringComparison.Ordinal));
        List<int> samples = [.. profile.Timeline.GroupBy(sample => sample.Thread).Select(thread => thread.Count())];
        Assert.Equal(threads, samples.Count);
        Assert.All(samples, count => Assert.Equal(samples[0], count));
    }
}
