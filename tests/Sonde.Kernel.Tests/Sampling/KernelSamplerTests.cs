using System.Globalization;
using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Sampling;
using Sonde.Engine.Sampling.Kernel;
using Sonde.Kernel.Tests.Targets;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Kernel.Tests.Sampling;

/// <summary>The sampler in the kernel, held against what programs know of themselves.</summary>
public sealed class KernelSamplerTests
{
    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Shares_of_processor_time_are_those_the_program_measured(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        Requires.Root();
        using Target target = Target.StartReady(interpreter, "shares.py", "1");
        Dictionary<string, double> truth = [];
        Profile profile = Record(new SamplingOptions { Pids = [target.Pid], Mode = SamplingMode.Cpu, IntervalNs = 1_000_000 }, () =>
        {
            target.Send();
            truth = Truth(target.WaitFor("done"));
        });
        double samples = profile.SampleCount;
        // Ticks are taken by chance, so their number has the deviation of a binomial distribution; 5 of them are one in two million.
        Assert.InRange(profile.Weight, (truth["cpu"] * 1e9) - (5e6 * Math.Sqrt(samples)) - 2e7, (truth["cpu"] * 1e9) + (5e6 * Math.Sqrt(samples)) + 2e7);
        foreach (string function in new[] { "half", "three_tenths", "two_tenths" })
        {
            double expected = truth[function] / truth["cpu"];
            double deviation = Math.Sqrt(expected * (1 - expected) / samples);
            Assert.InRange(Share(profile, function), expected - (5 * deviation) - 0.01, expected + (5 * deviation) + 0.01);
        }

        ProfileThread thread = Assert.Single(profile.Threads);
        Assert.Equal(target.Pid, thread.Tid);
        Assert.Equal("main", Frames(profile, profile.Entries.MaxBy(static entry => entry.Samples).Stack).Reverse().ElementAt(1).Function);
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Time_off_the_processors_and_on_them_is_all_there_is(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        Requires.Root();
        using Target target = Target.StartReady(interpreter, "shares.py", "0.5", "sleep");
        Dictionary<string, double> truth = [];
        double taken = TakenNs();
        Profile profile = Record(new SamplingOptions { Pids = [target.Pid], Mode = SamplingMode.OffCpu }, () =>
        {
            target.Send();
            truth = Truth(target.WaitFor("done"));
        });
        long inMain = profile.Entries.Where(entry => Frames(profile, entry.Stack).Any(static frame => frame.Function == "main")).Sum(static entry => entry.Weight);
        // The program's two clocks are read one after the other, and what interrupts and a hypervisor take of a processor the kernel counts to neither side.
        double expected = (truth["wall"] - truth["cpu"]) * 1e9;
        Assert.InRange(inMain, (expected * 0.97) - 2e7 - (TakenNs() - taken), (expected * 1.03) + 2e7);
        long asleep = profile.Entries.Where(entry => entry.State == ThreadState.Sleeping && Frames(profile, entry.Stack).First().Function == "rest").Sum(static entry => entry.Weight);
        Assert.InRange(asleep, truth["rest"] * 1e9 * 0.7, (truth["rest"] * 1e9) + 5e6);
    }

    [Fact]
    public void A_wait_that_began_before_and_does_not_end_is_counted()
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Any(), "shares.py", "1");
        Profile profile = Record(new SamplingOptions { Pids = [target.Pid], Mode = SamplingMode.OffCpu }, () => Thread.Sleep(300));
        ProfileEntry entry = Assert.Single(profile.Entries);
        Assert.Equal("<module>", Frames(profile, entry.Stack).First().Function);
        Assert.Equal(ThreadState.WaitingForIo, entry.State);
        Assert.InRange(entry.Weight, 290_000_000, profile.Info.DurationNs);
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Threads_that_fight_for_the_lock_are_seen_whole_at_any_depth(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        Requires.Root();
        using Target target = Target.StartReady(interpreter, "fight.py", "0.5");
        Dictionary<string, double> truth = [];
        Profile profile = Record(new SamplingOptions { Pids = [target.Pid], Mode = SamplingMode.Cpu, IntervalNs = 1_000_000 }, () =>
        {
            target.Send();
            truth = Truth(target.WaitFor("done"));
        });
        List<ProfileEntry> spinning = [.. profile.Entries.Where(entry => Frames(profile, entry.Stack).Any(static frame => frame.Function == "spin"))];
        // 301 of deep, spin, left or right, and those of the thread.
        Assert.All(spinning, entry =>
        {
            List<Frame> frames = [.. Frames(profile, entry.Stack)];
            Assert.Equal(301, frames.Count(static frame => frame.Function == "deep"));
            Assert.Single(frames, static frame => frame.Function is "left" or "right");
            Assert.DoesNotContain(frames, static frame => frame.Kind == FrameKind.Marker);
        });
        Assert.InRange(spinning.Sum(static entry => entry.Weight), truth["cpu"] * 1e9 * 0.6, truth["cpu"] * 1e9 * 1.3);
        Assert.True(spinning.Select(static entry => entry.Thread).Distinct().Count() == 2);
    }

