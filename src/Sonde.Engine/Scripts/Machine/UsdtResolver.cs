using System.Text;
using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Types;
using Sonde.Symbols.Usdt;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Statically defined probes of programs and libraries: <c>usdt:FILE:[PROVIDER:]NAME</c>.</summary>
sealed class UsdtResolver(UserFiles files, MachineOptions options, Func<TargetKernel> kernel, Action needsThreadPointer) : IProbeResolver
{
    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        var resolved = new List<ResolvedProbe>();
        var seen = new HashSet<(string, ulong)>();
        foreach (var (file, probe) in Find(request))
        {
            var refused = new List<string>();
            var before = resolved.Count;
            foreach (var location in probe.Locations)
            {
                if (WhyNot(file, location) is { } reason)
                {
                    refused.Add(reason);
                }
                else if (seen.Add((file.Binary.Path, file.Start + location.FileOffset!.Value)))
                {
                    resolved.Add(Probe(request, file, probe, location));
                }
            }

            // Where one place of several takes no probe, the others are worth having.
            if (refused.Count > 0 && resolved.Count > before)
            {
                request.Warn($"{refused.Count} of {probe.Locations.Count} places of {Name(file, probe)} cannot be probed and are left out: {refused[0]}");
            }
            else if (refused.Count > 0)
            {
                request.Error($"{Name(file, probe)} cannot be probed: {refused[0]}");
            }
        }

        return resolved;
    }

    public string? ExplainMissing(ProbeRequest request)
    {
        if (BinaryFinder.IsInUse(request.Parts[0]))
        {
            return BinaryFinder.NoneInUse("has such a probe");
        }

        if (Wildcards.Has(request.Parts[0]) || files.OpenAll(request, request.Parts[0]) is not [var file])
        {
            return null;
        }

        return file.Probes.Count == 0
            ? $"{file.Binary.Name} has no USDT probes"
            : Suggestions.DidYouMean(request.Parts[^1], file.Probes.Select(probe => probe.Name));
    }

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details) =>
        from found in Find(request)
        orderby found.File.Binary.Name, found.Probe.Provider, found.Probe.Name
        select new ListedScriptProbe(Name(found.File, found.Probe), details ? [.. found.Probe.Locations[0].Arguments.Select(Describe)] : []);

    IEnumerable<(UserFile File, UsdtProbe Probe)> Find(ProbeRequest request)
    {
        var name = request.Parts[^1];
        var names = Wildcards.Matcher(name);
        var providers = Wildcards.Matcher(request.Parts.Count == 3 ? request.Parts[1] : "*");
        return from file in files.OpenAll(request, request.Parts[0])
               from probe in file.Probes
               // DTrace writes as a dash what C names hold as two underscores.
               where providers(probe.Provider) && (names(probe.Name) || names(probe.Name.Replace("__", "-", StringComparison.Ordinal)))
               select (file, probe);
    }

    string? WhyNot(UserFile file, UsdtLocation location)
    {
        if (location.FileOffset is null)
        {
            return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"its address 0x{location.Address:x} is not in the file's code");
        }

        if (location.Semaphore is { FileOffset: null })
        {
            return "its semaphore is not in the file, so the program would never reach it";
        }

        return UserSites.Refusal(file, location.Address, options.AllowUnsafe);
    }

    ResolvedProbe Probe(ProbeRequest request, UserFile file, UsdtProbe probe, UsdtLocation location)
    {
        var key = new StringBuilder("usdt");
        var arguments = new List<ProbeArgument>();
        foreach (var argument in location.Arguments)
        {
            key.Append('|').Append(argument.Text).Append('|').Append(argument.Name);
            // Where a symbol is part of the operand, its distance from the probe is too.
            if (argument.Symbol is not null)
            {
                key.Append('=').Append(argument.Address);
            }

            if (argument.Address?.Anchor == UsdtAnchor.ThreadPointer)
            {
                needsThreadPointer();
            }

            arguments.Add(new(argument.Name, TypeOf(argument), argument.Unavailable is { } reason ? new UnavailableSource(reason) : new UsdtSource(argument)));
        }

        return new()
        {
            Kind = ProbeKind.Usdt,
            Name = Name(file, probe),
            Context = new()
            {
                Key = key.ToString(),
                Kind = ProbeKind.Usdt,
                ProgramType = ProgramType.Kprobe,
                DefaultSpace = AddressSpace.User,
                HasRegisters = true,
                Arguments = arguments,
                Named = arguments.Exists(static argument => argument.Name.Length > 0) ? arguments : null,
                MaySleep = kernel().HasSleepableUprobes,
            },
            Path = file.Binary.Path,
            FileOffset = file.Start + location.FileOffset!.Value,
            SemaphoreOffset = location.Semaphore?.FileOffset is { } counter ? file.Start + counter : 0,
            ProcessId = options.ProcessId,
            Group = probe.Provider,
            Function = probe.Name,
            Span = request.Span,
        };
    }

    static DataType TypeOf(UsdtArgument argument) => (argument.IsFloat, argument.Size) switch
    {
        (true, 4 or 8) => new FloatType(argument.Size),
        (false, 1 or 2 or 4 or 8) => IntegerType.Of(argument.Size, argument.IsSigned),
        _ => new ArrayType(IntegerType.UInt8, Math.Max(argument.Size, 0)),
    };

    static string Describe(UsdtArgument argument, int number) => $"{argument.TypeName} arg{number}{(argument.Name.Length > 0 ? $", args.{argument.Name}" : "")}";

    static string Name(UserFile file, UsdtProbe probe) => $"usdt:{file.Binary.Name}:{probe.Provider}:{probe.Name}";
}
