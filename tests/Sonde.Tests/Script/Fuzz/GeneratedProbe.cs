namespace Sonde.Tests.Script.Fuzz;

/// <summary>A place to generate programs for, with the values that are there (except in loops, whose bodies are functions of their own).</summary>
/// <param name="AttachPoint">As it is written.</param>
/// <param name="Integers">Expressions of integers.</param>
/// <param name="Strings">Expressions of strings.</param>
/// <param name="Statements">What only such a probe can do.</param>
sealed record GeneratedProbe(string AttachPoint, IReadOnlyList<string> Integers, IReadOnlyList<string> Strings, params IReadOnlyList<string> Statements)
{
    /// <summary>Probes of all kinds that this machine's kernel has.</summary>
    public static IReadOnlyList<GeneratedProbe> All { get; } =
    [
        new("begin", [], []),
        new("end", [], []),
        new("interval:ms:100", [], []),
        new("tracepoint:syscalls:sys_enter_openat", ["args.dfd", "args.flags", "args.mode"], ["str(args.filename)", "str(args.filename, 16)"]),
        new("tracepoint:sched:sched_switch", ["args.prev_pid", "args.next_pid", "args.prev_prio"], ["args.prev_comm", "args.next_comm"]),
        new("uprobe:libc:malloc", ["arg0", "reg(\"di\")"], ["func"]),
        new("uretprobe:libc:malloc", ["retval"], ["func"]),
    ];

    /// <summary>Those that run without anything being attached to the system.</summary>
    public static IReadOnlyList<GeneratedProbe> Inner { get; } = [.. All.Take(3)];

    /// <summary>All that a machine with a kernel of now has.</summary>
    public static IReadOnlyList<GeneratedProbe> Machine { get; } =
    [
        .. All,
        new("self:signal:SIGUSR1", [], []),
        new("tracepoint:syscalls:sys_enter_execve", [], ["str(args.filename)"], "join(args.argv);", "join(args.argv, \",\");", "print(args);", "$a = args.argv; print(str(*$a)); print(str($a[2]));"),
        new("tracepoint:syscalls:sys_exit_read,tracepoint:syscalls:sys_exit_write", ["args.ret"], ["probe"], "if (args.ret < 0) { print(strerror(-args.ret)); }"),
        new("tracepoint:sched:sched_switch", ["args.prev_state"], ["args.prev_comm"], "@sw[args.prev_comm, args.next_comm] = count();", "if (args.prev_comm == args.next_comm) { return; }", "$a = args; print($a.next_pid);"),
        new("rawtracepoint:sched_switch", ["args.prev->pid", "args.next->tgid", "args.prev->on_cpu", "args.preempt"], ["args.prev->comm", "args.next->comm"],
            "@rt[args.prev->comm] = sum((int64)args.next->pid);", "$t = args.prev; $u = $t->real_parent; print($u->group_leader->tgid);", "print(args.next->real_parent->comm);"),
        new("uprobe:libc:memcpy", ["arg0", "arg2", "reg(\"ip\")"], ["str(arg1)", "str(arg1, arg2)", "func"],
            "@us[ustack(perf, 3), usym(arg0)] = count();", "print(*(int32*)arg0); print(*(uint8*)(arg1 + 3));", "@buf[buf(arg1, 16)] = (arg2, str(arg1, 8));"),
        new("profile:hz:99", ["cpu"], [], "@p[kstack, ustack, comm] = count();", "@p2[kstack(2)] = hist(cpu); print(usermode);"),
        new("software:page-faults:100", ["tid"], [], "@f[ustack(1)] = count();"),
    ];

    /// <summary>Those of <see cref="FixtureTarget"/>.</summary>
    public static IReadOnlyList<GeneratedProbe> Fixture { get; } =
    [
        .. Machine.Where(probe => !probe.AttachPoint.Contains("libc", StringComparison.Ordinal) && !probe.AttachPoint.Contains("sys_exit_write", StringComparison.Ordinal)),
        new("tracepoint:sched:sched_process_exec", ["args.pid"], ["str(args.filename)"], "@x[str(args.filename)] = count();"),
        new("uprobe:/bin/app:main", ["arg0", "arg7", "reg(\"di\")"], ["str(arg1)", "func"], "@us[ustack(perf, 3), usym(arg0)] = count();", "@buf[buf(arg1, arg2)] = count();", "print(uaddr(\"counter\"));"),
        new("uprobe:/bin/app:compute", ["args.count", "args.where->x", "args.where->next->next->y"], ["str(args.name)", "str(args.where->label)"], "print(*args.where);", "@w = *args.where; print(@w.y);", "print(args.count);"),
        new("uretprobe:/bin/app:main", ["retval"], ["func"]),
        new("uprobe:/bin/app:parse_*", ["arg0"], ["probe", "func"]),
        new("usdt:/bin/app:app:request__start", ["arg0", "arg1", "arg2"], ["probe"], "print((arg0, arg1, arg2));", "print(str(arg0));"),
        new("watchpoint:0x1000:8:rw", ["reg(\"ip\")"], []),
        new("hardware:cycles:1000", ["cpu"], []),
    ];
}
