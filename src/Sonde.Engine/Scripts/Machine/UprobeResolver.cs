using System.Globalization;
using Sonde.Engine.Listing;
using Sonde.Linux;
using Sonde.Script.Binding;
using Sonde.Symbols.Code;
using Sonde.Symbols.Tables;
using ProbeKind = Sonde.Script.Binding.ProbeKind;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Functions of programs and libraries: <c>uprobe:FILE:FUNCTION[+OFFSET]</c>, <c>uprobe:FILE:ADDRESS</c>, <c>uprobe:FILE:cpp:FUNCTION</c>, and uretprobe.</summary>
sealed class UprobeResolver(UserFiles files, MachineOptions options, Func<TargetKernel> kernel) : IProbeResolver
{
    const int MostDescribed = 32;
    const string ForceHint = "--unsafe sets it nevertheless, which may make the program do something else or crash";

    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        if (UserLocation.Parse(request.Parts, out var problem) is not { } location)
        {
            return request.Error(problem);
        }

        if (location.Offset != 0 && request.Kind == ProbeKind.Uretprobe)
        {
            return request.Error("Offset not allowed");
        }

        var probes = new List<ResolvedProbe>();
        foreach (var file in files.OpenAll(request, location.Target))
        {
            probes.AddRange(InFile(request, location, file));
        }

