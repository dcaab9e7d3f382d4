using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Sonde.Linux;

/// <summary>What identifies a namespace to the kernel: the inode and device of its file under <c>/proc/PID/ns</c>.</summary>
/// <param name="Device">The device of the file system of namespaces as the kernel counts; its major number is 0.</param>
/// <param name="Inode">The namespace's inode.</param>
public readonly record struct NamespaceFile(ulong Device, ulong Inode)
{
    const int Bytes = 256;

    /// <summary>Reads the identity of a namespace, such as <c>/proc/self/ns/pid</c>; false where that file does not exist.</summary>
    /// <remarks><c>struct statx</c>, include/uapi/linux/stat.h: the inode at 32, the device's major and minor at 136 and 140.</remarks>
    public static unsafe bool TryRead(string path, out NamespaceFile file)
    {
        const nint currentDirectory = -100;
        const nint basicStats = 0x7ff;
        nint statx = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 291 : 332;
        var buffer = stackalloc byte[Bytes];
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            if (Libc.Result(Libc.SystemCall(statx, currentDirectory, (nint)name, 0, basicStats, (nint)buffer)).Failed)
            {
                file = default;
                return false;
            }
        }

        var stat = new ReadOnlySpan<byte>(buffer, Bytes);
        file = new NamespaceFile(BinaryPrimitives.ReadUInt32LittleEndian(stat[140..]), BinaryPrimitives.ReadUInt64LittleEndian(stat[32..]));
        return true;
    }
}
