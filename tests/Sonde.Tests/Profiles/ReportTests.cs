using Sonde.Engine;
using Sonde.Engine.Output;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Report;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Profiles;

/// <summary>What the terminal shows, as text.</summary>
public sealed class ReportTests
{
    static Profile Server(long renderNs)
    {
        var profile = new Profile(keepsTimeline: false)
        {
            Info = new ProfileInfo { Title = "sonde record -p 4711 \e[31m", DurationNs = 10_000_000_000, IntervalNs = 10_000_000 },
        };
        profile.Processes.Add(new ProfileProcess(4711, 1, "python app.py"));
        profile.Threads.Add(new ProfileThread(0, 4711, "MainThread"));
        profile.Threads.Add(new ProfileThread(0, 4712, "worker"));
        int main = Stack(StackTable.Empty, "<module>", 80), serve = Stack(main, "serve", 30), render = Stack(serve, "Page.render", 20);
        int parse = Stack(serve, "parse", 10), again = Stack(parse, "parse", 10);
        int copy = profile.Stacks.Intern(render, profile.Frames.Intern(new Frame(FrameKind.Native, "memcpy\n", "/usr/lib/libc.so.6", 0)));
        Add(0, main, ThreadState.Sleeping, 50_000_000);
        Add(0, render, ThreadState.Running, renderNs);
        Add(1, copy, ThreadState.Running, 400_000_000);
        Add(1, parse, ThreadState.WaitingForGil, 1_500_000_000);
        Add(1, again, ThreadState.Running, 2_000_000_000);
        profile.Losses.Add("the stack changed while it was read", count: 7);
        return profile;

        int Stack(int caller, string function, int line) => profile.Stacks.Intern(caller, profile.Frames.Intern(new Frame(FrameKind.Python, function, "/srv/app.py", line, line)));

        void Add(int thread, int stack, ThreadState state, long weightNs) =>
            profile.Add(new ProfileEntry(thread, stack, state, state == ThreadState.Running, weightNs / 10_000_000, weightNs));
    }

    [Theory]
    [InlineData(false, "report.txt")]
    [InlineData(true, "report-colour.txt")]
    public void A_report_shows_functions_threads_states_callers_and_the_tree(bool colour, string golden)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var report = new ProfileReport(Server(3_000_000_000), text, colour);
        report.WriteHead();
        report.WriteTop(4);
        report.WriteThreads();
        report.WriteStates();
        Assert.True(report.Has(new Glob("parse")));
        report.WriteNeighbours(new Glob("parse"));
        report.WriteNeighbours(new Glob("*e*"));
        Assert.False(report.Has(new Glob("nobody")));
        report.WriteTree(1);
        Golden.Check(golden, text.ToString().Replace("\e", "␛", StringComparison.Ordinal));
    }

    [Fact]
    public void A_difference_shows_what_grew_first()
    {
        using var text = new StringWriter { NewLine = "\n" };
        var report = new DiffReport(new ProfileDiff(Server(3_000_000_000), Server(9_000_000_000)), text, colour: false);
        report.WriteHead();
        report.WriteTop(3, byTotal: false);
        report.WriteTop(3, byTotal: true);
        Golden.Check("diff.txt", text.ToString());
    }

    [Fact]
    public void A_difference_has_the_stacks_of_both_and_their_weights()
    {
        var diff = new ProfileDiff(Server(3_000_000_000), new Profile(keepsTimeline: false));
        Assert.Equal((6_950_000_000L, 0L), (diff.TotalBefore, diff.TotalAfter));
        Assert.Equal(5, diff.Entries.Count());
        Assert.All(diff.Entries, entry => Assert.Equal(0, entry.After));
        diff = new ProfileDiff(Server(3_000_000_000), Server(9_000_000_000));
        Assert.Equal(5, diff.Entries.Count());
        Assert.Contains(diff.Entries, entry => entry.After - entry.Before == 6_000_000_000);
    }

    [Fact]
    public void Time_and_counts_are_compared_by_samples_and_memory_not_at_all()
    {
        var counts = new Profile(keepsTimeline: false) { Info = new ProfileInfo { Unit = ProfileUnit.Samples } };
        Assert.Equal(ProfileUnit.Samples, new ProfileDiff(Server(1), counts).Unit);
        var memory = new Profile(keepsTimeline: false) { Info = new ProfileInfo { Unit = ProfileUnit.Bytes } };
        Assert.Throws<UserErrorException>(() => new ProfileDiff(memory, counts));
    }

    [Fact]
    public void An_empty_profile_is_reported_too()
    {
        using var text = new StringWriter { NewLine = "\n" };
        var report = new ProfileReport(new Profile(keepsTimeline: false), text, colour: false);
        report.WriteHead();
        report.WriteTop(10);
        report.WriteTree(1);
        report.WriteThreads();
        report.WriteStates();
        Assert.StartsWith("wall time, 0 samples", text.ToString(), StringComparison.Ordinal);
    }
}