        return probes;
    }

    public string? ExplainMissing(ProbeRequest request)
    {
        if (BinaryFinder.IsInUse(request.Parts[0]))
        {
            return BinaryFinder.NoneInUse("has such a function");
        }

        if (UserLocation.Parse(request.Parts, out _) is not { Function.Length: > 0, IsDemangled: false } location || Wildcards.Has(location.Function)
            || files.OpenAll(request, location.Target) is not [{ Symbols: { } symbols } file])
        {
            return null;
        }

        return Suggestions.DidYouMean(location.Function, symbols.Select(symbol => symbol.Name))
            ?? (file.Elf.Symbols.Count == 0 ? MissingDebugFile.Explain(file, "only the functions it exports have names") : null);
    }

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details)
    {
        if (UserLocation.Parse(request.Parts, out _) is not { Function.Length: > 0 } location)
        {
            return Resolve(request).Select(probe => new ListedScriptProbe(probe.Name, []));
        }

        var names = new FunctionPattern(location);
        return from file in files.OpenAll(request, location.Target)
               from symbol in file.AllFunctions.Select(symbol => (symbol.Address, Name: names.Match(symbol))).Where(symbol => symbol.Name is not null)
                   .DistinctBy(symbol => symbol.Name).OrderBy(symbol => symbol.Name, StringComparer.Ordinal)
               select new ListedScriptProbe(
                   $"{request.Type.Name}:{file.Binary.Name}:{FunctionPattern.Written(symbol.Name!, location)}",
                   details && request.Kind == ProbeKind.Uprobe ? file.DeclareArguments(symbol.Address) : []);
    }

    List<ResolvedProbe> InFile(ProbeRequest request, UserLocation location, UserFile file)
    {
        if (location.SourceFile.Length > 0)
        {
            return AtLine(request, location, file);
        }

        if (location.Address is { } address)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{request.Type.Name}:{file.Binary.Name}:{address}");
            return IsInstruction(request, file, address, name) && Probe(request, file, address, name, "") is { } probe ? [probe] : [];
        }

        return location.IsDemangled || Wildcards.Has(location.Function) ? Matching(request, location, file) : Named(request, location, file);
    }

    List<ResolvedProbe> AtLine(ProbeRequest request, UserLocation location, UserFile file)
    {
        var lines = location.Line is > 0 and <= int.MaxValue
            ? file.FindLines(location.SourceFile, (int)location.Line, location.Column is > 0 and <= int.MaxValue ? (int)location.Column : null)
            : [];
        if (lines.Count == 0)
        {
            if (file.Dwarf is null)
            {
                request.Error($"No debug information for {file.Binary.Name}, which is needed to find line {location.Line} of {location.SourceFile}", MissingDebugFile.Explain(file, "its lines are not known"));
            }
            else
            {
                request.Error($"No code for line {location.Line} of {location.SourceFile} in {file.Binary.Name}");
            }

            return [];
        }

        if ((ulong)lines[0].Line.Line != location.Line)
        {
            request.Warn($"line {location.Line} of {location.SourceFile} has no code; line {lines[0].Line.Line} is taken");
        }

        var name = $"{request.Type.Name}:{file.Binary.Name}@{location.SourceFile}:{location.Line}";
        return [.. lines.Select(line => Probe(request, file, line.Address, name, "")).OfType<ResolvedProbe>()];
    }

    /// <summary>Functions of one name: the one others can see, or all of the static ones that share it.</summary>
    List<ResolvedProbe> Named(ProbeRequest request, UserLocation location, UserFile file)
    {
        var probes = new List<ResolvedProbe>();
        foreach (var symbol in file.FindFunctions(location.Function))
        {
            var suffix = location.Offset == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"+{location.Offset}");
            var name = $"{request.Type.Name}:{file.Binary.Name}:{location.Function}{suffix}";
            if (IsWithin(request, symbol, location) && (location.Offset == 0 || IsInstruction(request, file, symbol.Address + location.Offset, name))
                && Probe(request, file, symbol.Address + location.Offset, name, location.Function) is { } probe)
            {
                probes.Add(probe with { Offset = location.Offset });
            }
        }

        return probes;
    }

    /// <summary>All functions that match, each place once although it may have several names; those no probe can be set on are left out and told.</summary>
    List<ResolvedProbe> Matching(ProbeRequest request, UserLocation location, UserFile file)
    {
        var names = new FunctionPattern(location);
        var seen = new HashSet<ulong>();
        var probes = new List<ResolvedProbe>();
        var refused = new List<string>();
        var matching = new List<(FunctionSymbol Symbol, string Name)>();
        foreach (var symbol in file.AllFunctions)
        {
            if (names.Match(symbol) is { } name && (symbol.Size > 0 || options.AllowUnsafe) && seen.Add(symbol.Address))
            {
                matching.Add((symbol, name));
            }
        }

        foreach (var (symbol, name) in matching)
        {
            var own = request with { Diagnostics = new() };
            if (Probe(own, file, symbol.Address, $"{request.Type.Name}:{file.Binary.Name}:{FunctionPattern.Written(name, location)}", name, matching.Count <= MostDescribed && file.DescribesItself) is { } probe)
            {
                probes.Add(probe);
            }
            else if (own.Diagnostics.HasErrors)
            {
                refused.Add(name);
            }
        }

        if (refused.Count > 0)
        {
            request.Warn($"{refused.Count} of {refused.Count + probes.Count} functions of {file.Binary.Name} cannot be probed and are left out, {refused[0]} for one");
        }

        return probes;
    }

    bool IsWithin(ProbeRequest request, (ulong Address, ulong Size) symbol, UserLocation location)
    {
        if (options.AllowUnsafe)
        {
            return true;
        }

        if (symbol.Size == 0)
        {
            request.Error($"Could not determine boundary for {location.Function} (symbol has size 0).", ForceHint);
            return false;
        }

        if (location.Offset >= symbol.Size)
        {
            request.Error($"Offset outside the function bounds ('{location.Function}' size is {symbol.Size})");
            return false;
        }

        return true;
    }

    bool IsInstruction(ProbeRequest request, UserFile file, ulong address, string name)
    {
        if (!file.Elf.TryGetFileOffset(address, out _))
        {
            request.Error(string.Create(CultureInfo.InvariantCulture, $"Could not resolve address: {file.Binary.Name}:0x{address:x}"));
            return false;
        }

        if (options.AllowUnsafe)
        {
            return true;
        }

        switch (InstructionBoundary.Is(file.Elf, address, file.Functions))
        {
            case true:
                return true;
            case false:
                request.Error($"Could not add uprobe into middle of instruction: {name[(request.Type.Name.Length + 1)..]}", ForceHint);
                return false;
            default:
                request.Error($"Could not determine instruction boundary for {name} (binary appears stripped).", ForceHint);
                return false;
        }
    }

    /// <param name="request">What was asked for.</param>
    /// <param name="file">The file.</param>
    /// <param name="address">The instruction's address in it.</param>
    /// <param name="name">The probe's name.</param>
    /// <param name="function">The function's name.</param>
    /// <param name="isDescribed">Whether the parameters are of interest; looking for those of thousands of functions would take long.</param>
    ResolvedProbe? Probe(ProbeRequest request, UserFile file, ulong address, string name, string function, bool isDescribed = true)
    {
        if (!file.TryGetFileOffset(address, out var offset))
        {
            request.Error(string.Create(CultureInfo.InvariantCulture, $"Could not resolve address: {file.Binary.Name}:0x{address:x}"));
            return null;
        }

        if (UserSites.Refusal(file, address, options.AllowUnsafe) is { } refusal)
        {
            request.Error($"{name} cannot be probed: {refusal}");
            return null;
        }

        return new()
        {
            Kind = request.Kind,
            Name = name,
            Context = UserContexts.Function(request.Kind, kernel(), file, isDescribed && request.Kind == ProbeKind.Uprobe ? address : null),
            Path = file.Binary.Path,
            FileOffset = offset,
            ProcessId = options.ProcessId,
            Function = function,
            Span = request.Span,
        };
    }
}

/// <summary>Whether the kernel takes a probe at a place, and the program survives it.</summary>
static class UserSites
{
    const int LongestInstruction = 15;

    /// <summary>Why no probe is to be set; null when one may.</summary>
    public static string? Refusal(UserFile file, ulong address, bool allowUnsafe)
    {
        var code = file.Elf.ReadCode(address, LongestInstruction);
        if (code.IsEmpty)
        {
            return "there is no code";
        }

        var verdict = UprobeCost.Classify(code, RunningKernel.Version);
        if (verdict.Execution == UprobeExecution.Refused)
        {
            return $"the kernel takes no probe on the instruction there: {verdict.Reason}";
        }

        return !allowUnsafe && verdict.Execution == UprobeExecution.Optimized
            && OptimizedUprobe.Hazard(file.Elf, address, file.Functions, RunningKernel.Version) is { } hazard && !Bpf.KernelFeatures.RedZoneSafety.IsSupported
            ? hazard + "; --unsafe sets it nevertheless"
            : null;
    }
}
