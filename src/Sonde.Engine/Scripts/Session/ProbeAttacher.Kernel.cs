using Sonde.Bpf;
using Sonde.Linux;
using Sonde.Script.Binding;

namespace Sonde.Engine.Scripts.Session;

/// <content>Probes in the kernel, and events of the machine.</content>
sealed partial class ProbeAttacher
{
    const uint SoftwareUnit = 1;
    const uint BreakpointUnit = 5;
    const ulong CpuClock = 0;

    /// <summary>Cookies came later than raw tracepoints: without one the program cannot tell its probe's name, if it asks at all.</summary>
    static Link AttachRawTracepoint(Program program, ResolvedProbe probe)
    {
        if (program.Spec.Type == ProgramType.Tracing)
        {
            return program.AttachTracing(Cookie(probe));
        }

        try
        {
            return program.AttachRawTracepoint(probe.Function, Cookie(probe));
        }
        catch (LinuxException exception) when (exception.Errno == Errno.EINVAL && probe.NameIndex != 0)
        {
            return program.AttachRawTracepoint(probe.Function);
        }
    }

    Link AttachTimer(Program program, ResolvedProbe probe, bool filtersProcess)
    {
        var attributes = new PerfEventAttributes
        {
            Type = SoftwareUnit,
            Config = CpuClock,
            Sample = probe.Frequency > 0 ? probe.Frequency : probe.Period,
            Frequency = probe.Frequency > 0,
        };
        // An interval's hits are to come from one place, whatever the process does.
        return probe.Kind == ProbeKind.Interval
            ? program.AttachPerfEvent(attributes, probe.Name, cpus: [Processors.Online[0]], cookie: Cookie(probe))
            : program.AttachPerfEvent(attributes, probe.Name, filtersProcess ? null : ThreadOf(probe), cookie: Cookie(probe));
    }

    Link AttachCounter(Program program, ResolvedProbe probe) => program.AttachPerfEvent(
        new PerfEventAttributes { Type = probe.PerfType, Config = probe.PerfConfig, Sample = Math.Max(1, probe.Period) }, probe.Name, ThreadOf(probe), cookie: Cookie(probe));

    Link AttachWatchpoint(Program program, ResolvedProbe probe)
    {
        var attributes = new PerfEventAttributes
        {
            Type = BreakpointUnit,
            Config1 = probe.Address,
            Config2 = (ulong)probe.WatchLength,
            BreakpointType = (uint)probe.WatchMode,
            Sample = 1,
            Inherit = false,
        };
        var link = program.AttachPerfEvent(attributes, probe.Name, ThreadOf(probe), cookie: Cookie(probe));
        _watchpoints.Add((probe.Address, link));
        return link;
    }

    int? ThreadOf(ResolvedProbe probe) => probe.ProcessId > 0 ? probe.ProcessId : process > 0 ? process : null;

    void AttachKernelFunctions(Program program, IReadOnlyList<ResolvedProbe> probes)
    {
        try
        {
            Keep(program.AttachKprobeMulti(
                [.. probes.Select(probe => probe.Function)], [.. probes.Select(Cookie)], probes[0].Kind == ProbeKind.Kretprobe), probes.Count);
        }
        catch (LinuxException exception)
        {
            foreach (var probe in probes)
            {
                Fail(probe, exception.Message);
            }
        }
    }
}
