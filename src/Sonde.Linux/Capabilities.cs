namespace Sonde.Linux;

/// <summary>The capabilities that matter to tracing (include/uapi/linux/capability.h).</summary>
public enum Capability
{
    /// <summary>Reading files whatever their permissions.</summary>
    DacOverride = 1,

    /// <summary>Sending signals to any process.</summary>
    Kill = 5,

    /// <summary>Reading another process's memory and <c>/proc</c> files.</summary>
    SysPtrace = 19,

    /// <summary>Everything BPF before 5.8, mounting, and much else.</summary>
    SysAdmin = 21,

    /// <summary>Raising resource limits.</summary>
    SysResource = 24,

    /// <summary>Reading the kernel's log.</summary>
    Syslog = 34,

    /// <summary>Performance events and tracing programs; Linux 5.8+.</summary>
    Perfmon = 38,

    /// <summary>Loading BPF programs and creating maps; Linux 5.8+.</summary>
    Bpf = 39,

    /// <summary>Checkpoint and restore, <c>/proc/PID/map_files</c> among it; Linux 5.9+.</summary>
    CheckpointRestore = 40,
}

/// <summary>A set of capabilities as the kernel holds it.</summary>
public readonly record struct CapabilitySet(ulong Bits)
{
    /// <summary>What this thread may do now (its effective set, <c>capget(2)</c>).</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static unsafe CapabilitySet Effective
    {
        get
        {
            // struct __user_cap_header_struct { version 3; pid }, then two __user_cap_data_struct { effective, permitted, inheritable }.
            uint* header = stackalloc uint[2] { 0x20080522, 0 };
            uint* data = stackalloc uint[6];
            Libc.Result(Libc.SystemCall(Libc.Number.CapGet, (nint)header, (nint)data, 0, 0, 0)).Check("capget");
            return new CapabilitySet(data[0] | (ulong)data[3] << 32);
        }
    }

    /// <summary>Whether <paramref name="capability"/> is in the set.</summary>
    public bool Has(Capability capability) => (Bits >> (int)capability & 1) != 0;

    /// <summary>Whether tracing programs can be loaded: CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN, which implies both.</summary>
    public bool CanTrace => Has(Capability.SysAdmin) || (Has(Capability.Bpf) && Has(Capability.Perfmon));
}
