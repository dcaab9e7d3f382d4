using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>Kernels before 5.11 count maps and programs as locked memory, of which a process may by default have little.</summary>
static class LockedMemory
{
    internal delegate SystemResult Creation<T>(in T arguments) where T : allows ref struct;

    /// <summary>Calls again with the limit lifted when the kernel answers EPERM, which then means the limit as well as missing rights.</summary>
    internal static SystemResult Retry<T>(in T arguments, Creation<T> create) where T : allows ref struct
    {
        SystemResult result = create(in arguments);
        if (result.Errno == Errno.EPERM && RunningKernel.Version < new Version(5, 11))
        {
            MemoryLock.Raise();
            result = create(in arguments);
        }

        return result;
    }
}
