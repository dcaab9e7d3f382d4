using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;
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

    [Theory, InlineData("snoop", "pyenv-3.8"), InlineData("snoop", "pyenv-3.12"), InlineData("point", "pyenv-3.12")]
    public void Ctrl_C_while_the_program_has_not_got_to_it_takes_it_back(string verb, string name)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, "stuck");
        using Target sonde = Target.Start(SondeCommand.Path, [verb, "--inject", "-p", $"{target.Pid}", .. verb == "snoop" ? ["listen"] : new[] { Place, "{total}" }]);
        Strangers.WaitUntil(() => Left(target.Pid).Length > 0, "it is waited for the program");
        sonde.Signal("INT");
        Assert.Equal(0, sonde.WaitForExit());
        Assert.DoesNotContain("xception", sonde.Errors, StringComparison.Ordinal);
        Strangers.WaitUntil(() => Left(target.Pid).Length == 0, "nothing is left in the file system");
        target.AssertComputedRight();
        Assert.Equal("", target.Errors);
    }

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
        ulong own = PidNamespaceOf("self");
        string stale = $"/tmp/.sonde-4194304-17-{own}-00112233aabb", used = $"/tmp/.sonde-4194304-17-{own}-00112233aabc", strange = $"/tmp/.sonde-4194304-17-{own}-00112233aabd";
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

    [Fact]
    public void What_was_left_in_another_pid_namespace_stays_as_long_as_that_is_in_use()
    {
        Requires.Root();
        using Target stranger = Target.Start("unshare", "--pid", "--fork", "--kill-child", "sh", "-c", "echo ready; read line");
        stranger.WaitFor("ready");
        string inside = File.ReadAllText($"/proc/{stranger.Pid}/task/{stranger.Pid}/children").Trim();
        // No namespace has the number 1: of one that has ended it is known, where all processes are seen, that nothing of it is in use any more.
        string used = $"/tmp/.sonde-4194304-17-{PidNamespaceOf(inside)}-00112233aabb", ended = "/tmp/.sonde-4194304-17-1-00112233aabb";
        try
        {
            Make(used);
            Make(ended);
            using Guest target = Guest.Start("pyenv-3.12", "busy");
            Assert.Contains("sonde: 1 hits", Point(target, Place, "{total}", "--hits", "1", "--budget", "100").Errors, StringComparison.Ordinal);
            Assert.Single(Directory.GetFiles(used));
            const ulong first = 0xEFFFFFFC;
            Assert.Equal(PidNamespaceOf("self") != first, Directory.Exists(ended));
        }
        finally
        {
            foreach (string directory in ((string[])[used, ended]).Where(Directory.Exists))
            {
                Directory.Delete(directory, recursive: true);
            }
        }

        static void Make(string directory)
        {
            Directory.CreateDirectory(directory);
            File.WriteAllText(Path.Combine(directory, "run"), "");
            Directory.SetLastWriteTimeUtc(directory, DateTime.UtcNow.AddMinutes(-1));
        }
    }

    [Fact]
    public void In_a_pid_namespace_of_its_own_a_session_works_and_leaves_alone_what_is_elsewhere()
    {
        Requires.Root();
        using Guest outside = Guest.Start("pyenv-3.12", "idle");
        string left = $"/tmp/.sonde-{outside.Pid}-17-{PidNamespaceOf("self")}-00112233aabb", fifo = Path.Combine(Path.GetTempPath(), $"sonde-fifo-{Environment.ProcessId}");
        Directory.CreateDirectory(left);
        Directory.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddMinutes(-1));
        try
        {
            // A program and Sonde, both inside; the program ends when it gets a line.
            using Target inside = Target.Start(
                "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
                """
                mkfifo "$3" && exec 7<>"$3" && rm "$3"
                "$0" "$1" <&7 &
                pid=$!
                for turn in 1 2 3 4 5 6 7 8 9 10; do
                    "$2" point --inject -p $pid finite.py:8 'count is {count}' --hits 1 && break
                    sleep 0.2
                done
                echo end >&7
                wait $pid
                """,
                Interpreters.Get("pyenv-3.12").Path, Path.Combine(Repository.Targets, "finite.py"), SondeCommand.Path, fifo);
            string told = inside.ReadToEnd();
            Assert.Contains("count is ", told, StringComparison.Ordinal);
            Assert.Contains("right", told, StringComparison.Ordinal);
            Assert.True(Directory.Exists(left));
        }
        finally
        {
            Directory.Delete(left);
        }

        outside.AssertComputedRight();
    }

    public static TheoryData<string> Some => ["pyenv-3.7", "pyenv-3.8", "pyenv-3.10", "pyenv-3.11", "pyenv-3.12", "pyenv-3.13", "sid-3.14", "sid-3.15"];

    [Theory, MemberData(nameof(Some))]
    public void Values_that_lie_raise_loop_or_are_huge_are_told_and_none_of_their_code_runs(string name)
    {
        Requires.Root();
        using Target program = Target.StartReady(Interpreters.Get(name), "hostile.py");
        string place = $"hostile.py:{LineOf("hostile.py", "return \"unharmed\"") - 1}";
        string[] parts =
        [
            "{itself}", "{liar}", "{lying} {len(lying)} {lying[2]}", "{liars['key']} {turned['key']} {turned['other']}", "{digits}", "{len(huge)} {huge}", "{cases['x']} {cases[50000]} {many[99999]} {many[-1]}", "{odd.x} {liar.x} {lying.x}", "{deep}", "{escape}", "{liars == turned}",
        ];
        string told = Whole(program, "looks()", "'unharmed'", place, string.Join(" | ", parts), "--hits", "1", "--when", "'key' in members and 'key' in turned and liar is not None");
        string[] values = told.Split(" | ");
        Assert.EndsWith("[1, [...]]", values[0], StringComparison.Ordinal);
        Assert.StartsWith("<__main__.Liar object at 0x", values[1], StringComparison.Ordinal);
        Assert.Equal("LyingList([1, 2, 3]) 3 3", values[2]);
        Assert.Equal("1 1 <dict has no ['other']>", values[3]);
        Assert.Equal("<int of 66439 bits>", values[4]);
        Assert.Matches("^1073741824 x{1000}…", values[5]);
        Assert.Equal("<it is not among the first 100000 of a dict of 100001, and behind them it is not looked for> 50000 [1] <dict has no [-1]>", values[6]);
        Assert.Equal("<Odd has no attribute x> <Liar has no attribute x> <LyingList has no attribute x>", values[7]);
        Assert.Equal("[[[[[…]]]]]", values[8]);
        Assert.Equal(@"\x1b[2J\u202e\x0a", values[9]);
        Assert.Equal("<dict and dict are compared by the program's code, which is not run>", values[10]);

        string snapshot = Whole(program, "looks()", "'unharmed'", place, "--snapshot", "--hits", "1", "--items", "3", "--characters", "50");
        using JsonDocument parsed = JsonDocument.Parse(snapshot);
        JsonElement locals = parsed.RootElement.GetProperty("locals");
        Assert.Equal("[1, [...]]", locals.GetProperty("itself").GetString());
        Assert.StartsWith("<__main__.Liar object at 0x", locals.GetProperty("liar").GetString(), StringComparison.Ordinal);
        Assert.Equal("{0: [1], 1: [1], 2: [1], … 99997 more}", locals.GetProperty("many").GetString());
        Assert.InRange(locals.GetProperty("huge").GetString()!.Length, 50, 100);

        // The text of a gigabyte was not copied.
        Assert.InRange(PeakMemory(program.Pid), 1L << 30, 3L << 29);
        Ask(program, "resized()", "19");
        Whole(program, "resized()", "19", $"hostile.py:{LineOf("hostile.py", "last = i")}", "{values} {len(values)} {values[7]}", "--budget", "100");
        Whole(program, "resized()", "19", $"hostile.py:{LineOf("hostile.py", "last = i")}", "--snapshot", "--when", "len(values) < 100000 and 5000 not in values", "--budget", "100");
        Ask(program, "Liar.ran", "[]");
        Assert.Equal("", program.Errors);
        program.Send("end");
        Assert.Equal(0, program.WaitForExit());
    }

    [Theory, MemberData(nameof(Some))]
    public void The_names_of_a_class_body_are_its_own_and_those_that_only_the_program_can_read_are_said_to_be(string name)
    {
        Requires.Root();
        using Target program = Target.StartReady(Interpreters.Get(name), "hostile.py");
        string inBody = $"hostile.py:{LineOf("hostile.py", "other = \"enumerated\"") + 1}";
        Assert.EndsWith("  of the class enumerated", Whole(program, "enumerates()", "enumerated", inBody, "{shade} {other}", "--hits", "1"), StringComparison.Ordinal);
        using (JsonDocument body = JsonDocument.Parse(Whole(program, "enumerates()", "enumerated", inBody, "--snapshot", "--hits", "1")))
        {
            Assert.Equal("'of the class'", body.RootElement.GetProperty("locals").GetProperty("shade").GetString());
        }

        const string unread = "the names of <module> are in a Mapping, which the program's code would read, which is not run";
        Assert.EndsWith($"  <{unread}>", Whole(program, "maps(Mapping())", "0", "mapped.py:3", "{shade}", "--hits", "1"), StringComparison.Ordinal);
        using (JsonDocument mapped = JsonDocument.Parse(Whole(program, "maps(Mapping())", "0", "mapped.py:3", "--snapshot", "--hits", "1")))
        {
            Assert.Equal(unread, mapped.RootElement.GetProperty("trouble").GetString());
        }

        Assert.EndsWith("  of the mapping <absent is not set>", Whole(program, "maps(Missing())", "0", "mapped.py:3", "{shade} {absent}", "--hits", "1"), StringComparison.Ordinal);
        program.Send("end");
        Assert.Equal(0, program.WaitForExit());
    }

    [Theory, MemberData(nameof(Some))]
    public void Of_a_line_that_does_not_run_in_calls_that_is_said_at_the_start(string name)
    {
        Requires.Root();
        using Guest target = Guest.Start(name, "idle");
        (string Line, string Words)[] lines = [("def step(total, number):", "step is defined, and it does not run when that is called: the first line that does is 24"), ("STEPS = 1000", "is in no function, and what it is in has gone past it"), ("    total = total + number * number", "")];
        foreach ((string line, string words) in lines)
        {
            using Target tool = Target.Start(SondeCommand.Path, "point", "--inject", "-p", $"{target.Pid}", $"guest.py:{LineOf("guest.py", line)}", "x");
            Strangers.WaitUntil(() => tool.Errors.Contains(words.Length > 0 ? words : "Ctrl-C ends it", StringComparison.Ordinal) || !tool.IsAlive, "it is said");
            Assert.True(tool.IsAlive, tool.Errors);
            tool.Signal("INT");
            Assert.Equal(0, tool.WaitForExit());
            Assert.Equal(words.Length > 0, Regex.IsMatch(tool.Errors, "is defined|in no function"));
        }
    }

    /// <summary>Sets a point, has the program evaluate an expression, and gives what is told.</summary>
    static string Whole(Target program, string expression, string result, params string[] words)
    {
        using Target tool = Target.Start(SondeCommand.Path, ["point", "--inject", "-p", $"{program.Pid}", .. words]);
        Strangers.WaitUntil(() => tool.Errors.Contains("Ctrl-C ends it", StringComparison.Ordinal) || !tool.IsAlive, "the point is set");
        Ask(program, expression.Replace("looks", "repr(looks", StringComparison.Ordinal) + (expression.StartsWith("looks", StringComparison.Ordinal) ? ")" : ""), result);
        if (!words.Contains("--hits"))
        {
            tool.Signal("INT");
        }

        string told = tool.ReadToEnd();
        Assert.True(tool.WaitForExit() == 0, tool.Errors);
        Assert.DoesNotContain("mistake", tool.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("not understood", tool.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(" 0 hits", tool.Errors, StringComparison.Ordinal);
        return told.Trim();
    }

    static void Ask(Target program, string expression, string result)
    {
        program.Send(expression);
        Assert.Equal(result, program.WaitFor("results"));
    }

    static int LineOf(string file, string text) => Array.FindIndex(File.ReadAllLines(Path.Combine(Repository.Targets, file)), line => line.Contains(text, StringComparison.Ordinal)) + 1;

    /// <summary>The most memory that a process has had at once, in bytes.</summary>
    static long PeakMemory(int pid) =>
        1024 * long.Parse(File.ReadLines($"/proc/{pid}/status").First(static line => line.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    [Theory, InlineData("pyenv-3.8"), InlineData("pyenv-3.12"), InlineData("sid-3.14")]
    public void What_found_no_room_is_counted_to_the_last_hit(string name)
    {
        Requires.Root();
        const int hits = 3000;
        using Guest target = Guest.Start(name, "busy");
        string before = target.State();
        using Target tool = Target.Start(
            SondeCommand.Path, "point", "--inject", "-p", $"{target.Pid}", Place, $"{new string('x', 2000)} {{total}}", "--hits", $"{hits}", "--budget", "100");
        Strangers.WaitUntil(() => tool.Errors.Contains("Ctrl-C ends it", StringComparison.Ordinal) || !tool.IsAlive, "the point is set");
        tool.Signal("STOP");
        // Between two answers the line runs a thousand times.
        for (int round = 0; round < 8; round++)
        {
            target.State();
        }

        tool.Signal("CONT");
        int told = tool.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
        Assert.True(tool.WaitForExit() == 0, tool.Errors);
        Match lost = Regex.Match(tool.Errors, "([0-9]+) hits, ([0-9]+) lost, for they came faster than they were read");
        Assert.True(lost.Success, tool.Errors);
        Assert.Equal(hits, int.Parse(lost.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
        Assert.Equal(hits, told + int.Parse(lost.Groups[2].ValueSpan, CultureInfo.InvariantCulture));
        target.AssertIsAgain(before);
        target.AssertComputedRight();
    }

    static ulong PidNamespaceOf(string process) => FileStatus.TryRead($"/proc/{process}/ns/pid", followsLinks: true, out var status) ? status.Inode : throw new InvalidOperationException(process);

    static void AssertNoSecret(string text)
    {
        foreach (string secret in (string[])["hunter2", "tok-", "s3cr3t", "MIIE", "eyJ"])
        {
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }

        // A process may have the number 4111.
        Assert.DoesNotMatch("4111[- ]?1", text);
    }

    static CommandResult Point(Guest target, params string[] words) => SondeCommand.Run(["point", "--inject", "-p", $"{target.Pid}", .. words]);
}
