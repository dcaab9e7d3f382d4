using System.Runtime.InteropServices;
using Sonde.Engine.Scripts.Values;
using Sonde.Linux;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Sampling;

/// <summary>Why a thread is blocked, from the system call it is blocked in.</summary>
static class WaitReason
{
    static readonly ThreadState[] _states = [.. Enumerable.Range(0, 512).Select(number => ByName(SyscallNames.Of(number)))];

    /// <summary>The system call that waits on a word in memory, by which locks are made.</summary>
    const string Futex = "futex";

    /// <summary>The state of a thread that is blocked.</summary>
    /// <param name="call">The system call; not one of a running thread.</param>
    public static ThreadState Of(in ThreadCall call)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || call.Number >= _states.Length)
        {
            return ThreadState.Sleeping;
        }

        // Outside of a system call a thread blocks for a page of a file, or of the swap.
        if (call.Number < 0)
        {
            return ThreadState.WaitingForIo;
        }

        var state = _states[call.Number];
        return state == ThreadState.WaitingForIo && WaitsForNoFile(call) ? ThreadState.Sleeping : state;
    }

    /// <summary>Whether a thread is blocked on a word in memory, and which.</summary>
    public static bool IsFutex(in ThreadCall call, out ulong address)
    {
        address = call.First;
        return RuntimeInformation.ProcessArchitecture == Architecture.X64 && !call.IsRunning && SyscallNames.Of(call.Number) == Futex;
    }

    /// <summary><c>select(0, …)</c> and <c>poll(…, 0, …)</c> are ways to sleep; <c>time.sleep</c> used the former up to CPython 3.10.</summary>
    static bool WaitsForNoFile(in ThreadCall call) => SyscallNames.Of(call.Number) switch
    {
        "select" or "pselect6" => call.First == 0,
        "poll" or "ppoll" => call.Second == 0,
        _ => false,
    };

    /// <summary>A system call that is none of these blocks only for a device: that of the file it works on, or of a page it needs.</summary>
    static ThreadState ByName(string name) => name switch
    {
        Futex or "futex_wait" or "futex_waitv" or "flock" or "semop" or "semtimedop" => ThreadState.WaitingForLock,
        "nanosleep" or "clock_nanosleep" or "pause" or "wait4" or "waitid" or "rt_sigtimedwait" or "rt_sigsuspend" or "restart_syscall" or "sched_yield" => ThreadState.Sleeping,
        _ => ThreadState.WaitingForIo,
    };
}
