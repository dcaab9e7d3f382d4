using System.Globalization;
using System.Text.Json;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Injection;

/// <summary><c>sonde point</c> tells the truth about a line, costs what it may, hides what is secret, and leaves the program as it was.</summary>
public sealed class PointTests
{
    /// <summary>In guest.py: the line of step() where the new total has been computed.</summary>
    const int Line = 25;

    const string Place = "guest.py:25";

    public static TheoryData<string> Interpreted => ["pyenv-3.7", "pyenv-3.8", "pyenv-3.9", "pyenv-3.10", "pyenv-3.11", "pyenv-3.12", "pyenv-3.13", "sid-3.13", "sid-3.14", "sid-3.15"];

    [Theory, MemberData(nameof(Interpreted))]
    public void Messages_tell_what_the_variables_were(string name)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, "threads");
        string before = target.State();
        CommandResult result = Point(target, Place, "{number}: {total}", "--when", "number == 3", "--hits", "20", "--budget", "100");
        Assert.True(result.ExitCode == 0, result.Errors);
        string[] lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(20, lines.Length);
        // The sum of the squares of 0 to 3: each round begins with nothing.
        Assert.All(lines, line => Assert.EndsWith("  3: 14", line, StringComparison.Ordinal));
        Assert.Contains("20 hits", result.Errors, StringComparison.Ordinal);
        Assert.Contains("hit as often as asked for", result.Errors, StringComparison.Ordinal);
        target.AssertIsAgain(before);
        Assert.Equal("", target.Errors);
        target.AssertComputedRight();
    }

    [Theory, InlineData("pyenv-3.9"), InlineData("pyenv-3.13")]
    public void A_snapshot_has_arguments_variables_and_the_stack_once_a_second(string name)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, "busy");
        CommandResult result = Point(target, Place, "--snapshot", "-d", "2", "--budget", "50");
        string[] lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(lines.Length, 1, 4);
        using JsonDocument snapshot = JsonDocument.Parse(lines[0]);
        JsonElement root = snapshot.RootElement;
        Assert.Equal("step", root.GetProperty("function").GetString());
        Assert.Equal(Line, root.GetProperty("line").GetInt32());
        Assert.Equal(["total", "number"], root.GetProperty("arguments").EnumerateObject().Select(each => each.Name));
        Assert.Equal(["step", "compute", "main", "<module>"], root.GetProperty("stack").EnumerateArray().Select(each => each.GetProperty("function").GetString()));
        Assert.Contains("not told", result.Errors, StringComparison.Ordinal);
        target.AssertComputedRight();
    }

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.11"), InlineData("pyenv-3.12")]
    public void A_point_on_a_hot_line_switches_itself_off_and_says_so(string name)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, "busy");
        string before = target.State();
        CommandResult result = Point(target, Place, "{total}", "--budget", "0.5");
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Contains("the point was switched off: it took", result.Errors, StringComparison.Ordinal);
        Assert.Contains("more than the 5.0 ms that it may", result.Errors, StringComparison.Ordinal);
        target.AssertIsAgain(before);
        target.AssertComputedRight();
    }

    [Theory, InlineData("pyenv-3.7"), InlineData("sid-3.14")]
    public void Counters_count_and_timers_measure(string name)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, "busy");
        CommandResult counted = Point(target, Place, "--counter", "--when", "number == 1", "--hits", "5", "--budget", "100");
        Assert.Contains("sonde: 5 hits", counted.Errors, StringComparison.Ordinal);
        CommandResult timed = Point(target, $"guest.py:{Line - 1}", "--timer", Line.ToString(CultureInfo.InvariantCulture), "--hits", "50", "--budget", "100", "--json");
        Assert.Contains("sonde: 50 hits", timed.Errors, StringComparison.Ordinal);
        Assert.Contains("\"event\":\"timer\"", timed.Output, StringComparison.Ordinal);
        target.AssertComputedRight();
    }

    [Theory, InlineData("{open('x')}", 2, "calls are not allowed"), InlineData("{a +}", 2, "no arithmetic"), InlineData("{1/0}", 2, "no arithmetic"), InlineData("{a:>5}", 2, "no formats"), InlineData("{a", 2, "without its"), InlineData("text", 1, "no code is on line 2")]
    public void What_cannot_be_set_is_said(string message, int code, string complaint)
    {
        Requires.Root();
        using Guest target = Guest.Start("pyenv-3.12", "idle");
        CommandResult result = Point(target, complaint.StartsWith("no code", StringComparison.Ordinal) ? "guest.py:2" : Place, message);
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(complaint, result.Complaint, StringComparison.Ordinal);
        target.AssertComputedRight();
    }

    [Fact]
    public void Without_consent_nothing_is_done_and_it_is_said_what_it_would_do()
    {
        Requires.Root();
        using Guest target = Guest.Start("pyenv-3.12", "idle");
        CommandResult result = SondeCommand.Run("point", "-p", $"{target.Pid}", Place, "x");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("give --inject", result.Complaint, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_secret_leaves_the_program_in_any_form()
    {
        Requires.Root();
        using Guest target = Guest.Start(Interpreters.Get("pyenv-3.13"), "secrets.py");
        string[][] ways =
        [
            ["--snapshot", "-d", "1"], ["--snapshot", "-d", "1", "--json"], ["all {user} {user.password} {token} {items} {note} {len(token)}", "--hits", "2"], ["{settings} {user.card} {items[0]} {items[0][1]} {pairs} {pairs[0][1]} {texts} {account.password} {settings[\"db_password\"]}", "--hits", "2", "--json"],
        ];
        foreach (string[] way in ways)
        {
            CommandResult result = Point(target, ["secrets.py:43", .. way, "--budget", "100"]);
            Assert.True(result.ExitCode == 0, result.Errors);
            Assert.NotEqual("", result.Output);
            Assert.Contains("hidden", result.Output, StringComparison.Ordinal);
            AssertNoSecret(result.Output + result.Errors);
        }

        string pid = target.Pid.ToString(CultureInfo.InvariantCulture);
        string[][] others =
        [
            ["snoop", "--inject", "use", "-n", "2"], ["snoop", "--inject", "use", "-n", "2", "--json"], ["snoop", "--inject", "use", "-n", "1", "--repr", "--fields", "3", "--max-length", "0"],
            ["snoop", "--inject", "use", "-n", "1", "--watch", "items[0][1]", "--watch", "pairs[0][1]", "--watch", "account.password", "--watch-explode", "items[0]", "--watch-explode", "user"],
            ["snoop", "use", "-n", "2"], ["flow", "--function", "use", "--max-events", "4"], ["flow", "--args", "--depth-of-values", "5", "--chars", "1000", "--max-events", "20", "--json"],
        ];
        foreach (string[] words in others)
        {
            CommandResult result = SondeCommand.Run([words[0], "-p", pid, .. words[1..]]);
            Assert.True(result.ExitCode == 0, result.Errors);
            Assert.Contains("hidden", result.Output, StringComparison.Ordinal);
            AssertNoSecret(result.Output + result.Errors);
        }

        AssertNoSecret(SondeCommand.Run("dump", "-p", $"{target.Pid}", "-lll").Output);
        AssertNoSecret(SondeCommand.Run("dump", "-p", $"{target.Pid}", "-lll", "--json").Output);
        Assert.Contains("hunter2", SondeCommand.Run("dump", "-p", $"{target.Pid}", "-lll", "--no-redact").Output, StringComparison.Ordinal);
        Assert.Contains("hunter2", Point(target, "secrets.py:43", "{user.password}", "--hits", "1", "--no-redact", "--budget", "100").Output, StringComparison.Ordinal);
    }

    [Theory, InlineData("pyenv-3.10", "threads"), InlineData("pyenv-3.12", "busy"), InlineData("sid-3.14", "threads"), InlineData("pyenv-3.13", "idle")]
    public void Killing_sonde_at_any_moment_leaves_the_program_running_and_clean(string name, string mode)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, mode);
        string before = target.State();
        var random = new Random(5);
        for (int round = 0; round < 6; round++)
        {
            using Target sonde = Target.Start(SondeCommand.Path, "point", "--inject", "-p", $"{target.Pid}", Place, "{total}", "--when", "number == 7", "--budget", "100");
            if (round % 2 == 0)
            {
                Thread.Sleep(random.Next(1500));
            }
            else
            {
                Strangers.WaitUntil(() => sonde.Errors.Contains("Ctrl-C ends it", StringComparison.Ordinal), "the point is set");
            }

            sonde.Signal("KILL");
            sonde.WaitForExit();
        }

        target.AssertIsAgain(before, TimeSpan.FromMinutes(1));
        Strangers.WaitUntil(() => Left(target.Pid).Length == 0, "nothing is left in the file system");
        Assert.Equal("", target.Errors);
        target.AssertComputedRight();
    }

    static readonly string[] _places = ["/tmp", "/dev/shm", "/var/tmp", "/run"];

    /// <summary>The directories that sessions with a process have left.</summary>
    static string[] Left(int pid) => [.. _places.Where(Directory.Exists).SelectMany(place => Directory.GetDirectories(place, $".sonde-{pid}-*"))];

    [Fact]
    public void Killing_sonde_and_the_program_together_leaves_no_files()
    {
        Requires.Root();
        int pid;
        using (Guest target = Guest.Start("pyenv-3.12", "stuck"))
        {
            pid = target.Pid;
            // It waits in C and does not come round to what it is given, which is therefore there.
            using Target sonde = Target.Start(SondeCommand.Path, "point", "--inject", "-p", $"{pid}", Place, "{total}");
            Strangers.WaitUntil(() => Left(pid).Length > 0, "the script is there");
            sonde.Signal("KILL");
            sonde.WaitForExit();
        }

        Strangers.WaitUntil(() => Left(pid).Length == 0, "nothing is left in the file system");
    }

    [Fact]
    public void What_was_left_of_a_program_that_has_ended_is_removed_by_the_next_session_and_nothing_else()
    {
        Requires.Root();
        const string files = "run socket failed";
        string stale = "/tmp/.sonde-4194304-17-00112233aabb", used = "/tmp/.sonde-4194304-17-00112233aabc", strange = "/tmp/.sonde-4194304-17-00112233aabd";
        try
        {
            foreach (string directory in (string[])[stale, used, strange])
            {
                Directory.CreateDirectory(directory);
                foreach (string file in files.Split(' '))
                {
                    File.WriteAllText(Path.Combine(directory, file), "");
                }
            }

            File.WriteAllText(Path.Combine(strange, "something else"), "kept");
            foreach (string directory in (string[])[stale, used, strange])
            {
                Directory.SetLastWriteTimeUtc(directory, DateTime.UtcNow.AddMinutes(-1));
            }

            using Target holder = Target.Start("flock", used, "-c", "echo ready; read line");
            holder.WaitFor("ready");
            using Guest target = Guest.Start("pyenv-3.12", "busy");
            Assert.Contains("sonde: 1 hits", Point(target, Place, "{total}", "--hits", "1", "--budget", "100").Errors, StringComparison.Ordinal);
            Assert.False(Directory.Exists(stale));
            Assert.Equal(3, Directory.GetFiles(used).Length);
            Assert.Equal("kept", File.ReadAllText(Path.Combine(strange, "something else")));
        }
        finally
        {
            foreach (string directory in ((string[])[stale, used, strange]).Where(Directory.Exists))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    static void AssertNoSecret(string text)
    {
        foreach (string secret in (string[])["hunter2", "tok-", "4111", "s3cr3t", "MIIE", "eyJ"])
        {
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
    }

    static CommandResult Point(Guest target, params string[] words) => SondeCommand.Run(["point", "--inject", "-p", $"{target.Pid}", .. words]);
}
