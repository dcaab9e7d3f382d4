using Xunit;

namespace Sonde.Tests.Script.Binding;

/// <summary>What programs mean, as goldens of the bound tree.</summary>
public sealed class BinderTests
{
    [Fact]
    public void Numbers_have_the_smallest_type_and_widen() => Golden.Check("bound-numbers.txt", Bound.Describe(
    [
        "begin { $x = 1; $x = 70000; @y = -1; @y = pid; @z = 5; @z = nsecs; }",
        "begin { $x = 1; $x++; @a++; --@a; @b[comm] += 5; $x <<= 2; }",
        "begin { $x = (uint8)1; $x = 300; $y = pid - 1; $z = -pid; $w = ~5; $u = 7 / 2 * 3 % 5; }",
        "begin { print(1 + 2 * 3); print((1 ? 2 : 70000)); print(1 == true); print(0xffffffffffffffff); }",
        "begin { @x = (uint64)1; @x = (int64)2; $y = @x + (uint64)3; $z = @x / 2; $w = nsecs / 2; }",
        "begin { @t = (1, \"a\"); @t = (70000, \"abc\"); @r = (x=1, y=(2, comm)); print(@r.y.1); print(@t.0); }",
        "begin { $p = (int32*)16; print(*$p); print(*($p + 1)); print($p[3]); $p++; print($p == 0); if ($p) { exit(); } }",
        "begin { $x = @later; @later = nsecs; $y = @first[1]; @first[pid] = comm; }",
    ]));

    [Fact]
    public void Statements() => Golden.Check("bound-statements.txt", Bound.Describe(
    [
        "begin { if pid == 1 { print(1); } else if (comm == \"a\") { print(2); } else { exit(3); } }",
        "begin { $i = 0; while ($i < 10) { if ($i == 5) { break; } $i++; continue; } }",
        "begin { for $i : 0..10 { @[$i] = $i; } for ($kv : @) { print($kv); print($kv.0 + $kv.1); } }",
        "begin { @n[comm, pid] = count(); for ($kv : @n) { printf(\"%s %d %d\\n\", $kv.0.0, $kv.0.1, $kv.1); } }",
        "begin { unroll(3) { @a++; } let $x; $x = 5; let $y: uint16 = 3; { let $z = 1; print($z); } return; }",
        "interval:s:1 /@go == 1 && pid/ { print(1); } begin { @go = 1; }",
        "begin { $a = { $b = 5; $b + 1 }; print($a ?: 7); print(pid ? 1 : 2); _ = strlen(comm); }",
        "begin { if comptime (sizeof(int32) == 4) { print(1); } else { nosuch(); } if (1 == 2) { print(2); } }",
        "fn twice($a: int64): int64 { if ($a > 100) { return 100; } $b = $a * 2; return $b; } begin { print(twice(pid)); print(twice(4)); }",
        "test:a { return 5; } end { print(1); }",
    ]));

    [Fact]
    public void Maps_and_aggregations() => Golden.Check("bound-maps.txt", Bound.Describe(
    [
        "begin { @a = count(); @b[pid] = sum(5); @c = min(nsecs); @d = max(-1); @e = avg(pid); @f = stats(pid); @g[comm] = hist(nsecs); @h = hist(5, 3); @i = lhist(pid, 0, 100, 10); @j = tseries(5, 1s, 10, \"sum\"); }",
        "begin { @a = count(); print(@a); print((int64)@a + 1); print(@a > 5); @b[1] = sum(5); print(@b[1]); print(@b, 5, 2); @c = @b[1] + 0; }",
        "begin { @a[1, \"x\"] = 1; delete(@a[1, \"x\"]); delete(@a, (1, \"x\")); if (has_key(@a, (2, \"yy\"))) { clear(@a); zero(@a); } print(len(@a)); @s = 1; delete(@s); }",
        "begin { @a[1] = 5; if (find(@a, 1, $v)) { print($v); } }",
        "let @m = lruhash(100); begin { @m[pid] = kstack; @n[ustack(perf, 5)] = 1; print(len(kstack)); }",
    ]));

