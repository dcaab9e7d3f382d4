using System.Diagnostics;
using Sonde.Linux;

namespace Sonde.Engine.Scripts.Session;

/// <summary>A command started for a script, held at the first instruction of its program until it is let go.</summary>
/// <remarks>A thread of its own starts and follows it, for ptrace(2) belongs to the thread that attached.</remarks>
sealed class ScriptChild : IDisposable
{
    readonly ManualResetEventSlim _held = new();
    readonly ManualResetEventSlim _go = new();
    readonly IReadOnlyList<string> _command;
    LinuxException? _failure;
    Action? _ended;

    ScriptChild(IReadOnlyList<string> command) => _command = command;

    /// <summary>The process.</summary>
    public int Pid { get; private set; }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Its wait status, once it has ended.</summary>
    public int Status { get; private set; }

    /// <summary>Starts a command and waits until its program is there, before the first instruction.</summary>
    /// <param name="command">The program, by path, and its arguments.</param>
    /// <exception cref="LinuxException">It cannot be started.</exception>
    public static ScriptChild Start(IReadOnlyList<string> command)
    {
        var child = new ScriptChild(command);
        new Thread(child.Follow) { IsBackground = true, Name = "child" }.Start();
        child._held.Wait();
        return child._failure is { } failure ? throw failure : child;
    }

    /// <summary>Lets it run.</summary>
    public void Release() => _go.Set();

    /// <summary>Calls back, on another thread, when it has ended; at once when it has already.</summary>
    public void WhenEnded(Action ended)
    {
        _ended = ended;
        if (HasEnded)
        {
            ended();
        }
    }

    /// <summary>Ends it if it still runs.</summary>
    public void Dispose()
    {
        _go.Set();
        if (!HasEnded && Pid > 0)
        {
            try
            {
                using var process = Process.GetProcessById(Pid);
                process.Kill();
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                // It has ended by itself meanwhile.
            }
        }
    }

    void Follow()
    {
        try
        {
            Run();
        }
        catch (LinuxException exception)
        {
            _failure = exception;
        }

        HasEnded = true;
        _held.Set();
        _ended?.Invoke();
    }

    void Run()
    {
        using var gate = GatedCommand.Start(_command);
        Pid = gate.Pid;
        LaunchTracer tracer;
        try
        {
            tracer = LaunchTracer.Attach(gate);
        }
        catch (LinuxException exception) when (exception.Errno is Errno.EPERM or Errno.ENOSYS or Errno.EACCES)
        {
            // Not held at its program's start but before it; what is attached by its libraries' names is found all the same.
            _held.Set();
            _go.Wait();
            gate.Open();
            Status = LaunchTracer.Reap(gate.Pid);
            return;
        }

        gate.Open();
        Status = tracer.Run(_ =>
        {
            if (gate.IsShell)
            {
                return LaunchStep.RunToExec;
            }

            _held.Set();
            _go.Wait();
            return LaunchStep.Release;
        });
    }
}
