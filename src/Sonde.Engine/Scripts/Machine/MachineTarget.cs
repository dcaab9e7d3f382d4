using Sonde.Bpf.Btf;
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
sealed class MachineTarget : ITarget, IDisposable
{
    readonly MachineOptions _options;
    readonly KernelTypes _types;
    readonly UserFiles _files;
    readonly TracepointResolver _tracepoints;
    readonly Lazy<TargetKernel> _kernel;
    readonly Lazy<TargetKernel> _kernelWithThreads;
    readonly KernelAddresses _addresses = new();
    readonly Dictionary<ProbeKind, IProbeResolver> _resolvers;
    readonly IReadOnlyList<ProbeType> _probeTypes;
    bool _needsThreadPointer;

    /// <summary>The machine as a process of it sees it.</summary>
    public MachineTarget(MachineOptions options)
    {
        _options = options;
        _types = new KernelTypes(options.BtfPath);
        _files = new UserFiles(options.ProcessId, options.DebugDirectories);
        _tracepoints = new TracepointResolver(_types);
        _kernel = new(() => MachineKernel.Read(options));
        _kernelWithThreads = new(() => _kernel.Value with { ThreadPointerOffset = _types.OffsetOf("task_struct", "thread.fsbase") });
        var special = new SpecialResolver();
        var timers = new TimerResolver(options.ProcessId);
        var events = new PerfEventResolver(options.ProcessId);
        var uprobes = new UprobeResolver(_files, options, () => _kernel.Value);
        var functions = new KernelFunctions(_addresses);
        var kprobes = new KprobeResolver(functions, _types, options);
        var fentry = new FentryResolver(functions, _types);
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
            [ProbeKind.Usdt] = new UsdtResolver(_files, options, () => _kernel.Value, () => _needsThreadPointer = true),
            [ProbeKind.Kprobe] = kprobes,
            [ProbeKind.Kretprobe] = kprobes,
            [ProbeKind.Fentry] = fentry,
            [ProbeKind.Fexit] = fentry,
            [ProbeKind.Iterator] = new IteratorResolver(_types),
        };
        foreach (var (type, resolver) in options.FurtherTypes)
        {
            _resolvers[type.Kind] = resolver;
        }

