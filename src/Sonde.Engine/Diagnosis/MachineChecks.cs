using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Sonde.Linux;

namespace Sonde.Engine.Diagnosis;

/// <summary>The kernel, the user's rights and the settings that limit them.</summary>
static class MachineChecks
{
    const string AsRoot = "Run sonde as root: sudo sonde …";

    /// <summary>All of them, for this machine.</summary>
    internal static IEnumerable<Finding> All(CapabilitySet rights) =>
    [
        Kernel(RunningKernel.Release, RunningKernel.Version),
        Machine(RuntimeInformation.ProcessArchitecture),
        Capabilities(rights),
        Lockdown(Text("/sys/kernel/security/lockdown")),
        LockedMemory(RunningKernel.Version, MemoryLock.Limit.Soft, rights),
        Jit(Text("/proc/sys/net/core/bpf_jit_enable")),
        PerfEventParanoid(Text("/proc/sys/kernel/perf_event_paranoid"), rights),
        PtraceScope(Text("/proc/sys/kernel/yama/ptrace_scope"), rights),
        TracingFileSystem(),
    ];

    internal static Finding Kernel(string release, Version version)
    {
        Version oldest = new(5, 8);
        return version >= oldest
            ? new Finding("kernel", Verdict.Good, $"Linux {release}")
            : new Finding("kernel", Verdict.Limited, $"Linux {release}")
            {
                Stops = $"Sonde is made for Linux {oldest} and newer; distributions backport, so what counts is the features below.",
                Advice = "Use a newer kernel if one of them is missing.",
            };
    }

    internal static Finding Machine(Architecture architecture) => architecture == Architecture.X64
        ? new Finding("machine", Verdict.Good, "x86-64")
        : new Finding("machine", Verdict.Bad, architecture.ToString())
        {
            Stops = "Python is followed by its x86-64 machine code; other machines are not known yet.",
            Advice = "Run sonde on an x86-64 machine.",
        };

    internal static Finding Capabilities(CapabilitySet rights)
    {
        string[] missing = [.. Missing(rights, Capability.Bpf, Capability.Perfmon, Capability.SysPtrace, Capability.CheckpointRestore)];
        if (missing.Length == 0)
        {
            return new Finding("capabilities", Verdict.Good, "all that tracing needs");
        }

        string state = $"{string.Join(", ", missing)} missing";
        if (!rights.CanTrace)
        {
            return new Finding("capabilities", Verdict.Bad, state)
            {
                Stops = "No program can be loaded and no probe attached; 'sonde list' works for your own processes.",
                Advice = $"{AsRoot}, or in a container add these capabilities (--cap-add).",
            };
        }

        return new Finding("capabilities", Verdict.Limited, state)
        {
            Stops = rights.Has(Capability.SysPtrace)
                ? "Interpreters whose file was replaced or deleted since they started cannot be opened."
                : "Processes of other users cannot be followed, nor interpreters whose file was replaced or deleted.",
            Advice = $"{AsRoot}, or in a container add these capabilities (--cap-add).",
        };
    }

    /// <summary>Reads "none [integrity] confidentiality" (security/lockdown/lockdown.c); null where there is no such file.</summary>
    internal static Finding Lockdown(string? text)
    {
        int begin = text?.IndexOf('[', StringComparison.Ordinal) ?? -1;
        int end = text?.IndexOf(']', StringComparison.Ordinal) ?? -1;
        string mode = begin >= 0 && end > begin ? text![(begin + 1)..end] : "none";
        return mode == "confidentiality"
            ? new Finding("lockdown", Verdict.Limited, mode)
            {
                Stops = "The kernel's memory and tracepoint formats cannot be read: tracepoints are not listed or traced. Python is not affected.",
                Advice = "Boot without lockdown=confidentiality if you need them.",
            }
            : new Finding("lockdown", Verdict.Good, text is null ? "none (no lockdown file)" : mode);
    }

