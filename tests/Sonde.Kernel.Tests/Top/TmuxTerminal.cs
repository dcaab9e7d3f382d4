using System.Diagnostics;
using System.Globalization;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Top;

/// <summary>A terminal with a shell in it, in a tmux server of its own that ends with this object.</summary>
sealed class TmuxTerminal : IDisposable
{
    /// <summary>What the shell shows when it waits for a command.</summary>
    const string Prompt = "ready>";

    readonly string _socket = Path.Combine(Path.GetTempPath(), $"sonde-tmux-{Guid.NewGuid():n}");

    public TmuxTerminal(int columns, int rows)
    {
        Requires.Program("/usr/bin/tmux");
        Tmux("-f", "/dev/null", "new-session", "-d", "-x", $"{columns}", "-y", $"{rows}", "env", "-u", "NO_COLOR", $"PS1={Prompt}", "HISTFILE=", "sh", "-i");
        Tmux("set-option", "-g", "status", "off");
        WaitFor(screen => screen.Contains(Prompt, StringComparison.Ordinal));
    }

    /// <summary>What is on the screen.</summary>
    public string Text => Tmux("capture-pane", "-p");

    /// <summary>Types a text.</summary>
    public void Type(string text) => Tmux("send-keys", "-l", text);

    /// <summary>Presses a key by tmux's name of it: Enter, Escape, Down, C-c.</summary>
    public void Press(string key) => Tmux("send-keys", key);

    public void Resize(int columns, int rows) => Tmux("resize-window", "-x", $"{columns}", "-y", $"{rows}");

    /// <summary>Types a command for the shell and runs it.</summary>
    public void Run(string command)
    {
        Type(command);
        Press("Enter");
    }

    /// <summary>Runs a command that leaves the screen alone and gives its output.</summary>
    public string Ask(string command)
    {
        string file = _socket + ".out";
        Run($"{command} > {file}.new; mv {file}.new {file}; clear");
        WaitUntil(() => File.Exists(file), () => Text);
        string output = File.ReadAllText(file);
        File.Delete(file);
        return output;
    }

    /// <summary>Waits until the screen is as it should be; gives it.</summary>
    public string WaitFor(Func<string, bool> isAsExpected)
    {
        string screen = "";
        WaitUntil(() => isAsExpected(screen = Text), () => screen);
        return screen;
    }

    /// <summary>Waits until a text is on the screen; gives the screen.</summary>
    public string WaitFor(string text) => WaitFor(screen => screen.Contains(text, StringComparison.Ordinal));

    /// <summary>Waits until the shell asks for the next command. What is typed before is lost with the settings of whoever has the terminal then.</summary>
    public void WaitForShell() => WaitFor(static screen => screen.TrimEnd().EndsWith('\n' + Prompt, StringComparison.Ordinal));

    public void Dispose()
    {
        Tmux("kill-server");
        File.Delete(_socket);
    }

    /// <summary>Each look starts a program, which is pause enough.</summary>
    static void WaitUntil(Func<bool> condition, Func<string> last)
    {
        long began = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(began) > Target.Patience)
            {
                Assert.Fail($"The screen did not become what was waited for. It is:\n{last()}");
            }

            Thread.Yield();
        }
    }

    string Tmux(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/tmux", ["-S", _socket, .. arguments]) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output
            : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"tmux {string.Join(' ', arguments)} exited with {process.ExitCode}"));
    }
}
