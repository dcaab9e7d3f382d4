using Sonde.Bpf;
using Sonde.Bpf.Btf;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Functions of the kernel by call from their entry or exit, with typed arguments: <c>fentry[:MODULE]:FUNCTION</c>, and fexit.</summary>
/// <remarks>The context is an array of 8-byte slots: the arguments in order, large structures over two, then for fexit the result (kernel/bpf/btf.c, btf_ctx_access).</remarks>
sealed class FentryResolver(KernelFunctions functions, KernelTypes types) : IProbeResolver
{
    string? Missing => types.Btf is null
        ? "functions' types are in the kernel's BTF, which this kernel does not have (CONFIG_DEBUG_INFO_BTF)"
        : TracingPrograms.Missing;

    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        if (request.Parts is [_, _, _] or ["bpf", _])
        {
            return request.Error($"{request.Type.Name} of BPF programs is not supported", $"{request.Type.Name}[:MODULE]:FUNCTION traces functions of the kernel");
        }

        if (Missing is not null)
        {
            return [];
        }

        var module = request.Parts.Count == 2 ? request.Parts[0] : "*";
        return [.. functions.Find(module, request.Parts[^1]).Select(function => Probe(request, function.Module, function.Name)).OfType<ResolvedProbe>()];
    }

    public string? ExplainMissing(ProbeRequest request) => Missing
        ?? (functions.Find(request.Parts.Count == 2 ? request.Parts[0] : "*", request.Parts[^1]).FirstOrDefault(function => types.FindFunction(function.Name, function.Module) is null) is { Name: not null } other
            ? $"{(other.Module == KernelTypes.Kernel ? "the kernel" : $"the module {other.Module}")} does not tell this function's types; kprobe:{other.Module}:{other.Name} reaches it"
        : Wildcards.Has(request.Parts[^1]) ? null : Suggestions.DidYouMean(request.Parts[^1], functions.All.Select(function => function.Name)));

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details) => Missing is not null || request.Parts.Count > 2 ? [] :
        functions.Find(request.Parts.Count == 2 ? request.Parts[0] : "*", request.Parts[^1])
            .Where(function => types.FindFunction(function.Name, function.Module) is not null)
            .OrderBy(function => function.Module, StringComparer.Ordinal).ThenBy(function => function.Name, StringComparer.Ordinal)
            .Select(function => new ListedScriptProbe(
                $"{request.Type.Name}:{function.Module}:{function.Name}", details ? KernelSignatures.Declare(types, function.Name, function.Module, request.Kind == ProbeKind.Fexit) : []));

    ResolvedProbe? Probe(ProbeRequest request, string module, string name)
    {
        if (types.FindFunction(name, module) is not { } function)
        {
            return null;
        }

        var slot = 0;
        var named = new List<ProbeArgument>();
        foreach (var parameter in function.Parameters)
        {
            var type = types.Read(parameter.Type);
            named.Add(new(parameter.Name, type, new ContextSource(8 * slot)));
            slot += Math.Max(1, (type.Size + 7) / 8);
        }

        var isExit = request.Kind == ProbeKind.Fexit;
        var result = function.Target.Target;
        return new()
        {
            Kind = request.Kind,
            Name = $"{request.Type.Name}:{module}:{name}",
            Context = new()
            {
                // The program is loaded for its one function.
                Key = $"{request.Type.Name}:{module}:{name}",
                Kind = request.Kind,
                ProgramType = ProgramType.Tracing,
                DefaultSpace = AddressSpace.Kernel,
                Convention = ArgumentConvention.Array,
                Named = named,
                ReturnValue = isExit && result.Kind != BtfKind.Void ? new("retval", types.Read(result), new ContextSource(8 * slot)) : null,
            },
            Group = module,
            Module = module == KernelTypes.Kernel ? "" : module,
            Function = name,
            BtfId = function.Id,
            Span = request.Span,
        };
    }
}

