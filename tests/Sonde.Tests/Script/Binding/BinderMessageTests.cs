using Xunit;

namespace Sonde.Tests.Script.Binding;

/// <summary>What is said of programs that have no meaning, or perhaps not the one that was meant; the words are bpftrace's where it has them.</summary>
public sealed class BinderMessageTests
{
    [Fact]
    public void Names() => Golden.Check("messages-names.txt", Bound.Describe(
    [
        "begin { $x = foo(1); }",
        "begin { prinft(\"a\"); }",
        "begin { print(pidd); nosuchthing; print(sarg1); }",
        "begin { @x = 1; $y = 2; print(x); print(y); print(exit); @c = count; }",
        "begin { print($x); let $y; print($y); }",
        "begin { let $x; let $x; }",
        "begin { $x = 1; { let $x = 2; } }",
        "begin { if (pid) { $x = 1; } print($x); }",
        "begin { for $i : 0..3 { for $i : 0..2 { } } }",
        "begin { print(@a); }",
        "begin { print(sizeof(struct foo)); print((struct foo*)0); }",
        "tracepoint:sched:sched_switch { print(args.next_pidd); print(args.foo); }",
        "begin { print(curtask.foo); print(curtask.comn); }",
        "begin { $x = (int32*)0; print($x.a); }",
        "begin { print((1,2).5); $t = (1,2); print($t.2); print((a=1).b); }",
        "let @m = foohash(10); begin { @m[1] = 1; }",
        "let @m = percpuhash(10); let @n = hash(5); begin { @m[1] = 1; @n[1] = count(); }",
        "uprobe:/bin/app:compute { print(args.cuont); print(args.scale); }",
        "begin { print(offsetof(struct task_struct, pidd)); }",
    ]));

    [Fact]
    public void Types() => Golden.Check("messages-types.txt", Bound.Describe(
    [
        "begin { @x = 1; @x = \"a\"; $x = 1; $x = \"a\"; }",
        "begin { @x = -1; @x = 18446744073709551615; let $x: int8; $x = 300; }",
        "begin { @x[1] = 1; @x[\"a\"] = 2; @x = 3; @y = 1; @y[1] = 2; }",
        "begin { @x = 1; for ($k : @x) { } @h[1] = hist(5); for ($k : @h) { } }",
        "begin { @x = count(); @x = 5; @y = @x; @z = 5; @z = count(); @w = count(); @w = sum(5); }",
        "begin { $x = count(); @h = hist(5); $y = @h; @s = stats(5); print(@s > 5); }",
        "begin { print(\"a\" == 1); print(pid + comm); print(!\"a\"); print(-\"a\"); print(~comm); }",
        "begin { print((int8)\"abc\"); print((int64)comm); print((uint8[3])5); }",
        "begin { @x = true; @x = 1; @y = (1, \"a\"); @y = (\"a\", 1); @z = (1,2,3); @z = (1,2); }",
        "begin { $x = (uint64)1; $y = (int64)2; print($x + $y); print($x == $y); print($x == -1); print($x < 5); }",
        "begin { $x = -5; print($x / 2); print($x % 2); print(1/0); print(pid / 0); print(9223372036854775807 * 4); }",
        "begin { $p = (int32*)8; $q = (int64*)8; print($p == $q); print($p + $p); print($p * 2); print($p & 1); print($p - $p); }",
        "begin { print((1,2) < (1,2)); print((a=1) == (b=1)); print((1,2) == (1,2,3)); print(1 + \"a\"); }",
        "begin { print(pid ? 1 : \"a\"); if ((1,2)) { } $x = comptime pid; }",
        "begin { print(\"abc\"[7]); $a = (int8[4])5; print($a[4]); print($a[-1]); print(pid[1]); print((1,2)[pid]); }",
        "begin { $x = 5; $x = printf(\"a\"); @s = \"a\"; @s++; @k[hist(5)] = 1; @h = hist(1); @z[@h] = 1; }",
        "begin { $x = curtask; print(*$x); print(*comm); print(*(*$x)); }",
        "begin { print(probe == pid); print(kstack == \"a\"); print(func); }",
    ]));

