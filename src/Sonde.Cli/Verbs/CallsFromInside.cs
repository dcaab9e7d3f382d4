using Sonde.Engine;
using Sonde.Engine.Flow.Inside;
using Sonde.Engine.Flow.Sinks;
using Sonde.Engine.Output;
using Sonde.Engine.Runtimes;
using Sonde.Linux;

namespace Sonde.Cli.Verbs;

/// <summary><c>sonde calls</c> of Python functions by an agent inside the process, at a twentieth of what it costs a call from outside.</summary>
static class CallsFromInside
{
    /// <summary>Counts until it is told to end, the process ends, or all has been told.</summary>
    /// <param name="request">The process, and what the user allows.</param>
    /// <param name="latency">The time too.</param>
    /// <param name="top">The most rows of a table; 0 for all.</param>
    /// <param name="times">When is told what.</param>
    /// <returns>The exit code.</returns>
    public static int Execute(FlowRequest request, bool latency, int top, ReportTimes times)
    {
        using var file = request.Output is { } path ? OutputFile.Open(path) : null;
        using var stop = new CancellationTokenSource();
        using var signals = new EndingSignals(stop.Cancel);
        using var session = new InsideSession(request.Options, new InjectingLoader(InjectOption.Of(request)));
        var version = session.Attach(request.Pids[0]);
        Console.Error.WriteLine($"sonde: counting in process {request.Pids[0]}: CPython {version}, by an agent inside the process");
        using var output = file?.Begin() ?? new StandardStream(1);
        if (times.Duration is { } duration)
        {
            stop.CancelAfter(duration);
        }

        IOException? failure = null;
        try
        {
            using var counts = new CallCounts(output, request.Json, latency, top, times.Interval, times.Count) { Done = stop.Cancel };
            try
            {
                session.Run(counts, stop.Token);
            }
            finally
            {
                session.Finish();
            }
        }
        catch (IOException error)
        {
            failure = error;
        }

        var report = session.Report();
        foreach (var line in FlowEpilogue.Losses(report, request).Concat(report.Remarks))
        {
            Console.Error.WriteLine($"sonde: {line}");
        }

        return failure is null || FileError.IsClosedPipe(failure) ? 0
            : throw new UserErrorException($"writing {request.Output ?? "standard output"} failed: {FileError.Describe(failure)}; what was written before is complete");
    }
}
