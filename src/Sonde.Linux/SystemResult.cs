namespace Sonde.Linux;

/// <summary>What a system call returned: a value, or the negated errno, as the kernel itself encodes it.</summary>
public readonly record struct SystemResult(long Raw)
{
    /// <summary>Whether the call failed.</summary>
    public bool Failed => Raw < 0;

    /// <summary>Why it failed; <see cref="Errno.None"/> when it did not.</summary>
    public Errno Errno => Raw < 0 ? (Errno)(-Raw) : Errno.None;

    /// <summary>The value, or a <see cref="LinuxException"/> that names <paramref name="operation"/>.</summary>
    public long Check(string operation, string? advice = null)
    {
        if (Failed)
        {
            throw new LinuxException(Errno, operation, advice);
        }

        return Raw;
    }

    /// <summary>The value as a new file descriptor, or a <see cref="LinuxException"/> that names <paramref name="operation"/>.</summary>
    public FileDescriptor CheckDescriptor(string operation, string? advice = null) => new((int)Check(operation, advice));
}
