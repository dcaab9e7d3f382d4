namespace Sonde.Linux;

/// <summary>Reads, and where asked to writes, another process's memory without stopping it: <c>process_vm_readv(2)</c> and <c>process_vm_writev(2)</c>, else <c>/proc/PID/mem</c>.</summary>
/// <remarks>Safe for concurrent use. Both ways need the rights of ptrace(2) on the process.</remarks>
public sealed unsafe class ProcessMemory : IDisposable
{
    readonly Lock _gate = new();
    FileDescriptor? _file;
    bool _fileFailed;
    volatile bool _useFile;

    /// <summary>A reader of process <paramref name="pid"/>; nothing is opened yet.</summary>
    public ProcessMemory(int pid) => Pid = pid;

    /// <summary>The process's number.</summary>
    public int Pid { get; }

    /// <summary>Why the last read of any thread failed; EFAULT means that the address is not mapped.</summary>
    public Errno LastError { get; private set; }

    /// <summary>Fills <paramref name="destination"/> from <paramref name="address"/>.</summary>
    /// <returns>False when not all of it can be read.</returns>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (destination.IsEmpty)
        {
            return true;
        }

        if (!_useFile)
        {
            SystemResult result = ReadVector(address, destination);
            if (result.Raw == destination.Length)
            {
                return true;
            }

            if (result.Errno is not (Errno.ENOSYS or Errno.EPERM or Errno.EFAULT) && result.Failed)
            {
                LastError = result.Errno;
                return false;
            }

            // A seccomp filter or a missing CONFIG_CROSS_MEMORY_ATTACH closes this way altogether, and memory
            // mapped without read permission is refused here but not through the file.
            if (result.Errno is Errno.ENOSYS or Errno.EPERM)
            {
                _useFile = true;
            }
        }

