using Sonde.Script.Syntax;
using Xunit;

namespace Sonde.Tests.Script.Syntax;

/// <summary>Macros of the language.</summary>
public sealed class MacroTests
{
    [Fact]
    public void Uses_become_bodies() => Golden.Check("script-macros.txt", Reading.All(
    [
        "macro seven() { 7 } begin { $x = seven + seven(); }",
        "macro double(x) { x * 2 } begin { $x = double(3 + 1); }",
        "macro bump($v, @m, by) { $v += by; @m[by] = $v; $v } begin { $a = 1; $b = bump($a, @n, 2 * pid); bump($b, @n, 1); }",
        "macro keep(x) { let $x = x; $x } begin { $x = 1; $y = keep($x) + keep(keep(2)); }",
        "macro say() { print(1); } macro twice() { say(); say } begin { twice(); twice; }",
        "macro pick(@m) { @m } macro pick(x) { x + 1 } begin { @a = 1; $x = pick(@a) + pick(2); }",
        "macro f(x) { 1 } macro f(x, y) { 2 } macro f() { 0 } begin { $x = f(1) + f(1, 2) + f; }",
        "macro width(T) { sizeof(T) } macro conv(x, T) { (typeof(T) *)x } macro at(p, T, m) { (T *)p + offsetof(T, m) } begin { $x = width(typeof(uint32[4])); $y = conv(arg0, struct foo); $z = at(arg0, struct foo, a.b); }",
        "macro check(c) { if comptime (c) { f(1); } else { g(); } } begin { check(true); }",
        "macro either(c) { if (c) { 1 } else { 2 } } begin { $x = either(pid); either(pid); }",
        "macro loop(n) { for ($i : 0..n) { $s = $i; } } begin { $i = 5; loop($i); }",
        "macro pid() { 1 } macro strlen(x) { 2 } begin { $x = pid + strlen(\"a\"); }",
        "macro id(x) { x } interval:s:1 /id(pid) == 1/ { }",
    ], p => Reading.Expanded(p)));

    [Fact]
    public void Misuse_is_explained() => Golden.Check("script-macro-errors.txt", Reading.All(
    [
        "macro f($x) { $x } begin { f(1); }",
        "macro f($x) { $x } begin { @m = 1; f(@m); }",
        "macro f(@x) { @x } begin { $x = 1; f($x); }",
        "macro f(@x) { @x } begin { f(@a[1]); }",
        "macro f(x) { x } begin { $x = f; }",
        "macro f(x) { x } begin { $x = f(1, 2); }",
        "macro f(x) { x } macro f($y) { $y } begin { }",
        "macro f() { @m[1] = 2; } begin { f(); }",
        "macro f($x) { let $x = 1; } begin { $y = 1; f($y); }",
        "macro f() { print(1); } begin { $x = f(); }",
        "macro f(x) { f(x) } begin { f(1); }",
        "macro a() { b } macro b() { c() } macro c() { a } begin { $x = a; }",
        "macro f(x) { g(x) } macro g(x) { @oops[x] } begin { f(1); f(2); }",
    ], p => Reading.Messages(p)));

    [Fact]
    public void A_macros_own_variables_keep_their_names_in_messages()
    {
        Sonde.Script.Syntax.Script script = Reading.Read("macro f() { $own } begin { $x = f(); }").Script;
        Variable own = (Variable)((Assign)script.Probes[0].Body.Statements[0]).Value;
        Assert.NotEqual("$own", own.Name);
        Assert.Equal("$own", own.DisplayName);
        Assert.Equal("f()", own.Span.Outermost.Text);
    }

    [Fact]
    public void Arguments_are_copied_for_each_use()
    {
        Sonde.Script.Syntax.Script script = Reading.Read("macro twice(x) { x + x } begin { $x = twice(pid); }").Script;
        Binary sum = (Binary)((Assign)script.Probes[0].Body.Statements[0]).Value;
        Assert.NotSame(sum.Left, sum.Right);
        Assert.Equal(sum.Left.Span, sum.Right.Span);
    }

    [Fact]
    public void Growth_without_end_is_refused()
    {
        string macros = string.Concat(Enumerable.Range(1, 40).Select(i => $"macro m{i}(x) {{ m{i - 1}(x + x) }} "));
        Assert.Contains("too large", Reading.Messages("macro m0(x) { x } " + macros + "begin { $x = m40(pid); }"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_replaces_macros_of_the_library()
    {
        ParseOptions options = new() { StandardLibrary = new SourceText("library", "macro one() { 1 } macro two() { one() + 1 }") };
        string tree = Reading.Expanded("macro one() { 10 } begin { $x = two; }", options);
        Assert.Contains("int: 10", tree, StringComparison.Ordinal);
        Assert.DoesNotContain("ERROR", tree, StringComparison.Ordinal);
    }
}
