using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Dump;

/// <summary>Whose the values are that <c>sonde dump -l</c> shows of programs that go on.</summary>
public sealed partial class DumpedValuesTests
{
    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Values_of_threads_that_never_rest_are_all_of_one_moment(string name)
    {
        using var target = Target.StartReady(Interpreters.Get(name), "restless.py");
        const int dumps = 3;
        for (var i = 0; i < dumps; i++)
        {
            var seen = 0;
            foreach (var (function, values) in Frames(SondeCommand.Run(["dump", "-l", "--json", "-p", Pid(target)])))
            {
                seen += function is "spin" or "outer" ? 1 : 0;
                Assert.True(Fits(function, values), $"{function}: {Show(values)}");
            }

            Assert.Equal(2, seen);
        }

        Assert.True(target.IsAlive);
    }

    [Fact]
    public void Values_that_cannot_be_caught_at_one_moment_are_shown_only_when_they_stay()
    {
        Assert.SkipUnless(Environment.ProcessorCount > 1, "There is one processor only.");
        using var target = Target.Start("taskset", "-c", "1", Interpreters.OfVersion(13).Path, Path.Combine(Repository.Targets, "restless.py"));
        target.WaitFor("ready");

        // Where it may not go to the target's processor, nothing can be made sure of.
        using var sonde = Target.Start("taskset", "-c", "0", SondeCommand.Path, "dump", "-l", "--json", "-p", Pid(target));
        var output = sonde.ReadToEnd();

        Assert.Equal(0, sonde.WaitForExit());
        foreach (var (function, values) in Frames(new CommandResult(0, output, "")).Where(static frame => frame.Function == "spin"))
        {
            Assert.True(values is null || values.Values.Any(static value => value == "<changed>"), Show(values));
        }
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Bodies_of_modules_and_classes_show_their_variables_and_not_their_parts(string name)
    {
        using var target = Target.StartReady(Interpreters.Get(name), "bodies.py");

        var text = SondeCommand.Run("dump", "-l", "-p", Pid(target)).Output;

        Assert.Contains("    Body (bodies.py:22)\n        pause()\n", text, StringComparison.Ordinal);
        Assert.Contains("            attribute: 'x'\n            number: 29\n            v0: 0\n", text, StringComparison.Ordinal);
        // 20 are shown: the attribute, the number and 18 of 30.
        Assert.Contains("            v17: 17\n            … 12 more\n", text, StringComparison.Ordinal);
        Assert.Contains("            counter: 5\n            names: {'a': [1, 2]}\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("method:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("__name__", text, StringComparison.Ordinal);
        Assert.DoesNotContain("sys:", text, StringComparison.Ordinal);
    }

    /// <summary>Whether values are such as the function has at some moment.</summary>
    static bool Fits(string function, Dictionary<string, string>? values)
    {
        const long least = 1_000_000_000;
        if (function is not ("spin" or "inner" or "outer"))
        {
            return true;
        }

        if (values is null)
        {
            return false;
        }

        var numbers = values.ToDictionary(static value => value.Key, static value => Number().Matches(value.Value).Select(static number => long.Parse(number.Value, CultureInfo.InvariantCulture)).ToArray());
        return function switch
        {
            "spin" => numbers["i"] is [>= least and var i] && numbers["j"] is [var j] && (j == Related(i) || j == Related(i - 1))
                && numbers["pair"] is [var first, var second] && (first == i || first == i - 1) && second == Related(first),
            "inner" => numbers["x"] is [> least and var x] && (!numbers.TryGetValue("y", out var y) || y is [var only] && only == Related(x))
                && (!numbers.TryGetValue("both", out var both) || both is [var left, var right] && left == x && right == Related(x)),
            _ => numbers["a"] is [>= least],
        };
    }

    static long Related(long number) => (number * 7) + 3;

    static List<(string Function, Dictionary<string, string>? Values)> Frames(CommandResult result)
    {
        Assert.True(result.ExitCode == 0, result.Errors);
        using var json = JsonDocument.Parse(result.Output);
        List<(string, Dictionary<string, string>?)> frames = [];
        foreach (var thread in json.RootElement.EnumerateArray())
        {
            foreach (var frame in thread.GetProperty("frames").EnumerateArray())
            {
                var locals = frame.GetProperty("locals");
                frames.Add((frame.GetProperty("name").GetString()!, locals.ValueKind == JsonValueKind.Null ? null
                    : locals.EnumerateArray().ToDictionary(static local => local.GetProperty("name").GetString()!, static local => local.GetProperty("repr").GetString()!)));
            }
        }

        return frames;
    }

    static string Show(Dictionary<string, string>? values) => values is null ? "nothing" : string.Join(", ", values);

    static string Pid(Target target) => target.Pid.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Number();
}
