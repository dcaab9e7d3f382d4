using System.Buffers.Text;

namespace Sonde.Linux;

/// <summary>How long a thread has run and waited for a processor, and how often it got one: <c>/proc/TID/schedstat</c> (fs/proc/base.c, proc_pid_schedstat).</summary>
/// <param name="RunNs">Time on processors, in nanoseconds; behind by up to a clock tick while the thread runs.</param>
/// <param name="DelayNs">Time ready to run without a processor, in nanoseconds; the wait that goes on is not in it yet.</param>
/// <param name="Turns">How often it was given a processor. 0 where the kernel does not count (no <c>CONFIG_SCHED_INFO</c>).</param>
public readonly record struct ThreadTurns(ulong RunNs, ulong DelayNs, ulong Turns);

/// <summary>What a thread does in the kernel: <c>/proc/TID/syscall</c> (fs/proc/base.c, proc_pid_syscall).</summary>
/// <param name="IsRunning">Whether it is on a processor or ready for one; then nothing else is known.</param>
/// <param name="Number">The system call it is blocked in; -1 when it is blocked outside of one, as by a page fault.</param>
/// <param name="First">The system call's first argument.</param>
/// <param name="Second">The second.</param>
/// <param name="StackPointer">The thread's stack pointer in user space.</param>
/// <param name="InstructionPointer">Where the thread goes on in user space.</param>
public readonly record struct ThreadCall(bool IsRunning, long Number, ulong First, ulong Second, ulong StackPointer = 0, ulong InstructionPointer = 0);

/// <summary>Where the scheduler has a thread: from <c>/proc/TID/stat</c> (fs/proc/array.c, do_task_stat).</summary>
/// <param name="State">See <see cref="ProcStat.State"/>.</param>
/// <param name="Processor">The processor it runs on or waits for; of one that is blocked the one it last ran on.</param>
/// <param name="Policy">Its scheduling policy, <c>SCHED_*</c> of include/uapi/linux/sched.h.</param>
public readonly record struct ThreadPlace(char State, int Processor, int Policy)
{
    /// <summary>Whether it shares its processor with others fairly; one of another policy can keep it to itself.</summary>
    public bool IsFair => Policy is 0 or 3 or 5; // SCHED_NORMAL, SCHED_BATCH, SCHED_IDLE
}

/// <summary>The files of <c>/proc</c> that tell what one thread is doing, kept open because they are read again and again. Reading allocates nothing.</summary>
public sealed class ThreadFiles : IDisposable
{
    readonly FileDescriptor? _turns;
    readonly FileDescriptor? _call;
    readonly FileDescriptor? _stat;

    /// <summary>Opens the files of a thread. What cannot be opened is answered with false later.</summary>
    public ThreadFiles(int pid, int tid)
    {
        _turns = Open($"/proc/{pid}/task/{tid}/schedstat");
        _call = Open($"/proc/{pid}/task/{tid}/syscall");
        _stat = Open($"/proc/{pid}/task/{tid}/stat");
    }

    /// <summary>How long it has run and waited.</summary>
    /// <returns>False when the thread has ended or the kernel does not tell.</returns>
    public bool TryReadTurns(out ThreadTurns turns)
    {
        Span<byte> buffer = stackalloc byte[96];
        turns = default;
        return TryRead(_turns, ref buffer) && TryParse(buffer, out turns);
    }

    /// <summary>What it does in the kernel. Needs the rights of ptrace(2) on it.</summary>
    /// <returns>False when the thread has ended or may not be looked at.</returns>
    public bool TryReadCall(out ThreadCall call)
    {
        Span<byte> buffer = stackalloc byte[256];
        call = default;
        return TryRead(_call, ref buffer) && TryParse(buffer, out call);
    }

