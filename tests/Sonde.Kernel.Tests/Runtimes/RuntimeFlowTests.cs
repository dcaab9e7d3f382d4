using System.Text.Json;
using System.Text.RegularExpressions;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Runtimes;

/// <summary><c>flow</c> of other languages: calls are those that the programs of tests/targets/runtimes are known to make.</summary>
public sealed class RuntimeFlowTests
{
    [Fact]
    public void Java_calls_and_returns_are_followed()
    {
        using RuntimeTarget java = RuntimeTarget.Java();
        Check(java.Follow("--json", "--function", "'Work.*'"), "Work.branch", "Work.leaf");
        string summary = java.Follow("--summary");
        Assert.Matches(@"(?m)^ +300 +0 .* Work\.leaf +$", summary);
        Assert.Matches(@"(?m)^ +100 +0 .* Work\.branch +$", summary);
    }

    [Fact]
    public void Php_calls_and_returns_are_followed()
    {
        using RuntimeTarget php = RuntimeTarget.Php();
        Check(php.Follow("--json"), "Thing::branch", "Thing::leaf");
        string shallow = php.Follow("--json", "--depth", "1");
        Assert.Equal(200, Regex.Count(shallow, "\"function\":\"Thing::branch\""));
        Assert.DoesNotContain("Thing::leaf", shallow, StringComparison.Ordinal);
        Assert.DoesNotMatch("\"event\"", php.Follow("--json", "--min-duration", "60s"));
        Assert.Equal(4, Regex.Count(php.Follow("--function", "'Thing::branch'", "--max-events", "4"), "Thing::branch\\s"));
    }

    [Fact]
    public void Ruby_methods_are_followed_where_the_program_traces_them()
    {
        using RuntimeTarget ruby = RuntimeTarget.Ruby(traced: true);
        string output = ruby.Follow("--json", "--function", "'Thing.*'");
        Check(output, "Thing.branch", "Thing.leaf");
        Assert.Contains("TracePoint", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--where", "x == 1")]
    [InlineData("--args", "true")]
    [InlineData("--file", "work")]
    [InlineData("--engine", "inside")]
    public void What_the_probes_do_not_tell_is_refused(params string[] options)
    {
        using RuntimeTarget php = RuntimeTarget.Php();
        CommandResult result = SondeCommand.Run(["flow", "-p", $"{php.Pid}", .. options]);
        Assert.Equal(1, result.ExitCode);
        Assert.Matches($"^sonde: flow of process {php.Pid}: .*PHP.*\n$", result.Errors);
    }

    [Fact]
    public void A_build_without_probes_says_what_would_help()
    {
        Requires.Root();
        Requires.Program("/usr/bin/perl");
        using Target perl = Target.Start("/usr/bin/perl", "-e", "$| = 1; print qq(ready\\n); sleep 1000");
        perl.WaitFor("ready");
        Assert.Contains("-Dusedtrace", SondeCommand.Run("flow", "-p", $"{perl.Pid}").Complaint, StringComparison.Ordinal);
    }

    /// <summary>100 calls of the one, and in each three of the other, each with its end.</summary>
    static void Check(string output, string branch, string leaf)
    {
        var events = output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement)
            .Select(each => (Event: each.GetProperty("event").GetString(), Function: each.GetProperty("function").GetString(), Depth: each.GetProperty("depth").GetInt32(), HasDuration: each.TryGetProperty("duration_ns", out var took) && took.GetInt64() > 0))
            .Where(each => each.Function == branch || each.Function == leaf).ToList();
        var around = events.Count > 0 ? events[0].Depth : 0;
        (string, string, int, bool)[] inOne =
        [
            ("call", branch, around, false), .. Enumerable.Repeat(0, 3).SelectMany(_ => new[] { ("call", leaf, around + 1, false), ("return", leaf, around + 1, true) }), ("return", branch, around, true),
        ];
        Assert.True(events.Count == 800, $"{events.Count} events\n{output[..Math.Min(output.Length, 2000)]}");
        for (int i = 0; i < 800; i++)
        {
            Assert.Equal(inOne[i % 8], (events[i].Event!, events[i].Function!, events[i].Depth, events[i].HasDuration));
        }
    }
}
