using System.Runtime.InteropServices;

namespace Sonde.Usdt.Native;

/// <summary>The imported functions, all blittable.</summary>
static unsafe partial class Libc
{
    public const int ProtectionNone = 0, Read = 1, Write = 2, Execute = 4;
    public const int Private = 2, Fixed = 0x10, Anonymous = 0x20;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint SystemCall(nint number, nint first, nint second, nint third);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(nint address, nint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nint length);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint PositionedWrite(int descriptor, byte* bytes, nint length, long offset);

    /// <summary>A file in memory that may be executed, or -1.</summary>
    /// <remarks><c>memfd_create(2)</c>; by number, because glibc has it from 2.27 on. <c>MFD_EXEC</c> is known from Linux 6.3 on and wanted where <c>vm.memfd_noexec</c> is set.</remarks>
    public static int CreateMemoryFile(ReadOnlySpan<byte> nameWithNul)
    {
        const int closeOnExec = 1, executable = 0x10;
        var number = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 279 : 319;
        fixed (byte* name = nameWithNul)
        {
            var file = SystemCall(number, (nint)name, closeOnExec | executable, 0);
            return (int)(file >= 0 ? file : SystemCall(number, (nint)name, closeOnExec, 0));
        }
    }

    /// <summary>Writes all of it at the start of a file.</summary>
    public static bool TryWrite(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (var done = 0; done < bytes.Length;)
            {
                var written = PositionedWrite(descriptor, start + done, bytes.Length - done, done);
                if (written <= 0)
                {
                    return false;
                }

                done += (int)written;
            }
        }

        return true;
    }
}
