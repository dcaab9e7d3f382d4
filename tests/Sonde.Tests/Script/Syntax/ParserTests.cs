using Sonde.Script.Syntax;
using Xunit;

namespace Sonde.Tests.Script.Syntax;

/// <summary>What the parser makes of every construct of the language.</summary>
public sealed class ParserTests
{
    static readonly ParseOptions _withArguments = new() { Arguments = new ScriptArguments { Positional = ["malloc", "42", "/usr/lib/x"] } };

    [Fact]
    public void Literals() => Golden.Check("script-literals.txt", Reading.All(
    [
        "0", "42", "0x2aF", "0755", "1_000_000", "3e4", "9e18", "18446744073709551615", "-9223372036854775808", "7u", "7UL", "7llu",
        "5ns", "5us", "5ms", "5s", "5m", "5h", "5d", "1e3ms", "\"\"", "\"a\\tb\\n\\r\\\\\\\"\"", "\"\\x41\\102\\0\\xff\"", "\"grüß\"", "true", "false",
        "$1", "$#", "pid", "arg10",
    ], Reading.Expression));

    [Fact]
    public void Operators_bind_as_in_C() => Golden.Check("script-operators.txt", Reading.All(
    [
        "1 + 2 * 3 - 4 / 5 % 6", "1 << 2 + 3", "1 < 2 == 3 > 4", "1 & 2 == 3", "1 | 2 ^ 3 & 4", "1 || 2 && 3 || 4", "1 - 2 - 3", "-1 + -pid", "!~1",
        "*$p + 1", "&$v", "&@m", "&@m[1]", "- - 1", "-(1)", "a ? b : c ? d : e", "a ?: b", "a ? b ?: c : d", "1 ? (2) : (3)", "$i++ + ++$j", "--@m[1] - @m[1]--",
        "$p->a.b->c", "$t.0.1", "$a[1][2].f", "(1 + 2) * 3",
    ], Reading.Expression));

    [Fact]
    public void Parentheses_are_told_apart() => Golden.Check("script-parentheses.txt", Reading.All(
    [
        "()", "(1)", "(1,)", "(1, 2)", "(1, 2,)", "((1, 2), \"x\")", "(a=1)", "(a=1, b=(c=2),)", "(a == 1)",
        "(int8)1", "(uint64)-1", "(int32)*$p", "(struct foo *)arg0", "(struct foo)1", "(union bar **)$p + 1", "(enum e)1", "(uint8[4])$x", "(uint8[])pton(\"::1\")",
        "(int32*[4]*)$x", "(string[8])$s", "(unsigned long)$x", "(char *)arg1", "(typeof($y) *)$x", "(typeof(struct foo) *)$x",
        "(pid_t)1", "(pid_t)$x", "(pid_t)(1)", "(pid_t)f(1)", "(pid_t *)$x", "(pid) - 1", "(pid) * 2", "(pid) & 3", "(pid)", "(pid) ? 1 : 2", "(a * b)", "(a[1])", "(a[1] + 2)",
    ], Reading.Expression));

    [Fact]
    public void Calls_maps_and_words() => Golden.Check("script-calls.txt", Reading.All(
    [
        "f()", "f(1,)", "f(g(1), \"x\", @m, $y)", "@", "@m", "@m[1]", "@m[1, \"a\"]", "@m[(1, 2)]", "@m[1][2]", "kstack(perf, 3)",
        "sizeof(uint32)", "sizeof(struct foo)", "sizeof($x)", "sizeof(foo)", "sizeof(foo *)", "sizeof(1 + 2)", "offsetof(struct foo, a.b)", "offsetof($p, a)",
        "typeinfo($x).base_type", "typeinfo(uint8[4]).full_type", "f(typeof($x))", "f(struct foo)", "comptime (1 + 2)", "comptime f(1) + 1",
        "{ $a = 1; $a + 1 }", "{ 1 }", "if (1) { 2 } else { 3 }", "if 1 { f(); 2 } else if 3 { 4 } else { { 5 } }",
    ], Reading.Expression));

    [Fact]
    public void Statements() => Golden.Check("script-statements.txt", Reading.All(
    [
        "begin { }",
        "BEGIN { f() }",
        "begin { f(); g(); }",
        "begin { ;; f();; }",
        "begin { $x = 1; @ = 2; @m[1, \"k\"] = (1, 2); @m[1]++; ++$x; _ = f(); }",
        "begin { $a <<= 1; $a >>= 1; $a += 1; $a -= 1; $a *= 1; $a /= 1; $a %= 1; $a &= 1; $a |= 1; @a[1] ^= 1; }",
        "begin { let $x; let $y = 1; let $z: uint32 = 2; let $p: struct foo *; let $s: string[5]; let $t: typeof($y); }",
        "begin { if (1) { f(); } if 2 { f() } else { g() } if (a) == b { } else if c { } else { h(); }; }",
        "begin { while ($i < 5) { $i++; if ($i == 3) { continue; } break } unroll(3) { f(); } unroll 2 { } }",
        "begin { for ($kv : @m) { print($kv.0); } for $kv : @m { } for ($i : 0..10) { } for $i : $a..f($b) { } for ($i : 1..$t.0) { } }",
        "begin { return; } end { return 1 }",
        "begin { { $x = 1; } { f() } { { 1 } } }",
        "begin { if comptime (is_str($x)) { f(); } }",
        "begin { delete(@m[1]); delete(@m, 1); clear(@m); 1 ? f() : g(); }",
        "/* c */ begin /* c */ { // c\n f(/* c */ 1); /* // */ }",
        "#!/usr/bin/sonde run\nbegin { }",
    ], p => Reading.Parsed(p)));

