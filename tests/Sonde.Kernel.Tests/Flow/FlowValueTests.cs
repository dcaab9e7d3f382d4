using System.Text.Json;
using Sonde.Engine.Flow;
using Sonde.Kernel.Tests.Targets;
using Sonde.Python.Values;
using Xunit;

namespace Sonde.Kernel.Tests.Flow;

/// <summary>Arguments and results are those of the call, as Python itself shows them; what could not be kept is marked.</summary>
public sealed class FlowValueTests
{
    const string Missing = "<not captured>";

    static readonly ValueLimits _large = new() { Depth = 50, Items = 400, Characters = 1000, Redaction = null };

    /// <summary>What is not copied whole: kinds that lead too far away, or are larger than a copy.</summary>
    static readonly string[] _partial = ["list long", "dict long", "module", "array", "numpy", "deque", "ordered", "path", "zone", "int", "set", "str"];

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Every_kind_is_shown_as_repr_does(string name)
    {
        using var target = Target.StartReady(Interpreters.Get(name), "reprs.py");
        var told = ReadValues(target).ToList();
        using var recording = new Recording(new FlowOptions { Functions = ["told"], Arguments = true, Results = true, ValueLimits = _large }, target.Pid);
        target.Send();
        Strangers.WaitUntil(() => recording.Events.Count >= 2 * told.Count, "every value told");
        target.Send();
        var report = recording.WaitForEnd();

        var calls = recording.Events.Where(each => each.Kind == FlowEventKind.Call).ToList();
        var returns = recording.Events.Where(each => each.Kind == FlowEventKind.Return).ToList();
        Assert.Equal(told.Count, calls.Count);
        Assert.Equal(told.Count, returns.Count);
        var wrong = new List<string>();
        for (var i = 0; i < told.Count; i++)
        {
            var argument = Assert.Single(calls[i].Arguments!);
            Assert.Equal("value", argument.Name);
            foreach (var shown in new[] { argument.Text, returns[i].Result! })
            {
                if (shown != told[i].Repr && !IsMarked(shown, told[i].Kind))
                {
                    wrong.Add($"{told[i].Kind}: {told[i].Repr}\n   shown {shown}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(0, report.Losses.Values);
        Assert.Equal(2 * told.Count, report.Counts.Values);
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Arguments_of_every_form_have_their_names(string name)
    {
        var (events, _) = Record(name, ["shapes"], new FlowOptions { Files = ["told.py"], Excludes = ["main", "shapes"], Arguments = true, Results = true });
        var calls = events.Where(each => each.Kind == FlowEventKind.Call).Select(each => string.Join(", ", each.Arguments!.Select(value => $"{value.Name}={value.Text}"))).ToList();
        Assert.Contains("a=1, b=2, *rest=(), key=None, **named={}", calls);
        Assert.Contains("a=1, b=3, *rest=(4, 5), key='k', **named={'other': 6}", calls);
        // Kept for a function inside, and so in cells.
        Assert.Contains("a=[1], b='two'", calls);
        Assert.Contains("n=2", calls);
        // A generator that goes on is not called again, and what it yields is no result.
        Assert.All(events.Where(each => each.Kind is FlowEventKind.Resume or FlowEventKind.Suspend), each => Assert.True(each.Arguments is null && each.Result is null));
        Assert.Equal(2, events.Count(each => each.Kind == FlowEventKind.Return && each.Result == "1"));
    }

    [Theory, InlineData("pyenv-3.6"), InlineData("pyenv-3.11"), InlineData("pyenv-3.13"), InlineData("sid-3.15")]
    public void What_is_changed_later_is_shown_as_it_was_at_the_call(string name)
    {
        var (events, _) = Record(name, ["changes"], new FlowOptions { Functions = ["changed"], Arguments = true, Results = true });
        var calls = events.Where(each => each.Kind == FlowEventKind.Call).ToList();
        Assert.Equal(200, calls.Count);
        for (var i = 0; i < calls.Count; i++)
        {
            Assert.Equal([$"{i}", $"[{i}, '{i}']", $"{{'n': {i}}}"], calls[i].Arguments!.Select(value => value.Text));
        }

        var returned = events.Where(each => each.Kind == FlowEventKind.Return).Select(each => each.Result).ToList();
        Assert.Equal(200, returned.Count);
        Assert.All(returned, result => Assert.Equal($"[{string.Join(", ", Enumerable.Repeat("0", 20))}, … 30 more]", result));
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.12"), InlineData("sid-3.14")]
    public void Whatever_objects_say_of_themselves_the_copy_is_bounded_and_the_program_lives(string name)
    {
        var (events, exitCode) = Record(name, ["hostile"], new FlowOptions { Functions = ["told"], Arguments = true, Results = true });
        var calls = events.Where(each => each.Kind == FlowEventKind.Call).ToList();
        Assert.Equal("'end'", calls[^1].Arguments![0].Text);
        Assert.All(calls, each => Assert.All(each.Arguments!, value => Assert.InRange(value.Text.Length, 1, 2000)));
        Assert.Contains("[[...]]", Shown("cycle"));
        Assert.Contains(Shown("gigabyte"), text => text.EndsWith(" more", StringComparison.Ordinal) && text.StartsWith("'ggg", StringComparison.Ordinal));
        Assert.Contains(Shown("list items"), text => text.Contains("unreadable", StringComparison.Ordinal) || text.Contains(Missing, StringComparison.Ordinal));
        Assert.Equal(0, exitCode);

        IEnumerable<string> Shown(string what) => calls.Where(each => each.Arguments![0].Text == $"'{what}'").Select(each => each.Arguments![1].Text);
    }

    [Fact]
    public void Under_load_every_call_is_shown_or_counted_and_the_program_lives()
    {
        const int count = 100_000;
        Requires.Root();
        using var target = Target.StartReady(Interpreters.Get("pyenv-3.12"), "told.py", "load", $"{count}");
        using var recording = new Recording(new FlowOptions { Functions = ["busy"], Arguments = true, Results = true, RingBufferBytes = 1 << 20 }, target.Pid);
        target.Send();
        target.WaitFor("done");
        target.Send();
        var report = recording.WaitForEnd();
        // The functions around it are sorted out when their first calls are seen.
        const int others = 10;
        Assert.InRange(report.Counts.Entries + report.Losses.Entries, count, count + others);
        Assert.InRange(report.Counts.Exits + report.Losses.Exits, count, count + others);
        // A result that came is not shown where the call's own record was lost.
        long values = report.Counts.Values + report.Losses.Values;
        Assert.InRange(values, (2 * count) - report.Counts.Unmatched, (2 * count) + others);
        // Those that are shown with their arguments are shown with all of them.
        var complete = recording.Events.Where(each => each.Arguments is not null).ToList();
        Assert.All(complete, each => Assert.Equal("[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]", each.Arguments![1].Text));
        Assert.Equal(0, report.Counts.ValuesIncomplete);
        Assert.Equal(0, target.WaitForExit());
    }

    [Fact]
    public void A_long_call_brings_the_arguments_it_had()
    {
        var (events, _) = Record("pyenv-3.13", ["hostile"], new FlowOptions { Functions = ["told", "hostile"], Arguments = true, MinDuration = TimeSpan.FromMilliseconds(1) });
        var call = Assert.Single(events, each => each.Kind == FlowEventKind.Call && each.Code.Function == "hostile");
        Assert.Empty(call.Arguments!);
    }

    [Fact]
    public void Hidden_names_are_hidden()
    {
        var limits = ValueLimits.Default with { Redaction = new Redaction([], static name => name is "b" or "other") };
        var (events, _) = Record("pyenv-3.13", ["shapes"], new FlowOptions { Functions = ["plain", "kept"], Arguments = true, ValueLimits = limits });
        var calls = events.Where(each => each.IsEntry).Select(each => string.Join(", ", each.Arguments!.Select(value => value.Text))).ToList();
        Assert.Equal(["1, <hidden>, (), None, {}", "1, <hidden>, (4, 5), 'k', {'other': <hidden>}", "[1], <hidden>"], calls);
    }

    static (IReadOnlyList<FlowEvent> Events, int ExitCode) Record(string name, IEnumerable<string> mode, FlowOptions options)
    {
        Requires.Root();
        using var target = Target.StartReady(Interpreters.Get(name), "told.py", mode);
        using var recording = new Recording(options, target.Pid);
        target.Send();
        target.WaitFor("done");
        // What values are shown with may be read while the program lives.
        Strangers.WaitUntil(() => recording.Events.Count > 0, "events");
        target.Send();
        var exitCode = target.WaitForExit();
        recording.WaitForEnd();
        return (recording.Events, exitCode);
    }

    static bool IsMarked(string shown, string kind) =>
        (shown.Contains(Missing, StringComparison.Ordinal) || shown.Contains(" more", StringComparison.Ordinal)) && _partial.Any(part => kind.StartsWith(part, StringComparison.Ordinal));

    static IEnumerable<(string Kind, string Repr)> ReadValues(Target target)
    {
        while (target.ReadLine() is { } line && line != "end")
        {
            using var value = JsonDocument.Parse(line);
            yield return (value.RootElement[0].GetString()!, value.RootElement[2].GetString()!);
        }
    }
}
