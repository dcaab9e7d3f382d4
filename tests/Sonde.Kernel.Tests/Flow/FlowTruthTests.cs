using System.Text;
using Sonde.Engine.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Flow;

/// <summary>What a flow shows is what really happened, on every interpreter.</summary>
public sealed class FlowTruthTests
{
    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Shows_every_call_and_every_way_out(string name) => Compare(Interpreters.Get(name));

    /// <summary>Kernels before 6.6 have no links to many uprobes at once; each place then has a perf event of its own.</summary>
    [Fact]
    public void Shows_the_same_with_one_perf_event_a_place()
    {
        Uprobes.UseMulti = false;
        try
        {
            Compare(Interpreters.Get("pyenv-3.13"));
        }
        finally
        {
            Uprobes.UseMulti = true;
        }
    }

    static void Compare(Interpreter interpreter)
    {
        Requires.Root();
        Truth truth = Truth.Of(interpreter);
        using Target target = Target.StartReady(interpreter, Truth.Program);
        Compare(truth, target, new Recording(new FlowOptions(), target.Pid));
    }

    /// <summary>Lets the program run while it is recorded, and compares.</summary>
    internal static void Compare(Truth truth, Target target, Recording started)
    {
        using Recording recording = started;
        target.Send();
        long checksum = long.Parse(target.WaitFor("done"), System.Globalization.CultureInfo.InvariantCulture);
        FlowReport report = recording.Stop();

        Assert.Equal(truth.Checksum, checksum);
        Assert.Equal(default, report.Losses);
        Assert.Equal(0, report.MissedRuns);
        Assert.Equal(0, report.Counts.Malformed);
        Assert.Equal(0, report.Counts.Skipped);
        Assert.Equal(0, report.UnresolvedNames);
        IReadOnlyList<FlowEvent> section = Section(recording.Events);
        string differences = Differences(truth, Count(section, truth.Files));
        Assert.True(differences.Length == 0, differences);
        Assert.Equal("", NestingErrors(section));
    }

    /// <summary>The events between the two marker calls. Other threads begin and end within them.</summary>
    static List<FlowEvent> Section(IReadOnlyList<FlowEvent> events)
    {
        int begin = events.ToList().FindIndex(each => each.Kind == FlowEventKind.Return && each.Code.Function == "sonde_section_begin");
        int end = events.ToList().FindIndex(each => each.Kind == FlowEventKind.Call && each.Code.Function == "sonde_section_end");
        Assert.True(begin >= 0 && end > begin, $"the markers are missing among {events.Count} events");
        return [.. events.Skip(begin + 1).Take(end - begin - 1)];
    }

    static Dictionary<Function, Counts> Count(IEnumerable<FlowEvent> events, IReadOnlySet<string> files)
    {
        var counts = new Dictionary<Function, Counts>();
        foreach (FlowEvent each in events)
        {
            if (files.Contains(each.Code.File))
            {
                var function = new Function(each.Code.File, each.Code.Line, each.Code.Function);
                counts[function] = counts.GetValueOrDefault(function) + new Counts(
                    One(each, FlowEventKind.Call), One(each, FlowEventKind.Return), One(each, FlowEventKind.Raise), One(each, FlowEventKind.Resume), One(each, FlowEventKind.Suspend));
            }
        }

        return counts;

        static int One(FlowEvent each, FlowEventKind kind) => each.Kind == kind ? 1 : 0;
    }

    static string Differences(Truth truth, Dictionary<Function, Counts> seen)
    {
        var text = new StringBuilder();
        foreach (Function function in truth.Functions.Keys.Union(seen.Keys).OrderBy(each => each.File).ThenBy(each => each.Line))
        {
            Counts expected = truth.Functions.GetValueOrDefault(function), actual = seen.GetValueOrDefault(function);
            if (expected != actual)
            {
                text.AppendLine($"{Path.GetFileName(function.File)}:{function.Line} {function.Name}: expected {expected}, seen {actual}");
            }
        }

        return text.ToString();
    }

    /// <summary>Per thread, every exit ends the newest open call of its function, and depths go up and down by one.</summary>
    static string NestingErrors(IEnumerable<FlowEvent> events)
    {
        var text = new StringBuilder();
        foreach (var thread in events.GroupBy(each => each.Thread.Tid))
        {
            var open = new Stack<FlowEvent>();
            foreach (FlowEvent each in thread)
            {
                if (each.IsEntry)
                {
                    if (open.TryPeek(out FlowEvent caller) && each.Depth != caller.Depth + 1)
                    {
                        text.AppendLine($"{each.Code.Function} entered at depth {each.Depth} inside {caller.Code.Function} at depth {caller.Depth}");
                    }

                    open.Push(each);
                }
                else if (open.TryPop(out FlowEvent entry) && (entry.Code != each.Code || entry.Depth != each.Depth || each.DurationNs != each.TimeNs - entry.TimeNs))
                {
                    text.AppendLine($"{each.Code.Function} at depth {each.Depth} ends {entry.Code.Function} at depth {entry.Depth}");
                }
            }
        }

        return text.ToString();
    }
}
