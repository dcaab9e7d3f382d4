using System.Diagnostics;
using Sonde.Linux;

namespace Sonde.Engine.Scripts.Session;

/// <summary>A command started for a script, held until it is let go: before its program begins, so that its <c>execve</c> is seen, or after that, at the program's first instruction.</summary>
/// <remarks>A thread of its own starts and follows it, for ptrace(2) belongs to the thread that attached.</remarks>
sealed class ScriptChild : IDisposable
{
    readonly ManualResetEventSlim _held = new();
    readonly ManualResetEventSlim _atProgram = new();
    readonly ManualResetEventSlim _next = new();
    readonly ManualResetEventSlim _go = new();
    readonly IReadOnlyList<string> _command;
    LinuxException? _failure;
    Action? _ended;
    bool _entersProgram;

    ScriptChild(IReadOnlyList<string> command) => _command = command;

    /// <summary>The process.</summary>
    public int Pid { get; private set; }

    /// <summary>Whether its program has begun.</summary>
    public bool IsInProgram { get; private set; }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Its wait status, once it has ended.</summary>
    public int Status { get; private set; }

    /// <summary>Starts a command, which is held before its program begins.</summary>
    /// <param name="command">The program, by path, and its arguments.</param>
    /// <exception cref="LinuxException">It cannot be started.</exception>
    public static ScriptChild Start(IReadOnlyList<string> command)
    {
        var child = new ScriptChild(command);
        new Thread(child.Follow) { IsBackground = true, Name = "child" }.Start();
        child._held.Wait();
        return child._failure is { } failure ? throw failure : child;
    }

    /// <summary>Lets its program begin and waits until it is there, before the first instruction: what it is made of is known then.</summary>
    /// <exception cref="LinuxException">It cannot be started.</exception>
    public void EnterProgram()
    {
        _entersProgram = true;
        _next.Set();
        _atProgram.Wait();
        if (_failure is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>Lets it run.</summary>
    public void Release()
    {
        _go.Set();
        _next.Set();
    }

    /// <summary>Calls back, on another thread, when it has ended; at once when it has already.</summary>
    public void WhenEnded(Action ended)
    {
        // A full barrier: one of the two threads must see what the other has written, or nobody calls.
        Interlocked.Exchange(ref _ended, ended);
        if (HasEnded)
        {
            ended();
        }
    }

    /// <summary>Ends it if it still runs; one that was not let go never does.</summary>
    public void Dispose()
    {
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

        Release();
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
        _atProgram.Set();
        _ended?.Invoke();
    }

    void Run()
    {
        using var gate = GatedCommand.Start(_command);
        Pid = gate.Pid;
        _held.Set();
        _next.Wait();
        if (!_entersProgram || Trace(gate) is not { } tracer)
        {
            _atProgram.Set();
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

            IsInProgram = true;
            _atProgram.Set();
            _go.Wait();
            return LaunchStep.Release;
        });
    }

    /// <summary>Null where the kernel does not let us: it is held before its program then, and what is attached by its libraries' names is found all the same.</summary>
    static LaunchTracer? Trace(GatedCommand gate)
    {
        try
        {
            return LaunchTracer.Attach(gate);
        }
        catch (LinuxException exception) when (exception.Errno is Errno.EPERM or Errno.ENOSYS or Errno.EACCES)
        {
            return null;
        }
    }
}
