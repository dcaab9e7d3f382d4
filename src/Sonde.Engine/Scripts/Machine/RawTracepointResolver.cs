using System.Globalization;
using System.Text;
using Sonde.Bpf;
using Sonde.Bpf.Btf;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Tracepoints by their bare arguments, <c>rawtracepoint[:MODULE]:EVENT</c>, which the BTF of the kernel and its modules describes.</summary>
/// <remarks>The type <c>btf_trace_EVENT</c> is a pointer to the tracepoint's function, whose first parameter is the tracer's own (include/trace/bpf_probe.h).</remarks>
sealed class RawTracepointResolver(KernelTypes types) : IProbeResolver
{
    const string Prefix = "btf_trace_";

    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request) => [.. Find(request).Select(found => Probe(request, found.Module, found.Name, found.Type))];

    public string? ExplainMissing(ProbeRequest request) => types.Btf is null
        ? "raw tracepoints are found in the kernel's BTF, which this kernel does not have (CONFIG_DEBUG_INFO_BTF)"
        : request.Parts is [var module, _] && !Wildcards.Has(module) && types.Of(module) is null
            ? Suggestions.DidYouMean(module, types.Modules) ?? $"no module '{module}' that tells its types is loaded; those of the kernel itself are rawtracepoint:{KernelTypes.Kernel}:{request.Parts[^1]}"
            : Suggestions.DidYouMean(request.Parts[^1], Everywhere("*").SelectMany(All).Select(found => found.Name));

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details) => Find(request).OrderBy(found => found.Name, StringComparer.Ordinal).Select(found =>
        new ListedScriptProbe($"rawtracepoint:{found.Module}:{found.Name}", details ? [.. Parameters(found.Module, found.Name, found.Type).Select(p => BtfDeclaration.Of(p.Type, p.Name))] : []));

    /// <summary>Without a module an event's name is looked for in the kernel, and only when it is not there in the modules, whose types take long to read.</summary>
    IEnumerable<(string Module, string Name, BtfType Type)> Find(ProbeRequest request)
    {
        var name = request.Parts[^1];
        if (Wildcards.Has(name))
        {
            return Everywhere(request.Parts.Count == 2 ? request.Parts[0] : "*").SelectMany(All).Where(found => Wildcards.Matcher(name)(found.Name));
        }

        var found = Everywhere(request.Parts.Count == 2 ? request.Parts[0] : "*").SelectMany(module => Own(module, name));
        return request.Parts is [var asked, _] && Wildcards.Has(asked) ? found : found.Take(1);
    }

    /// <summary>The kernel, if it is meant, and the modules a pattern means.</summary>
    IEnumerable<string> Everywhere(string module)
    {
        var matches = Wildcards.Matcher(module);
        return new[] { KernelTypes.Kernel }.Concat(Wildcards.Has(module) ? types.Modules : [module]).Where(matches).Distinct();
    }

    IEnumerable<(string Module, string Name, BtfType Type)> Own(string module, string name) =>
        types.Of(module) is { } btf && btf.TryFind(Prefix + name, BtfKind.Typedef, out var type) && type.Types == btf ? [(module, name, type)] : [];

    IEnumerable<(string Module, string Name, BtfType Type)> All(string module)
    {
        foreach (var type in types.Of(module)?.Own ?? [])
        {
            if (type is { Kind: BtfKind.Typedef } && type.Name is var name && name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                yield return (module, name[Prefix.Length..], type);
            }
        }
    }

    ResolvedProbe Probe(ProbeRequest request, string module, string name, BtfType type)
    {
        var key = new StringBuilder($"rawtracepoint:{module}");
        var named = new List<ProbeArgument>();
        foreach (var parameter in Parameters(module, name, type))
        {
            var argument = new ProbeArgument(parameter.Name, types.Read(parameter.Type), new ContextSource(8 * named.Count));
            key.Append(CultureInfo.InvariantCulture, $"|{argument.Name}:{parameter.Type.Id}");
            named.Add(argument);
        }

        return new()
        {
            Kind = ProbeKind.RawTracepoint,
            Name = $"rawtracepoint:{module}:{name}",
            Context = new()
            {
                Key = key.ToString(),
                Kind = ProbeKind.RawTracepoint,
                ProgramType = ProgramType.RawTracepoint,
                DefaultSpace = AddressSpace.Kernel,
                Convention = ArgumentConvention.Array,
                Named = named,
            },
            Group = module,
            Module = module == KernelTypes.Kernel ? "" : module,
            Function = name,
            BtfId = type.Id,
            Span = request.Span,
        };
    }

    /// <summary>The type has no names; the function that calls all tracers has them (<c>__traceiter_EVENT</c>, Linux 5.10+).</summary>
    (string Name, BtfType Type)[] Parameters(string module, string name, BtfType type)
    {
        var parameters = type.Target.Kind == BtfKind.Pointer ? type.Target.Target.Parameters : [];
        var named = types.FindFunction("__traceiter_" + name, module)?.Parameters ?? [];
        return [.. parameters.Skip(1).Select((parameter, i) => (i + 1 < named.Length ? named[i + 1].Name : parameter.Name, parameter.Type))];
    }
}