    /// <summary>Only kernels before 5.11 count maps as locked memory, and CAP_SYS_RESOURCE lifts the limit.</summary>
    internal static Finding LockedMemory(Version kernel, ulong softLimit, CapabilitySet rights)
    {
        const ulong Enough = 64 << 20;
        if (kernel >= new Version(5, 11))
        {
            return new Finding("locked memory", Verdict.Good, $"not limited for BPF (Linux {kernel})");
        }

        string limit = softLimit == MemoryLock.Unlimited ? "unlimited" : string.Create(CultureInfo.InvariantCulture, $"{softLimit >> 10} KiB");
        return softLimit >= Enough || rights.Has(Capability.SysResource)
            ? new Finding("locked memory", Verdict.Good, limit)
            : new Finding("locked memory", Verdict.Bad, limit)
            {
                Stops = "The maps do not fit: before Linux 5.11 they count as locked memory.",
                Advice = "Raise the limit (ulimit -l unlimited), or run sonde as root.",
            };
    }

    internal static Finding Jit(string? text) => text?.Trim() == "0"
        ? new Finding("BPF compiler", Verdict.Limited, "off")
        {
            Stops = "Programs are interpreted by the kernel: every hit takes longer.",
            Advice = "sysctl net.core.bpf_jit_enable=1",
        }
        : new Finding("BPF compiler", Verdict.Good, "on");

    internal static Finding PerfEventParanoid(string? text, CapabilitySet rights)
    {
        const string Subject = "perf_event_paranoid";
        string value = text?.Trim() ?? "absent";
        if (rights.CanTrace || rights.Has(Capability.Perfmon))
        {
            return new Finding(Subject, Verdict.Good, $"{value}, which does not bind you");
        }

        return int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int level) && level < 0
            ? new Finding(Subject, Verdict.Good, value)
            : new Finding(Subject, Verdict.Limited, value)
            {
                Stops = "Probes by perf event and sampling clocks are refused to you.",
                Advice = AsRoot,
            };
    }

    /// <summary>Documentation/admin-guide/LSM/Yama.rst: 0 same user, 1 descendants, 2 administrators, 3 nobody.</summary>
    internal static Finding PtraceScope(string? text, CapabilitySet rights)
    {
        const string Subject = "ptrace scope";
        string scope = text?.Trim() ?? "0";
        const string Unreadable = "The memory of processes cannot be read, which following one needs to be sure of its code.";
        return scope switch
        {
            "3" => new Finding(Subject, Verdict.Bad, "3: nobody may look into processes") { Stops = Unreadable, Advice = "Only a reboot with another kernel.yama.ptrace_scope lifts it." },
            "1" or "2" when !rights.Has(Capability.SysPtrace) => new Finding(Subject, Verdict.Bad, $"{scope}: you may not look into processes")
            {
                Stops = Unreadable,
                Advice = "Run sonde as root, or sysctl kernel.yama.ptrace_scope=0.",
            },
            _ => new Finding(Subject, Verdict.Good, text is null ? "not restricted (no Yama)" : $"{scope}, which does not bind you"),
        };
    }

    static Finding TracingFileSystem()
    {
        const string Subject = "tracefs";
        try
        {
            using Tracefs tracefs = Tracefs.Open();
            return new Finding(Subject, Verdict.Good, tracefs.IsDetached ? "not mounted; sonde uses an instance of its own" : tracefs.Root);
        }
        catch (LinuxException exception)
        {
            return new Finding(Subject, Verdict.Limited, "cannot be read")
            {
                Stops = $"Tracepoints are not listed or traced ({exception.Operation}: {exception.Errno}). Python is not affected.",
                Advice = exception.Advice,
            };
        }
    }

    // CAP_SYS_ADMIN stands for all of them but CAP_SYS_PTRACE.
    static IEnumerable<string> Missing(CapabilitySet rights, params Capability[] wanted) => wanted
        .Where(capability => !rights.Has(capability) && (capability == Capability.SysPtrace || !rights.Has(Capability.SysAdmin)))
        .Select(capability => capability switch
        {
            Capability.Bpf => "CAP_BPF",
            Capability.Perfmon => "CAP_PERFMON",
            Capability.SysPtrace => "CAP_SYS_PTRACE",
            _ => "CAP_CHECKPOINT_RESTORE",
        });

    static string? Text(string path) => ProcFs.TryRead(path, out byte[] bytes) ? Encoding.ASCII.GetString(bytes) : null;
}