        return TryReadFile(address, destination);
    }

    /// <summary>Reads several places in one system call, one after the other into <paramref name="destination"/>.</summary>
    /// <param name="addresses">Where to read.</param>
    /// <param name="length">How many bytes at each address.</param>
    /// <param name="destination">At least addresses × length bytes.</param>
    /// <returns>How many of the places were read, from the first on; the first unreadable one ends the reading.</returns>
    public int ReadGather(ReadOnlySpan<ulong> addresses, int length, Span<byte> destination)
    {
        const int Batch = 64;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, checked(addresses.Length * length), nameof(destination));
        nint* remote = stackalloc nint[2 * Batch];
        nint* local = stackalloc nint[2];
        int done = 0;
        while (done < addresses.Length && !_useFile)
        {
            int count = Math.Min(Batch, addresses.Length - done);
            for (int i = 0; i < count; i++)
            {
                remote[2 * i] = (nint)addresses[done + i];
                remote[2 * i + 1] = length;
            }

            fixed (byte* buffer = destination[(done * length)..])
            {
                local[0] = (nint)buffer;
                local[1] = count * length;
                SystemResult result = Libc.Result(Libc.ProcessReadVector(Pid, local, 1, remote, (nuint)count, 0));
                if (result.Raw != count * length)
                {
                    done += result.Failed ? 0 : (int)(result.Raw / length);
                    break;
                }
            }

            done += count;
        }

        while (done < addresses.Length && TryRead(addresses[done], destination.Slice(done * length, length)))
        {
            done++;
        }

        return done;
    }

    /// <summary>Reads several places in one system call, one after the other into <paramref name="destination"/>.</summary>
    /// <param name="addresses">Where to read, in this order.</param>
    /// <param name="lengths">How many bytes at each address.</param>
    /// <param name="destination">At least the sum of the lengths.</param>
    /// <returns>How many of the places were read, from the first on; the first unreadable one ends the reading.</returns>
    public int ReadGather(ReadOnlySpan<ulong> addresses, ReadOnlySpan<int> lengths, Span<byte> destination)
    {
        const int Batch = 128;
        ArgumentOutOfRangeException.ThrowIfNotEqual(lengths.Length, addresses.Length, nameof(lengths));
        nint* remote = stackalloc nint[2 * Batch];
        nint* local = stackalloc nint[2];
        int done = 0, at = 0;
        while (done < addresses.Length && !_useFile)
        {
            int count = Math.Min(Batch, addresses.Length - done), total = 0;
            for (int i = 0; i < count; i++)
            {
                remote[2 * i] = (nint)addresses[done + i];
                remote[2 * i + 1] = lengths[done + i];
                total = checked(total + lengths[done + i]);
            }

            fixed (byte* buffer = destination.Slice(at, total))
            {
                local[0] = (nint)buffer;
                local[1] = total;
                if (Libc.Result(Libc.ProcessReadVector(Pid, local, 1, remote, (nuint)count, 0)).Raw != total)
                {
                    break;
                }
            }

            done += count;
            at += total;
        }

        for (; done < addresses.Length && TryRead(addresses[done], destination.Slice(at, lengths[done])); done++)
        {
            at += lengths[done];
        }

        return done;
    }

    /// <summary>Writes several places in one system call, in this order.</summary>
    /// <param name="writes">Where, and what.</param>
    /// <returns>False when not all of it could be written; what was written stays.</returns>
    public bool TryWrite(IReadOnlyList<(ulong Address, ReadOnlyMemory<byte> Bytes)> writes)
    {
        const int Most = 64;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(writes.Count, Most, nameof(writes));
        nint* remote = stackalloc nint[2 * Most];
        var total = 0;
        for (int i = 0; i < writes.Count; i++)
        {
            remote[2 * i] = (nint)writes[i].Address;
            remote[2 * i + 1] = writes[i].Bytes.Length;
            total = checked(total + writes[i].Bytes.Length);
        }

        var bytes = new byte[total];
        var at = 0;
        foreach (var (_, part) in writes)
        {
            part.Span.CopyTo(bytes.AsSpan(at));
            at += part.Length;
        }

        fixed (byte* buffer = bytes)
        {
            nint* local = stackalloc nint[2] { (nint)buffer, total };
            SystemResult result = Libc.Result(Libc.ProcessWriteVector(Pid, local, 1, remote, (nuint)writes.Count, 0));
            return result.Raw == total || (result.Errno is Errno.ENOSYS or Errno.EPERM && TryWriteFile(writes));
        }
    }

    bool TryWriteFile(IReadOnlyList<(ulong Address, ReadOnlyMemory<byte> Bytes)> writes)
    {
        SystemResult opened = FileDescriptor.TryOpen($"/proc/{Pid}/mem", OpenMode.ReadWrite);
        if (opened.Failed)
        {
            LastError = opened.Errno;
            return false;
        }

        using var file = new FileDescriptor((int)opened.Raw);
        foreach (var (address, bytes) in writes)
        {
            fixed (byte* buffer = bytes.Span)
            {
                if (address > long.MaxValue || Libc.PositionedWrite(file.Number, buffer, bytes.Length, (long)address) != bytes.Length)
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Closes the memory file, if one was opened.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _file?.Dispose();
            _file = null;
            _fileFailed = true;
        }
    }

    SystemResult ReadVector(ulong address, Span<byte> destination)
    {
        fixed (byte* buffer = destination)
        {
            nint* local = stackalloc nint[2] { (nint)buffer, destination.Length };
            nint* remote = stackalloc nint[2] { (nint)address, destination.Length };
            return Libc.Result(Libc.ProcessReadVector(Pid, local, 1, remote, 1, 0));
        }
    }

    bool TryReadFile(ulong address, Span<byte> destination)
    {
        FileDescriptor? file = File();
        if (file is null || address > long.MaxValue)
        {
            return false;
        }

        int done = 0;
        while (done < destination.Length)
        {
            SystemResult result = file.Read(destination[done..], (long)address + done);
            if (result.Raw <= 0)
            {
                LastError = result.Failed ? result.Errno : Errno.EFAULT;
                return false;
            }

            done += (int)result.Raw;
        }

        return true;
    }

    FileDescriptor? File()
    {
        lock (_gate)
        {
            if (_file is null && !_fileFailed)
            {
                SystemResult result = FileDescriptor.TryOpen($"/proc/{Pid}/mem");
                if (result.Failed)
                {
                    _fileFailed = true;
                    LastError = result.Errno;
                }
                else
                {
                    _file = new FileDescriptor((int)result.Raw);
                }
            }

            return _file;
        }
    }
}
