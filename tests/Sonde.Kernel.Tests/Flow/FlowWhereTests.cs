using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sonde.Engine.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Flow;

/// <summary>A condition on arguments selects the calls for which Python itself finds it true, decided in the kernel.</summary>
public sealed partial class FlowWhereTests
{
    /// <summary>One of each kind, for every interpreter.</summary>
    static readonly string[] _few =
    [
        "n == 42 and len(items) >= 0", "n > 0.5", "s == 'abc' or s == '\\u65e5\\u672c'", "items", "'b' in s", "n is None or n in (1, 5, 42.5, 'x')",
        "o.name == 'abc'", "len(o.items) > 3", "o.id == 5 or o.id == -7", "o['id'] == 5", "o[0] == 5 or o[-1] == 'abc'", "o.id.id == 11 and o.id.items[0] == 1", "o.name == 'abc' and o.id % 4 == 1 and n + 1 == 2", "o['name']['\u00e9']", "'b' in o.name", "not (o['id'] == 6)",
    ];

    static readonly string[] _many =
    [
        "n == 0", "n != 0", "n < 0", "n <= 0", "n > 0", "n >= 1", "n == True", "n is True", "n is not None", "not n", "n", "0 < n < 50", "n < 42.5", "n <= 42.0", "n != 42.0", "n >= 1e18",
        "n == 9007199254740993", "n > 9007199254740993", "n <= 9007199254740992", "n == 9223372036854775807", "n < 9223372036854775807", "-9223372036854775807 <= n", "n > -0.5", "n == 1e300",
        "n == '42'", "n == b'42'", "n != '42'", "n in (None, '42', 5)", "n not in [0, 1]", "5 == n",
        "s == ''", "s == 'GET /index.html'", "s != 'abc'", "s == '\\xe9t\\xe9'", "s == '\\U0001f600'", "s == 'a\\U0001f600b'", "s in ('a', 'abc', b'abc')", "len(s) == 100", "len(s) > 2 and 'x' in s",
        "s == 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'", "'y' in s", "'' in s", "'\\u672c' in s", "b'c' in s", "b'\\xff' in s", "'\\xe9' not in s", "'index' in s or s == b'\\x00\\xff'",
        "len(items) > 100", "len(items) == 0", "not items", "items is None", "len(items) in (1, 2, 3)", "len(items) < 2.5", "(n == 1 or n == 42) and not (len(s) == 3)", "True", "False or n == 1",
    ];

    /// <summary>Attributes and items.</summary>
    static readonly string[] _found =
    [
        "o.id == 5", "o.name", "not o.name", "o.name is None", "o.id is True", "o.id == 2.5", "o.name in ('x', '')", "o.items[2] == 3", "o.items[0][0] == 5", "len(o.items[0]) == 1", "len(o['name']) == 2", "o['name']['id'] > 3",
        "o[3] == 'x'", "o[-1] == 1", "o[2][-1] == 2", "len(o) == 2 and o[1] == 'abc'", "o['k250'] == 250", "o.id.name == 'inner'",
        "o.tm_year == 1970", "o.tm_sec == 5 and o[0] == 1970", "o.st_size == 6", "o.errno == 5", "o.strerror == 'abc'", "o.st_ino == 1 and len(o) == 10", "o[-1] == 'abc' and len(o) == 2", "o[2][0] == 1", "o._49 == 49",
    ];

    /// <summary>What is calculated, of numbers that fit and are whole: others are undecided.</summary>
    static readonly string[] _calculated =
    [
        "0 < o.id + 2 < 20", "0 < 2 - o.id < 20", "o.id * -3 == -15", "0 < o.id * o.id < 1000", "o.id // 2 == -4", "o.id // -2 in (3, -3)", "o.id % 3 == 2", "o.id % -4 == -3", "-o.id == 7", "o.id & 6 == 4", "o.id | 1 == 9",
        "o.id ^ 1 == 4", "~o.id == -6", "o.id << 2 == 20", "o.id >> 1 == -4", "0 < o.id >> 38 < 5", "(o.id + n) * 2 > 11 and o.id < 100", "o.id > len(o.items)", "o.id < n", "n == o.id", "n != o.id", "1 < o.id < len(o.name) + 3",
        "3 * 60 - 175 == o.id", "o.id + 9223372036854775807 < 0", "o.id // 0 == 1", "o.id % (o.id - 5) == 0 and o.id != 5", "o.id * 4611686018427387904 == 4611686018427387904",
    ];

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void It_selects_what_Python_finds_true(string name) => Compare(name, _few);

