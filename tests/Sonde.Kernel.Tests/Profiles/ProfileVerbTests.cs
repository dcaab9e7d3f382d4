using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Profiles;

/// <summary><c>sonde convert</c>, <c>report</c> and <c>diff</c> as they are called. They need no rights.</summary>
public sealed class ProfileVerbTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("sonde-profiles-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_profile_goes_through_every_format_that_can_be_read_and_is_still_the_same()
    {
        string first = Write("first.txt", "main (/a.py:3);parse (/a.py:9) 30\nmain (/a.py:3);render (/a.py:20) 12\n");
        string last = first;
        foreach (string extension in new[] { "jsonl", "pb.gz", "gecko.json", "pftrace", "speedscope.json", "chrome.json", "raw" })
        {
            string next = Path.Combine(_folder, "x." + extension);
            var run = SondeCommand.Run("convert", last, next);
            Assert.Equal("", run.Errors);
            Assert.Equal(0, run.ExitCode);
            last = next;
        }

        Assert.Equal(File.ReadAllLines(first).Order(), File.ReadAllLines(last).Order());
    }

    [Fact]
    public void Report_and_diff_name_functions_and_shares()
    {
        string before = Write("before.txt", "main (/a.py:3);parse (/a.py:9) 30\nmain (/a.py:3);render (/a.py:20) 10\n");
        string after = Write("after.txt", "main (/a.py:3);parse (/a.py:9) 10\nmain (/a.py:3);render (/a.py:20) 30\n");
        var report = SondeCommand.Run("report", before);
        Assert.Equal(0, report.ExitCode);
        Assert.Contains(report.Output.Split('\n'), line => line.StartsWith(" 75.0%   75.0% ", StringComparison.Ordinal) && line.EndsWith("parse (/a.py)", StringComparison.Ordinal));
        Assert.Contains("main (/a.py)", SondeCommand.Run("report", before, "--function", "parse").Output, StringComparison.Ordinal);
        Assert.Contains("        10    render (/a.py)", SondeCommand.Run("report", before, "--tree").Output, StringComparison.Ordinal);

        string graph = Path.Combine(_folder, "diff.html");
        var diff = SondeCommand.Run("diff", before, after, "-o", graph);
        Assert.Equal("", diff.Errors);
        Assert.Contains(diff.Output.Split('\n'), line => line.TrimStart().StartsWith("+50.0  25.0%   75.0%", StringComparison.Ordinal) && line.EndsWith("render (/a.py)", StringComparison.Ordinal));
        Assert.Contains("parse", File.ReadAllText(graph), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_done_is_said_in_one_line()
    {
        string good = Write("good.txt", "main 1\n");
        string bad = Write("bad.json", "{\"traceEvents\":[{\"ph\":\"B\",\"ts\":\"x\"}]}");
        string missing = Path.Combine(_folder, "missing.txt");
        Assert.Equal($"cannot read '{missing}': no such file", SondeCommand.Run("report", missing).Complaint);
        Assert.Equal($"cannot read '{bad}': as chrome: near byte 34: String where a number should be", SondeCommand.Run("convert", bad, missing).Complaint);
        Assert.StartsWith("'x.png': no format has this extension", SondeCommand.Run("convert", good, "x.png").Complaint, StringComparison.Ordinal);
        var nobody = SondeCommand.Run("report", good, "--function", "nobody");
        Assert.Equal((1, "", $"--function 'nobody': no function of '{good}' matches; without --function all are listed"), (nobody.ExitCode, nobody.Output, nobody.Complaint));
        Assert.Equal("--match '(' is no regular expression: a '(' is not closed, at character 1", SondeCommand.Run("report", good, "--match", "(").Complaint);
        Assert.StartsWith("sonde: --min-percent 'abc': must be a number, from 0 to 100\n", SondeCommand.Run("report", good, "--tree", "--min-percent", "abc").Errors, StringComparison.Ordinal);
        Assert.StartsWith("sonde: --top 0: must be at least 1\n", SondeCommand.Run("report", good, "--top", "0").Errors, StringComparison.Ordinal);
        Assert.Equal(2, SondeCommand.Run("diff", good, good, "-o", "x.txt").ExitCode);
    }

    [Fact]
    public void Formats_are_named_that_can_be_written_for_what_is_written_and_read_for_what_is_read()
    {
        string good = Write("good.txt", "main 1\n"), strange = Write("strange.json", "{\"a\":1}"), binary = Path.Combine(_folder, "strange");
        File.WriteAllBytes(binary, [0, 1, 2, 3, 255]);
        const string readable = "speedscope, raw, pprof, chrome, gecko, perfetto, jsonl";
        Assert.Equal($"cannot read '{strange}': it is JSON, but no profile of the formats that can be read ({readable})", SondeCommand.Run("convert", strange, "x.svg").Complaint);
        Assert.Equal($"cannot read '{binary}': it is none of the formats that can be read ({readable})", SondeCommand.Run("convert", binary, "x.svg").Complaint);
        Assert.Equal($"format 'picture': there is none of that name; there are flamegraph, html, {readable}", SondeCommand.Run("convert", good, "x.svg", "-f", "picture").Complaint);
        foreach (string name in readable.Split(", "))
        {
            string written = Path.Combine(_folder, name);
            Assert.Equal("", SondeCommand.Run("convert", good, written, "-f", name).Errors);
            Assert.Contains("main", SondeCommand.Run("report", written).Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_closed_standard_input_is_an_error_and_no_wait()
    {
        using var shell = Target.Start("sh", "-c", "exec \"$0\" convert - x.svg <&-", SondeCommand.Path);
        Assert.Equal(1, shell.WaitForExit());
        Assert.Equal("sonde: cannot read a profile from the standard input: it is closed\n", shell.Errors);
    }

    [Fact]
    public void Pipes_and_devices_are_written_to_and_stay()
    {
        string good = Write("good.txt", "main 1\n");
        string pipe = Path.Combine(_folder, "pipe"), device = Path.Combine(_folder, "full");
        Assert.Equal(0, Run("mkfifo", pipe));
        using (var reader = Target.Start("cat", pipe))
        {
            Assert.Equal("", SondeCommand.Run("convert", good, pipe, "-f", "raw").Errors);
            Assert.Equal("main 1\n", reader.ReadToEnd());
        }

        Assert.True(FileStatus.TryRead(pipe, followsLinks: false, out var status) && !status.IsRegularFile);
        Requires.Root();
        // A device of our own that is always full: the machine's must survive a failure of this test.
        Assert.Equal(0, Run("mknod", device, "c", "1", "7"));
        Assert.Equal($"cannot write '{device}': no space left on the device", SondeCommand.Run("convert", good, device, "-f", "raw").Complaint);
        Assert.True(FileStatus.TryRead(device, followsLinks: false, out status) && !status.IsRegularFile);
    }

    [Fact]
    public void Files_are_shown_with_their_whole_paths_when_that_is_asked_for()
    {
        string good = Write("good.txt", "main (/srv/www/app/main.py:3) 1\n");
        string graph = Path.Combine(_folder, "x.svg");
        Assert.Contains("main (app/main.py)", SondeCommand.Run("report", good).Output, StringComparison.Ordinal);
        Assert.Contains("main (/srv/www/app/main.py)", SondeCommand.Run("report", good, "--full-filenames").Output, StringComparison.Ordinal);
        Assert.Equal("", SondeCommand.Run("convert", good, graph, "--full-filenames").Errors);
        Assert.Contains("<title>main (/srv/www/app/main.py:3) ", File.ReadAllText(graph), StringComparison.Ordinal);
    }

    static int Run(string command, params string[] arguments)
    {
        using var target = Target.Start(command, arguments);
        return target.WaitForExit();
    }

    string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
