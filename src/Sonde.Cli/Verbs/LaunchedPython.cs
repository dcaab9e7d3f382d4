using Sonde.Engine;
using Sonde.Engine.Output;
using Sonde.Engine.Stacks;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Symbols.Elf;

namespace Sonde.Cli.Verbs;

/// <summary>A command that was started for code to be put into it: as soon as its Python is set up and runs code of the program's own.</summary>
sealed class LaunchedPython : IDisposable
{
    readonly GatedCommand _shell;

    LaunchedPython(GatedCommand shell, int pid) => (_shell, Pid) = (shell, pid);

    /// <summary>The process that runs Python.</summary>
    public int Pid { get; }

    /// <summary>Starts a command and waits for its Python; null when that was stopped.</summary>
    /// <exception cref="UserErrorException">It ended before.</exception>
    public static LaunchedPython? Start(IReadOnlyList<string> command, string verb, CancellationToken stop)
    {
        // A process that is held must not be our own child; a shell that waits for it is.
        var shell = GatedCommand.Start(["/bin/sh", "-c", "\"$0\" \"$@\"; exit $?", .. command]);
        try
        {
            shell.Open();
            int? pid;
            while ((pid = FindPython(shell.Pid)) is null)
            {
                if (LaunchTracer.TryReap(shell.Pid, out _))
                {
                    throw new UserErrorException($"{verb}: '{command[0]}' ended before it ran Python code that could be watched");
                }

                if (stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(1)))
                {
                    shell.Dispose();
                    return null;
                }
            }

            return new LaunchedPython(shell, pid.Value);
        }
        catch
        {
            shell.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Follows the process. Where that is refused, or fails, the command goes on, for it is the user's and runs already, and keeps the terminal until it ends, as it does where it is followed
    /// from outside.
    /// </summary>
    /// <param name="follow">What follows it, or begins to.</param>
    /// <param name="say">Told why it is not followed.</param>
    /// <param name="stop">Ends the waiting for the command.</param>
    /// <returns>False when it was not followed, and has ended since.</returns>
    public bool TryFollow(Action follow, Action<string> say, CancellationToken stop)
    {
        try
        {
            follow();
            return true;
        }
        catch (Exception exception) when (exception is UserErrorException or LinuxException or ElfException or IOException)
        {
            var reason = exception is IOException ? $"input or output failed: {FileError.Describe(exception)}" : exception.Message;
            say(HasEnded(stop) ? $"{reason}. The command has ended" : $"{reason}. The command goes on without being followed");
            WaitForEnd(stop);
            return false;
        }
    }

    /// <summary>Whether the command is over. Where the process that ran Python is, the rest of the command may be about to end, too.</summary>
    bool HasEnded(CancellationToken stop)
    {
        const int turns = 100;
        for (var turn = 0; turn < turns && !stop.IsCancellationRequested; turn++)
        {
            if (LaunchTracer.TryReap(_shell.Pid, out _))
            {
                return true;
            }

            if (ProcFs.TryReadStat(Pid, out var stat) && !stat.IsZombie)
            {
                return false;
            }

            stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(10));
        }

        return false;
    }

    /// <summary>Waits until the command has ended, or waiting is stopped; the command goes on then.</summary>
    public void WaitForEnd(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && !LaunchTracer.TryReap(_shell.Pid, out _))
        {
            stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(10));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _shell.Dispose();

    /// <summary>The first process below the shell that runs Python code.</summary>
    static int? FindPython(int shell)
    {
        const int generations = 3;
        var children = ProcFs.Children(shell);
        for (var generation = 0; generation < generations && children.Count > 0; generation++)
        {
            foreach (var child in children)
            {
                if (RunsPython(child))
                {
                    return child;
                }
            }

            children = [.. children.SelectMany(ProcFs.Children)];
        }

        return null;
    }

    /// <summary>Whether the interpreter has set itself up: code may then be put into it.</summary>
    static bool RunsPython(int pid)
    {
        try
        {
            if (!ProcFs.TryReadMaps(pid, out var mappings) || PythonTarget.Search(pid, mappings).Target is not { } target)
            {
                return false;
            }

            target.Image.Dispose();
            using var view = PythonProcessView.Open(pid);
            return view.Snapshot().Threads.Any(static thread => thread.Frames.Any(static frame => frame.Function == "<module>" && !frame.File.StartsWith('<') && !frame.File.EndsWith("/site.py", StringComparison.Ordinal)));
        }
        catch (Exception exception) when (exception is UserErrorException or LinuxException)
        {
            return false;
        }
    }
}
