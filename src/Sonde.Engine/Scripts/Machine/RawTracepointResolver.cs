using System.Globalization;
using System.Text;
using Sonde.Bpf;
using Sonde.Bpf.Btf;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Tracepoints by their bare arguments, <c>rawtracepoint[:vmlinux]:EVENT</c>, which the kernel's BTF describes.</summary>
/// <remarks>The type <c>btf_trace_EVENT</c> is a pointer to the tracepoint's function, whose first parameter is the tracer's own (include/trace/bpf_probe.h).</remarks>
sealed class RawTracepointResolver(KernelTypes types) : IProbeResolver
{
    const string Prefix = "btf_trace_";
    const string Kernel = "vmlinux";

    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request) => [.. Find(request).Select(found => Probe(request, found.Name, found.Type))];

    public string? ExplainMissing(ProbeRequest request) => types.Btf is null
        ? "raw tracepoints are found in the kernel's BTF, which this kernel does not have (CONFIG_DEBUG_INFO_BTF)"
        : request.Parts is [var module, _] && !Wildcards.Matcher(module)(Kernel)
            ? $"only those of the kernel itself are known, as rawtracepoint:{Kernel}:{request.Parts[^1]}"
            : Suggestions.DidYouMean(request.Parts[^1], All().Select(found => found.Name));

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details) => Find(request).OrderBy(found => found.Name, StringComparer.Ordinal).Select(found =>
        new ListedScriptProbe($"rawtracepoint:{Kernel}:{found.Name}", details ? [.. Parameters(found.Name, found.Type).Select(p => BtfDeclaration.Of(p.Type, p.Name))] : []));

    IEnumerable<(string Name, BtfType Type)> Find(ProbeRequest request)
    {
        var name = request.Parts[^1];
        if (types.Btf is not { } btf || (request.Parts is [var module, _] && !Wildcards.Matcher(module)(Kernel)))
        {
            return [];
        }

        return !Wildcards.Has(name)
            ? btf.TryFind(Prefix + name, BtfKind.Typedef, out var type) ? [(name, type)] : []
            : All().Where(found => Wildcards.Matcher(name)(found.Name));
    }

    IEnumerable<(string Name, BtfType Type)> All()
    {
        for (var id = 1; id < types.Btf?.Count; id++)
        {
            if (types.Btf[id] is { Kind: BtfKind.Typedef } type && type.Name is var name && name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                yield return (name[Prefix.Length..], type);
            }
        }
    }

    ResolvedProbe Probe(ProbeRequest request, string name, BtfType type)
    {
        var key = new StringBuilder("rawtracepoint");
        var named = new List<ProbeArgument>();
        foreach (var parameter in Parameters(name, type))
        {
            var argument = new ProbeArgument(parameter.Name, types.Read(parameter.Type), new ContextSource(8 * named.Count));
            key.Append(CultureInfo.InvariantCulture, $"|{argument.Name}:{parameter.Type.Id}");
            named.Add(argument);
        }

        return new()
        {
            Kind = ProbeKind.RawTracepoint,
            Name = $"rawtracepoint:{Kernel}:{name}",
            Context = new()
            {
                Key = key.ToString(),
                Kind = ProbeKind.RawTracepoint,
                ProgramType = ProgramType.RawTracepoint,
                DefaultSpace = AddressSpace.Kernel,
                Convention = ArgumentConvention.Array,
                Named = named,
            },
            Group = Kernel,
            Function = name,
            BtfId = type.Id,
            Span = request.Span,
        };
    }

    /// <summary>The type has no names; the function that calls all tracers has them (<c>__traceiter_EVENT</c>, Linux 5.10+).</summary>
    (string Name, BtfType Type)[] Parameters(string name, BtfType type)
    {
        var parameters = type.Target.Kind == BtfKind.Pointer ? type.Target.Target.Parameters : [];
        var named = types.FindFunction("__traceiter_" + name)?.Parameters ?? [];
        return [.. parameters.Skip(1).Select((parameter, i) => (i + 1 < named.Length ? named[i + 1].Name : parameter.Name, parameter.Type))];
    }
}
