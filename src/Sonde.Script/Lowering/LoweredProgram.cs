using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering;

/// <summary>A program written, not yet compiled.</summary>
sealed record LoweredProgram(BoundProbe Probe, IrProgram Ir, ProgramType Type, AttachType AttachType, bool Sleepable, bool FiltersProcess, IReadOnlyList<ResolvedProbe> Places)
{
    public CompiledProgram Compile(TargetKernel kernel) => new()
    {
        Name = Ir.Name,
        Type = Type,
        ExpectedAttachType = AttachType,
        Instructions = IrCompiler.Compile(Ir, kernel),
        Sleepable = Sleepable,
        FiltersProcess = FiltersProcess,
        AttachBtfId = Type == ProgramType.Tracing ? Places[0].BtfId : 0,
        AttachModule = Type == ProgramType.Tracing ? Places[0].Module : "",
        Probes = Places,
    };
}

/// <summary>Which places of a block share a program, and how it is attached.</summary>
static class ProgramPlaces
{
    /// <summary>The places of each program.</summary>
    public static IEnumerable<IReadOnlyList<ResolvedProbe>> Split(BoundProbe probe, ProbeFacts facts, TargetKernel kernel)
    {
        var tells = facts.UsesProbeIndex && probe.Places.Select(place => place.NameIndex).Distinct().Count() > 1
            && !(kernel.HasCookies && HasCookie(probe.Context.Kind));
        // A program of type Tracing is loaded for one function of the kernel.
        return tells || TypeOf(probe.Context, facts) == ProgramType.Tracing || IsRunByHand(probe.Context.Kind)
            ? probe.Places.Select(place => (IReadOnlyList<ResolvedProbe>)[place])
            : [probe.Places];
    }

    /// <summary>Of raw tracepoints only programs for one of them know the types of its arguments.</summary>
    public static ProgramType TypeOf(ProbeContext context, ProbeFacts facts) =>
        context.Kind == ProbeKind.RawTracepoint && facts.NeedsKernelTypes ? ProgramType.Tracing : context.ProgramType;

    public static AttachType AttachTypeOf(ProbeContext context, ProgramType type, IReadOnlyList<ResolvedProbe> places, TargetKernel kernel) => context.Kind switch
    {
        _ when IsUprobe(context.Kind) => kernel.HasUprobeMulti ? AttachType.UprobeMulti : AttachType.None,
        ProbeKind.Kprobe or ProbeKind.Kretprobe when kernel.HasKprobeMulti && places.Count > 1 && places.All(place => place.Offset == 0 && place.Function.Length > 0) => AttachType.KprobeMulti,
        ProbeKind.Fentry => AttachType.FunctionEntry,
        ProbeKind.Fexit => AttachType.FunctionExit,
        ProbeKind.Iterator => AttachType.Iterator,
        ProbeKind.RawTracepoint when type == ProgramType.Tracing => AttachType.RawTracepoint,
        _ => AttachType.None,
    };

    public static bool IsUprobe(ProbeKind kind) =>
        kind is ProbeKind.Uprobe or ProbeKind.Uretprobe or ProbeKind.Usdt or ProbeKind.PythonCall or ProbeKind.PythonReturn or ProbeKind.PythonRaise;

    /// <summary>Whether a program attached there is told by a cookie which of its places was hit.</summary>
    static bool HasCookie(ProbeKind kind) =>
        IsUprobe(kind) || kind is ProbeKind.Kprobe or ProbeKind.Kretprobe or ProbeKind.Tracepoint or ProbeKind.Profile or ProbeKind.Interval or ProbeKind.Software or ProbeKind.Hardware or ProbeKind.Watchpoint;

    static bool IsRunByHand(ProbeKind kind) => kind is ProbeKind.Begin or ProbeKind.End or ProbeKind.Test or ProbeKind.Bench or ProbeKind.SelfSignal;
}
