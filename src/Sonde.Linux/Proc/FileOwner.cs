using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Sonde.Linux;

/// <summary>Whose a file or directory is, and who may use it.</summary>
/// <param name="User">The owner's user id.</param>
/// <param name="Mode">The kind of file and the permissions, as <c>st_mode</c> (include/uapi/linux/stat.h).</param>
public readonly record struct FileOwner(uint User, ushort Mode)
{
    const int Bytes = 256;

    /// <summary>Whether it is a directory, and no link to one.</summary>
    public bool IsDirectory => (Mode & 0xf000) == 0x4000;

    /// <summary>Whether anybody but the owner may do anything with it.</summary>
    public bool IsOpenToOthers => (Mode & 0x3f) != 0;

    /// <summary>Asks for a file's owner; a symbolic link is not followed.</summary>
    /// <remarks><c>struct statx</c>: the user at 20, the mode at 28.</remarks>
    public static unsafe bool TryRead(string path, out FileOwner owner)
    {
        const nint currentDirectory = -100;
        const nint noFollow = 0x100;
        const nint basicStats = 0x7ff;
        nint statx = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 291 : 332;
        var buffer = stackalloc byte[Bytes];
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            if (Libc.Result(Libc.SystemCall(statx, currentDirectory, (nint)name, noFollow, basicStats, (nint)buffer)).Failed)
            {
                owner = default;
                return false;
            }
        }

        var stat = new ReadOnlySpan<byte>(buffer, Bytes);
        owner = new FileOwner(BinaryPrimitives.ReadUInt32LittleEndian(stat[20..]), BinaryPrimitives.ReadUInt16LittleEndian(stat[28..]));
        return true;
    }
}