    /// <summary>Its state as a letter, see <see cref="ProcStat.State"/>.</summary>
    /// <returns>False when the thread has ended.</returns>
    public bool TryReadState(out char state)
    {
        Span<byte> buffer = stackalloc byte[512];
        state = default;
        if (!TryRead(_stat, ref buffer) || !ProcStat.TryParse(buffer, out var stat))
        {
            return false;
        }

        state = stat.State;
        return true;
    }

    /// <summary>Where the scheduler has it.</summary>
    /// <returns>False when the thread has ended.</returns>
    public bool TryReadPlace(out ThreadPlace place)
    {
        Span<byte> buffer = stackalloc byte[1024];
        place = default;
        return TryRead(_stat, ref buffer) && TryParse(buffer, out place);
    }

    /// <summary>Reads the text of a stat file.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ThreadPlace place)
    {
        place = default;
        // The name stands in parentheses and may hold anything: the last one ends it. The state follows, field 3 of proc_pid_stat(5).
        var end = text.LastIndexOf((byte)')');
        if (end < 0 || end + 4 > text.Length)
        {
            return false;
        }

        const int state = 3, processor = 39, policy = 41;
        var letter = (char)text[end + 2];
        text = text[(end + 3)..];
        int found = 0, field = state;
        foreach (var range in text.Split((byte)' '))
        {
            if (field is processor or policy)
            {
                if (!Utf8Parser.TryParse(text[range], out int number, out _))
                {
                    return false;
                }

                place = field == processor ? place with { Processor = number } : place with { Policy = number };
                found++;
            }

            field++;
        }

        place = place with { State = letter };
        return found == 2;
    }

    /// <summary>Reads the text of a schedstat file.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ThreadTurns turns)
    {
        turns = default;
        if (!TryTakeNumber(ref text, out var run) || !TryTakeNumber(ref text, out var delay) || !TryTakeNumber(ref text, out var count))
        {
            return false;
        }

        turns = new ThreadTurns(run, delay, count);
        return true;
    }

    /// <summary>Reads the text of a syscall file: "running", "-1 SP PC", or a number and six arguments.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ThreadCall call)
    {
        call = new ThreadCall(true, 0, 0, 0);
        if (text.StartsWith("running"u8))
        {
            return true;
        }

        if (!Utf8Parser.TryParse(text, out long number, out var used))
        {
            return false;
        }

        text = text[used..];
        Span<ulong> words = stackalloc ulong[8];
        var count = 0;
        while (count < words.Length && TryTakeAddress(ref text, out words[count]))
        {
            count++;
        }

        words[count..].Clear();
        var inCall = number >= 0;
        call = new ThreadCall(false, number, inCall ? words[0] : 0, inCall ? words[1] : 0, count >= 2 ? words[count - 2] : 0, count >= 2 ? words[count - 1] : 0);
        return true;
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        _turns?.Dispose();
        _call?.Dispose();
        _stat?.Dispose();
    }

    static FileDescriptor? Open(string path)
    {
        var opened = FileDescriptor.TryOpen(path);
        return opened.Failed ? null : new FileDescriptor((int)opened.Raw);
    }

    static bool TryRead(FileDescriptor? file, ref Span<byte> buffer)
    {
        var result = file?.Read(buffer, 0);
        if (result is not { Raw: > 0 } read)
        {
            return false;
        }

        buffer = buffer[..(int)read.Raw];
        return true;
    }

    static bool TryTakeNumber(ref ReadOnlySpan<byte> text, out ulong number)
    {
        text = text.TrimStart((byte)' ');
        if (!Utf8Parser.TryParse(text, out number, out var used))
        {
            return false;
        }

        text = text[used..];
        return true;
    }

    static bool TryTakeAddress(ref ReadOnlySpan<byte> text, out ulong address)
    {
        address = 0;
        if (!text.StartsWith(" 0x"u8) || !Utf8Parser.TryParse(text[3..], out address, out var used, 'x'))
        {
            return false;
        }

        text = text[(3 + used)..];
        return true;
    }
}
