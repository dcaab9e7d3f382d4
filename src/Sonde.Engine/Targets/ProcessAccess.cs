using Sonde.Linux;

namespace Sonde.Engine.Targets;

/// <summary>Says why a process may not be looked into.</summary>
static class ProcessAccess
{
    /// <summary>The reason and what to do, for a process whose memory map was refused.</summary>
    /// <remarks>The order is that of the kernel's own checks (__ptrace_may_access in kernel/ptrace.c): owner or CAP_SYS_PTRACE, then dumpability, then the security modules.</remarks>
    public static UserErrorException Refused(int pid)
    {
        if (!ProcFs.TryReadStatus(pid, out var status) || !ProcFs.TryReadStatus(Environment.ProcessId, out var own))
        {
            return new UserErrorException($"process {pid} ended while it was being looked at");
        }

        var reason = own.EffectiveCapabilities.Has(Capability.SysPtrace)
                ? "refuses to be looked at although sonde may trace (CAP_SYS_PTRACE): it lies outside this container's user namespace, or a security module of the kernel protects it; run sonde on the host, or ask who set the machine up"
            : own.EffectiveUser == 0 ? "may not be looked at: this root lacks CAP_SYS_PTRACE, as in a container; give it, such as by 'docker run --cap-add SYS_PTRACE'"
            : status.EffectiveUser != own.EffectiveUser || status.RealUser != own.EffectiveUser ? "belongs to another user and may not be looked at; run sonde as root"
            : "has rights that you lack, forbids it (prctl PR_SET_DUMPABLE), or kernel.yama.ptrace_scope does, so it may not be looked at; run sonde as root";
        return new UserErrorException($"process {pid} {reason}");
    }
}
