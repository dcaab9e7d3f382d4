using System.Text;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>A block of the script for those of its places that share a context.</summary>
sealed record ProbeProgram(int Number, Probe Syntax, ProbeContext Context, List<ResolvedProbe> Places)
{
    /// <summary>Whether its code depends on what only these places give: arguments, results, types of the probed file.</summary>
    public bool UsesItsOwn { get; set; }
}

sealed partial class Binder
{
    static readonly Dictionary<string, string> _providerNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["t"] = "tracepoint",
        ["rt"] = "rawtracepoint",
        ["u"] = "uprobe",
        ["ur"] = "uretprobe",
        ["k"] = "kprobe",
        ["kr"] = "kretprobe",
        ["f"] = "fentry",
        ["fr"] = "fexit",
        ["kfunc"] = "fentry",
        ["kretfunc"] = "fexit",
        ["i"] = "interval",
        ["p"] = "profile",
        ["s"] = "software",
        ["h"] = "hardware",
        ["w"] = "watchpoint",
        ["it"] = "iter",
    };

    /// <summary>The program being bound.</summary>
    ProbeProgram _program = null!;
    int _probeTextCapacity;

    ProbeContext Context => _program.Context;

    List<ProbeProgram> ResolveProbes()
    {
        var programs = new List<ProbeProgram>();
        var names = new Dictionary<string, int>();
        var places = 0;
        foreach (var probe in _script.Probes)
        {
            var first = programs.Count;
            foreach (var point in probe.AttachPoints)
            {
                foreach (var place in Resolve(point))
                {
                    if (!names.TryGetValue(place.Name, out var index))
                    {
                        index = names.Count;
                        names.Add(place.Name, index);
                        _probeNames.Add(place.Name);
                    }

                    place.NameIndex = index;
                    places++;
                    if (programs.FindIndex(first, program => program.Context.Key == place.Context.Key && program.Context.Kind == place.Context.Kind) is var known and >= 0)
                    {
                        programs[known].Places.Add(place);
                    }
                    else
                    {
                        programs.Add(new(programs.Count, probe, place.Context, [place]));
                    }
                }
            }
        }

        _probeTextCapacity = _probeNames.Select(Encoding.UTF8.GetByteCount).DefaultIfEmpty(0).Max() + 1;
        if (places > _options.Config.MaxProbes)
        {
            _diagnostics.Error(SourceSpan.None, $"Can't attach to {places} probes because it exceeds the current limit of {_options.Config.MaxProbes} probes.",
                "You can increase the limit through the BPFTRACE_MAX_PROBES environment variable, but BE CAREFUL since a high number of probes attached can cause your system to crash.");
        }

        return programs;
    }

    /// <summary>Puts the places of a block that uses nothing of their own into one program for each kind of probe.</summary>
    List<ProbeProgram> Merge(List<ProbeProgram> programs)
    {
        var merged = new List<ProbeProgram>();
        foreach (var program in programs)
        {
            var own = program.UsesItsOwn || program.Context.Python is not null;
            if (!own && merged.Find(other => other.Syntax == program.Syntax && !other.UsesItsOwn && other.Context.KeyWithoutArguments == program.Context.KeyWithoutArguments) is { } same)
            {
                same.Places.AddRange(program.Places);
            }
            else
            {
                merged.Add(program with { Number = merged.Count, Places = [.. program.Places] });
            }
        }

        _slots.Clear();
        var wanted = Math.Max(merged.Count, _script.Probes.Where(probe => merged.Exists(program => program.Syntax == probe)).Sum(probe => probe.AttachPoints.Count));
        if (wanted > _options.Config.MaxPrograms)
        {
            _diagnostics.Error(SourceSpan.None, $"Your program is trying to generate more than {wanted} BPF programs, which exceeds the current limit of {_options.Config.MaxPrograms}.",
                "You can increase the limit through the BPFTRACE_MAX_BPF_PROGS environment variable.");
        }

        return merged;
    }

    IEnumerable<ResolvedProbe> Resolve(AttachPoint point)
    {
        var before = _diagnostics.Complaints;
        var places = _target.Resolve(point, _diagnostics);
        if (places.Count == 0 && _diagnostics.Complaints == before)
        {
            var provider = _providerNames.GetValueOrDefault(point.Provider, point.Provider.ToLowerInvariant());
            var message = $"No matches for {provider} {string.Join(':', point.Parts)}.";
            switch (_options.Config.MissingProbes)
            {
                case "ignore":
                    break;
                case "warn":
                    _diagnostics.Warning(point.Span, message, _target.ExplainMissing(point));
                    break;
                default:
                    _diagnostics.Error(point.Span, message, _target.ExplainMissing(point) ?? "If this is expected, set the 'missing_probes' config variable to 'warn'.");
                    break;
            }
        }

        return places.Where(place => place.Kind switch
        {
            ProbeKind.Test => _options.RunsTests && _options.SelectsTest(place.Function),
            ProbeKind.Bench => _options.RunsBenchmarks && _options.SelectsTest(place.Function),
            _ => true,
        });
    }

    BoundProbe BindProbe(ProbeProgram program)
    {
        var statements = new List<BoundStatement>();
        if (program.Syntax.Predicate is { } predicate)
        {
            var condition = Truth(BindExpression(predicate), predicate.Span);
            if (condition is not BoundConstant { Value: 1 })
            {
                statements.Add(new BoundIf(Not(condition), new BoundReturn(null), null) { Span = predicate.Span });
            }
        }

        statements.AddRange(BindBlock(program.Syntax.Body).Statements);
        return new()
        {
            Places = program.Places,
            Context = program.Context,
            Body = new(statements),
            FiltersProcess = _options.ProcessId != 0 && !IsNarrowedWhenAttached(program.Context.Kind),
            Span = program.Syntax.Span,
        };
    }

    /// <summary>Whether the kernel itself can keep a probe to one process; the special probes run in our own.</summary>
    bool IsNarrowedWhenAttached(ProbeKind kind) => !(kind == ProbeKind.Profile && _options.SamplesAllThreads) && kind is not (ProbeKind.Tracepoint or ProbeKind.RawTracepoint or ProbeKind.Kprobe
        or ProbeKind.Kretprobe or ProbeKind.Fentry or ProbeKind.Fexit);

    /// <summary>What messages call a kind of probe, as <c>probetype</c> does.</summary>
    static string TypeName(ProbeKind kind) => kind switch
    {
        ProbeKind.Begin or ProbeKind.End => "special",
        ProbeKind.SelfSignal => "self",
        ProbeKind.RawTracepoint => "rawtracepoint",
        ProbeKind.Iterator => "iter",
        ProbeKind.PythonCall => "pycall",
        ProbeKind.PythonReturn => "pyreturn",
        ProbeKind.PythonRaise => "pyraise",
        _ => kind.ToString().ToLowerInvariant(),
    };

    /// <summary>What messages that quote a probe call it: by its own name where the type is shared.</summary>
    static string ProbeWord(ProbeKind kind) => kind switch
    {
        ProbeKind.Begin => "begin",
        ProbeKind.End => "end",
        _ => TypeName(kind),
    };

    AddressSpace Space(AddressSpace own) => own == AddressSpace.None ? Context.DefaultSpace : own;

    static PointerType PointerTo(DataType target, AddressSpace space) => new(target, space);
}
