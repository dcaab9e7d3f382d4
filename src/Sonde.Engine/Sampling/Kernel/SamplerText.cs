using System.Globalization;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>The programs of samplers, in the language.</summary>
static class SamplerText
{
    /// <summary>The most frames of machine code of a stack, in the kernel and in user space each.</summary>
    public const int MachineFrames = 127;

    /// <summary>The most Python frames of a stack.</summary>
    public const int PythonFrames = 1024;

    /// <summary>The map of the processes that are sampled.</summary>
    public const string Watched = "@watched";

    /// <summary>
    /// One in so many ticks is taken, by chance: what the sampled program does in step with the clock is not always met at the same place. The time between
    /// two samples is random, its mean is the one asked for.
    /// </summary>
    public static int TicksPerSample(long intervalNs) => intervalNs >= 1_000_000 ? 8 : intervalNs >= 200_000 ? 4 : 1;

    /// <summary>Time on processors: {when, process, thread, Python stack, and with machine code user and kernel stack}.</summary>
    public static string Cpu(SamplingOptions options)
    {
        var ticks = TicksPerSample(options.IntervalNs);
        var chance = ticks > 1 ? string.Create(CultureInfo.InvariantCulture, $" && rand % {ticks} == 0") : "";
        return string.Create(CultureInfo.InvariantCulture, $$"""
            {{Watching(options)}}
            profile:{{options.IntervalNs / ticks}} /{{Condition(options)}}{{chance}}/ {
                print((nsecs(monotonic), (uint64)pid, (uint64)tid, pystack({{PythonFrames}}){{(options.Native ? ", ustack, kstack" : "")}}));
            }
            """);
    }

    /// <summary>Whether children may be sampled: those of a command that is no Python itself always are.</summary>
    public static bool FollowsChildren(SamplingOptions options) => !options.All && (options.Subprocesses || options.Launched);

    static string Condition(SamplingOptions options) =>
        options.All ? string.Create(CultureInfo.InvariantCulture, $"pid != 0 && pid != {Environment.ProcessId}")
        : FollowsChildren(options) ? $"has_key({Watched}, (uint64)pid)"
        : $"({string.Join(" || ", options.Pids.Select(static pid => string.Create(CultureInfo.InvariantCulture, $"pid == {pid}")))})";

    /// <summary>Children are watched from their first instruction. Threads are born in the same way: their numbers are taken out again when they end.</summary>
    static string Watching(SamplingOptions options) => !FollowsChildren(options) ? "" : $$"""
        let {{Watched}} = lruhash(65536);
        tracepoint:sched:sched_process_fork /has_key({{Watched}}, (uint64)pid)/ { {{Watched}}[(uint64)args.child_pid] = (uint64)1; }
        tracepoint:sched:sched_process_exit /pid != tid && has_key({{Watched}}, (uint64)tid)/ { delete({{Watched}}, (uint64)tid); }
        """;
}