    [Fact]
    public void A_thread_that_waits_for_the_interpreter_lock_is_told_from_others()
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Any(), "fight.py", "0.5");
        Profile profile = Record(new SamplingOptions { Pids = [target.Pid], Mode = SamplingMode.OffCpu }, () =>
        {
            target.Send();
            target.WaitFor("done");
        });
        List<ProfileEntry> fighting = [.. profile.Entries.Where(entry => Frames(profile, entry.Stack).Any(static frame => frame.Function is "left" or "right"))];
        long spinning = fighting.Sum(static entry => entry.Weight);
        long inLock = fighting.Where(static entry => entry.State == ThreadState.WaitingForGil).Sum(static entry => entry.Weight);
        // The one that waits for the other two in join() waits for a lock of theirs, not for the interpreter's.
        List<ProfileEntry> joining = [.. profile.Entries.Where(entry => Frames(profile, entry.Stack).Any(static frame => frame.Function is "join" or "Thread.join"))];
        Assert.Equal(ThreadState.WaitingForLock, joining.MaxBy(static entry => entry.Weight)!.State);
        Assert.InRange(inLock, spinning / 4, spinning);
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.10"), InlineData("pyenv-3.12"), InlineData("pyenv-3.13"), InlineData("sid-3.15")]
    public void A_thread_that_made_a_sub_interpreter_is_seen_in_its_own(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        Requires.Root();
        using Target target = Target.StartReady(interpreter, "beside_interpreters.py", "0.5");
        Profile profile = Record(new SamplingOptions { Pids = [target.Pid], Mode = SamplingMode.Cpu, IntervalNs = 1_000_000 }, () =>
        {
            target.Send();
            target.WaitFor("done");
        });
        Assert.True(Share(profile, "work") > 0.8, $"{Share(profile, "work"):P1} of {profile.SampleCount} samples are in work()");
        Assert.All(profile.Entries, entry => Assert.Contains(Frames(profile, entry.Stack), static frame => frame.Function is "main" or "(unknown Python frames)"));
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Memory_is_found_where_it_was_asked_for(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        Requires.Root();
        using Target target = Target.StartReady(interpreter, "allocates.py");
        Profile profile = Record(new SamplingOptions { Pids = [target.Pid], Mode = SamplingMode.Memory }, () =>
        {
            target.Send();
            target.WaitFor("done");
        });
        const double megabyte = 1 << 20;
        Assert.InRange(Bytes("large") / megabyte, 64, 66);
        // 512 samples in the mean: 5 deviations of their number are 22 %.
        Assert.InRange(Bytes("medium") / megabyte, 32 * 0.75, 34 * 1.25);
        Assert.InRange(Bytes("small") / megabyte, 16, 26);

        double Bytes(string function) => profile.Entries.Where(entry => Frames(profile, entry.Stack).Any(frame => frame.Function == function)).Sum(static entry => entry.Weight);
    }

    /// <summary>Samples while something is done.</summary>
    internal static Profile Record(SamplingOptions options, Action during)
    {
        using var sampler = new KernelSampler(options);
        var recorder = new SampleRecorder(new ProfileInfo(), keepsTimeline: true);
        using var end = new CancellationTokenSource();
        using var attached = new ManualResetEventSlim();
        sampler.Attached = attached.Set;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                sampler.Run(recorder, end.Token);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        try
        {
            Assert.True(attached.Wait(Target.Patience));
            during();
        }
        finally
        {
            end.Cancel();
            thread.Join();
        }

        return failure is null ? recorder.Copy() : throw new InvalidOperationException("the sampler failed", failure);
    }

    /// <summary>The time that interrupts and the hypervisor took so far (irq, softirq and steal of /proc/stat, in ticks of 10 ms).</summary>
    static double TakenNs() => File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[6..9].Sum(static ticks => double.Parse(ticks, CultureInfo.InvariantCulture)) * 1e7;

    /// <summary>What shares.py says of itself, in seconds.</summary>
    internal static Dictionary<string, double> Truth(string line) =>
        line.Split(' ').Select(static part => part.Split('=')).Where(static part => part.Length == 2).ToDictionary(static part => part[0], static part => double.Parse(part[1], CultureInfo.InvariantCulture));

    /// <summary>The share of all weight that stacks with a function have.</summary>
    internal static double Share(Profile profile, string function) =>
        (double)profile.Entries.Where(entry => Frames(profile, entry.Stack).Any(frame => frame.Function == function)).Sum(static entry => entry.Weight) / profile.Weight;

    /// <summary>The frames of a stack, innermost first.</summary>
    internal static IEnumerable<Frame> Frames(Profile profile, int stack)
    {
        for (int at = stack; at != StackTable.Empty; at = profile.Stacks.Caller(at))
        {
            yield return profile.Frames[profile.Stacks.Innermost(at)];
        }
    }

    


}
