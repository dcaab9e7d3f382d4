using System.Globalization;
using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Functions of the kernel by breakpoint: <c>kprobe[:MODULE]:FUNCTION[+OFFSET]</c>, <c>kprobe:ADDRESS</c>, and kretprobe.</summary>
sealed class KprobeResolver(KernelFunctions functions, KernelTypes types, MachineOptions options) : IProbeResolver
{
    const byte ResultRegister = 0; // rax

    // rdi, rsi, rdx, rcx, r8, r9 as instructions encode them: the kernel calls its functions as programs do theirs.
    static readonly byte[] _argumentRegisters = [7, 6, 2, 1, 8, 9];

    /// <summary>Why this kernel has none; null when it has.</summary>
    static string? Missing => KernelFeatures.Kprobes.IsSupported ? null : "this kernel has no kprobes: it was built without CONFIG_KPROBES or CONFIG_KPROBE_EVENTS; tracepoints and raw tracepoints work";

    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        var text = request.Parts[^1];
        var module = request.Parts.Count == 2 ? request.Parts[0] : "*";
        if (text.Length == 0)
        {
            return request.Error($"{request.Type.Name}s should be attached to a function or an address");
        }

        if (ProbeNumber.TryParse(text, out var address))
        {
            return !options.AllowUnsafe ? request.Error($"Probing by address requires --unsafe")
                : Missing is null ? [Probe(request, "", "", address, string.Create(CultureInfo.InvariantCulture, $"{request.Type.Name}:0x{address:x}"))]
                : [];
        }

        var plus = text.LastIndexOf('+');
        var offset = 0UL;
        var name = plus > 0 && ProbeNumber.TryParse(text[(plus + 1)..], out offset) ? text[..plus] : text;
        if (offset != 0 && request.Kind == ProbeKind.Kretprobe)
        {
            return request.Error("Offset not allowed");
        }

        if (Missing is not null)
        {
            return [];
        }

        var suffix = offset == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"+{offset}");
        return
        [
            .. functions.Find(module, name).Select(function => Probe(
                request, function.Module, function.Name, offset,
                $"{request.Type.Name}:{(module == "*" ? "" : function.Module + ":")}{function.Name}{suffix}")),
        ];
    }

    public string? ExplainMissing(ProbeRequest request) => Missing
        ?? (Wildcards.Has(request.Parts[^1]) ? null : Suggestions.DidYouMean(request.Parts[^1], functions.All.Select(function => function.Name)));

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details) => Missing is not null ? [] :
        functions.Find(request.Parts.Count == 2 ? request.Parts[0] : "*", request.Parts[^1]).OrderBy(function => function.Name, StringComparer.Ordinal).Select(function =>
            new ListedScriptProbe(
                $"{request.Type.Name}:{(request.Parts.Count == 2 ? function.Module + ":" : "")}{function.Name}",
                details ? KernelSignatures.Declare(types, function.Name, function.Module, request.Kind == ProbeKind.Kretprobe) : []));

    ResolvedProbe Probe(ProbeRequest request, string module, string function, ulong offset, string name)
    {
        var isReturn = request.Kind == ProbeKind.Kretprobe;
        var named = isReturn || offset != 0 ? null : Named(function, module);
        return new()
        {
            Kind = request.Kind,
            Name = name,
            Context = new()
            {
                Key = named is null ? request.Type.Name : $"{request.Type.Name}|{string.Join('|', named.Select(argument => $"{argument.Name}:{argument.Type}"))}",
                Kind = request.Kind,
                ProgramType = ProgramType.Kprobe,
                DefaultSpace = AddressSpace.Kernel,
                HasRegisters = true,
                Convention = isReturn ? ArgumentConvention.None : ArgumentConvention.Registers,
                Named = named,
                ReturnValue = isReturn ? new("retval", IntegerType.UInt64, new RegisterSource(PtRegs.Offset(ResultRegister))) : null,
            },
            Group = module == KernelTypes.Kernel ? "" : module,
            Function = function,
            Offset = offset,
            Span = request.Span,
        };
    }

    /// <summary>The parameters as the registers hold them at the function's entry; null when they are not known, or some are on the stack.</summary>
    List<ProbeArgument>? Named(string function, string module)
    {
        if (types.FindFunction(function, module) is not { } known || known.Parameters is not { Length: > 0 } parameters || parameters.Length > _argumentRegisters.Length)
        {
            return null;
        }

        var named = parameters.Select((parameter, i) => new ProbeArgument(parameter.Name, types.Read(parameter.Type), new RegisterSource(PtRegs.Offset(_argumentRegisters[i])))).ToList();
        return named.TrueForAll(argument => argument.Type.IsScalar && argument.Name.Length > 0) ? named : null;
    }
}

/// <summary>Kernel functions' parameters as declarations.</summary>
static class KernelSignatures
{
    /// <summary>The parameters, and the result behind them if it is wanted; none when the function is not in the BTF of the kernel or its module.</summary>
    public static IReadOnlyList<string> Declare(KernelTypes types, string function, string module, bool withResult)
    {
        if (types.FindFunction(function, module) is not { } known)
        {
            return [];
        }

        var lines = known.Parameters.Select(parameter => BtfDeclaration.Of(parameter.Type, parameter.Name)).ToList();
        if (withResult && known.Target.Target.Kind != Bpf.Btf.BtfKind.Void)
        {
            lines.Add(BtfDeclaration.Of(known.Target.Target, "retval"));
        }

        return lines;
    }
}
