using Sonde.Linux;
using Sonde.Script.Binding;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>The machine this runs on, as scripts are compiled for it.</summary>
/// <remarks>
/// Everything is looked up when first asked for: a script of <c>begin</c> alone reads no file but <c>/proc</c>'s. Files of user probes stay open as long
/// as this object, which must not be disposed of before the probes are attached. Not safe for concurrent use.
/// </remarks>
sealed partial class MachineTarget : ITarget, IDisposable
{
    readonly MachineOptions _options;
    readonly KernelTypes _types;
    readonly UserFiles _files;
    readonly TracepointResolver _tracepoints;
    readonly Lazy<TargetKernel> _kernel;
    readonly Lazy<KernelAddresses> _addresses = new(() => new KernelAddresses());
    readonly Dictionary<ProbeKind, IProbeResolver> _resolvers;
    readonly IReadOnlyList<ProbeType> _probeTypes;

    /// <summary>The machine as a process of it sees it.</summary>
    public MachineTarget(MachineOptions options)
    {
        _options = options;
        _types = new KernelTypes(options.BtfPath);
        _files = new UserFiles(options.ProcessId);
        _tracepoints = new TracepointResolver(_types);
        _kernel = new(() => MachineKernel.Read(_types, options.UsesPidNamespace));
        var special = new SpecialResolver();
        var timers = new TimerResolver(options.ProcessId);
        var events = new PerfEventResolver(options.ProcessId);
        var uprobes = new UprobeResolver(_files, options, () => Kernel);
        _resolvers = new()
        {
            [ProbeKind.Begin] = special,
            [ProbeKind.End] = special,
            [ProbeKind.Test] = special,
            [ProbeKind.Bench] = special,
            [ProbeKind.SelfSignal] = special,
            [ProbeKind.Interval] = timers,
            [ProbeKind.Profile] = timers,
            [ProbeKind.Software] = events,
            [ProbeKind.Hardware] = events,
            [ProbeKind.Watchpoint] = new WatchpointResolver(options.ProcessId),
            [ProbeKind.Tracepoint] = _tracepoints,
            [ProbeKind.RawTracepoint] = new RawTracepointResolver(_types),
            [ProbeKind.Uprobe] = uprobes,
            [ProbeKind.Uretprobe] = uprobes,
            [ProbeKind.Usdt] = new UsdtResolver(_files, options, () => Kernel),
        };
        foreach (var (type, resolver) in options.FurtherTypes)
        {
            _resolvers[type.Kind] = resolver;
        }

        _probeTypes = [.. ProbeType.All, .. options.FurtherTypes.Select(further => further.Type)];
    }

    /// <inheritdoc/>
    public TargetKernel Kernel => _kernel.Value;

    /// <inheritdoc/>
    public IReadOnlyList<ResolvedProbe> Resolve(AttachPoint point, DiagnosticBag diagnostics)
    {
        var types = Types(point.Provider);
        if (types.Count == 0)
        {
            diagnostics.Error(point.Span, $"Invalid probe type: {point.Provider}", Suggestions.DidYouMean(point.Provider, _probeTypes.Select(type => type.Name)));
            return [];
        }

        if (!Wildcards.Has(point.Provider))
        {
            return Resolve(new ProbeRequest(types[0], point.Parts, point.Span, diagnostics));
        }

        // Most types a pattern matches cannot make sense of the other parts; only when none can is that of interest.
        var probes = new List<ResolvedProbe>();
        var messages = new List<Diagnostic>();
        foreach (var type in types)
        {
            var own = new DiagnosticBag();
            var found = Resolve(new ProbeRequest(type, point.Parts, point.Span, own));
            probes.AddRange(found);
            messages.AddRange(own.Messages);
        }

        foreach (var message in messages.Where(message => probes.Count == 0 || message.Severity != Severity.Error))
        {
            diagnostics.Add(message);
        }

        return probes;
    }

    /// <inheritdoc/>
    public string? ExplainMissing(AttachPoint point) =>
        Types(point.Provider) is [var type] && type.PartCounts.Contains(point.Parts.Count) && _resolvers.TryGetValue(type.Kind, out var resolver)
            ? resolver.ExplainMissing(new ProbeRequest(type, point.Parts, point.Span, new DiagnosticBag()))
            : null;

    /// <inheritdoc/>
    public DataType? FindKernelType(string tag, string name) => _types.Find(tag, name);

    /// <inheritdoc/>
    public DataType? FindProgramType(ResolvedProbe probe, string tag, string name) => null;

    /// <inheritdoc/>
    public bool TryFindEnumValue(string name, out EnumType type, out long value) => _types.TryFindEnumValue(name, out type, out value);

    /// <inheritdoc/>
    public ulong? FindKernelSymbol(string name) => _addresses.Value.Find(name);

    /// <inheritdoc/>
    public (ulong Address, int Size)? FindUserSymbol(ResolvedProbe probe, string name) => _files.Opened(probe.Path)?.FindData(name, _options.ProcessId);

    /// <inheritdoc/>
    public ulong? FindCgroup(string path) =>
        // The number of a cgroup is the inode of its directory (kernfs, since Linux 4.18 for version 2).
        Directory.Exists(path) && NamespaceFile.TryRead(path, out var file) ? file.Inode : null;

    /// <inheritdoc/>
    public int? FindKernelFunction(string name) => _types.FindCallableFunction(name);

    /// <summary>Closes the files of user probes.</summary>
    public void Dispose()
    {
        _files.Dispose();
        _tracepoints.Dispose();
    }

    IReadOnlyList<ProbeType> Types(string word)
    {
        var matches = Wildcards.Matcher(word);
        return [.. _probeTypes.Where(type => matches(type.Name) || (!Wildcards.Has(word) && type.Aliases.Contains(word)))];
    }

    IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        var type = request.Type;
        if (!type.PartCounts.Contains(request.Parts.Count))
        {
            return request.Error(type.Kind == ProbeKind.Iterator
                ? "iter probe type takes 2 arguments (1 optional)"
                : $"{type.Name} probe type requires {string.Join(" or ", type.PartCounts)} arguments, found {request.Parts.Count}");
        }

        return _resolvers.TryGetValue(type.Kind, out var resolver) ? resolver.Resolve(request) : [];
    }
}