    [Fact]
    public void Attach_points() => Golden.Check("script-attach-points.txt", Reading.All(
    [
        "kprobe:f { }", "k:vmlinux:f+0x10 { }", "t:syscalls:sys_enter_* , t:sched:* { }", "tracepoint:a:b,\ntracepoint:c:d,\n// why not\ntracepoint:e:f\n{ }",
        "uprobe:/bin/bash:readline { }", "uprobe:./a-b_c.so.1:f,u:libc:* { }", "uprobe:/x/*/y:f / pid == 1 / { }", "uprobe:/a:cpp:\"ns::f(int, char)\" { }",
        "uprobe:\"/a b\":\"x\\\"y\" { }", "usdt:*:python:function__entry { }", "uprobe:/bin/a@src/f.c:10:3 { }",
        "interval:1s { }", "interval:ms:100 { }", "profile:hz:99 /cpu == 0/ { }", "hits=begin { }", "watchpoint:0x1000:8:rw { }", "python:app.py:Shop.buy { }",
        "uprobe:$3:$1 { }", "uprobe:lib$1.so:\"$1\" { }", "kprobe:$9x { }", "begin, end, { }", "self:signal:SIGUSR1 { }", "[kt]*:x?:y { }",
    ], p => Reading.Parsed(p, _withArguments)));

    [Fact]
    public void Predicates() => Golden.Check("script-predicates.txt", Reading.All(
    [
        "begin /1/ { }", "begin /pid/{ }", "begin / (a / b) > 1 / { }", "begin / a / b / { }", "begin /@x[a/b]/ { }", "begin /f({ 1 } / { 2 })/ { }", "begin /comm == \"/\"/ { }", "kprobe:f/1/{ }", "kprobe:\"f/g\"/1/{ }",
    ], p => Reading.Parsed(p)));

    [Fact]
    public void What_stands_around_probes() => Golden.Check("script-items.txt", Reading.All(
    [
        "config = { stack_mode=perf; max_strlen = 5; license=\"GPL v2\" } begin { }",
        "config = { } let @a = hash(5); let @b = lruhash(10) begin { }",
        "import \"x.bt\"; import \"y\"; begin { }",
        "macro one() { 1 } macro two($a, b, @c) { $a = b; @c = 1; } begin { }",
        "fn f($a: int64, $p: struct foo *): uint32 { return $a; } begin { }",
        "struct a { int x; } begin { }",
        "struct a { int x; }; union b { char c[4]; long d; }\nenum e { A, B = 5, C } typedef struct a *ap; begin { }",
    ], p => Reading.Parsed(p)));

    [Fact]
    public void Positional_parameters_take_part_in_types_and_attach_points() => Golden.Check("script-parameters.txt", Reading.All(
        ["begin { $x = $2 + $4; $y = str($1); unroll($2) { } $z = (int8[$2])$x; $n = $#; }"], p => Reading.Parsed(p, _withArguments)));

    [Fact]
    public void The_probe_ends_where_its_attach_points_end()
    {
        Probe probe = Reading.Read("begin, end /1/ { f(); }").Script.Probes[0];
        Assert.Equal("begin, end", probe.Span.Text);
        Assert.Equal("end", probe.AttachPoints[1].Span.Text);
    }

    [Theory]
    [InlineData("$x = f(1) + 2", "$x = f(1) + 2")]
    [InlineData("@m[1, 2] += $y.0", "@m[1, 2] += $y.0")]
    [InlineData("let $x: uint32 = -1", "let $x: uint32 = -1")]
    [InlineData("for ($i : 0..5) { f(); }", "for ($i : 0..5)")]
    [InlineData("while (1) { f(); }", "while (1) { f(); }")]
    [InlineData("unroll(2) { f(); }", "unroll(2) { f(); }")]
    [InlineData("if 1 { f(); } else { }", "if 1 { f(); } else { }")]
    [InlineData("break", "break;")]
    public void A_statement_covers_its_characters(string statement, string covered) =>
        Assert.Equal(covered, Reading.Read($"begin {{ {statement}; g(); }}").Script.Probes[0].Body.Statements[0].Span.Text);

    [Theory]
    [InlineData("1 + 2 * 3")]
    [InlineData("(1, 2)")]
    [InlineData("(int32)$y.a->b[1]")]
    [InlineData("$i++")]
    [InlineData("a ? b : c")]
    [InlineData("f(g(1), 2)")]
    [InlineData("{ f(); 1 }")]
    [InlineData("sizeof(struct foo)")]
    [InlineData("-5")]
    public void An_expression_covers_its_characters(string expression)
    {
        Assign assign = (Assign)Reading.Read($"begin {{ $x = {expression} ; }}").Script.Probes[0].Body.Statements[0];
        Assert.Equal(expression, assign.Value.Span.Text);
    }
}
