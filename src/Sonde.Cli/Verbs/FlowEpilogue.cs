using System.Globalization;
using Sonde.Engine.Flow;
using Sonde.Engine.Output;

namespace Sonde.Cli.Verbs;

/// <summary>What is said when a flow ends: how much was seen, what was lost and why, and what it cost.</summary>
static class FlowEpilogue
{
    /// <summary>Above this many calls a second the probes cost the program a good part of its time.</summary>
    const double ManyCalls = 200_000;

    public static void Write(FlowReport report, FlowRequest request, Action<string> say)
    {
        var seconds = Math.Max(report.Elapsed.TotalSeconds, 1e-6);
        say(Line($"{report.Counts.Shown:N0} events in {seconds:N1} s ({report.Counts.Shown / seconds:N0}/s), {report.Functions:N0} functions{Open(report)}"));
        if (report.Unmatched is { Count: > 0 } unmatched)
        {
            var names = string.Join(", ", unmatched.Select(static pattern => $"'{pattern}'"));
            say(Line($"nothing that was called ({report.FunctionsSeen:N0} {(report.FunctionsSeen == 1 ? "function" : "functions")}) fits {names}: names are qualified and case matters ('Server.handle', '*.handle'), files are told by the end of their path; '--summary' without a filter shows what is called"));
        }

        foreach (var loss in Losses(report, request))
        {
            say(loss);
        }

        if (report is { Cost: { } cost, CostSeconds: { } total })
        {
            var share = report.TargetCpu > TimeSpan.Zero ? Line($": about {Math.Min(100, total / report.TargetCpu.TotalSeconds * 100):N1} % of the target's processor time") : "";
            say(Line($"cost: {Utf8Cursor.Duration((long)(2 * cost.TotalNs))} a call, for two probe hits of {Utf8Cursor.Duration((long)cost.TotalNs)} ({Utf8Cursor.Duration((long)cost.TrapNs)} trap, {Utf8Cursor.Duration((long)cost.ProgramNs)} program){share}"));
        }

        foreach (var remark in report.Remarks)
        {
            say(remark);
        }

        var callRate = (report.Counts.Entries + report.Losses.Entries) / seconds;
        if (!report.IsInside && callRate > ManyCalls && request.Options is { Functions.Count: 0, Files.Count: 0 })
        {
            var exclude = report.BusiestFunction is { } name ? $"--exclude '{name}' (the most called) or " : "";
            say(Line($"warning: {callRate:N0} calls a second, each paying for two probe hits; trace for a short time with -d, or fewer processes. {exclude}--min-duration 1ms keeps the output small and the hits cheaper, and --inject makes a call some 20 times cheaper"));
        }
    }

    static string Open(FlowReport report) => report.OpenCalls > 0 ? Line($", {report.OpenCalls:N0} calls still running") : "";

    /// <summary>What was lost, and why.</summary>
    public static IEnumerable<string> Losses(FlowReport report, FlowRequest request)
    {
        var (counts, losses) = (report.Counts, report.Losses);
        if (losses.Entries + losses.Exits > 0)
        {
            yield return Line($"LOST {losses.Entries:N0} entries and {losses.Exits:N0} exits: the buffer was full; use --buffer to make it larger, or a filter");
        }

        if (losses.Undecided > 0)
        {
            yield return Line($"--where could not be decided for {losses.Undecided:N0} calls, which are not shown: it would be an error in Python, such as a text that is compared with a number, or asks what cannot be told in the kernel");
        }

        if (losses.Unnamed > 0)
        {
            var names = string.Join(", ", FlowCondition.Names(request.Options.Where!).Select(static name => $"'{name}'"));
            yield return counts.Shown == 0 && losses.Undecided == 0
                ? Line($"--where matched nothing, and {losses.Unnamed:N0} calls were of functions without an argument that it asks for ({names}): is each name right? 'sonde snoop' and '--args' show what functions are given")
                : Line($"{losses.Unnamed:N0} calls were of functions without an argument that --where asks for ({names}); functions that other filters leave out are among them until their first call was looked at");
        }

        if (losses.Values + counts.ValuesDropped > 0)
        {
            yield return Line($"LOST the values of {losses.Values + counts.ValuesDropped:N0} calls and returns: the buffer was full; use --buffer to make it larger, or a filter");
        }

        if (counts.ValuesIncomplete > 0)
        {
            var unreadable = counts.ValuesUnreadable > 0 ? Line($"; in {counts.ValuesUnreadable:N0} of them memory could not be read") : "";
            yield return Line($"of {counts.Values:N0} calls and returns with values {counts.ValuesIncomplete:N0} are marked: not all of a value was captured{unreadable}");
        }

        if (counts.ValueProcessesForgotten > 0)
        {
            yield return Line($"{counts.ValueProcessesForgotten:N0} processes that had not been seen for long were forgotten, for too many have arguments and results; what is missing of their values for that is marked");
        }

        if (losses.Unreadable > 0)
        {
            yield return Line($"LOST {losses.Unreadable:N0} hits whose frame could not be read from memory");
        }

        if (report.MissedRuns > 0)
        {
            yield return Line($"LOST {report.MissedRuns:N0} hits while the kernel ran another program on the same processor");
        }

        if (losses.CallsFull > 0)
        {
            yield return Line($"LOST {losses.CallsFull:N0} calls to a full table of calls in progress");
        }

        if (losses.CallersCut > 0)
        {
            yield return Line($"{losses.CallersCut:N0} long calls had more callers than are walked; the outermost are not shown");
        }

        if (counts.Skipped > 0)
        {
            var why = losses.Events > 0 ? "it was among the lost" : "their frames went away without passing a probe, as when a process starts another program in its place";
            yield return Line($"calls without an end in the output: {counts.Skipped:N0}; {why}");
        }

        if (counts.Unmatched > 0)
        {
            yield return Line($"{counts.Unmatched:N0} exits of frames that were entered before the trace began, or belong to the interpreter");
        }

        if (report.UnresolvedNames > 0)
        {
            yield return Line($"{report.UnresolvedNames:N0} functions have no readable name and are shown by address");
        }

        if (counts.Malformed > 0)
        {
            yield return Line($"{counts.Malformed:N0} records made no sense; this is a defect of sonde, please report it");
        }
    }

    static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
