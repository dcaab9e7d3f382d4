using System.Globalization;
using Sonde.Engine.Sampling;
using Sonde.Engine.Scripts.Values;
using Sonde.Linux;
using Sonde.Python.Stacks;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Stacks;

/// <summary>What a thread does by the kernel's account.</summary>
/// <param name="State">The state.</param>
/// <param name="Waiting">What it waits in, as one reads it: "futex", "read of a pipe"; null when it waits for nothing or that cannot be told.</param>
readonly record struct ThreadActivity(ThreadState State, string? Waiting)
{
    /// <summary>Asks the kernel. What may not be asked leaves the state that everyone may know.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="tid">The thread; 0 when unknown.</param>
    /// <param name="gils">The locks of its interpreters.</param>
    public static ThreadActivity Of(int pid, int tid, IReadOnlyList<GilState> gils)
    {
        if (tid == 0)
        {
            return default;
        }

        using var files = new ThreadFiles(pid, tid);
        if (!files.TryReadState(out var letter))
        {
            return default;
        }

        return files.TryReadCall(out var call) ? Of(pid, letter, call, gils) : new(StateOf(letter), null);
    }

    /// <summary>What the kernel's answers of one moment mean.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="letter">The thread's state.</param>
    /// <param name="call">What it does in the kernel.</param>
    /// <param name="gils">The locks of its interpreters.</param>
    public static ThreadActivity Of(int pid, char letter, in ThreadCall call, IReadOnlyList<GilState> gils)
    {
        var state = StateOf(letter);
        // A stopped thread keeps the system call it was stopped in.
        if (state is not (ThreadState.Sleeping or ThreadState.WaitingForIo))
        {
            return new(state, null);
        }

        if (call.IsRunning)
        {
            return new(ThreadState.Running, null);
        }

        if (call.Number < 0)
        {
            return new(state, null);
        }

        var isForGil = WaitReason.IsFutex(call, out var address) && gils.Any(gil => gil.IsWaitedForAt(address));
        var name = SyscallNames.Of(call.Number);
        return new(isForGil ? ThreadState.WaitingForGil : WaitReason.Of(call), TakesDescriptor(name) && DescribeFile(pid, call.First) is { } file ? $"{name} of {file}" : name);
    }

    static ThreadState StateOf(char letter) => letter switch
    {
        'R' => ThreadState.Running,
        'S' => ThreadState.Sleeping,
        'D' => ThreadState.WaitingForIo,
        'T' or 't' => ThreadState.Stopped,
        _ => ThreadState.Unknown,
    };

    /// <summary>Whether a system call that blocks for a file has its descriptor first.</summary>
    static bool TakesDescriptor(string call) => call is "read" or "write" or "readv" or "writev" or "pread64" or "pwrite64" or "preadv" or "pwritev" or "preadv2" or "pwritev2"
        or "recvfrom" or "sendto" or "recvmsg" or "sendmsg" or "recvmmsg" or "sendmmsg" or "accept" or "accept4" or "connect" or "ioctl" or "fsync" or "fdatasync" or "flock"
        or "fcntl" or "sendfile" or "ftruncate" or "fallocate" or "getdents64" or "lseek";

    static string? DescribeFile(int pid, ulong descriptor)
    {
        var target = ProcFs.ReadLink(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/fd/{(int)descriptor}"));
        return target is null ? null
            : target.StartsWith("socket:", StringComparison.Ordinal) ? "a socket"
            : target.StartsWith("pipe:", StringComparison.Ordinal) ? "a pipe"
            : target.StartsWith("anon_inode:", StringComparison.Ordinal) ? target["anon_inode:".Length..].Trim('[', ']')
            : target;
    }
}
