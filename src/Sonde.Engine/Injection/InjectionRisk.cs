using System.Globalization;
using Sonde.Linux;

namespace Sonde.Engine.Injection;

/// <summary>What could end a process for running code of ours, seen from outside: a filter of its system calls, or too little memory left.</summary>
static class InjectionRisk
{
    /// <summary>Room that must be left: an agent and the page tables of a large ring take some MiB, and the program goes on meanwhile.</summary>
    internal const long Room = 64L << 20;

    /// <summary>Why code should not be put into a process, as one sentence; null when nothing speaks against it.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="sharedBytes">Memory that we shall share with it, which is ours; it counts where the process shares its limit with us.</param>
    public static string? Of(int pid, long sharedBytes)
    {
        // Each thread has filters of its own, and any of them may be the one that runs what we put in.
        foreach (var thread in ProcFs.Tasks(pid))
        {
            if (ProcFs.TryReadStatus(thread, out var status) && status.SeccompMode != 0)
            {
                return $"process {pid} has a seccomp filter, which may kill it for a system call of the code that is put in; what it lets through cannot be found out without stopping the process";
            }
        }

        if (MemoryRoom.Of(pid) is { } room)
        {
            var needed = Room + (MemoryRoom.Of(Environment.ProcessId)?.Directory == room.Directory ? sharedBytes : 0);
            if (room.Left < needed)
            {
                return string.Create(CultureInfo.InvariantCulture,
                    $"process {pid} has {Math.Max(0, room.Left) >> 20} MiB left of the {room.Limit >> 20} MiB that its cgroup may have, and with less than {needed >> 20} MiB the code that is put in could get it killed");
            }
        }

        return null;
    }
}
