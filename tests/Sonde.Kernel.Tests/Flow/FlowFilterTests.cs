using System.Globalization;
using Sonde.Engine.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Flow;

/// <summary>Filters show what was asked for, all of it and nothing else; on an interpreter of each kind.</summary>
public sealed class FlowFilterTests
{
    const string Program = "shapes.py";
    const int EnoughEvents = 60;

    /// <summary>Frames on the heap, frames behind a C structure, frames in the thread state.</summary>
    public static TheoryData<string> Kinds => ["pyenv-3.8", "pyenv-3.11", "pyenv-3.13", "sid-3.15"];

    [Theory, MemberData(nameof(Kinds))]
    public void A_function_filter_shows_that_function_with_its_returns(string name)
    {
        var (events, _) = Record(name, new FlowOptions { Functions = ["Outer.call"] });
        Assert.All(events, each => Assert.Equal("Outer.call", each.Code.Function));
        AssertBalanced(events);
        Assert.All(events, each => Assert.Equal(0, each.Depth));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void File_and_exclude_filters_leave_the_rest_out(string name)
    {
        var (events, _) = Record(name, new FlowOptions { Files = ["shapes.py"], Excludes = ["tick", "quick", "wait"] });
        Assert.Equal(["inner", "middle", "nap", "once_around", "Outer.call", "slow"], Names(events));
        AssertBalanced(events);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_depth_limit_cuts_what_lies_deeper(string name)
    {
        var (events, _) = Record(name, new FlowOptions { Files = ["shapes.py"], Excludes = ["tick", "wait"], Depth = 2 });
        Assert.Equal(["once_around", "Outer.call", "slow"], Names(events));
        Assert.All(events, each => Assert.Equal(each.Code.Function == "once_around" ? 0 : 1, each.Depth));
        AssertBalanced(events);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_minimum_duration_shows_long_calls_with_their_callers(string name)
    {
        var (events, _) = Record(name, new FlowOptions { MinDuration = TimeSpan.FromMilliseconds(10), Files = ["shapes.py"], Excludes = ["wait"] });
        Assert.Equal(["nap", "once_around", "slow"], Names(events));
        Assert.All(events.Where(each => !each.IsEntry), each => Assert.InRange(each.DurationNs, 10_000_000, long.MaxValue));
        // Callers come before the calls they made, though they were reported after.
        string story = string.Join(' ', events.Take(6).Select(each => $"{(each.IsEntry ? "+" : "-")}{each.Code.Function}"));
        Assert.Equal("+once_around +slow +nap -nap -slow -once_around", story);
        Assert.Equal([0, 1, 2, 2, 1, 0], events.Take(6).Select(each => each.Depth));
        Assert.True(events.Zip(events.Skip(1)).All(pair => pair.First.TimeNs <= pair.Second.TimeNs));
    }

    [Fact]
    public void A_thread_filter_shows_that_thread_only()
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get("pyenv-3.13"), Program);
        int worker = int.Parse(target.Ready[1], CultureInfo.InvariantCulture);
        using var recording = new Recording(new FlowOptions { Threads = [worker.ToString(CultureInfo.InvariantCulture)], Files = ["shapes.py"], Excludes = ["work"] }, target.Pid);
        IReadOnlyList<FlowEvent> events = Collect(recording, target);
        Assert.Equal(["tick"], Names(events));
        Assert.All(events, each => Assert.Equal(worker, each.Thread.Tid));
        AssertBalanced(events);
    }

    [Fact]
    public void An_event_limit_is_kept_exactly()
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get("pyenv-3.12"), Program);
        using var recording = new Recording(new FlowOptions { MaxEvents = 33 }, target.Pid);
        target.Send();
        FlowReport report = recording.WaitForEnd();
        Assert.Equal(33, recording.Events.Count);
        Assert.Equal(33, report.Counts.Shown);
        Assert.True(target.IsAlive);
    }

    static (IReadOnlyList<FlowEvent> Events, FlowReport Report) Record(string interpreter, FlowOptions options)
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Get(interpreter), Program);
        using var recording = new Recording(options, target.Pid);
        IReadOnlyList<FlowEvent> events = Collect(recording, target);
        FlowReport report = recording.Stop();
        Assert.Equal(default, report.Losses with { FilteredHits = 0 });
        Assert.True(report.Hits > report.Counts.Shown, "filters keep hits from being shown, not from being counted");
        return (events, report);
    }

    /// <summary>Lets the target begin, waits for enough events, and lets it end, so that every call has returned.</summary>
    static IReadOnlyList<FlowEvent> Collect(Recording recording, Target target)
    {
        target.Send();
        Strangers.WaitUntil(() => recording.Events.Count >= EnoughEvents, $"{EnoughEvents} events");
        target.Send();
        Assert.True(int.Parse(target.WaitFor("done"), CultureInfo.InvariantCulture) > 0);
        recording.WaitForEnd();
        return recording.Events;
    }

    static string[] Names(IEnumerable<FlowEvent> events) =>
        [.. events.Select(each => each.Code.Function).Distinct().Order(StringComparer.OrdinalIgnoreCase)];

    /// <summary>Every call returned, but for the last of a thread that was ended with the process.</summary>
    static void AssertBalanced(IReadOnlyList<FlowEvent> events)
    {
        int open = events.Count(each => each.IsEntry) - events.Count(each => !each.IsEntry);
        Assert.InRange(open, 0, 1);
    }
}
