using System.Text.RegularExpressions;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Script.Specs;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Runtimes;

/// <summary>The verbs that take any probe, on tests/targets/spectarget.c.</summary>
public sealed class ProbeVerbTests
{
    [Fact]
    public void Calls_of_native_functions_are_counted_by_name()
    {
        using SpecTarget target = SpecTarget.Take();
        CommandResult result = Run("sh", "-c", $"{SondeCommand.Path} trace --show-program {target.Path}:add; {SondeCommand.Path} stacks --show-program -U {target.Path}:inner");
        Assert.Contains($"uprobe:{target.Path}:add\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("@stacks[ustack(60), comm] = count();", result.Output, StringComparison.Ordinal);
        Assert.Matches(@"avg = \d+ nsecs, total: \d+ nsecs, count: 7\n", Sonde("latency", $"{target.Path}:add", "-C", $"{target.Path} calls 7"));
        string each = Sonde("latency", "-u", "-F", $"{target.Path}:outer", $"{target.Path}:middle", "-C", $"{target.Path} values");
        Assert.Matches(@"Function = middle\n     usecs               : count     distribution\n +0 -> 1 ", each);
        Assert.Matches(@"Function = outer\n", each);
        Assert.Equal(2, Regex.Count(each, "count: 1\n"));
    }

    [Fact]
    public void Stacks_are_folded_from_the_outermost_to_the_innermost()
    {
        using SpecTarget target = SpecTarget.Take();
        Assert.Matches(@"(?m)^spectarget;.*main\+\d+;values\+\d+;outer\+\d+;middle\+\d+;inner\+0 1$", Sonde("stacks", "--folded", $"{target.Path}:inner", "-C", $"{target.Path} values"));
    }

    [Theory]
    [InlineData("p:{0}:add (arg1 > 1) \"%d and %d\", arg1, arg2", @"add +2 and 10\n.*add +3 and 10\n")]
    [InlineData("r:{0}:add (retval == 12) \"= %d\", retval", @"add += 12\n")]
    [InlineData("uprobe:{0}:add \"%d\", arg0", @"add +0\n.*add +1\n")]
    [InlineData("{0}:add", @"add +\n")]
    public void A_line_for_each_hit_has_what_was_asked_for(string probe, string lines)
    {
        using SpecTarget target = SpecTarget.Take();
        string output = Sonde("trace", string.Format(System.Globalization.CultureInfo.InvariantCulture, probe, target.Path), "-C", $"{target.Path} calls 4");
        Assert.StartsWith("TIME            PID     TID     COMM            FUNC             -\n", output, StringComparison.Ordinal);
        Assert.Matches(lines, output);
    }

    [Fact]
    public void Texts_are_read_where_the_format_wants_them()
    {
        using SpecTarget target = SpecTarget.Take();
        Assert.Matches("greet +world\n", Sonde("trace", $"p:{target.Path}:greet (STRCMP(\"world\", arg1)) \"%s\", arg1", "-C", $"{target.Path} values"));
        Assert.DoesNotContain("world", Sonde("trace", $"p:{target.Path}:greet (STRCMP(\"mars\", arg1)) \"%s\", arg1", "-C", $"{target.Path} values"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_trace_ends_after_so_many_lines()
    {
        using SpecTarget target = SpecTarget.Take();
        Assert.Equal(2, Regex.Count(Sonde("trace", "-M", "2", $"{target.Path}:add \"%d\", arg1", "-C", $"{target.Path} calls 2"), "spectarget"));
    }

    [Theory]
    [InlineData("needs a number|number above 0", "trace", "-M", "0", "libc:read")]
    [InlineData("has no end to measure to", "latency", "t:sched:sched_switch")]
    [InlineData("1 conversions, and there are 0 arguments", "trace", "p:libc:open \"%s\"")]
    [InlineData("a parenthesis is not closed", "trace", "p:libc:open (arg1 \"x\"")]
    [InlineData("how often is told only with --interval", "calls", "-c", "3", "libc:read")]
    [InlineData("a probe is written", "stacks", "two words")]
    [InlineData("it has too many parts", "latency", "a:b:c:d:e")]
    [InlineData("from 1 to 127 frames", "stacks", "--depth", "0", "libc:read")]
    [InlineData("--top -1: must be at least 0", "calls", "-T", "-1", "libc:read")]
    [InlineData("whose\\?", "calls")]
    [InlineData("exclude each other", "latency", "libc:read", "-p", "1", "-C", "true")]
    public void Mistakes_get_one_message(string message, params string[] words)
    {
        CommandResult result = SondeCommand.Run(words);
        Assert.InRange(result.ExitCode, 1, 2);
        Assert.Equal("", result.Output);
        Assert.Matches(message, result.Errors);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    static string Sonde(params string[] words)
    {
        Requires.Root();
        CommandResult result = SondeCommand.Run(words);
        Assert.True(result.ExitCode == 0, result.Errors);
        return result.Output;
    }

    static CommandResult Run(string program, params string[] words)
    {
        using Target process = Target.Start(program, words);
        string output = process.ReadToEnd();
        return new CommandResult(process.WaitForExit(), output, process.Errors);
    }
}