    [Fact]
    public void Memory() => Golden.Check("bound-memory.txt", Bound.Describe(
    [
        "tracepoint:sched:sched_switch { print(args.next_pid); @[args.prev_comm] = count(); print(args.prev_comm[0]); print(args); print(sizeof(args.prev_comm)); }",
        "tracepoint:sched:sched_process_exec { printf(\"%s %d\\n\", str(args.filename), args.pid); }",
        "tracepoint:syscalls:sys_enter_openat { printf(\"%s\", str(args.filename)); @f[tid] = args.filename; } tracepoint:syscalls:sys_exit_openat /@f[tid]/ { print(str(@f[tid])); delete(@f, tid); }",
        "tracepoint:syscalls:sys_enter_* { @[probe] = count(); } tracepoint:syscalls:sys_exit_* { @r[args.ret] = count(); }",
        "tracepoint:syscalls:sys_enter_execve { join(args.argv); join(args.argv, \",\"); }",
        "begin { print(curtask.comm); print(curtask.real_parent.real_parent.pid); print(curtask.files.f_path.dentry.d_iname); print(ppid); print(pcomm); print(leader_tid); print(curtask.sched_contributes_to_load); }",
        "begin { $s = (struct sock*)0xffff888000000000; print($s.port); print($s.state); print($s.ports[1][2]); print(ntop($s.from.v4)); print(ntop($s.from.v6)); print($s.from); $c = *$s; print($c.port); }",
        "struct a { char c; int x; short s[3]; unsigned int b1: 3; unsigned int b2: 7; struct a *next; char name[8]; struct { int in; } sub; union { long u; char v; }; }; uprobe:/bin/app:main { $a = (struct a*)arg0; print($a.x); print($a.next.next.b2); print($a.name); print($a.sub.in); print($a.u); print($a.s[pid]); print(sizeof(struct a)); print(offsetof(struct a, sub.in)); }",
        "enum color { RED, GREEN = 5 } begin { $c = (enum color)5; print($c == GREEN); print(RED); @[GREEN] = 1; print(PIDTYPE_TGID); }",
        "begin { $a = (int8[8])5; print($a[3]); print($a[pid]); print((int64)$a); print((uint8[])pton(\"1.2.3.4\")); $x = 5; $p = &$x; print(*$p); @m = 6; print(*&@m); }",
        "uprobe:/bin/app:compute { print(args.count); print(str(args.name)); print(args.where.y); print(str(args.where.next.label)); print(args); }",
        "rawtracepoint:sched_switch { print(args.prev.pid); print(arg1); }",
    ]));

    [Fact]
    public void Probes() => Golden.Check("bound-probes.txt", Bound.Describe(
    [
        "uprobe:/bin/app:parse_* { print(arg0); print(arg7); print(func); print(probe); @[func] = count(); print(reg(\"ip\")); print(probe == \"uprobe:/bin/app:parse_two\"); print(func == \"parse_one\"); print(uaddr(\"counter\")); }",
        "uretprobe:/bin/app:readline { print(str(retval)); print(probetype); }",
        "usdt:/bin/app:request__start { print(arg0); print(arg1); print(str(arg2)); } usdt:/bin/app:*:* { @[probe] = count(); }",
        "profile:hz:99 { @[kstack(3), ustack] = count(); @c = lhist(cpu, 0, 16, 1); print(usermode); } software:faults:1 { @p = count(); }",
        "begin,end,interval:1s { @[probe] = nsecs; print(elapsed); print(nsecs(monotonic)); print(strftime(\"%H\", nsecs)); time(); }",
    ], new() { ProcessId = 42 }));

    [Fact]
    public void Functions() => Golden.Check("bound-functions.txt", Bound.Describe(
    [
        "begin { printf(\"%d %s %-5s %x %p %%\\n\", 1, comm, \"a\", pid, curtask); errorf(\"a\"); warnf(\"%d\", 2); cat(\"/proc/%d/maps\", pid); system(\"ls %s\", comm); }",
        "begin { print(strlen(comm)); print(strcontains(comm, \"a\")); print(strncmp(comm, \"abc\", 2) == 0); print(strstr(\"abc\", \"c\")); print(str_concat(comm, \"x\")); print(memcmp(comm, \"ab\", 2)); print(comm == \"x\"); print(comm[0]); print(\"abc\"[1]); print(strcap(comm)); }",
        "begin { print(str(0)); print(str(kptr(5), 10)); print(str(5, pid)); print(buf(5, 10)); print(buf(\"abc\", 2)); print(buf(pton(\"::1\"))); }",
        "begin { print(ksym(5)); print(usym(5)); print(kaddr(\"avenrun\")); print(strerror(2)); print(signal_name(9)); print(syscall_name(1)); print(username); print(bswap((uint16)1)); print(bswap(pid)); print(macaddr((uint8[6])pton(\"1.2.3.4\"))); }",
        "begin { print(cgroupid(\"/sys/fs/cgroup/system.slice\")); print(cgroup_path(cgroup)); print(cgroup_path(1, \"x*\")); print(is_err(5)); print(typeinfo((1, \"a\")).full_type); print(typeinfo(comm).base_type); print(is_str(comm)); print(ncpus); print(rand); }",
        "begin { assert(pid == 1, \"no\"); static_assert(1 == 1); print(config.max_strlen); print($1); print(str($1)); print($2); print($#); print(comm == $1); }",
        "begin { print(pid(init)); print(tid()); print(container_of((uint32*)5, struct task_struct, pid)); print(ppid(curtask)); print(kfunc_exist(\"bpf_task_from_pid\")); }",
    ], new() { AllowUnsafe = true }, ["12", "abc"]));
}
