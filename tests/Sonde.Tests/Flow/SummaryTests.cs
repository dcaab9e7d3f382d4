using System.Text;
using System.Text.Json;
using Sonde.Engine.Flow;
using Sonde.Engine.Flow.Sinks;
using Xunit;

namespace Sonde.Tests.Flow;

public sealed class SummaryTests
{
    static FlowSummary Summary(FlowScript script)
    {
        using var sink = new SummarySink();
        script.WriteTo(sink);
        return sink.Snapshot();
    }

    static SummaryRow Row(FlowSummary summary, string function) => Assert.Single(summary.Rows, row => row.Function == function);

    [Fact]
    public void Prints_an_aligned_table()
    {
        using var writer = new StringWriter { NewLine = "\n" };
        Summary(FlowScript.Sample()).WriteTable(writer, top: 4);
        Golden.Check("summary.txt", writer.ToString());
    }

    [Fact]
    public void Writes_json_lines()
    {
        using var stream = new MemoryStream();
        Summary(FlowScript.Sample()).WriteJson(stream);
        string text = Encoding.UTF8.GetString(stream.ToArray());
        Golden.Check("summary.jsonl", text);
        Assert.All(text.Split('\n')[..^1], line => JsonDocument.Parse(line).Dispose());
    }

    [Fact]
    public void Recursion_counts_the_outermost_call_only()
    {
        var script = new FlowScript();
        var thread = FlowScript.Thread();
        var even = script.Code("even");
        var odd = script.Code("odd");
        script.Enter(thread, even);
        script.Enter(thread, odd, 10);
        script.Enter(thread, even, 10);
        script.Leave(thread, 5);
        script.Leave(thread, 10);
        script.Leave(thread, 10);
        var summary = Summary(script);
        Assert.Equal((2, 45, 25), (Row(summary, "even").Calls, Row(summary, "even").TotalNs, Row(summary, "even").OwnNs));
        Assert.Equal((1, 25, 20), (Row(summary, "odd").Calls, Row(summary, "odd").TotalNs, Row(summary, "odd").OwnNs));
        Assert.Equal((45, 25), (Row(summary, "even").MaximumNs, Row(summary, "even").AverageNs));
    }

    [Fact]
    public void A_generator_is_one_call_and_the_time_of_all_its_activations()
    {
        var script = new FlowScript();
        var thread = FlowScript.Thread();
        var generate = script.Code("generate");
        script.Enter(thread, generate);
        script.Leave(thread, 100, FlowEventKind.Suspend);
        script.Enter(thread, generate, 50, FlowEventKind.Resume);
        script.Leave(thread, 300);
        var row = Row(Summary(script), "generate");
        Assert.Equal((1, 400, 400, 300, 200), (row.Calls, row.TotalNs, row.OwnNs, row.MaximumNs, row.AverageNs));
    }

    [Fact]
    public void Threads_are_told_apart_and_processes_put_together()
    {
        var script = new FlowScript();
        var first = FlowScript.Thread(1, pid: 1);
        var second = FlowScript.Thread(2, pid: 2);
        var here = script.Code("work", pid: 1);
        var there = script.Code("work", pid: 2);
        script.Enter(first, here, 0);
        script.Enter(second, there, 0);
        script.Leave(first, 100);
        script.Leave(second, 0);
        var row = Row(Summary(script), "work");
        Assert.Equal((2, 200), (row.Calls, row.TotalNs));
    }

    [Fact]
    public void Calls_still_running_count_with_the_time_so_far()
    {
        var script = new FlowScript();
        var thread = FlowScript.Thread();
        var main = script.Code("main");
        var step = script.Code("step");
        script.Enter(thread, main, 0);
        script.Enter(thread, step, 10);
        script.Leave(thread, 100);
        script.Enter(thread, step, 20);
        script.Enter(thread, script.Code("inner"), 30);
        var summary = Summary(script);
        Assert.Equal((1, 160, 30, 1), (Row(summary, "main").Calls, Row(summary, "main").TotalNs, Row(summary, "main").OwnNs, Row(summary, "main").Running));
        Assert.Equal((2, 130, 130, 1), (Row(summary, "step").Calls, Row(summary, "step").TotalNs, Row(summary, "step").OwnNs, Row(summary, "step").Running));
    }

    [Fact]
    public void A_lost_exit_does_not_hide_later_calls()
    {
        var script = new FlowScript();
        var thread = FlowScript.Thread();
        var main = script.Code("main");
        var step = script.Code("step");
        script.Enter(thread, main, 0);
        script.Enter(thread, step, 0);
        script.LoseExit(thread);
        script.Enter(thread, step, 10);
        script.Leave(thread, 100);
        script.Leave(thread, 0);
        var row = Row(Summary(script), "step");
        Assert.Equal((2, 100), (row.Calls, row.TotalNs));
    }

    [Fact]
    public void An_exit_whose_entry_was_not_seen_has_no_time()
    {
        var script = new FlowScript();
        script.LeaveUnseen(FlowScript.Thread(), script.Code("main"), FlowEventKind.Raise);
        var row = Row(Summary(script), "main");
        Assert.Equal((0, 1, 0, 0, null), (row.Calls, row.Raises, row.TotalNs, row.OwnNs, row.AverageNs));
    }
}
