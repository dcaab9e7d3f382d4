using System.Globalization;
using Sonde.Linux;

namespace Sonde.Engine.Recording;

/// <summary>A command that was started to be recorded. Its input and output are ours; it goes on when the recording ends before it does.</summary>
public sealed class RecordedCommand : IDisposable
{
    readonly GatedCommand _gate;
    readonly Thread _waiter;
    readonly ManualResetEventSlim _ended = new();
    int _status;

    RecordedCommand(GatedCommand gate, Action ended)
    {
        _gate = gate;
        _waiter = new Thread(() =>
        {
            _status = LaunchTracer.Reap(gate.Pid);
            _ended.Set();
            ended();
        })
        {
            IsBackground = true,
            Name = "command",
        };
    }

    /// <summary>Its process.</summary>
    public int Pid => _gate.Pid;

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _ended.IsSet;

    /// <summary>How it ended: "exited with 0", "was killed by signal 9".</summary>
    public string Ending => (_status & 0x7f) == 0
        ? string.Create(CultureInfo.InvariantCulture, $"exited with {_status >> 8 & 0xff}")
        : string.Create(CultureInfo.InvariantCulture, $"was killed by signal {_status & 0x7f}");

    /// <summary>Starts a command, which is held before its program begins. Under sudo it runs as the user who called that.</summary>
    /// <param name="command">The program, by path, and its arguments.</param>
    /// <param name="ended">Called when it has ended, on another thread.</param>
    /// <param name="output">A file that its output is added to, while it has no input; null when it has ours.</param>
    /// <exception cref="LinuxException">It cannot be started.</exception>
    public static RecordedCommand Start(IReadOnlyList<string> command, Action ended, string? output = null) =>
        new(GatedCommand.Start([.. output is null ? [] : Redirection(output), .. AsCaller(), .. command]), ended);

    /// <summary>Lets it run.</summary>
    public void Release()
    {
        _gate.Open();
        _waiter.Start();
    }

    /// <summary>Waits for the ending of a command whose process is over: that is told a moment after its threads are gone.</summary>
    public void NoticeEnd()
    {
        const int patienceMs = 2000;
        if (!ProcFs.TryReadStat(Pid, out var stat) || stat.IsZombie)
        {
            _ended.Wait(patienceMs);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    /// <summary>What to put before a command so that it writes into a file. It is opened before the command becomes the caller's, whose own it need not be.</summary>
    static string[] Redirection(string output) => ["/bin/sh", "-c", "output=$1; shift; exec \"$@\" </dev/null >>\"$output\" 2>&1", "sh", output];

    /// <summary>What to put before a command so that it does not run as root only because the recording must.</summary>
    static IEnumerable<string> AsCaller()
    {
        const string setpriv = "/usr/bin/setpriv";
        return Environment.IsPrivilegedProcess && Id("SUDO_UID") is { } user && Id("SUDO_GID") is { } group && user != "0" && File.Exists(setpriv)
            ? [setpriv, $"--reuid={user}", $"--regid={group}", "--init-groups", "--"]
            : [];
    }

    static string? Id(string variable) =>
        uint.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id.ToString(CultureInfo.InvariantCulture) : null;
}
