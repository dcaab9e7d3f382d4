using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Sonde.Linux;

/// <summary>Opens files by the names that another process knows them by, without ever leaving its root directory or waiting for a pipe or device.</summary>
public static unsafe class RootedFile
{
    // include/uapi/asm-generic/fcntl.h, include/uapi/linux/openat2.h, include/uapi/linux/stat.h
    const int NonBlocking = 0x800, NoTerminal = 0x100, CloseOnExec = 0x80000, Directory = 0x10000, PathOnly = 0x200000;
    const ulong NoMagicLinks = 0x02, InRoot = 0x10;
    const int EmptyPath = 0x1000, BasicStats = 0x7ff, StatBytes = 256, ModeOffset = 28, SizeOffset = 40;
    const int TypeMask = 0xf000, RegularFile = 0x8000;

    /// <summary><c>O_NOFOLLOW</c>; arch/arm64/include/uapi/asm/fcntl.h has its own.</summary>
    static readonly int _noFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>Opens a regular file for reading.</summary>
    /// <param name="pid">The process; 0 for the names that this one knows.</param>
    /// <param name="path">Its path in that process's root directory, or relative to its current directory.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="followsLast">Whether the last part of the path may be a symbolic link.</param>
    /// <returns>The open file; null when there is none, it is no regular file, or it may not be read.</returns>
    public static FileDescriptor? TryOpen(int pid, string path, out long bytes, bool followsLast = true)
    {
        bytes = 0;
        if (path.Length == 0 || path.Contains('\0'))
        {
            return null;
        }

        var flags = NonBlocking | NoTerminal | (followsLast ? 0 : _noFollow);
        var opened = pid == 0 ? Plain(path, flags) : InProcess(pid, path, flags);
        if (opened.Failed)
        {
            return null;
        }

        var file = new FileDescriptor((int)opened.Raw);
        var stat = stackalloc byte[StatBytes];
        byte nothing = 0;
        var known = Libc.Result(Libc.SystemCall(Libc.Number.Statx, file.Number, (nint)(&nothing), EmptyPath, BasicStats, (nint)stat));
        if (known.Failed || (BinaryPrimitives.ReadUInt16LittleEndian(new ReadOnlySpan<byte>(stat + ModeOffset, 2)) & TypeMask) != RegularFile)
        {
            file.Dispose();
            return null;
        }

        bytes = BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(stat + SizeOffset, 8));
        return file;
    }

    /// <summary>Reads a regular file of at most that many bytes.</summary>
    /// <param name="pid">The process; 0 for the names that this one knows.</param>
    /// <param name="path">Its path in that process's root directory, or relative to its current directory.</param>
    /// <param name="maximumBytes">Larger files are not read.</param>
    /// <param name="content">What is in it.</param>
    public static bool TryRead(int pid, string path, int maximumBytes, out byte[] content)
    {
        content = [];
        using var file = TryOpen(pid, path, out var bytes);
        if (file is null || bytes > maximumBytes)
        {
            return false;
        }

        var buffer = new byte[bytes];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = file.Read(buffer.AsSpan(length), length);
            if (read.Raw <= 0)
            {
                break;
            }

            length += (int)read.Raw;
        }

        content = buffer[..length];
        return true;
    }

    static SystemResult InProcess(int pid, string path, int flags)
    {
        using var directory = OpenDirectory($"/proc/{pid}/{(path[0] == '/' ? "root" : "cwd")}");
        if (directory is null)
        {
            return new SystemResult(-(long)Errno.ENOENT);
        }

        // struct open_how: flags, mode, resolve. Linux 5.6 and later; before, links inside another root lead out of it.
        var how = stackalloc ulong[3] { (ulong)(flags | CloseOnExec), 0, path[0] == '/' ? InRoot | NoMagicLinks : NoMagicLinks };
        SystemResult opened;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            opened = Libc.Result(Libc.SystemCall(Libc.Number.OpenAt2, directory.Number, (nint)name, (nint)how, 3 * sizeof(ulong), 0));
        }

        return opened.Errno == Errno.ENOSYS ? Plain($"/proc/{pid}/{(path[0] == '/' ? "root" : "cwd/")}{path}", flags) : opened;
    }

    static FileDescriptor? OpenDirectory(string path)
    {
        var opened = FileDescriptor.TryOpen(path, (OpenMode)(Directory | PathOnly));
        return opened.Failed ? null : new FileDescriptor((int)opened.Raw);
    }

    static SystemResult Plain(string path, int flags) => FileDescriptor.TryOpen(path, (OpenMode)flags);
}
