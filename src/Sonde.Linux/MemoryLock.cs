namespace Sonde.Linux;

/// <summary>The limit on locked memory, against which kernels before 5.11 count BPF maps and programs.</summary>
public static unsafe class MemoryLock
{
    const int Resource = 8; // RLIMIT_MEMLOCK, include/uapi/asm-generic/resource.h

    /// <summary>What <c>RLIM_INFINITY</c> is.</summary>
    public const ulong Unlimited = ulong.MaxValue;

    /// <summary>The soft and the hard limit in bytes.</summary>
    public static (ulong Soft, ulong Hard) Limit
    {
        get
        {
            ulong* limits = stackalloc ulong[2];
            Libc.Result(Libc.GetResourceLimit(Resource, limits)).Check("getrlimit(RLIMIT_MEMLOCK)");
            return (limits[0], limits[1]);
        }
    }

    /// <summary>Lifts the limit as far as this process may: to infinity with CAP_SYS_RESOURCE, else to the hard limit.</summary>
    /// <returns>The soft limit then in force, in bytes.</returns>
    public static ulong Raise()
    {
        (ulong soft, ulong hard) = Limit;
        if (soft != Unlimited && !TrySet(Unlimited, Unlimited) && soft != hard)
        {
            TrySet(hard, hard);
        }

        return Limit.Soft;
    }

    static bool TrySet(ulong soft, ulong hard)
    {
        ulong* limits = stackalloc ulong[2];
        limits[0] = soft;
        limits[1] = hard;
        return Libc.SetResourceLimit(Resource, limits) == 0;
    }
}
