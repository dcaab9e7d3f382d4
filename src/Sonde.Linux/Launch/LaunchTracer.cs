namespace Sonde.Linux;

/// <summary>What to do with a launched process after looking at it.</summary>
public enum LaunchStep
{
    /// <summary>Not what we wait for: run on, look again at its next <c>execve</c>.</summary>
    RunToExec,

    /// <summary>Not yet: run to the next system call and look again (libraries are still being mapped).</summary>
    RunToSystemCall,

    /// <summary>Done with it: run freely from here on.</summary>
    Release,
}

/// <summary>Follows a command that we started until the programs of interest in it are found, each held at its first instruction meanwhile.</summary>
/// <remarks>
/// ptrace(2), on our own children only, without changing their memory or registers. When the tracing thread or we ourselves die,
/// the kernel lets every held process run on. Not safe for use by several threads: ptrace belongs to the thread that attached.
/// </remarks>
public sealed unsafe class LaunchTracer
{
    const int Seize = 0x4206;
    const int Continue = 7;
    const int ContinueToSystemCall = 24;
    const int Detach = 17;
    const int Listen = 0x4208;

    const int OptionMarkSystemCalls = 1;
    const int OptionFollowForks = 2 | 4;
    const int OptionStopAtExec = 0x10;

    const int EventExec = 4;
    const int EventStop = 128;

    const int SignalTrap = 5;
    const int WaitAll = 0x40000000;

    readonly HashSet<int> _watchingCalls = [];
    readonly int _root;

    LaunchTracer(int root) => _root = root;

    /// <summary>Takes hold of a gated command, before it is let go; call on the thread that will call <see cref="Run"/>.</summary>
    /// <exception cref="LinuxException">The kernel does not let us (seccomp, Yama scope 3).</exception>
    public static LaunchTracer Attach(GatedCommand command)
    {
        var tracer = new LaunchTracer(command.Pid);
        Libc.Result(Libc.Ptrace(Seize, command.Pid, 0, OptionMarkSystemCalls | OptionFollowForks | OptionStopAtExec)).Check($"ptrace(SEIZE, {command.Pid})");
        return tracer;
    }

    /// <summary>Runs the command and its children, showing each new program to <paramref name="inspect"/> while it is held; returns when the command itself has ended.</summary>
    /// <param name="inspect">Looks at a held process and says how to go on. An exception releases it.</param>
    /// <returns>The wait status as <c>waitpid</c> gives it.</returns>
    public int Run(Func<int, LaunchStep> inspect)
    {
        while (true)
        {
            int status;
            var pid = Libc.WaitPid(-1, &status, WaitAll);
            if (pid < 0)
            {
                if (Libc.Result(pid).Errno == Errno.EINTR)
                {
                    continue;
                }

                return 0;
            }

            if ((status & 0x7f) != 0x7f)
            {
                _watchingCalls.Remove(pid);
                if (pid == _root)
                {
                    return status;
                }

                continue;
            }

            OnStop(pid, status >> 8 & 0xff, status >> 16, inspect);
        }
    }

    /// <summary>Waits for the end of a child that is not traced; returns its wait status.</summary>
    public static int Reap(int pid)
    {
        int status = 0;
        while (Libc.Result(Libc.WaitPid(pid, &status, WaitAll)).Errno == Errno.EINTR)
        {
        }

        return status;
    }

    /// <summary>The same without waiting; false while it runs.</summary>
    public static bool TryReap(int pid, out int status)
    {
        const int noHang = 1;
        int result = 0;
        var reaped = Libc.WaitPid(pid, &result, WaitAll | noHang) != 0;
        status = result;
        return reaped;
    }

    void OnStop(int pid, int signal, int happened, Func<int, LaunchStep> inspect)
    {
        if (happened == EventExec || signal == (SignalTrap | 0x80))
        {
            Go(pid, Look(pid, inspect));
        }
        else if (happened == EventStop)
        {
            // A new child's first stop is a trap and runs on; a stop signal keeps its process stopped until SIGCONT.
            Request(signal == SignalTrap ? Resumption(pid) : Listen, pid, 0);
        }
        else if (happened != 0)
        {
            Request(Resumption(pid), pid, 0);
        }
        else
        {
            Request(Resumption(pid), pid, signal);
        }
    }

    static LaunchStep Look(int pid, Func<int, LaunchStep> inspect)
    {
        try
        {
            return inspect(pid);
        }
        catch
        {
            Request(Detach, pid, 0);
            throw;
        }
    }

    void Go(int pid, LaunchStep step)
    {
        if (step == LaunchStep.RunToSystemCall)
        {
            _watchingCalls.Add(pid);
        }
        else
        {
            _watchingCalls.Remove(pid);
        }

        Request(step == LaunchStep.Release ? Detach : Resumption(pid), pid, 0);
    }

    int Resumption(int pid) => _watchingCalls.Contains(pid) ? ContinueToSystemCall : Continue;

    /// <summary>A process that was killed meanwhile does not answer; its end is reported by waitpid.</summary>
    static void Request(int request, int pid, int signal) => Libc.Ptrace(request, pid, 0, signal);
}
