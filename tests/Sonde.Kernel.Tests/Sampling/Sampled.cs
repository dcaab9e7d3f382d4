using System.Globalization;
using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Sampling;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Sampling;

/// <summary>What was sampled of a program, beside what the program itself says.</summary>
sealed class Sampled
{
    public required Profile Profile { get; init; }

    /// <summary>The seconds that the program counted, by name.</summary>
    public required IReadOnlyDictionary<string, double> Truth { get; init; }

    public required (long Intervals, long Missed) Punctuality { get; init; }

    /// <summary>Samples tests/targets/fractions.py for some time.</summary>
    public static Sampled Of(Interpreter interpreter, string pattern, double seconds, int perSecond, bool idle = false, SlowCalls? when = null, Action<Target>? meanwhile = null)
    {
        using Target target = Target.StartReady(interpreter, "fractions.py", "--pattern", pattern);
        target.Send();
        var options = new SamplingOptions { Pids = [target.Pid], IntervalNs = 1_000_000_000 / perSecond, Idle = idle, When = when };
        using var sampler = new OutsideSampler(options);
        var recorder = new SampleRecorder(new ProfileInfo { IntervalNs = options.IntervalNs }, keepsTimeline: true);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        Task sampling = Task.Factory.StartNew(() => sampler.Run(recorder, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (meanwhile is not null)
        {
            while (!sampling.IsCompleted)
            {
                meanwhile(target);
            }
        }

        Assert.True(sampling.Wait(Target.Patience), "the sampler ends when it is told to");
        target.Send();
        Dictionary<string, double> truth = target.WaitFor("done").Split(' ').Select(each => each.Split('='))
            .ToDictionary(pair => pair[0], pair => double.Parse(pair[1], CultureInfo.InvariantCulture));
        return new Sampled { Profile = recorder.Copy(), Truth = truth, Punctuality = sampler.Punctuality };
    }

    /// <summary>The names on a sample's stack, outermost first.</summary>
    public IReadOnlyList<string> Names(in Sample sample)
    {
        List<string> names = [];
        for (int stack = sample.Stack; stack != StackTable.Empty; stack = Profile.Stacks.Caller(stack))
        {
            names.Add(Profile.Frames[Profile.Stacks.Innermost(stack)].Function);
        }

        names.Reverse();
        return names;
    }

    /// <summary>The program's own thread: the one that runs its functions.</summary>
    public IEnumerable<Sample> Of(params string[] functions) =>
        Profile.Timeline.Where(sample => Names(sample).Any(name => functions.Contains(name)));

    /// <summary>Compares the shares of some functions with those by the program's clock, within four standard deviations of the sampling.</summary>
    public void AssertShares(params string[] functions)
    {
        double spent = functions.Sum(name => Truth[name]);
        List<Sample> samples = [.. Of(functions)];
        double weight = samples.Sum(sample => (double)sample.Weight);
        // Samples that came late count for several and tell as much as one.
        double independent = weight * weight / samples.Sum(sample => (double)sample.Weight * sample.Weight);
        foreach (string name in functions)
        {
            double truth = Truth[name] / spent;
            double share = Of(name).Sum(sample => (double)sample.Weight) / weight;
            double deviation = Math.Sqrt(truth * (1 - truth) / independent);
            Assert.True(Math.Abs(share - truth) < 4 * deviation, $"{name}: {share:P2} of {samples.Count} samples, {truth:P2} by its clock, a standard deviation is {deviation:P2}");
        }
    }
}
