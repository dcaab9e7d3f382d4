using System.Runtime.InteropServices;
using System.Text;

namespace Sonde.Linux;

/// <summary>How a file is opened (include/uapi/asm-generic/fcntl.h). Close-on-exec is always set.</summary>
[Flags]
public enum OpenMode
{
    /// <summary>For reading.</summary>
    ReadOnly = 0,

    /// <summary>For writing.</summary>
    WriteOnly = 1,

    /// <summary>For both.</summary>
    ReadWrite = 2,
}

/// <summary>An open file of the kernel's: closed once, when disposed or finalized.</summary>
public sealed unsafe class FileDescriptor : SafeHandle
{
    const int CloseOnExec = 0x80000;

    /// <summary>Takes ownership of descriptor number <paramref name="number"/>.</summary>
    public FileDescriptor(int number) : base(-1, ownsHandle: true) => SetHandle(number);

    FileDescriptor(int number, bool owned) : base(-1, owned) => SetHandle(number);

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>The descriptor's number.</summary>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public int Number
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (int)handle;
        }
    }

    /// <summary>The path under which this process can reach the open file again, even when it has no name of its own.</summary>
    public string ProcPath => $"/proc/self/fd/{Number}";

    /// <summary>Descriptor number <paramref name="number"/>, which stays open when this is disposed: standard output and its like.</summary>
    public static FileDescriptor Borrow(int number) => new(number, owned: false);

    /// <summary>Whether a descriptor came from whoever started this program. One that was closed then is soon used by the runtime, for files of its own.</summary>
    /// <param name="number">The descriptor's number.</param>
    /// <remarks>What is inherited survived an <c>execve</c>, and so cannot be marked to be closed by one; all that the runtime opens is.</remarks>
    public static bool IsInherited(int number)
    {
        const nint getFlags = 1; // F_GETFD of include/uapi/linux/fcntl.h
        const nint closeOnExec = 1; // FD_CLOEXEC
        SystemResult flags = Libc.Result(Libc.SystemCall(Libc.Number.FileControl, number, getFlags, 0, 0, 0));
        return !flags.Failed && (flags.Raw & closeOnExec) == 0;
    }

    /// <summary>Opens <paramref name="path"/>.</summary>
    /// <exception cref="LinuxException">The file cannot be opened.</exception>
    public static FileDescriptor Open(string path, OpenMode mode = OpenMode.ReadOnly) =>
        TryOpen(path, mode).CheckDescriptor($"open(\"{path}\")");

    /// <summary>Opens <paramref name="path"/>; the result is the descriptor's number.</summary>
    public static SystemResult TryOpen(string path, OpenMode mode = OpenMode.ReadOnly)
    {
        fixed (byte* name = ZeroTerminated(path))
        {
            return Libc.Result(Libc.Open(name, (int)mode | CloseOnExec, 0));
        }
    }

    /// <summary>Reads at the file position; the result is the number of bytes, 0 at the end.</summary>
    public SystemResult Read(Span<byte> destination)
    {
        fixed (byte* buffer = destination)
        {
            SystemResult result = Libc.Result(Libc.Read(Number, buffer, destination.Length));
            GC.KeepAlive(this);
            return result;
        }
    }

    /// <summary>Reads at <paramref name="offset"/>, which may exceed what a signed 64-bit file position allows only by failing.</summary>
    public SystemResult Read(Span<byte> destination, long offset)
    {
        fixed (byte* buffer = destination)
        {
            SystemResult result = Libc.Result(Libc.PositionedRead(Number, buffer, destination.Length, offset));
            GC.KeepAlive(this);
            return result;
        }
    }

    /// <summary>Writes at the file position; the result is the number of bytes.</summary>
    public SystemResult Write(ReadOnlySpan<byte> source)
    {
        fixed (byte* buffer = source)
        {
            SystemResult result = Libc.Result(Libc.Write(Number, buffer, source.Length));
            GC.KeepAlive(this);
            return result;
        }
    }

    /// <summary>The ioctl <paramref name="request"/> with an integer argument.</summary>
    public SystemResult IoControl(uint request, nint argument)
    {
        SystemResult result = Libc.Result(Libc.IoControl(Number, request, argument));
        GC.KeepAlive(this);
        return result;
    }

    /// <summary>The ioctl <paramref name="request"/> with a pointer to <paramref name="argument"/>.</summary>
    public SystemResult IoControl<T>(uint request, ref T argument) where T : unmanaged
    {
        fixed (T* pointer = &argument)
        {
            return IoControl(request, (nint)pointer);
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;

    internal static byte[] ZeroTerminated(string text)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        if (bytes.AsSpan(0, bytes.Length - 1).Contains((byte)0))
        {
            throw new ArgumentException($"\"{text.Replace("\0", "\\0", StringComparison.Ordinal)}\" holds a zero byte, which no path or name can.", nameof(text));
        }

        return bytes;
    }
}
