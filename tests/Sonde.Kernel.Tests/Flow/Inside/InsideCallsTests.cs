using System.Text.Json;
using System.Text.RegularExpressions;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Flow.Inside;

/// <summary><c>calls --inject</c>: the same as from outside.</summary>
public sealed class InsideCallsTests
{
    [Theory, MemberData(nameof(InsideTruthTests.Names), MemberType = typeof(InsideTruthTests))]
    public void The_same_is_counted_as_from_outside(string name)
    {
        Requires.Root();
        Dictionary<string, long> outside = Count(name, [], "__BPFTRACE_NOTIFY_PROBES_ATTACHED"), inside = Count(name, ["--inject"], "sonde: counting in");
        // Of 12, and of 10 in a thread.
        Assert.Equal(465 + 177, inside.Single(row => row.Key.StartsWith("fibonacci,", StringComparison.Ordinal)).Value);
        Assert.Equal(outside, inside);
    }

    [Fact]
    public void Tables_are_told_in_time_of_a_program_that_never_pauses()
    {
        Requires.Root();
        using Target target = InsideTarget.StartReady(Interpreters.OfVersion(12), "busy.py", "--threads", "2", "--rate", "0");
        target.Send();
        CommandResult result = SondeCommand.Run("calls", "--inject", "-i", "200ms", "-c", "3", "-p", $"{target.Pid}");
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Equal(3, Regex.Count(result.Output, @"(?m)^step \(.*busy\.py\) +[1-9]\d*$"));
    }

    [Fact]
    public void Tables_are_told_again_and_again_with_times()
    {
        Requires.Root();
        using Target target = InsideTarget.StartReady(Interpreters.OfVersion(12), "busy.py", "--threads", "1", "--rate", "2000");
        target.Send();
        CommandResult result = SondeCommand.Run("calls", "--inject", "-L", "-i", "300ms", "-c", "2", "-p", $"{target.Pid}");
        Assert.True(result.ExitCode == 0, result.Errors);
        string[] tables = result.Output.Split("\n\n");
        Assert.Equal(2, tables.Length);
        Assert.All(tables, table => Assert.Matches(@"(?m)^FUNCTION +# CALLS +TIME \(us\)\n(.*\n)*?step \(.*busy\.py\) +[1-9]\d* +\d+\.\d\d$", table));
    }

    [Theory]
    [InlineData("--syscalls", "system calls (--syscalls) are counted by the kernel's programs only; use --engine outside")]
    [InlineData("-l node", "runs no node")]
    public void What_cannot_be_counted_inside_is_refused(string words, string message)
    {
        Requires.Root();
        using Target target = InsideTarget.StartReady(Interpreters.OfVersion(12), "busy.py");
        CommandResult result = SondeCommand.Run(["calls", "--inject", "--engine", "inside", "-p", $"{target.Pid}", .. words.Split(' ')]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(message, result.Errors, StringComparison.Ordinal);
    }

    /// <summary>What is counted of one round of the program.</summary>
    static Dictionary<string, long> Count(string name, string[] options, string attached)
    {
        using Target target = InsideTarget.StartReady(Interpreters.Get(name), Truth.Program);
        using Target sonde = Target.Start("sh", ["-c", "exec \"$@\" 2>&1", "sh", "env", "__BPFTRACE_NOTIFY_PROBES_ATTACHED=1", SondeCommand.Path, "calls", "--json", "-p", $"{target.Pid}", .. options]);
        sonde.WaitFor(attached);
        target.Send();
        target.WaitFor("done");
        sonde.Signal("INT");
        string output = sonde.ReadToEnd();
        Assert.True(sonde.WaitForExit() == 0, output);
        Assert.DoesNotContain("LOST", output, StringComparison.Ordinal);
        using JsonDocument counts = JsonDocument.Parse(output.Split('\n').Single(line => line.Contains("\"@calls\"", StringComparison.Ordinal)));
        return counts.RootElement.GetProperty("data").GetProperty("@calls").EnumerateObject()
            // What the program waits with between its rounds is not counted on.
            .Where(row => row.Name.Contains(Truth.Program, StringComparison.Ordinal) || row.Name.Contains("<s", StringComparison.Ordinal))
            // Several functions can have one name.
            .GroupBy(row => row.Name, row => row.Value.GetInt64())
            .ToDictionary(rows => rows.Key, rows => rows.Sum());
    }
}
