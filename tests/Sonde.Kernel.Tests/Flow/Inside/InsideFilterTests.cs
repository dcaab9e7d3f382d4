using Sonde.Engine.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Flow.Inside;

/// <summary>Filters let through exactly what was asked for of all that happened.</summary>
public sealed class InsideFilterTests
{
    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.11"), InlineData("pyenv-3.12"), InlineData("sid-3.15")]
    public void What_is_shown_is_what_was_asked_for_of_all_calls(string name)
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get(name);
        IReadOnlyList<FlowEvent> all = Run(interpreter, new FlowOptions());
        FlowOptions[] filters =
        [
            new() { Functions = ["fibonacci", "Worker.*", "numbers"] },
            new() { Files = ["known_calls"], Excludes = ["add", "is_*"] },
            new() { Files = ["known_calls"], Depth = 3 },
        ];
        foreach (FlowOptions options in filters)
        {
            string expected = Describe(Apply(all, options)), seen = Describe(Known(Run(interpreter, options)));
            Assert.True(expected == seen, string.Join('\n', seen.Split('\n').Except(expected.Split('\n')).Select(line => $"seen: {line}").Concat(expected.Split('\n').Except(seen.Split('\n')).Select(line => $"expected: {line}"))));
        }
    }

    [Fact]
    public void Only_the_threads_asked_for_are_shown()
    {
        Requires.Root();
        using Target target = InsideTarget.StartReady(Interpreters.Get("pyenv-3.13"), Truth.Program);
        using Recording recording = InsideTarget.Record(new FlowOptions { Threads = [$"{target.Pid}"] }, target);
        target.Send();
        target.WaitFor("done");
        recording.Stop();
        Assert.NotEmpty(recording.Events);
        Assert.All(recording.Events, each => Assert.Equal(target.Pid, each.Thread.Tid));
    }

    [Fact]
    public void Calls_shorter_than_asked_for_are_not_shown_and_longer_ones_with_their_callers()
    {
        Requires.Root();
        IReadOnlyList<FlowEvent> events = Run(Interpreters.Get("pyenv-3.12"), new FlowOptions { MinDuration = TimeSpan.FromMilliseconds(2) });
        Assert.Contains(events, each => each.Code.Function == "section" && each.Kind == FlowEventKind.Call);
        Assert.All(events.Where(each => !each.IsEntry), each => Assert.True(each.DurationNs >= 2_000_000, $"{each.Code.Function} took {each.DurationNs} ns"));
        Assert.Equal(events.Count(each => !each.IsEntry), events.Count(each => each.IsEntry));
    }

    [Fact]
    public void Calls_that_are_not_wanted_are_switched_off_at_their_source()
    {
        Requires.Root();
        const int calls = 3_000_000;
        using Target target = InsideTarget.StartReady(Interpreters.Get("pyenv-3.12"), "storm.py", $"{calls}");
        using Recording recording = InsideTarget.Record(new FlowOptions { Functions = ["main"], RingBufferBytes = 1 << 24 }, target);
        target.Send();
        target.WaitFor("done");
        // So many calls do not fit; but they have been disabled after some.
        Assert.Equal(0, recording.Stop().Losses.Events);
    }

    static IReadOnlyList<FlowEvent> Run(Interpreter interpreter, FlowOptions options)
    {
        using Target target = InsideTarget.StartReady(interpreter, Truth.Program);
        using Recording recording = InsideTarget.Record(options, target);
        target.Send();
        target.WaitFor("done");
        Assert.Equal(default, recording.Stop().Losses);
        return recording.Events;
    }

    /// <summary>Without what waits for input in the program's place, whose calls depend on when the recording begins and ends.</summary>
    static IEnumerable<FlowEvent> Known(IEnumerable<FlowEvent> events) => events.Where(each => !each.Code.File.EndsWith("awake.py", StringComparison.Ordinal));

    /// <summary>The filters on functions, files and depth, as plainly as they can be said.</summary>
    static IEnumerable<FlowEvent> Apply(IEnumerable<FlowEvent> events, FlowOptions options)
    {
        var filter = new FlowFilter(options);
        var open = new Dictionary<int, Stack<CodeInfo>>();
        foreach (FlowEvent each in Known(events).Where(each => filter.Wants(each.Code.Function, each.Code.File)))
        {
            if (!open.TryGetValue(each.Thread.Tid, out Stack<CodeInfo>? calls))
            {
                open.Add(each.Thread.Tid, calls = new Stack<CodeInfo>());
            }

            if (each.IsEntry)
            {
                calls.Push(each.Code);
            }

            if (calls.Count <= (options.Depth ?? int.MaxValue))
            {
                yield return each with { Depth = calls.Count - 1 };
            }

            if (!each.IsEntry)
            {
                calls.Pop();
            }
        }
    }

    /// <summary>How often each function was entered and left, in which way and at which depth.</summary>
    static string Describe(IEnumerable<FlowEvent> events) => string.Join('\n', events
        .GroupBy(each => $"{each.Code.File}:{each.Code.Line} {each.Code.Function} {each.Kind} at {each.Depth}")
        .Select(group => $"{group.Key}: {group.Count()}")
        .Order(StringComparer.Ordinal));
}
