using System.Text.Json;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Flow;

/// <summary>Commands are followed from their first Python instruction, however the interpreter comes up in them.</summary>
public sealed class FlowLaunchTests
{
    const string Program = "import sys\ndef greet(name):\n    return 'hello ' + name\nprint(greet('world'), sys.stdin.read())\n";

    public static TheoryData<string> Kinds => ["pyenv-3.8", "pyenv-3.12", "pyenv-3.13", "debian-3.11"];

    [Theory, MemberData(nameof(Kinds))]
    public void A_command_is_followed_from_its_first_call(string name)
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get(name);
        using var program = new TemporaryProgram(Program);
        List<JsonElement> events = Follow(program, interpreter.Path, program.Path);
        // The interpreter's own start is in it: nothing of the program's life was missed.
        Assert.StartsWith("<frozen", events[0].GetProperty("file").GetString(), StringComparison.Ordinal);
        AssertGreeted(events);
        Assert.Equal(events.Count(each => !each.TryGetProperty("duration_ns", out _)), events.Count(each => each.TryGetProperty("duration_ns", out _)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_program_that_starts_itself_anew_is_followed_on(string name)
    {
        // The interpreter is loaded at another address after the exec.
        Requires.Root();
        Interpreter interpreter = Interpreters.Get(name);
        using var program = new TemporaryProgram(
            "import os, sys\ndef greet():\n    pass\ngreet()\nif len(sys.argv) == 1:\n    os.execv(sys.executable, [sys.executable, __file__, 'again'])\n");
        CommandResult result = SondeCommand.Run("flow", "-o", program.Output, "--function", "greet", "--", interpreter.Path, program.Path);
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Equal(2, Parse(File.ReadAllText(program.Output)).Count(each => each.GetProperty("event").GetString() == "call"));
    }

    [Fact]
    public void An_interpreter_behind_a_shell_and_env_is_found()
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get("pyenv-3.12");
        using var program = new TemporaryProgram(Program);
        AssertGreeted(Follow(program, "sh", "-c", $"true; /bin/true; env FOO=1 {interpreter.Path} {program.Path}; true"));
    }

    [Fact]
    public void The_commands_own_input_output_and_ending_are_left_alone()
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get("pyenv-3.13");
        using Target sonde = Target.Start(
            SondeCommand.Path, "flow", "--summary", "--", interpreter.Path, "-c", "import sys; print(sys.stdin.readline().upper(), end=''); sys.exit(3)");
        sonde.Send("shout");
        Assert.Equal("SHOUT\n", sonde.ReadToEnd());
        Assert.Equal(0, sonde.WaitForExit());
        Assert.Contains("exited with 3", sonde.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_python_with_its_jit_on_is_warned_about()
    {
        Requires.Root();
        string python = Interpreters.Get("pyenv-3.13").Path;
        Assert.Contains("PYTHON_JIT on", SondeCommand.Run("flow", "--", "env", "PYTHON_JIT=1", python, "-c", "pass").Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("PYTHON_JIT", SondeCommand.Run("flow", "--summary", "--", "env", "PYTHON_JIT=0", python, "-c", "pass").Errors.Replace("PYTHON_JIT=0", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_that_does_not_exist_or_runs_no_python_is_said_so()
    {
        Requires.Root();
        CommandResult missing = SondeCommand.Run("flow", "--", "no-such-program");
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("'no-such-program' was not found", missing.Errors, StringComparison.Ordinal);
        CommandResult other = SondeCommand.Run("flow", "--", "/bin/true");
        Assert.Equal(1, other.ExitCode);
        Assert.Contains("without running a Python interpreter", other.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_process_of_an_interpreter_later_ones_included()
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get("pyenv-3.10");
        using Target first = Target.StartReady(interpreter, "busy.py", "--calls", "100");
        using Target sonde = Target.Start(SondeCommand.Path, "flow", "--json", "--all", "--function", "step");
        // Other interpreters of this machine may come first.
        Strangers.WaitUntil(() => sonde.Errors.Split('\n').Any(line => line.Contains("all later processes", StringComparison.Ordinal) && line.Contains(interpreter.Version.ToString(), StringComparison.Ordinal)), "sonde has attached");
        using Target second = Target.StartReady(interpreter, "busy.py", "--calls", "100");
        int[] pids = [first.Pid, second.Pid];
        first.Send();
        second.Send();
        first.WaitFor("done");
        second.WaitFor("done");
        // There may be other processes of this interpreter, and the events are under way still.
        Dictionary<int, int> counts = pids.ToDictionary(static pid => pid, static _ => 0);
        while (counts.Values.Any(static count => count < 200) && sonde.ReadLine() is { } line)
        {
            Count(line);
        }

        sonde.Signal("INT");
        Count(sonde.ReadToEnd());
        Assert.True(sonde.WaitForExit() == 0, sonde.Errors);
        Assert.All(counts.Values, static count => Assert.Equal(200, count));

        void Count(string lines)
        {
            foreach (JsonElement each in Parse(lines))
            {
                int pid = each.GetProperty("pid").GetInt32();
                if (counts.TryGetValue(pid, out int count))
                {
                    counts[pid] = count + 1;
                }
            }
        }
    }

    static List<JsonElement> Follow(TemporaryProgram program, params string[] command)
    {
        using Target sonde = Target.Start(SondeCommand.Path, ["flow", "-o", program.Output, "--", .. command]);
        sonde.Send("input");
        sonde.CloseInput();
        Assert.Equal("hello world input\n", sonde.ReadToEnd().TrimEnd('\n') + "\n");
        Assert.True(sonde.WaitForExit() == 0, sonde.Errors);
        return Parse(File.ReadAllText(program.Output));
    }

    static void AssertGreeted(List<JsonElement> events) =>
        Assert.Equal(["call", "return"], events.Where(each => each.GetProperty("function").GetString() == "greet").Select(each => each.GetProperty("event").GetString()));

    static List<JsonElement> Parse(string lines) =>
        [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>A Python program in a directory of its own, which goes with it.</summary>
    sealed class TemporaryProgram : IDisposable
    {
        readonly string _directory = Directory.CreateTempSubdirectory("sonde-").FullName;

        public TemporaryProgram(string text) => File.WriteAllText(Path, text);

        public string Path => System.IO.Path.Combine(_directory, "program.py");

        public string Output => System.IO.Path.Combine(_directory, "flow.jsonl");

        public void Dispose() => Directory.Delete(_directory, recursive: true);
    }
}
