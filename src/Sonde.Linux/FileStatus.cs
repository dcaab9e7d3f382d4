using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Sonde.Linux;

/// <summary>What kind of file something is, whose, and who may use it.</summary>
/// <param name="User">The owner's user id.</param>
/// <param name="Mode">The kind of file and the permissions, as <c>st_mode</c> (include/uapi/linux/stat.h).</param>
/// <param name="Device">Its device as major × 2²⁰ + minor, as the kernel counts.</param>
/// <param name="Inode">Its inode.</param>
public readonly record struct FileStatus(uint User, ushort Mode, uint Device, ulong Inode)
{
    const int Bytes = 256;

    /// <summary>When its contents were changed last, in nanoseconds since 1970.</summary>
    public long ModifiedNs { get; init; }

    /// <summary>Whether it is a directory, and no link to one.</summary>
    public bool IsDirectory => (Mode & 0xf000) == 0x4000;

    /// <summary>Whether it is an ordinary file: no directory, device, pipe, socket or link.</summary>
    public bool IsRegularFile => (Mode & 0xf000) == 0x8000;

    /// <summary>Whether anybody but the owner may do anything with it.</summary>
    public bool IsOpenToOthers => (Mode & 0x3f) != 0;

    /// <summary>Asks for a file's status.</summary>
    /// <param name="path">The file.</param>
    /// <param name="followsLinks">Whether it is that of the file which a symbolic link leads to, or the link's own.</param>
    /// <param name="status">The status.</param>
    /// <returns>False when there is no such file, or it may not be asked.</returns>
    /// <remarks><c>struct statx</c>: the user at 20, the mode at 28, the inode at 32, the time of the last change at 112, the device's major and minor at 136 and 140.</remarks>
    public static unsafe bool TryRead(string path, bool followsLinks, out FileStatus status)
    {
        const nint currentDirectory = -100;
        const nint noFollow = 0x100;
        const nint basicStats = 0x7ff;
        nint statx = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 291 : 332;
        var buffer = stackalloc byte[Bytes];
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            if (Libc.Result(Libc.SystemCall(statx, currentDirectory, (nint)name, followsLinks ? 0 : noFollow, basicStats, (nint)buffer)).Failed)
            {
                status = default;
                return false;
            }
        }

        var fields = new ReadOnlySpan<byte>(buffer, Bytes);
        status = new FileStatus(
            BinaryPrimitives.ReadUInt32LittleEndian(fields[20..]),
            BinaryPrimitives.ReadUInt16LittleEndian(fields[28..]),
            BinaryPrimitives.ReadUInt32LittleEndian(fields[136..]) << 20 | BinaryPrimitives.ReadUInt32LittleEndian(fields[140..]) & 0xfffff,
            BinaryPrimitives.ReadUInt64LittleEndian(fields[32..]))
        {
            ModifiedNs = unchecked((BinaryPrimitives.ReadInt64LittleEndian(fields[112..]) * 1_000_000_000) + BinaryPrimitives.ReadUInt32LittleEndian(fields[120..])),
        };
        return true;
    }
}
