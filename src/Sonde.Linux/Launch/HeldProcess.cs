using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Sonde.Linux;

/// <summary>How holding a process still went.</summary>
public enum HoldResult
{
    /// <summary>All of its threads stood still while the action ran.</summary>
    Held,

    /// <summary>Not all threads stood still in time, so the action did not run.</summary>
    TimedOut,

    /// <summary>The kernel does not let us: no rights, or another tracer has the process.</summary>
    Refused,

    /// <summary>There is no such process any more.</summary>
    Gone,
}

/// <summary>Holds every thread of a process still for as long as a short action takes.</summary>
/// <remarks>
/// <c>PTRACE_SEIZE</c> and <c>PTRACE_INTERRUPT</c> (ptrace(2)), never a signal: a stop is a matter between the kernel and the tracing thread, so when that thread or all of
/// us are killed, at whatever moment, the kernel lets every held thread run on. System calls that wait are restarted by the kernel; the few that it never restarts
/// (signal(7): epoll_wait, semop, sigtimedwait, ...) return EINTR, as they do after SIGCONT.
/// <para>The tracing thread never waits for the threads it holds (waitpid), so whoever started the process still learns everything about it.</para>
/// </remarks>
public static unsafe class HeldProcess
{
    const int Seize = 0x4206, Interrupt = 0x4207, Detach = 17, SignalInformation = 0x4202;

    /// <summary><c>siginfo_t</c> is 128 bytes; the signal is at 0, its code at 8.</summary>
    const int SignalInformationBytes = 128, CodeOffset = 8;

    /// <summary><c>PTRACE_EVENT_STOP</c>, in the second byte of the code of every stop that is no signal.</summary>
    const int EventStop = 128;

    /// <summary>Threads that start while others are stopped are looked for this often.</summary>
    const int MostRounds = 64;

    /// <summary>Runs an action while all threads of a process stand still.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="limit">How long the threads may take to stop. A thread that is in the middle of disk access or the like cannot.</param>
    /// <param name="action">What to do. It runs on another thread, must be quick, and may throw: the process goes on nevertheless.</param>
    public static HoldResult While(int pid, TimeSpan limit, Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        var result = HoldResult.Gone;
        ExceptionDispatchInfo? failure = null;
        // ptrace belongs to a thread: with its end the kernel lets go of threads that could not be stopped.
        var tracer = new Thread(() =>
        {
            try
            {
                result = Hold(pid, limit, action);
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        })
        { IsBackground = true, Name = "sonde-hold" };
        tracer.Start();
        tracer.Join();
        failure?.Throw();
        return result;
    }

    static HoldResult Hold(int pid, TimeSpan limit, Action action)
    {
        Dictionary<int, int> stopped = [];
        var deadline = Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);
        try
        {
            for (var round = 0; round < MostRounds; round++)
            {
                List<int> pending = [];
                foreach (var tid in ProcFs.Tasks(pid))
                {
                    if (stopped.ContainsKey(tid))
                    {
                        continue;
                    }

                    var seized = Libc.Result(Libc.Ptrace(Seize, tid, 0, 0));
                    if (seized.Failed)
                    {
                        // A thread that has ended is refused like one that may not be traced.
                        if (seized.Errno == Errno.EPERM && IsRunning(pid, tid))
                        {
                            return HoldResult.Refused;
                        }

                        continue;
                    }

                    Libc.Ptrace(Interrupt, tid, 0, 0);
                    pending.Add(tid);
                }

                if (pending.Count == 0)
                {
                    if (stopped.Count == 0)
                    {
                        return HoldResult.Gone;
                    }

                    action();
                    return HoldResult.Held;
                }

                foreach (var tid in pending)
                {
                    if (!TryAwaitStop(pid, tid, deadline, stopped))
                    {
                        return HoldResult.TimedOut;
                    }
                }
            }

            return HoldResult.TimedOut;
        }
        finally
        {
            foreach (var (tid, signal) in stopped)
            {
                Libc.Ptrace(Detach, tid, 0, signal);
            }
        }
    }

    /// <summary>Waits until a thread stands still or is no more; false when it takes too long.</summary>
    static bool TryAwaitStop(int pid, int tid, long deadline, Dictionary<int, int> stopped)
    {
        var information = stackalloc byte[SignalInformationBytes];
        for (var spins = 0; ; spins++)
        {
            // Answered only while the thread stands still.
            if (Libc.Ptrace(SignalInformation, tid, 0, (nint)information) == 0)
            {
                // A signal that was just about to be delivered is handed on when the thread is let go.
                var signal = *(int*)information;
                var code = *(int*)(information + CodeOffset);
                stopped.Add(tid, code >> 8 == EventStop ? 0 : signal);
                return true;
            }

            if ((spins & 63) == 63)
            {
                if (!IsRunning(pid, tid))
                {
                    return true;
                }

                if (Stopwatch.GetTimestamp() > deadline)
                {
                    return false;
                }
            }

            Thread.Yield();
        }
    }

    static bool IsRunning(int pid, int tid) =>
        ProcFs.TryRead($"/proc/{pid}/task/{tid}/stat", out var text) && ProcStat.TryParse(text, out var stat) && !stat.IsZombie;
}
