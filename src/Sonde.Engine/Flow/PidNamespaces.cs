using Sonde.Linux;

namespace Sonde.Engine.Flow;

/// <summary>Tells whether we live in a pid namespace of our own, in which the kernel's process numbers are not ours.</summary>
static class PidNamespaces
{
    /// <summary>The inode of the first pid namespace (<c>PROC_PID_INIT_INO</c>, include/linux/proc_ns.h).</summary>
    const ulong InitialInode = 0xEFFFFFFC;

    /// <summary>Our own namespace; null when it is the first one, whose numbers are the kernel's.</summary>
    public static PidNamespace? Own { get; } =
        NamespaceFile.TryRead("/proc/self/ns/pid", out var file) && file.Inode != InitialInode ? new PidNamespace(file.Device, file.Inode) : null;
}
