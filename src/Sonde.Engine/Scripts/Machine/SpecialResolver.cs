using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Probes of the tracer itself: its begin and end, its signals, tests and benchmarks. All run as raw tracepoint programs on demand.</summary>
sealed class SpecialResolver : IProbeResolver
{
    const int UserSignal1 = 10; // SIGUSR1 on every architecture there is a build for

    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        if (request.Kind != ProbeKind.SelfSignal)
        {
            return [Probe(request, 0)];
        }

        if (request.Parts[0] != "signal")
        {
            return request.Error($"{request.Parts[0]} is not a supported trigger", "self:signal:SIGUSR1 is what there is");
        }

        return request.Parts[1] == "SIGUSR1"
            ? [Probe(request, UserSignal1)]
            : request.Error($"{request.Parts[1]} is not a supported signal", "SIGUSR1 is what there is");
    }

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details) =>
        request.Kind == ProbeKind.SelfSignal
            ? Wildcards.Matcher(request.Parts[0])("signal") && Wildcards.Matcher(request.Parts[1])("SIGUSR1") ? [new("self:signal:SIGUSR1", [])] : []
            : [new(Name(request), [])];

    static ResolvedProbe Probe(ProbeRequest request, int signal) => new()
    {
        Kind = request.Kind,
        Name = Name(request),
        Context = new()
        {
            Key = request.Type.Name,
            Kind = request.Kind,
            ProgramType = ProgramType.RawTracepoint,
            DefaultSpace = AddressSpace.Kernel,
        },
        Function = request.Parts.Count > 0 ? request.Parts[^1] : "",
        Signal = signal,
        Span = request.Span,
    };

    static string Name(ProbeRequest request) => string.Join(':', request.Parts.Prepend(request.Type.Name));
}