    [Fact]
    public void Statements() => Golden.Check("messages-statements.txt", Bound.Describe(
    [
        "begin { break; } end { continue; }",
        "begin { 1 == 2; 5; pid; strlen(\"a\"); comm; @a = 1; @a; }",
        "begin { unroll(0) { } unroll(101) { } $n = 5; unroll($n) { } }",
        "begin { while (1) { break; } for $i : \"a\"..\"b\" { } }",
        "begin { return \"a\"; }",
        "fn f($a: int64): int64 { return f($a); } begin { print(f(1)); print(f()); print(f(comm)); }",
        "fn g(): int8 { return; } begin { print(g()); }",
        "begin { $x = 1; $unused = $x; let $never; }",
    ]));

    [Fact]
    public void Calls() => Golden.Check("messages-calls.txt", Bound.Describe(
    [
        "begin { printf(\"%d %d\\n\", 1); printf(\"%d\\n\", 1, 2); printf(\"%d\\n\", \"a\"); printf(1); printf(); printf(\"%5.2f\", 1); printf(\"%rx\", 5); printf(\"%q\", 1); }",
        "begin { @x = hist(5, 7); @y = lhist(5, 10, 1, 1); @z = lhist(5, 0, 100, 0); @w = lhist(5, 0, 100000, 1); @v = lhist(5); @u = sum(comm); }",
        "begin { @x = hist(5, 1); @x = hist(5, 2); @t = tseries(1, 0, 5); @u = tseries(1, 1s, 5, \"mean\"); }",
        "begin { system(\"ls\"); signal(\"KILL\"); } uprobe:/bin/app:main { signal(\"KILL\"); }",
        "begin { clear(1); @x[1] = 1; clear(@x[1]); zero($x); delete(@x); delete(1); print(has_key(@x)); print(len(5)); }",
        "begin { exit(\"a\"); time(1); print(strftime(\"%H\", \"a\")); print(strftime(\"%H\", nsecs(monotonic))); }",
        "begin { print(str((1,2))); print(buf(\"abc\")); print(buf(5)); print(str(5, -1)); }",
        "begin { print(kstack(perf, 200)); print(kstack(foo)); print(kstack(build_id)); print(ustack(5, 5)); print(reg(\"ip\")); }",
        "begin { print(nsecs(foo)); print(pid(foo)); print(pton(\"1.2.3\")); print(ntop(\"a\")); print(bswap(\"a\")); print(macaddr(\"a\")); }",
        "begin { print(cgroupid(\"/foo\")); print(kaddr(\"nosuch\")); print(uaddr(\"x\")); cat(1); join(\"a\"); }",
        "begin { print(strncmp(\"a\", \"b\")); print(strncmp(\"a\", \"b\", -1)); print(strcontains(\"a\", 1)); }",
        "begin { @x[1] = 1; print(1, 2); print(@x, 1, 2, 3); print(@x[1], 1); print(@x, pid); print(); @s = 1; print(@s, 5); }",
        "begin { fail(\"boo %d %s\", 5, \"x\"); static_assert(1 == 2, \"no\"); static_assert(pid == 1); debugf(\"a\"); }",
        "begin { print(arg0); print(retval); print(args.x); print(ctx); print(func); print(usermode); print(cpid); print(pyfunc); }",
        "tracepoint:sched:sched_switch { print(arg0); print(ctx); print(retval); }",
        "uprobe:/bin/app:main { print(args.x); print(retval); print(reg(\"foo\")); print(override(1)); } usdt:/bin/app:tick { print(arg0); }",
        "begin { print(path(5)); print(skboutput(1, 2, 3, 4)); print(socket_cookie(5)); print(dw_ustack); }",
    ]));

    [Fact]
    public void Probes() => Golden.Check("messages-probes.txt", Bound.Describe(
    [
        "uprobe:/bin/nonexist:foo { }",
        "uprobe:/bin/app:nonexistfn { }",
        "tracepoint:foo:bar { } tracepoint:sched:sched_switch { }",
        "foo:bar { }",
    ]) + Bound.Describe(["t:foo:bar { } begin { }"], new() { Config = new() { MissingProbes = "warn" } })
       + Bound.Describe(["t:foo:bar { } begin { }"], new() { Config = new() { MissingProbes = "ignore" } })
       + Bound.Describe(["t:syscalls:* { }"], new() { Config = new() { MaxProbes = 2 } }));
}