        _probeTypes = [.. ProbeType.All, .. options.FurtherTypes.Select(further => further.Type)];
    }

    /// <inheritdoc/>
    /// <remarks>The thread pointer's place is in it only once something was resolved that may need it: finding it takes the kernel's types.</remarks>
    public TargetKernel Kernel => _needsThreadPointer ? _kernelWithThreads.Value : _kernel.Value;

    /// <inheritdoc/>
    public IReadOnlyList<ResolvedProbe> Resolve(AttachPoint point, DiagnosticBag diagnostics)
    {
        var types = TypesNamed(point.Provider);
        if (types.Count == 0)
        {
            diagnostics.Error(point.Span, $"Invalid probe type: {point.Provider}", Meant(point.Provider));
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
    public string? ExplainMissing(AttachPoint point)
    {
        if (TypesNamed(point.Provider) is not [var type] || !type.PartCounts.Contains(point.Parts.Count))
        {
            return null;
        }

        var reason = _resolvers[type.Kind].ExplainMissing(new ProbeRequest(type, point.Parts, point.Span, new DiagnosticBag()));
        return PythonNames.Hint(type.Kind, point.Parts) is { } hint ? reason is null ? hint : $"{hint}; {reason}" : reason;
    }

    /// <inheritdoc/>
    public DataType? FindKernelType(string tag, string name) => _types.Find(tag, name);

    /// <inheritdoc/>
    public DataType? FindProgramType(ResolvedProbe probe, string tag, string name) => _files.Opened(probe.Path)?.FindType(tag, name);

    /// <inheritdoc/>
    public bool TryFindEnumValue(string name, out EnumType type, out long value) => _types.TryFindEnumValue(name, out type, out value);

    /// <inheritdoc/>
    public ulong? FindKernelSymbol(string name) => _addresses.Find(name);

    /// <inheritdoc/>
    public bool HasPerCpuVariable(string name) => _types.HasVariable(name);

    /// <inheritdoc/>
    public (ulong Address, int Size)? FindUserSymbol(ResolvedProbe probe, string name) => _files.Opened(probe.Path)?.FindData(name, _options.ProcessId);

    /// <inheritdoc/>
    public ulong? FindCgroup(string path) =>
        // The number of a cgroup is the inode of its directory (kernfs, since Linux 4.18 for version 2).
        Directory.Exists(path) && NamespaceFile.TryRead(path, out var file) ? file.Inode : null;

    /// <inheritdoc/>
    public KernelThreadLayout? KernelThreads =>
        _types.OffsetOf("task_struct", "thread.fsbase") is { } pointer && _types.OffsetOf("task_struct", "mm") is { } memory ? new(pointer, memory) : null;

    /// <inheritdoc/>
    public int? FindKernelFunction(string name) => _types.FindCallableFunction(name);

    /// <summary>The kernel's structures, unions or enumerations that have a name, each once.</summary>
    public IEnumerable<BtfType> KernelTypes(string tag) => _types.Named(tag);

    /// <summary>The probes that match, for listings.</summary>
    /// <param name="provider">A probe type, or a pattern: it then stands for those that can be listed without naming a file.</param>
    /// <param name="parts">The other parts, as patterns; those missing at the front, or altogether, are <c>*</c>.</param>
    /// <param name="details">Whether the values they give are wanted.</param>
    /// <param name="diagnostics">Takes what is wrong, such as a file that is not there, when one type of probe is meant.</param>
    public IEnumerable<ListedScriptProbe> List(string provider, IReadOnlyList<string> parts, bool details, DiagnosticBag? diagnostics = null)
    {
        foreach (var type in TypesNamed(provider))
        {
            if (Wildcards.Has(provider) && !IsListedWithAll(type))
            {
                continue;
            }

            var least = type.PartCounts.Min();
            var padded = parts.Count >= least ? parts : [.. Enumerable.Repeat("*", least - parts.Count), .. parts];
            if (!type.PartCounts.Contains(padded.Count))
            {
                continue;
            }

            foreach (var probe in _resolvers[type.Kind].List(new ProbeRequest(type, padded, default, Wildcards.Has(provider) ? new() : diagnostics ?? new()), details))
            {
                yield return probe;
            }
        }
    }

    /// <summary>Why a word is no type of probe; null when it is one.</summary>
    public string? ExplainType(string word) => TypesNamed(word).Count > 0 ? null
        : Meant(word) is { } hint ? $"Invalid probe type: {word}; {hint}" : $"Invalid probe type: {word}";

    /// <summary>Closes the files of user probes.</summary>
    public void Dispose()
    {
        _files.Dispose();
        _tracepoints.Dispose();
    }

    /// <summary>The probe types that a word, by name or alias, or a pattern means.</summary>
    public IReadOnlyList<ProbeType> TypesNamed(string word)
    {
        var matches = Wildcards.Matcher(word);
        return [.. _probeTypes.Where(type => matches(type.Name) || (!Wildcards.Has(word) && type.Aliases.Contains(word)))];
    }

    /// <summary>The probe type that a word that is none may stand for.</summary>
    string? Meant(string word) => PythonNames.IsQualified(word) ? $"functions of Python are probed by pycall:{word}"
        : word is "python" or "function" ? "functions of Python are probed by pycall, pyreturn and pyraise"
        : word is "syscall" ? "system calls are probed by tracepoint:syscalls:sys_enter_NAME and sys_exit_NAME"
        : Suggestions.DidYouMean(word, _probeTypes.Select(type => type.Name));

    /// <summary>What was meant by an attach point that lacks its first part.</summary>
    string? Complete(ProbeType type, IReadOnlyList<string> parts) => (type.Kind, parts) switch
    {
        (ProbeKind.Tracepoint, [var name]) => _resolvers[type.Kind].List(new ProbeRequest(type, ["*", name], default, new DiagnosticBag()), details: false).FirstOrDefault() is { } found ? $"did you mean '{found.Name}'?" : null,
        (ProbeKind.Uprobe or ProbeKind.Uretprobe, [_]) => $"name the program or library too: {type.Name}:FILE:FUNCTION",
        (ProbeKind.Usdt, [_]) => "name the program or library too: usdt:FILE:PROVIDER:NAME",
        _ => null,
    };

    bool IsListedWithAll(ProbeType type) =>
        type.Kind is ProbeKind.Hardware or ProbeKind.Software or ProbeKind.Iterator or ProbeKind.Fentry or ProbeKind.Kprobe or ProbeKind.RawTracepoint or ProbeKind.Tracepoint
        || _options.FurtherTypes.Any(further => further.Type == type);

    IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        var type = request.Type;
        if (!type.PartCounts.Contains(request.Parts.Count))
        {
            return request.Error(type.Kind == ProbeKind.Iterator
                ? "iter probe type takes 2 arguments (1 optional)"
                : $"{type.Name} probe type requires {string.Join(" or ", type.PartCounts)} arguments, found {request.Parts.Count}", PythonNames.Hint(type.Kind, request.Parts) ?? Complete(type, request.Parts));
        }

        _needsThreadPointer |= _options.FurtherTypes.Any(further => further.Type == type);
        try
        {
            return _resolvers[type.Kind].Resolve(request);
        }
        catch (BtfException problem)
        {
            return request.Error($"the kernel's types cannot be read: {problem.Message}");
        }
    }
}
