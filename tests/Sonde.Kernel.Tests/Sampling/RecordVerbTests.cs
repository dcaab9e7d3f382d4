using System.Globalization;
using System.Text.RegularExpressions;
using Sonde.Engine;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Engine.Sampling;
using Sonde.Engine.Sampling.Kernel;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Sampling;

/// <summary>sonde record as users meet it.</summary>
public sealed class RecordVerbTests : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("sonde-").FullName;
    readonly Interpreter _interpreter = Interpreters.OfVersion(13);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("p.svg", "<svg")]
    [InlineData("p.html", "<html")]
    [InlineData("p.raw", ";repeat")]
    [InlineData("p.jsonl", "{")]
    [InlineData("p.speedscope.json", "speedscope")]
    public void The_extension_picks_the_format(string file, string holds)
    {
        using Target target = Busy();
        CommandResult result = SondeCommand.Run("record", "-p", Pid(target), "-d", "600ms", "-r", "1khz", "-o", InDirectory(file));
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Contains("from outside", result.Errors, StringComparison.Ordinal);
        Assert.Contains(holds, File.ReadAllText(InDirectory(file)), StringComparison.Ordinal);
        Assert.Equal([InDirectory(file)], Directory.GetFiles(_directory));
        Assert.True(target.IsAlive);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public void A_recording_that_is_told_to_end_writes_its_file(string signal)
    {
        using Target target = Busy();
        // Whoever runs the tests may ignore a signal (nohup), and that is inherited.
        using Target sonde = Target.Start("env", "--default-signal=" + signal, SondeCommand.Path, "record", "-p", Pid(target), "-r", "1000", "-o", InDirectory("p.jsonl"), "--session", Unique("told"));
        WaitForSamples(Unique("told"));
        sonde.Signal(signal);
        Assert.Equal(0, sonde.WaitForExit());
        Assert.Contains("repeat", Functions("p.jsonl"));
        Assert.True(target.IsAlive);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_end_of_the_process_ends_the_recording(bool killed)
    {
        using Target target = Busy();
        using Target sonde = Target.Start(SondeCommand.Path, "record", "-p", Pid(target), "-r", "1000", "-o", InDirectory("p.jsonl"), "--session", Unique("end"));
        WaitForSamples(Unique("end"));
        if (killed)
        {
            target.Signal("KILL");
        }
        else
        {
            target.Send();
        }

        Assert.Equal(0, sonde.WaitForExit());
        Assert.Contains("repeat", Functions("p.jsonl"));
    }

    [Fact]
    public void A_command_that_is_killed_at_once_is_said_to_have_been()
    {
        CommandResult result = SondeCommand.Run("record", "-o", InDirectory("p.svg"), "--", _interpreter.Path, "-S", "-c", "import os; os.kill(os.getpid(), 9)");
        Assert.Contains("the command was killed by signal 9", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("goes on", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_numbers_and_directories_are_refused_before_anything_is_recorded()
    {
        Assert.Equal(2, SondeCommand.Run("record", "-p", "0").ExitCode);
        Assert.Equal(2, SondeCommand.Run("record", "-p", "-1").ExitCode);
        Assert.StartsWith("sonde: process 'x': ", SondeCommand.Run("record", "-p", "x").Errors, StringComparison.Ordinal);
        using Target target = Busy();
        Assert.Contains("does not exist; make it", SondeCommand.Run("record", "-p", Pid(target), "-o", InDirectory("none/p.svg")).Complaint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_is_recorded_to_its_end_and_its_streams_are_its_own()
    {
        using Target sonde = Target.Start(SondeCommand.Path, "record", "-r", "1000", "-o", InDirectory("p.jsonl"), "--", _interpreter.Path, "-c",
            "import sys, time\ndef busy():\n    end = time.perf_counter() + 1\n    while time.perf_counter() < end:\n        pass\nbusy()\nprint(sys.stdin.readline().upper(), end='')\nsys.exit(3)");
        sonde.Send("shout");
        Assert.Equal("SHOUT\n", sonde.ReadToEnd());
        Assert.Equal(0, sonde.WaitForExit());
        Assert.Contains("exited with 3", sonde.Errors, StringComparison.Ordinal);
        Assert.Contains("busy", Functions("p.jsonl"));
    }

    [Fact]
    public void Children_are_recorded_when_asked_for_also_late_ones_and_those_that_become_another_program()
    {
        string program = InDirectory("parent.py");
        File.WriteAllText(program, """
            import os, subprocess, sys, time
            def spin(seconds):
                end = time.perf_counter() + seconds
                while time.perf_counter() < end:
                    pass
            def forked():
                spin(0.7)
            def started():
                spin(0.7)
            def became():
                spin(0.7)
            if len(sys.argv) > 1:
                globals()[sys.argv[1]]()
                sys.exit(0)
            spin(0.2)
            subprocess.run(["true"])
            child = os.fork()
            if child == 0:
                forked()
                os._exit(0)
            other = os.fork()
            if other == 0:
                spin(0.2)
                os.execv(sys.executable, [sys.executable, __file__, "became"])
            subprocess.run([sys.executable, __file__, "started"])
            os.waitpid(child, 0)
            os.waitpid(other, 0)
            """);
        CommandResult result = SondeCommand.Run("record", "-s", "-r", "500", "-o", InDirectory("p.jsonl"), "--", _interpreter.Path, program);
        Assert.True(result.ExitCode == 0, result.Errors);
        IReadOnlyCollection<string> functions = Functions("p.jsonl");
        Assert.Contains("forked", functions);
        Assert.Contains("started", functions);
        Assert.Contains("became", functions);
    }

    [Fact]
    public void An_interpreter_behind_a_shell_is_found()
    {
        CommandResult result = SondeCommand.Run("record", "-r", "1000", "-F", "-o", InDirectory("p.raw"), "--", "sh", "-c",
            $"true; {_interpreter.Path} -c 'import time\ndef busy():\n  end = time.perf_counter() + 1\n  while time.perf_counter() < end: pass\nbusy()'; true");
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Contains("<module> (<string>:1);busy (<string>:2)", File.ReadAllText(InDirectory("p.raw")), StringComparison.Ordinal);
    }

    [Fact]
    public void Threads_are_told_by_the_names_that_the_program_gave_them()
    {
        using Target target = Busy("gil");
        CommandResult result = SondeCommand.Run("record", "-p", Pid(target), "-i", "-d", "500ms", "-r", "500", "-o", InDirectory("p.jsonl"));
        Assert.True(result.ExitCode == 0, result.Errors);
        string[] names = [.. ProfileFormats.ReadFile(InDirectory("p.jsonl")).Threads.Select(thread => thread.Name)];
        Assert.Superset(new HashSet<string> { "MainThread", "left", "right", "waiter" }, names.ToHashSet());
    }

    [Fact]
    public void A_session_can_be_asked_without_ending_it()
    {
        string name = Unique("ask");
        using Target target = Busy();
        using Target sonde = Target.Start(SondeCommand.Path, "record", "-p", Pid(target), "-r", "1000", "-o", InDirectory("p.jsonl"), "--session", name);
        WaitForSamples(name);
        Assert.Contains($"{name}: process {target.Pid}", SondeCommand.Run("session", "list").Output, StringComparison.Ordinal);

        CommandResult twice = SondeCommand.Run("record", "-p", Pid(target), "-o", InDirectory("q.jsonl"), "--session", name);
        Assert.Equal((1, $"session '{name}' goes on already; take another name, or end it with 'sonde session stop {name}'"), (twice.ExitCode, twice.Complaint));

        CommandResult snapshot = SondeCommand.Run("session", "snapshot", name, "-o", InDirectory("early.jsonl"));
        Assert.True(snapshot.ExitCode == 0, snapshot.Errors);
        Profile early = ProfileFormats.ReadFile(InDirectory("early.jsonl"));
        Assert.NotEqual(0, early.SampleCount);
        Assert.True(sonde.IsAlive);

        CommandResult other = SondeCommand.Run("session", "snapshot", name, "-o", InDirectory("early.pb.gz"));
        Assert.True(other.ExitCode == 0, other.Errors);
        Assert.Equal((0x1f, 0x8b), (File.ReadAllBytes(InDirectory("early.pb.gz"))[0], File.ReadAllBytes(InDirectory("early.pb.gz"))[1]));
        Assert.Equal(0, SondeCommand.Run("session", "snapshot", name, "-o", InDirectory("early.text"), "-f", "raw").ExitCode);
        Assert.Contains("repeat", File.ReadAllText(InDirectory("early.text")), StringComparison.Ordinal);
        CommandResult unknown = SondeCommand.Run("session", "snapshot", name, "-o", InDirectory("early.doc"));
        Assert.Equal((2, SondeCommand.Run("record", "-p", Pid(target), "-o", InDirectory("early.doc")).Complaint), (unknown.ExitCode, unknown.Complaint));
        Assert.False(File.Exists(InDirectory("early.doc")));

        // Who asked for it learns that it went elsewhere; the recording's own file does not.
        CommandResult elsewhere = SondeCommand.Run("session", "snapshot", name, "-o", InDirectory("missing/early.jsonl"));
        Assert.Equal(1, elsewhere.ExitCode);
        Match place = Regex.Match(elsewhere.Output, "the directory does not exist; wrote (.*): [0-9,]+ samples");
        Assert.True(place.Success, elsewhere.Output);
        File.Delete(place.Groups[1].Value);

        Assert.DoesNotContain("since", Listed(), StringComparison.Ordinal);
        Assert.Equal(0, SondeCommand.Run("session", "reset", name).ExitCode);
        Assert.Matches("^process [0-9]+, [0-9,]+ s; since the reset, [0-9,]+ s ago: [0-9,]+ samples, [0-9,]+ lost$", Listed());
        Assert.Equal(0, SondeCommand.Run("session", "stop", name).ExitCode);
        Assert.Equal(0, sonde.WaitForExit());
        Assert.True(File.Exists(InDirectory("p.jsonl")), sonde.Errors);
        Assert.DoesNotContain(name, SondeCommand.Run("session", "list").Output, StringComparison.Ordinal);
        Assert.Contains($"there is no session '{name}'", SondeCommand.Run("session", "stop", name).Complaint, StringComparison.Ordinal);

        string Listed() => SondeCommand.Run("session", "list").Output.Split('\n').Single(line => line.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];
    }

    [Fact]
    public void A_session_whose_recording_was_killed_is_cleared_away()
    {
        string name = Unique("killed");
        using Target target = Busy();
        using (Target sonde = Target.Start(SondeCommand.Path, "record", "-p", Pid(target), "-o", InDirectory("p.jsonl"), "--session", name))
        {
            WaitForSamples(name);
            sonde.Signal("KILL");
            sonde.WaitForExit();
        }

        Assert.DoesNotContain(name, SondeCommand.Run("session", "list").Output, StringComparison.Ordinal);
        Assert.True(target.IsAlive);
        CommandResult again = SondeCommand.Run("record", "-p", Pid(target), "-d", "100ms", "-o", InDirectory("q.jsonl"), "--session", name);
        Assert.True(again.ExitCode == 0, again.Errors);
    }

    [Fact]
    public void A_page_has_the_times_of_its_samples()
    {
        using Target target = Busy();
        CommandResult result = SondeCommand.Run("record", "-p", Pid(target), "-d", "300ms", "-r", "200", "-o", InDirectory("p.html"));
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Matches("\"timeline\":[^\\]]*[0-9]", File.ReadAllText(InDirectory("p.html")));
    }

    [Fact]
    public void A_loop_writes_one_file_after_the_other()
    {
        using Target target = Busy();
        CommandResult result = SondeCommand.Run("record", "-p", Pid(target), "-r", "1000", "-d", "1100ms", "--loop", "300ms", "-o", InDirectory("p-%p-%n.jsonl"));
        Assert.True(result.ExitCode == 0, result.Errors);
        string[] files = [.. Directory.GetFiles(_directory).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];
        Assert.InRange(files.Length, 2, 4);
        Assert.Equal(Enumerable.Range(1, files.Length).Select(number => string.Create(CultureInfo.InvariantCulture, $"p-{target.Pid}-{number}.jsonl")), files);
        Assert.All(files, file => Assert.NotEqual(0, ProfileFormats.ReadFile(InDirectory(file)).SampleCount));
    }

    [Theory, InlineData(""), InlineData("--cpu"), InlineData("--off-cpu"), InlineData("--memory")]
    public void What_cannot_be_recorded_is_told_in_one_line(string mode)
    {
        Requires.Root();
        using Target stranger = Strangers.NotPython();
        using Target parent = Strangers.ParentOfZombie(out int zombie);
        Assert.Contains("runs no CPython", Refused("-p", Pid(stranger)), StringComparison.Ordinal);
        Assert.Contains("has exited", Refused("-p", zombie.ToString(CultureInfo.InvariantCulture)), StringComparison.Ordinal);
        Assert.Contains("does not exist", Refused("-p", Strangers.NobodysPid().ToString(CultureInfo.InvariantCulture)), StringComparison.Ordinal);
        Assert.Contains("was not found in PATH", Refused("--", "no-such-program"), StringComparison.Ordinal);
        if (mode.Length > 0)
        {
            // Before anything is recorded, and in the words of every other mode.
            foreach (string pid in (string[])[Pid(stranger), zombie.ToString(CultureInfo.InvariantCulture), Strangers.NobodysPid().ToString(CultureInfo.InvariantCulture)])
            {
                CommandResult wall = SondeCommand.Run("record", "-p", pid, "-o", InDirectory("p.jsonl"));
                Assert.Equal(wall.Errors.TrimEnd(), Refused("-p", pid));
            }
        }

        Assert.Equal("sonde: nothing was recorded: no Python interpreter came up in what was recorded, or only too briefly to be looked into; 'sonde list' shows the Python processes", Refused("--", "true").Split('\n')[^1]);
        Assert.Empty(Directory.GetFiles(_directory));

        string Refused(params string[] options)
        {
            CommandResult result = SondeCommand.Run(["record", .. mode.Length > 0 ? (string[])[mode] : [], "-o", InDirectory("p.jsonl"), .. options]);
            Assert.Equal(1, result.ExitCode);
            return result.Errors.TrimEnd();
        }
    }

    [Theory]
    [InlineData("", "all threads waited whenever they were looked at; --idle records those too")]
    [InlineData("--cpu", "all threads waited whenever they were looked at; --idle instead of --cpu records those too")]
    [InlineData("--memory", "no Python code took memory that is sampled, about once in 64 KiB; record for longer, with -d")]
    public void A_recording_without_samples_is_an_error_and_no_file(string mode, string reason)
    {
        Requires.Root();
        using Target target = Target.StartReady(_interpreter, "dumped.py");
        CommandResult result = SondeCommand.Run(["record", .. mode.Length > 0 ? (string[])[mode] : [], "-p", Pid(target), "-d", "300ms", "-o", InDirectory("p.jsonl")]);
        Assert.Equal((1, $"sonde: nothing was recorded: {reason}"), (result.ExitCode, result.Errors.TrimEnd().Split('\n')[^1]));
        Assert.Empty(Directory.GetFiles(_directory));
    }

    [Theory, InlineData("--cpu"), InlineData("--off-cpu"), InlineData("--memory")]
    public void A_process_that_ends_while_the_program_for_it_is_made_is_said_to_have_ended(string mode)
    {
        Requires.Root();
        using Target parent = Strangers.ParentOfZombie(out int zombie);
        foreach (int pid in (int[])[zombie, Strangers.NobodysPid()])
        {
            var options = new SamplingOptions { Pids = [pid] };
            string text = mode == "--memory" ? SamplerText.Memory(options) : mode == "--cpu" ? SamplerText.Cpu(options) : SamplerText.OffCpu(options);
            string message = Assert.Throws<UserErrorException>(() =>
            {
                using var program = new SamplerProgram(text, mode == "--memory" ? pid : 0, (_, _) => { }, followed: [pid]);
                program.Attach();
            }).Message;
            Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"process {pid} has ended"), message);
        }
    }

    [Theory]
    [InlineData("what shall be recorded?")]
    [InlineData("exclude each other", "-p", "1", "--all")]
    [InlineData("no format has this extension", "-p", "1", "-o", "x.doc")]
    [InlineData("there is none of that name", "-p", "1", "-f", "picture")]
    [InlineData("is no duration", "-p", "1", "--loop", "often")]
    [InlineData("samples a second", "-p", "1", "-r", "0")]
    [InlineData("stands where 'calls' should", "-p", "1", "--when", "slow")]
    [InlineData("exclude each other", "-p", "1", "--cpu", "--memory")]
    [InlineData("--gil is not for", "-p", "1", "--cpu", "--gil")]
    public void What_makes_no_sense_is_a_usage_error(string says, params string[] options)
    {
        CommandResult result = SondeCommand.Run(["record", .. options]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(says, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_had_to_be_put_elsewhere_is_there_and_the_exit_code_tells()
    {
        Requires.Root();
        using Target target = Busy();
        CommandResult result = SondeCommand.Run("record", "-p", Pid(target), "-d", "300ms", "-o", "/proc/p.jsonl");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("writing '/proc/p.jsonl' failed", result.Errors, StringComparison.Ordinal);
        string elsewhere = Regex.Match(result.Errors, "wrote ([^:]+):").Groups[1].Value;
        Assert.Contains("repeat", FunctionsOf(elsewhere));
        File.Delete(elsewhere);
    }

    [Theory, InlineData("--cpu"), InlineData("--off-cpu"), InlineData("--memory")]
    public void Without_rights_what_needs_them_is_told_in_one_line(string mode)
    {
        Requires.Root();
        CommandResult result = SondeCommand.RunAsNobody("record", "-p", "1", mode, "-d", "100ms");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("needs root, or CAP_BPF and CAP_PERFMON", Assert.Single(result.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public void Own_processes_need_no_root()
    {
        Requires.Root();
        string[] command = Strangers.AsNobody("/usr/bin/python3", "-c", "import time\nprint('ready', flush=True)\ndef busy():\n    while True: pass\nbusy()");
        using Target target = Target.Start(command[0], command[1..]);
        target.WaitFor("ready");
        string open = Directory.CreateTempSubdirectory("sonde-").FullName;
        File.SetUnixFileMode(open, (UnixFileMode)0x1ff);
        string file = Path.Combine(open, "p.jsonl");
        CommandResult result = SondeCommand.RunAsNobody("record", "-p", Pid(target), "-d", "600ms", "-r", "1000", "-o", file);
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Contains("busy", FunctionsOf(file));
        Directory.Delete(open, recursive: true);
    }

    static string Pid(Target target) => target.Pid.ToString(CultureInfo.InvariantCulture);

    static string Unique(string name) => string.Create(CultureInfo.InvariantCulture, $"test-{name}-{Environment.ProcessId}");

    static void WaitForSamples(string session) => Strangers.WaitUntil(
        () => SondeCommand.Run("session", "list").Output.Split('\n').FirstOrDefault(line => line.StartsWith(session + ":", StringComparison.Ordinal)) is { } line
            && !line.Contains(", 0 samples", StringComparison.Ordinal),
        "the session has samples");

    static HashSet<string> FunctionsOf(string file)
    {
        Profile profile = ProfileFormats.ReadFile(file);
        return [.. Enumerable.Range(0, profile.Frames.Count).Select(number => profile.Frames[number].Function)];
    }

    HashSet<string> Functions(string file) => FunctionsOf(InDirectory(file));

    string InDirectory(string file) => Path.Combine(_directory, file);

    Target Busy(string pattern = "shares")
    {
        Target target = Target.StartReady(_interpreter, "fractions.py", "--pattern", pattern);
        target.Send();
        return target;
    }
}
