using System.Globalization;
using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Sampling;
using Sonde.Engine.Sampling.Kernel;
using Sonde.Kernel.Tests.Targets;
using Xunit;

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

    /// <summary>Samples while something is done.</summary>
    internal static Profile Record(SamplingOptions options, Action during)
    {
        using var sampler = new KernelSampler(options);
        var recorder = new SampleRecorder(new ProfileInfo(), keepsTimeline: true);
        using var end = new CancellationTokenSource();
        using var attached = new ManualResetEventSlim();
        sampler.Attached = attached.Set;
        var thread = new Thread(() => sampler.Run(recorder, end.Token));
        thread.Start();
        Assert.True(attached.Wait(Target.Patience));
        during();
        end.Cancel();
        thread.Join();
        return recorder.Copy();
    }

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
