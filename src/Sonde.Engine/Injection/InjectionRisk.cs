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
    /// <param name="sharedBytes">Memory of ours that is yet to be taken, to be shared with it; it counts where the process shares its limit with us.</param>
    public static string? Of(int pid, long sharedBytes = 0)
    {
        // Each thread has filters of its own, and any of them may be the one that runs what we put in.
        ProcFs.TryReadStatus(Environment.ProcessId, out var own);
        foreach (var thread in ProcFs.Tasks(pid))
        {
            if (ProcFs.TryReadStatus(thread, out var status) && status.SeccompMode != 0 && !IsHarmless(own, status))
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

    /// <summary>
    /// Filters are taken for harmless that Sonde lives under itself, making the same calls; and the single one of a process in a container, which is its runtime's: those of Docker, Podman,
    /// containerd and CRI-O answer what they do not let through with an error.
    /// </summary>
    static bool IsHarmless(in ProcStatus own, in ProcStatus status)
    {
        const int filtered = 2;
        return status.SeccompMode == filtered && status.SeccompFilters > 0
            && ((own.SeccompMode == filtered && own.SeccompFilters == status.SeccompFilters) || (status.SeccompFilters == 1 && status.NamespacePids.Length > own.NamespacePids.Length));
    }
}
