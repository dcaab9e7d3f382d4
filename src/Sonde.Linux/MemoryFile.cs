using System.Text;

namespace Sonde.Linux;

/// <summary>Files that live in memory and have no name (memfd_create(2), Linux 3.17+).</summary>
public static unsafe class MemoryFile
{
    const uint CloseOnExec = 1, AllowSealing = 2, NoExecution = 8; // MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_NOEXEC_SEAL of include/uapi/linux/memfd.h
    const nint AddSeals = 1033; // F_ADD_SEALS of include/uapi/linux/fcntl.h
    const nint SealItself = 1, SealShrink = 2, SealGrow = 4;

    /// <summary>Makes a file of zeros, all of it there from the start, whose length nobody can change, so that who maps it need not fear whom it is shared with.</summary>
    /// <param name="name">What it is called in lists of mappings, behind <c>/memfd:</c>.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <exception cref="LinuxException">No more memory or descriptors are to be had.</exception>
    public static FileDescriptor Create(string name, long length)
    {
        FileDescriptor file;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + "\0"))
        {
            // Never to be run, and nobody can change that: Linux 6.3 and later.
            var made = Libc.Result(Libc.SystemCall(Libc.Number.MemfdCreate, (nint)text, (nint)(CloseOnExec | AllowSealing | NoExecution), 0, 0, 0));
            made = made.Errno == Errno.EINVAL ? Libc.Result(Libc.SystemCall(Libc.Number.MemfdCreate, (nint)text, (nint)(CloseOnExec | AllowSealing), 0, 0, 0)) : made;
            file = made.CheckDescriptor($"memfd_create(\"{name}\")");
        }

        try
        {
            // Not ftruncate: that promises no memory, and whoever touches a page first would pay for it, or die of its lack.
            Libc.Result(Libc.SystemCall(Libc.Number.Allocate, file.Number, 0, 0, (nint)length, 0)).Check($"fallocate({length} bytes)");
            Libc.Result(Libc.SystemCall(Libc.Number.FileControl, file.Number, AddSeals, SealShrink | SealGrow | SealItself, 0, 0)).Check("fcntl(F_ADD_SEALS)");
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
