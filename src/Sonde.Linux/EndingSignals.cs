using System.Runtime.InteropServices;

namespace Sonde.Linux;

/// <summary>Lets the signals that ask a command to end (SIGINT, SIGQUIT, SIGTERM, SIGHUP) end it in good order, until disposed.</summary>
/// <remarks>
/// A shell without job control starts background jobs with SIGINT and SIGQUIT ignored (POSIX.1-2024, Shell Command Language 2.11), and .NET leaves
/// a signal that it finds ignored as it is. What only measures until told to end must hear <c>kill -INT</c> there too, so these two are
/// taken back first. An ignored SIGHUP is what nohup(1) asks for, and stays.
/// </remarks>
public sealed unsafe class EndingSignals : IDisposable
{
    /// <summary>The numbers of x86-64 and aarch64 (include/uapi/asm-generic/signal.h).</summary>
    const int Interrupt = 2;

    const int Quit = 3;

    /// <summary>glibc's and musl's <c>struct sigaction</c>: the handler, a mask of 128 bytes, flags, the way back.</summary>
    const int ActionSize = 8 + 128 + 8 + 8;

    const nint Default = 0;
    const nint Ignore = 1;

    /// <summary>Whoever sends a signal to a program and then to its process group, as timeout(1) does, sends it twice and means it once.</summary>
    const long OnceMs = 500;

    readonly List<PosixSignalRegistration> _registrations = [];
    readonly Action _end;
    long _asked;

    /// <summary>Listens from here on.</summary>
    /// <param name="end">Called at the first signal, on a thread of its own. Half a second later another one does what it does without us: it kills.</param>
    public EndingSignals(Action end)
    {
        _end = end;
        TakeBack(Interrupt);
        TakeBack(Quit);
        foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Handle));
        }
    }

    /// <summary>Signals do again what they do without us.</summary>
    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    void Handle(PosixSignalContext context)
    {
        var now = Environment.TickCount64;
        var asked = Interlocked.CompareExchange(ref _asked, now, 0);
        context.Cancel = asked == 0 || now - asked < OnceMs;
        if (asked == 0)
        {
            _end();
        }
    }

    static void TakeBack(int signal)
    {
        var action = stackalloc byte[ActionSize];
        new Span<byte>(action, ActionSize).Clear();
        Libc.Result(Libc.SignalAction(signal, null, action)).Check($"sigaction({signal})");
        if (*(nint*)action == Ignore)
        {
            *(nint*)action = Default;
            Libc.Result(Libc.SignalAction(signal, action, null)).Check($"sigaction({signal})");
        }
    }
}
