using Sonde.Engine.Top;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Top;

/// <summary><c>sonde top</c> in a real terminal.</summary>
public sealed class TopTests
{
    // stty's settings, without the size, which is not one of them.
    const string Settings = "stty -a | sed 's/rows.*line/line/'";

    [Fact]
    public void Shows_what_runs_takes_keys_fits_the_window_and_leaves_the_terminal_as_it_was()
    {
        using Target target = Busy();
        using var terminal = new TmuxTerminal(100, 24);
        string before = terminal.Ask(Settings);
        terminal.Run($"{SondeCommand.Path} top -p {target.Pid} --delay 200ms; echo ended with $?");

        // The second thread may begin after the first look.
        string screen = terminal.WaitFor(screen => screen.Contains("spin (targets/top.py:", StringComparison.Ordinal) && screen.Contains("Threads: 2", StringComparison.Ordinal));
        Assert.StartsWith("Collecting samples from '", screen, StringComparison.Ordinal);

        terminal.Type("i");
        terminal.WaitFor("nap (targets/top.py:");
        terminal.Type("iv");
        terminal.WaitFor("▾ <module> (targets/top.py:");
        terminal.Type("v/spi");
        terminal.Press("Enter");
        terminal.WaitFor(screen => screen.Contains("filter: spi", StringComparison.Ordinal) && !screen.Contains("<module>", StringComparison.Ordinal));
        terminal.Press("Enter");
        terminal.WaitFor("while True:");
        terminal.Resize(60, 12);
        screen = terminal.WaitFor(screen => screen.Split('\n').Length <= 13 && screen.Contains("Esc goes back", StringComparison.Ordinal));
        Assert.All(screen.Split('\n'), line => Assert.InRange(line.Length, 0, 60));

        terminal.Press("Escape");
        terminal.WaitFor("? lists the keys");
        terminal.Type("q");
        terminal.WaitFor("ended with 0");
        Assert.Equal(before, terminal.Ask(Settings));
        Assert.True(target.IsAlive);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("INT")]
    public void A_signal_ends_it_and_the_terminal_is_as_it_was(string signal)
    {
        using Target target = Busy();
        using var terminal = new TmuxTerminal(80, 24);
        string before = terminal.Ask(Settings);
        terminal.Run($"sh -c 'echo $$ > {Pid(target)}; exec {SondeCommand.Path} top -p {target.Pid} --delay 200ms'; echo ended with $?");
        terminal.WaitFor("spin");
        using (Target kill = Target.Start("/bin/kill", $"-{signal}", File.ReadAllText(Pid(target)).Trim()))
        {
            Assert.Null(kill.ReadLine());
        }

        string screen = terminal.WaitFor("ended with 0");
        Assert.DoesNotContain("spin", screen, StringComparison.Ordinal);
        Assert.Equal(before, terminal.Ask(Settings));
        File.Delete(Pid(target));
    }

    [Fact]
    public void Ctrl_Z_gives_the_terminal_back_for_a_while()
    {
        using Target target = Busy();
        using var terminal = new TmuxTerminal(80, 24);
        string before = terminal.Ask(Settings);
        terminal.Run($"{SondeCommand.Path} top -p {target.Pid} --delay 200ms");
        terminal.WaitFor("spin");
        terminal.Press("C-z");
        terminal.WaitForShell();
        Assert.Equal(before, terminal.Ask(Settings));
        terminal.Run("fg");
        terminal.WaitFor("spin");
        terminal.Press("C-c");
        terminal.WaitForShell();
        Assert.Equal(before, terminal.Ask(Settings));
    }

    [Fact]
    public void The_end_of_a_command_is_told_and_what_it_did_stays_on_the_screen()
    {
        Interpreter interpreter = Interpreters.Any();
        string file = Path.GetTempFileName();
        using var terminal = new TmuxTerminal(100, 24);
        terminal.Run($"{SondeCommand.Path} top --delay 200ms -o {file}.out -- {interpreter.Path} {Target.PathOf(interpreter, "top.py")} {file}; echo ended with $?");
        terminal.WaitFor("spin");
        File.Delete(file);
        string screen = terminal.WaitFor("The command exited with 3.");
        Assert.Contains("spin", screen, StringComparison.Ordinal);
        terminal.Type("q");
        screen = terminal.WaitFor("ended with 0");
        Assert.Contains("ready ", screen, StringComparison.Ordinal);
        Assert.Contains($"is in {file}.out", screen, StringComparison.Ordinal);
        Assert.StartsWith("ready ", File.ReadAllText($"{file}.out"), StringComparison.Ordinal);
        File.Delete($"{file}.out");
    }

    [Fact]
    public void Without_a_file_for_its_output_a_command_gets_one_that_is_there_as_long_as_it_is_wanted()
    {
        using var silent = new StringWriter();
        string path;
        using (var output = CommandOutput.Open(null))
        {
            path = output.Path;
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            output.Tell(silent, goesOn: false);
        }

        Assert.Equal("", silent.ToString());
        Assert.False(File.Exists(path));
        using (var output = CommandOutput.Open(null))
        {
            path = output.Path;
            File.WriteAllLines(path, Enumerable.Range(0, 20).Select(static number => $"line {number}\e[2J"));
            output.Tell(silent, goesOn: false);
        }

        string[] said = silent.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([.. Enumerable.Range(10, 10).Select(static number => $"line {number}\\x1b[2J")], said[..^1]);
        Assert.Equal($"sonde: the command's output so far, {new FileInfo(path).Length} bytes, is in {path}; this is its end", said[^1]);
        File.Delete(path);
    }

    [Fact]
    public void Without_a_terminal_it_says_so()
    {
        using Target target = Busy();
        CommandResult result = SondeCommand.Run("top", "-p", $"{target.Pid}");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("top needs a terminal", result.Errors, StringComparison.Ordinal);
    }

    static Target Busy() => Target.StartReady(Interpreters.Any(), "top.py");

    static string Pid(Target target) => Path.Combine(Path.GetTempPath(), $"sonde-top-{target.Pid}");
}
