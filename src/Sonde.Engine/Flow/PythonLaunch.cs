using System.Globalization;
using Sonde.Engine.Runtimes;
using Sonde.Engine.Targets;
using Sonde.Linux;

namespace Sonde.Engine.Flow;

/// <summary>Starts a command and attaches a session to each Python interpreter that comes up in it, before its first Python instruction.</summary>
/// <param name="session">The session that attaches.</param>
/// <param name="attached">Told of each process attached to.</param>
/// <param name="say">Told what the user should know.</param>
public sealed class PythonLaunch(FlowSession session, Action<int, PythonImage> attached, Action<string> say)
{
    /// <summary>A library that a process waits for its loader to map, by process.</summary>
    readonly Dictionary<int, string> _awaited = [];

    bool _hasToldOfOther;

    /// <summary>Interpreters attached to.</summary>
    public int Attached { get; private set; }

    /// <summary>Why an interpreter that came up could not be traced; null when none was refused.</summary>
    public UserErrorException? Problem { get; private set; }

    /// <summary>How the command ended: "exited with 0", "was killed by signal 9".</summary>
    public string Ending { get; private set; } = "";

    /// <summary>Starts the command and stays with it until it ends.</summary>
    /// <exception cref="LinuxException">It cannot be started.</exception>
    public void Run(IReadOnlyList<string> command)
    {
        using var gate = GatedCommand.Start(command);
        LaunchTracer tracer;
        try
        {
            tracer = LaunchTracer.Attach(gate);
        }
        catch (LinuxException exception) when (exception.Errno is Errno.EPERM or Errno.ENOSYS or Errno.EACCES)
        {
            say($"the command cannot be held at its start ({exception.Errno}); its first calls may be missing");
            gate.Open();
            Ending = Describe(FollowFromOutside(gate.Pid));
            return;
        }

        gate.Open();
        Ending = Describe(tracer.Run(Inspect));
    }

    static string Describe(int status) => (status & 0x7f) == 0
        ? string.Create(CultureInfo.InvariantCulture, $"exited with {status >> 8 & 0xff}")
        : string.Create(CultureInfo.InvariantCulture, $"was killed by signal {status & 0x7f}");

    /// <summary>Looks at a process that is held: at its new program's start, or at a system call of its loader.</summary>
    LaunchStep Inspect(int pid)
    {
        if (!ProcFs.TryReadMaps(pid, out var mappings))
        {
            return LaunchStep.Release;
        }

        if (_awaited.TryGetValue(pid, out var library)
            && !mappings.Exists(mapping => mapping.IsExecutable && Path.GetFileName(mapping.Path).StartsWith(library, StringComparison.Ordinal)))
        {
            return LaunchStep.RunToSystemCall;
        }

        _awaited.Remove(pid);
        var search = PythonTarget.Search(pid, mappings);
        if (search.Awaited is { } awaited)
        {
            _awaited[pid] = awaited;
            return LaunchStep.RunToSystemCall;
        }

        if (search.Target is not { } target)
        {
            if (!_hasToldOfOther && RunningRuntime.OfProgram(mappings) is { } other)
            {
                _hasToldOfOther = true;
                say(other.Calls.Count > 0
                    ? $"process {pid} runs {other.Title} and not Python: its calls can be followed once it runs, by 'sonde flow -p {pid}'"
                    : $"process {pid} runs {other.Title} and not Python: {other.WithoutProbes}");
            }

            return LaunchStep.RunToExec;
        }

        try
        {
            attached(pid, session.Attach(target));
            Attached++;
        }
        catch (Exception exception) when (exception is UserErrorException or LinuxException)
        {
            Problem ??= exception as UserErrorException ?? new UserErrorException(exception.Message);
            say(exception.Message);
        }

        return LaunchStep.Release;
    }

    int FollowFromOutside(int pid)
    {
        while (true)
        {
            if (LaunchTracer.TryReap(pid, out var status))
            {
                return status;
            }

            if (Attached == 0 && Inspect(pid) == LaunchStep.Release)
            {
                return LaunchTracer.Reap(pid);
            }

            Thread.Sleep(1);
        }
    }
}
