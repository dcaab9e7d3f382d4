namespace Sonde.Linux;

/// <summary>A process that cannot be mistaken for a later one with the same number (<c>pidfd_open(2)</c>, Linux 5.3+).</summary>
public sealed unsafe class PidFd : IDisposable
{
    PidFd(int pid, FileDescriptor descriptor)
    {
        Pid = pid;
        Descriptor = descriptor;
    }

    /// <summary>The process's number.</summary>
    public int Pid { get; }

    /// <summary>Becomes readable when the process has ended.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Whether the process has ended (it may still wait for its parent as a zombie).</summary>
    public bool HasExited => WaitForExit(TimeSpan.Zero);

    /// <summary>Takes hold of process <paramref name="pid"/>.</summary>
    /// <exception cref="LinuxException">ESRCH: no such process. EINVAL: the number is a thread's. ENOSYS: the kernel is older than 5.3.</exception>
    public static PidFd Open(int pid)
    {
        TryOpen(pid, out var opened).Check($"pidfd_open({pid})");
        return opened!;
    }

    /// <summary>Takes hold of process <paramref name="pid"/>.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="opened">The hold on it; null when the result is a failure.</param>
    public static SystemResult TryOpen(int pid, out PidFd? opened)
    {
        SystemResult result = Libc.Result(Libc.SystemCall(Libc.Number.PidFdOpen, pid, 0, 0, 0, 0));
        opened = result.Failed ? null : new PidFd(pid, new FileDescriptor((int)result.Raw));
        return result;
    }

    /// <summary>Waits for the process to end.</summary>
    /// <returns>False when it is still there after <paramref name="timeout"/>.</returns>
    public bool WaitForExit(TimeSpan timeout)
    {
        long deadline = Environment.TickCount64 + (long)Math.Min(Math.Ceiling(timeout.TotalMilliseconds), int.MaxValue);
        // struct pollfd: int fd; short events; short revents.
        int* request = stackalloc int[2] { Descriptor.Number, 1 };
        while (true)
        {
            int remaining = timeout < TimeSpan.Zero ? -1 : (int)Math.Max(0, deadline - Environment.TickCount64);
            SystemResult result = Libc.Result(Libc.Poll(request, 1, remaining));
            if (result.Errno != Errno.EINTR)
            {
                return result.Check("poll(pidfd)") > 0;
            }
        }
    }

    /// <summary>Sends the process a signal (<c>pidfd_send_signal(2)</c>, Linux 5.1+); nothing happens when it has ended.</summary>
    public void Signal(int number) => Libc.SystemCall(Libc.Number.PidFdSendSignal, Descriptor.Number, number, 0, 0, 0);

    /// <summary>Lets go of the process.</summary>
    public void Dispose() => Descriptor.Dispose();
}
