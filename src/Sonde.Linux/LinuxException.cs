namespace Sonde.Linux;

/// <summary>A system call failed. The message says what was attempted, the errno, and where known what to do about it.</summary>
public sealed class LinuxException : Exception
{
    /// <summary>A failure of <paramref name="operation"/> with <paramref name="errno"/>.</summary>
    /// <param name="errno">What the kernel answered.</param>
    /// <param name="operation">What was attempted, with the values that matter, such as <c>open("/proc/1/maps")</c>.</param>
    /// <param name="advice">What to do, as a sentence; null when nothing useful can be said.</param>
    public LinuxException(Errno errno, string operation, string? advice = null)
        : base(advice is null ? $"{operation}: {Name(errno)}" : $"{operation}: {Name(errno)}. {advice}")
    {
        Errno = errno;
        Operation = operation;
        Advice = advice;
    }

    /// <summary>What the kernel answered.</summary>
    public Errno Errno { get; }

    /// <summary>What was attempted.</summary>
    public string Operation { get; }

    /// <summary>What to do about it, or null.</summary>
    public string? Advice { get; }

    static string Name(Errno errno) => Enum.IsDefined(errno) ? errno.ToString() : $"errno {(int)errno}";
}
