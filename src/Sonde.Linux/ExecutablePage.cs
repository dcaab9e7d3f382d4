namespace Sonde.Linux;

/// <summary>Machine code of our own, in a memory file of our own, mapped to be run: a place to probe that nobody else runs.</summary>
/// <remarks>The mapping is private and read-only, as uprobes want it (valid_vma, kernel/events/uprobes.c). Linux 3.17+.</remarks>
public sealed unsafe class ExecutablePage : IDisposable
{
    const uint CloseOnExec = 1; // MFD_CLOEXEC
    const uint Executable = 0x10; // MFD_EXEC, Linux 6.3+
    const int Private = 2;

    readonly FileDescriptor _file;
    nint _address;

    ExecutablePage(FileDescriptor file, nint address)
    {
        _file = file;
        _address = address;
    }

    /// <summary>Unmaps the page of an owner that was dropped without being disposed.</summary>
    ~ExecutablePage() => Unmap();

    /// <summary>The path of the memory file, for this process and as long as this object.</summary>
    public string Path => _file.ProcPath;

    /// <summary>Maps <paramref name="code"/>, at most a page of it, at offset 0.</summary>
    /// <exception cref="LinuxException">Memory files may not be executed here, or none is left.</exception>
    public static ExecutablePage Create(ReadOnlySpan<byte> code)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code.Length, MemoryMapping.PageSize);
        FileDescriptor file = CreateFile().CheckDescriptor("memfd_create(\"sonde\")");
        try
        {
            int length = MemoryMapping.PageSize;
            Libc.Result(Libc.Truncate(file.Number, length)).Check("ftruncate(memfd)");
            file.Write(code).Check("write(memfd)");
            nint address = Libc.Map(0, length, (int)(MapProtection.Read | MapProtection.Execute), Private, file.Number, 0);
            Libc.Result(address).Check("mmap(memfd, Read, Execute)");
            return new ExecutablePage(file, address);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Calls the code at <paramref name="offset"/> as a function without arguments.</summary>
    /// <remarks>The code must follow the platform's calling convention; anything else ends the process or worse.</remarks>
    /// <returns>What it left in the result register.</returns>
    public ulong Call(int offset)
    {
        ObjectDisposedException.ThrowIf(_address == 0, this);
        ulong result = ((delegate* unmanaged<ulong>)(_address + offset))();
        GC.KeepAlive(this);
        return result;
    }

    /// <summary>Calls the code at <paramref name="offset"/> many times and takes the time.</summary>
    /// <returns>Nanoseconds for all calls together.</returns>
    public ulong Time(int offset, int calls)
    {
        ObjectDisposedException.ThrowIf(_address == 0, this);
        var code = (delegate* unmanaged[SuppressGCTransition]<ulong>)(_address + offset);
        ulong begin = Clock.MonotonicNs;
        for (int i = 0; i < calls; i++)
        {
            code();
        }

        ulong end = Clock.MonotonicNs;
        GC.KeepAlive(this);
        return end - begin;
    }

    /// <summary>Unmaps the code and closes the file.</summary>
    public void Dispose()
    {
        Unmap();
        _file.Dispose();
        GC.SuppressFinalize(this);
    }

    static SystemResult CreateFile()
    {
        fixed (byte* name = "sonde\0"u8)
        {
            SystemResult result = Libc.Result(Libc.SystemCall(Libc.Number.MemfdCreate, (nint)name, (nint)(CloseOnExec | Executable), 0, 0, 0));
            return result.Errno == Errno.EINVAL
                ? Libc.Result(Libc.SystemCall(Libc.Number.MemfdCreate, (nint)name, (nint)CloseOnExec, 0, 0, 0))
                : result;
        }
    }

    void Unmap()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address != 0)
        {
            _ = Libc.Unmap(address, MemoryMapping.PageSize);
        }
    }
}