/// <summary>Iterators over the kernel's objects: <c>iter:TYPE[:PIN]</c>.</summary>
/// <remarks>Each is a function <c>bpf_iter_TYPE</c> in the kernel's BTF; its programs are given a <c>struct bpf_iter__TYPE</c> (include/linux/bpf.h, DEFINE_BPF_ITER_FUNC).</remarks>
sealed class IteratorResolver(KernelTypes types) : IProbeResolver
{
    const string FunctionPrefix = "bpf_iter_";
    const string ContextPrefix = "bpf_iter__";

    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        var name = request.Parts[0];
        if (types.Btf is not null && !Wildcards.Has(name) && Function(name) is null)
        {
            return request.Error($"iter {name} not available for your kernel version.", Suggestions.DidYouMean(name, Names()));
        }

        if (TracingPrograms.Missing is not null)
        {
            return [];
        }

        var matches = Wildcards.Matcher(name);
        return [.. Names().Where(matches).Select(found => Probe(request, found)).OfType<ResolvedProbe>()];
    }

    public string? ExplainMissing(ProbeRequest request) => types.Btf is null
        ? "iterators are in the kernel's BTF, which this kernel does not have (CONFIG_DEBUG_INFO_BTF)"
        : TracingPrograms.Missing;

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details)
    {
        var matches = Wildcards.Matcher(request.Parts[0]);
        return TracingPrograms.Missing is not null ? [] : Names().Where(matches).Select(name => new ListedScriptProbe(
            $"iter:{name}",
            details && types.Btf!.TryFind(ContextPrefix + name, BtfKind.Structure, out var context)
                ? [.. context.Members.Select(member => BtfDeclaration.Of(member.Type, member.Name))]
                : []));
    }

    ResolvedProbe? Probe(ProbeRequest request, string name) => Function(name) is { } function && types.Find("struct", ContextPrefix + name) is StructType context
        ? new()
        {
            Kind = ProbeKind.Iterator,
            Name = string.Join(':', request.Parts.Skip(1).Prepend(name).Prepend("iter")),
            Context = new()
            {
                Key = $"iter:{name}",
                Kind = ProbeKind.Iterator,
                ProgramType = ProgramType.Tracing,
                DefaultSpace = AddressSpace.Kernel,
                ContextType = context,
            },
            Function = name,
            BtfId = function.Id,
            PinPath = request.Parts.Count > 1 ? request.Parts[1] : "",
            Span = request.Span,
        }
        : null;

    BtfType? Function(string name) => types.FindFunction(FunctionPrefix + name);

    IEnumerable<string> Names()
    {
        foreach (var type in types.Btf?.Own ?? [])
        {
            if (type is { Kind: BtfKind.Structure } && type.Name is var name && name.StartsWith(ContextPrefix, StringComparison.Ordinal)
                && Function(name[ContextPrefix.Length..]) is not null)
            {
                yield return name[ContextPrefix.Length..];
            }
        }
    }
}

/// <summary>Whether the kernel takes programs that are called from its functions.</summary>
static class TracingPrograms
{
    /// <summary>Why it does not; null when it does.</summary>
    /// <remarks>
    /// They hang on the calls that function tracing leaves at the start of every function (CONFIG_FUNCTION_TRACER, kernel/bpf/trampoline.c), whose list
    /// tracefs then has.
    /// </remarks>
    public static string? Missing => _missing.Value;

    static readonly Lazy<string?> _missing = new(static () =>
    {
        try
        {
            using var tracefs = Linux.Tracefs.Open();
            return Linux.ProcFs.TryRead(tracefs.Root + "/available_filter_functions", out var text) && text.Length > 0
                ? null
                : "this kernel takes no fentry, fexit and iter programs: it was built without CONFIG_FUNCTION_TRACER or CONFIG_DYNAMIC_FTRACE, or is locked down; tracepoints and raw tracepoints work";
        }
        catch (Linux.LinuxException problem)
        {
            return problem.Message;
        }
    });
}
