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

    /// <summary>Bytes for which there is one sample in the mean.</summary>
    public const ulong BytesPerSample = 64 << 10;

    /// <summary>The map of the threads that are off the processors.</summary>
    public const string Away = "@away";

    /// <summary>The map of the sums of short waits.</summary>
    public const string Short = "@short";

    /// <summary>Waits of this length, in nanoseconds, and longer are told one by one.</summary>
    public const long LongWaitNs = 1_000_000;

    /// <summary>The bits of a sum of short waits that say how many there were; what is new of a sum since it was read the last time is in its difference.</summary>
    public const int CountBits = 24;

    /// <summary>Where in a wait's reason the number of the system call begins, 12 bits; below it is the thread's state.</summary>
    public const int CallShift = 8;

    /// <summary>The bit of a wait's reason that says that the system call's first argument is 0.</summary>
    public const int FirstIsZero = 20;

    /// <summary>The bit that says it of the second.</summary>
    public const int SecondIsZero = 21;

    /// <summary>The system call that waits on a word in memory (arch/x86/entry/syscalls/syscall_64.tbl).</summary>
    public const int FutexCall = 202;

    /// <summary>EXIT_DEAD, EXIT_ZOMBIE and TASK_DEAD as the tracepoint has them (include/linux/sched.h, include/trace/events/sched.h): such a thread does not come back.</summary>
    const int DeadStates = 0x10 | 0x20 | 0x80;

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
                print((nsecs(monotonic), (uint64)pid, (uint64)tid, pystack({{PythonFrames}}){{(options.Native ? ", dw_ustack, kstack" : "")}}));
            }
            """);
    }

    /// <summary>
    /// Time off the processors, from the moment a thread leaves one until it comes back. Long waits are sent one by one: {from, process, thread, Python stack,
    /// reason, address, how long}. The others, of which there may be very many, are summed up in <see cref="Short"/>: {thread, process, Python stack, reason, address}
    /// to the time, shifted by <see cref="CountBits"/>, and how many.
    /// </summary>
    public static string OffCpu(SamplingOptions options)
    {
        var stacks = options.Native ? ", dw_ustack, kstack" : "";
        var kept = options.Native ? ", $o.5, $o.6" : "";
        return string.Create(CultureInfo.InvariantCulture, $$"""
            {{Watching(options)}}
            let {{Away}} = lruhash(32768);
            let {{Short}} = hash(32768);
            tracepoint:sched:sched_switch {
                $now = nsecs(monotonic);
                if ({{Condition(options)}} && (args.prev_state & {{DeadStates}}) == 0) {
                    $call = ureg("orig_rax");
                    $address = ureg("di");
                    $reason = ((uint64)args.prev_state & 0xff) | (($call & 0xfff) << {{CallShift}}) | ((uint64)($address == 0) << {{FirstIsZero}}) | ((uint64)(ureg("si") == 0) << {{SecondIsZero}});
                    if ($call != {{FutexCall}}) { $address = (uint64)0; }
                    {{Away}}[(uint64)tid] = ($now, (uint64)pid, pystack({{PythonFrames}}), $reason, $address{{stacks}});
                }
                if (has_key({{Away}}, (uint64)args.next_pid)) {
                    $o = {{Away}}[(uint64)args.next_pid];
                    delete({{Away}}, (uint64)args.next_pid);
                    $waited = $now - $o.0;
                    if ($waited >= {{LongWaitNs}}) {
                        print(($o.0, $o.1, (uint64)args.next_pid, $o.2, $o.3, $o.4, $waited{{kept}}));
                    } else {
                        {{Short}}[(uint64)args.next_pid, $o.1, $o.2, $o.3, $o.4{{kept}}] += ($waited << {{CountBits}}) + 1;
                    }
                }
            }
            """);
    }

    /// <summary>
    /// Memory asked of the C library, and of the system through it: {when, process, thread, Python stack, bytes}. What is smaller than
    /// <see cref="BytesPerSample"/> is taken with the chance of its share of that, and then stands for it, so that sums are right in the mean.
    /// </summary>
    /// <remarks>
    /// Python makes objects of up to 512 bytes out of arenas it has from mmap, of 256 KiB up to 3.9 and 1 MiB since (Objects/obmalloc.c): they are seen when an arena
    /// is. Other calls of mmap are mostly the C library's own, for what was counted already; those of the program itself are not seen. Of memory that grows in
    /// place only what is added counts: how large it was is in front of it (malloc/malloc.c of glibc).
    /// </remarks>
    public static string Memory(SamplingOptions options)
    {
        var stacks = options.Native ? ", dw_ustack, kstack" : "";
        return string.Create(CultureInfo.InvariantCulture, $$"""
            {{Watching(options)}}
            {{Allocation("malloc", "(uint64)arg0", "")}}
            {{Allocation("calloc", "(uint64)arg0 * (uint64)arg1", "")}}
            {{Allocation("aligned_alloc", "(uint64)arg1", "")}}
            {{Allocation("posix_memalign", "(uint64)arg2", "")}}
            {{Allocation("mmap", "(uint64)arg1", " && (arg1 == 262144 || arg1 == 1048576)")}}
            {{Allocation("realloc", "(uint64)arg1", "", "if (arg0 != 0) { $had = *(uint64*)(arg0 - 8) & 0xfffffffffffffff8; $size = $size > $had ? $size - $had : (uint64)0; }")}}
            """);

        string Allocation(string function, string size, string condition, string corrected = "") => string.Create(CultureInfo.InvariantCulture, $$"""
            uprobe://libc[.-]*:{{function}} /{{Condition(options)}}{{condition}}/ {
                $size = {{size}};
                {{corrected}}
                if ($size != 0 && ($size >= {{BytesPerSample}} || (uint64)rand % {{BytesPerSample}} < $size)) {
                    print((nsecs(monotonic), (uint64)pid, (uint64)tid, pystack({{PythonFrames}}), $size{{stacks}}));
                }
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
