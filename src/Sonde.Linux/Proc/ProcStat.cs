using System.Buffers.Text;

namespace Sonde.Linux;

/// <summary>What <c>/proc/PID/stat</c> says of a process or thread (fs/proc/array.c, do_task_stat).</summary>
/// <param name="State">R running, S sleeping, D waiting for a device, T stopped, t traced, Z zombie, X dead, I idle kernel thread.</param>
/// <param name="ParentPid">The parent's number.</param>
/// <param name="Flags">The kernel's <c>PF_*</c> flags (include/linux/sched.h).</param>
/// <param name="UserTimeTicks">Time spent in user space, in clock ticks of 10 ms.</param>
/// <param name="SystemTimeTicks">Time spent in the kernel, in clock ticks of 10 ms.</param>
/// <param name="StartTimeTicks">When it started, in clock ticks of 10 ms since boot; with the number it names a process for good.</param>
public readonly record struct ProcStat(char State, int ParentPid, uint Flags, ulong UserTimeTicks, ulong SystemTimeTicks, ulong StartTimeTicks)
{
    const uint KernelThreadFlag = 0x0020_0000; // PF_KTHREAD

    /// <summary>Clock ticks a second in <c>/proc</c> (<c>USER_HZ</c>), the same on every architecture supported.</summary>
    public const int TicksPerSecond = 100;

    /// <summary>Whether it has ended and waits for its parent to notice.</summary>
    public bool IsZombie => State is 'Z' or 'X';

    /// <summary>Whether it is a thread of the kernel's own, with no user memory.</summary>
    public bool IsKernelThread => (Flags & KernelThreadFlag) != 0;

    /// <summary>Reads the text of a stat file.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ProcStat stat)
    {
        stat = default;
        // The name stands in parentheses and may hold anything, parentheses and blanks included: the last one ends it.
        int end = text.LastIndexOf((byte)')');
        if (end < 0 || end + 4 > text.Length)
        {
            return false;
        }

        char state = (char)text[end + 2];
        ReadOnlySpan<byte> rest = text[(end + 4)..];
        Span<long> fields = stackalloc long[19]; // field 4 (ppid) to 22 (starttime) of proc_pid_stat(5)
        for (int i = 0; i < fields.Length; i++)
        {
            if (!Utf8Parser.TryParse(rest, out fields[i], out int used))
            {
                return false;
            }

            rest = rest[used..].TrimStart((byte)' ');
        }

        stat = new ProcStat(state, (int)fields[0], (uint)fields[5], (ulong)fields[10], (ulong)fields[11], (ulong)fields[18]);
        return true;
    }
}
