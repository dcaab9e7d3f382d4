using System.Runtime.InteropServices;

namespace Sonde.Linux;

/// <summary>What a mapping allows (include/uapi/asm-generic/mman-common.h).</summary>
[Flags]
public enum MapProtection
{
    /// <summary>No access.</summary>
    None = 0,

    /// <summary>Reading.</summary>
    Read = 1,

    /// <summary>Writing.</summary>
    Write = 2,

    /// <summary>Executing.</summary>
    Execute = 4,
}

/// <summary>Shared memory between the kernel and this process: a file or kernel object mapped until disposed.</summary>
/// <remarks>Spans taken from it must not be used after <see cref="Dispose"/>. Not safe for disposal while another thread uses it.</remarks>
public sealed unsafe class MemoryMapping : IDisposable
{
    const int Shared = 1, Populate = 0x8000; // MAP_SHARED, MAP_POPULATE of include/uapi/asm-generic/mman-common.h

    nint _address;

    MemoryMapping(nint address, int length)
    {
        _address = address;
        Length = length;
    }

    /// <summary>Frees the mapping of an owner that was dropped without being disposed.</summary>
    ~MemoryMapping() => Unmap();

    /// <summary>The size of a page in bytes.</summary>
    public static int PageSize => Environment.SystemPageSize;

    /// <summary>The size in bytes.</summary>
    public int Length { get; }

    /// <summary>Where the mapping begins in this process.</summary>
    public ulong Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(_address == 0, this);
            return (ulong)_address;
        }
    }

    /// <summary>The mapped bytes. Writing where the protection forbids it ends the process.</summary>
    public Span<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_address == 0, this);
            return new Span<byte>((void*)_address, Length);
        }
    }

    /// <summary>Maps <paramref name="length"/> bytes of <paramref name="descriptor"/> from <paramref name="offset"/>, shared.</summary>
    /// <param name="descriptor">The file.</param>
    /// <param name="offset">Where in it, in bytes, a multiple of the page size.</param>
    /// <param name="length">How many bytes.</param>
    /// <param name="protection">What is allowed.</param>
    /// <param name="populate">Whether all of it is made present now, rather than page by page when it is first used.</param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static MemoryMapping Map(FileDescriptor descriptor, long offset, int length, MapProtection protection, bool populate = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        nint address = Libc.Map(0, length, (int)protection, Shared | (populate ? Populate : 0), descriptor.Number, offset);
        GC.KeepAlive(descriptor);
        Libc.Result(address).Check($"mmap({length} bytes at offset {offset}, {protection})");
        return new MemoryMapping(address, length);
    }

    /// <summary>A 64-bit word that another processor writes: everything it wrote before is visible afterwards.</summary>
    public ulong LoadAcquire(int offset) => Volatile.Read(ref Word(offset));

    /// <summary>Publishes a 64-bit word: everything this thread did before is visible to who loads it with acquire.</summary>
    public void StoreRelease(int offset, ulong value) => Volatile.Write(ref Word(offset), value);

    /// <summary>Unmaps the memory.</summary>
    public void Dispose()
    {
        Unmap();
        GC.SuppressFinalize(this);
    }

    ref ulong Word(int offset) => ref MemoryMarshal.AsRef<ulong>(Bytes.Slice(offset, sizeof(ulong)));

    void Unmap()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address != 0)
        {
            _ = Libc.Unmap(address, Length);
        }
    }
}