    [Theory, InlineData("pyenv-3.8"), InlineData("sid-3.14")]
    public void It_selects_what_Python_finds_true_whatever_is_compared(string name) => Compare(name, _many);

    [Theory, InlineData("pyenv-3.10"), InlineData("pyenv-3.11"), InlineData("pyenv-3.12"), InlineData("sid-3.15")]
    public void It_selects_what_Python_finds_true_of_what_is_found_and_calculated(string name) => Compare(name, [.. _found, .. _calculated.Select(condition => $"{Whole} and ({condition})")]);

    const string Whole = "o.name not in ('a', 'big', 'outer')";

    [GeneratedRegex(@"(?<!')\b(s|items|o)\b(?!')")]
    private static partial Regex OtherArgument();

    static void Compare(string name, IReadOnlyList<string> conditions)
    {
        Requires.Root();
        using var target = Target.StartReady(Interpreters.Get(name), "conditions.py");
        var wrong = new List<string>();
        foreach (var condition in conditions)
        {
            target.Send(condition);
            var truth = JsonSerializer.Deserialize<int[]>(target.WaitFor("truth"))!;
            var options = new FlowOptions { Functions = ["tried", "started"], Where = condition, Arguments = true };
            using var recording = new Recording(options, target.Pid);
            target.Send();
            target.WaitFor("called");
            var report = recording.Stop();
            foreach (var function in new[] { "tried", "started" })
            {
                // A generator has only the first two arguments.
                var expected = function == "tried" ? truth : OtherArgument().IsMatch(condition) ? [] : truth;
                var shown = recording.Events.Where(each => each.Kind == FlowEventKind.Call && each.Code.Function == function)
                    .Select(each => int.Parse(each.Arguments![0].Text, CultureInfo.InvariantCulture)).ToArray();
                if (!shown.SequenceEqual(expected))
                {
                    wrong.Add($"{condition}, {function}: {string.Join(' ', expected)}\n   shown {string.Join(' ', shown)}");
                }
            }

            // What was selected is shown to its end: each call returns, and each generator goes on twice.
            var events = recording.Events;
            Assert.Equal(events.Count(each => each.IsEntry), events.Count(each => !each.IsEntry));
            Assert.Equal(2 * events.Count(each => each.Kind == FlowEventKind.Call && each.Code.Function == "started"), events.Count(each => each.Kind == FlowEventKind.Resume));
            Assert.Equal(0, report.Losses.Events);
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void What_cannot_be_decided_and_what_has_no_such_argument_is_counted()
    {
        Requires.Root();
        using var target = Target.StartReady(Interpreters.Any(), "conditions.py");
        target.Send("n > 'x'");
        target.WaitFor("truth");
        using var recording = new Recording(new FlowOptions { Functions = ["tried", "started"], Where = "n > 5 and named is not None" }, target.Pid);
        target.Send();
        target.WaitFor("called");
        var report = recording.Stop();
        Assert.True(report.Losses.Undecided > 0, "texts are not compared with numbers");
        Assert.True(report.Losses.Unnamed > 0, "a generator has no such argument");
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.12"), InlineData("sid-3.14")]
    public void Items_of_a_class_with_a_way_of_its_own_to_them_are_undecided_and_not_false(string name)
    {
        Requires.Root();
        using var target = Target.StartReady(Interpreters.Get(name), "conditions.py");
        string[] items = ["o['id']", "o[0]", "o[0]"];
        for (var i = 0; i < items.Length; i++)
        {
            target.Send("len(o) == 7");
            var own = JsonSerializer.Deserialize<int[]>(target.WaitFor("truth"))!;
            Assert.Equal(items.Length, own.Length);
            var where = string.Create(CultureInfo.InvariantCulture, $"index == {own[i]} and not ({items[i]} == 6)");
            using var recording = new Recording(new FlowOptions { Functions = ["tried"], Where = where }, target.Pid);
            target.Send();
            target.WaitFor("called");
            var report = recording.Stop();
            Assert.Empty(recording.Events);
            Assert.Equal(1, report.Losses.Undecided);
        }
    }

    [Theory, InlineData("pyenv-3.6"), InlineData("pyenv-3.7"), InlineData("pyenv-3.8"), InlineData("pyenv-3.10"), InlineData("pyenv-3.11"), InlineData("pyenv-3.12"), InlineData("pyenv-3.13"), InlineData("sid-3.14"), InlineData("sid-3.15")]
    public void What_a_class_does_in_a_way_of_its_own_is_undecided(string name)
    {
        Requires.Root();
        using var target = Target.StartReady(Interpreters.Get(name), "conditions.py");
        target.Send("odd");
        var conditions = JsonSerializer.Deserialize<string[]>(target.WaitFor("truth"))!;
        var wrong = new List<string>();
        for (var i = 0; i < conditions.Length; i++)
        {
            if (i > 0)
            {
                target.Send("odd");
                target.WaitFor("truth");
            }

            var where = string.Create(CultureInfo.InvariantCulture, $"number == {i} and ({conditions[i]})");
            using var recording = new Recording(new FlowOptions { Functions = ["odd"], Where = where }, target.Pid);
            target.Send();
            target.WaitFor("called");
            var report = recording.Stop();
            if (recording.Events.Count > 0 || report.Losses.Undecided != 1)
            {
                wrong.Add($"{conditions[i]}: {recording.Events.Count} events, {report.Losses.Undecided} undecided");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("n = 5", "'==' does")]
    [InlineData("user.id() == 5", "only len() can be called")]
    [InlineData("items[i] == 5", "a whole number, or a text")]
    [InlineData("items[1:2] == 5", "parts of texts and lists")]
    [InlineData("n / 2 == 5", "makes a float")]
    [InlineData("n ** 2 == 5", "not calculated in the kernel")]
    [InlineData("n + 1.5 == 5", "cannot calculate with floats")]
    [InlineData("n + 'a' == 5", "only whole numbers can be calculated with")]
    [InlineData("n + 1 == 'a'", "what is calculated is a number")]
    [InlineData("9223372036854775807 + 1 == n", "does not fit 64 bits")]
    [InlineData("1 // 0 == n", "has no value")]
    [InlineData("'abc'.size == 3", "of arguments only")]
    [InlineData("user.\u00e9 == 3", "ASCII characters")]
    [InlineData("a.b.c.d.e.f.g.h.i.j == 3", "at most 8 attributes")]
    [InlineData("'abc' in n + 1", "only a text can be looked for")]
    [InlineData("f(n)", "only len() can be called")]
    [InlineData("n ==", "missing at the end")]
    [InlineData("n is m", "'is' asks for None")]
    [InlineData("s < 'b'", "== and != only")]
    [InlineData("len(items) == 'a'", "len() is a number")]
    [InlineData("n == 99999999999999999999", "64 bits")]
    [InlineData("(n == 1", "not closed")]
    [InlineData("n is 5", "same object")]
    [InlineData("'abc", "no end")]
    [InlineData("5", "a value, not a condition")]
    [InlineData("", "no condition")]
    [InlineData("n == 1 n", "does not go on")]
    public void A_mistake_is_told_with_its_place_before_anything_is_attached(string condition, string words)
    {
        var result = SondeCommand.Run("flow", "-p", "1", "--where", condition);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(words, result.Errors, StringComparison.Ordinal);
        Assert.Contains("--where:1:", result.Errors, StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }
}
