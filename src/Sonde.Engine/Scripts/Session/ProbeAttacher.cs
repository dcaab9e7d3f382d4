using System.Globalization;
using Sonde.Bpf;
using Sonde.Linux;
using Sonde.Script;
using Sonde.Script.Binding;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Attaches the programs of a script, in its order, and takes them off again in the reverse order.</summary>
/// <param name="process">The process that what has none of its own is narrowed to where the kernel can do it; 0 for none.</param>
/// <param name="missing">Told of each place that could not be attached to when that is no error; null when it is.</param>
sealed partial class ProbeAttacher(int process, Action<string>? missing) : IDisposable
{
    readonly List<Link> _links = [];
    readonly List<(ulong Address, Link Link)> _watchpoints = [];

    /// <summary>How many places are attached to.</summary>
    public int Attached { get; private set; }

    /// <summary>Attaches a program to all of its places.</summary>
    /// <exception cref="ScriptLoadException">One cannot be attached to, and that is an error.</exception>
    public void Attach(Program program, CompiledProgram description)
    {
        var kind = description.Probes[0].Kind;
        if (kind is ProbeKind.Uprobe or ProbeKind.Uretprobe or ProbeKind.Usdt or ProbeKind.PythonCall or ProbeKind.PythonReturn or ProbeKind.PythonRaise)
        {
            AttachUser(program, description.Probes);
            return;
        }

        if (kind is ProbeKind.Kprobe or ProbeKind.Kretprobe && program.Spec.ExpectedAttachType == AttachType.KprobeMulti)
        {
            AttachKernelFunctions(program, description.Probes);
            return;
        }

        foreach (var probe in description.Probes)
        {
            TryAttach(probe, () => AttachOne(program, probe, description.FiltersProcess));
        }
    }

    /// <summary>Removes the watchpoints of an address.</summary>
    public void RemoveWatchpoint(ulong address)
    {
        foreach (var (_, link) in _watchpoints.Where(each => each.Address == address))
        {
            link.Dispose();
        }

        _watchpoints.RemoveAll(each => each.Address == address);
    }

    /// <summary>Takes the programs off, so that nothing is hit any more; what costs long waits beyond that is left to <see cref="Dispose"/>.</summary>
    public void Stop() => ForEachLink(link => link.Stop());

    /// <summary>Takes everything off.</summary>
    public void Dispose()
    {
        ForEachLink(link => link.Dispose());
        _links.Clear();
        _watchpoints.Clear();
    }

    /// <summary>Does something with the links, the last first. For most of them the kernel waits until no processor runs the program any more; a few threads wait at the same time.</summary>
    void ForEachLink(Action<Link> action)
    {
        const int threads = 8;
        if (_links.Count <= 1)
        {
            _links.ForEach(action);
        }
        else
        {
            var next = _links.Count;
            var closing = Enumerable.Range(0, Math.Min(threads, _links.Count)).Select(_ => new Thread(() =>
            {
                for (var i = Interlocked.Decrement(ref next); i >= 0; i = Interlocked.Decrement(ref next))
                {
                    action(_links[i]);
                }
            })
            { Name = "detach" }).ToList();
            closing.ForEach(thread => thread.Start());
            closing.ForEach(thread => thread.Join());
        }
    }

    Link AttachOne(Program program, ResolvedProbe probe, bool filtersProcess) => probe.Kind switch
    {
        ProbeKind.Tracepoint => program.AttachTracepoint((uint)probe.TracepointId, $"{probe.Group}:{probe.Function}", Cookie(probe)),
        ProbeKind.RawTracepoint => AttachRawTracepoint(program, probe),
        ProbeKind.Profile or ProbeKind.Interval => AttachTimer(program, probe, filtersProcess),
        ProbeKind.Software or ProbeKind.Hardware => AttachCounter(program, probe),
        ProbeKind.Watchpoint => AttachWatchpoint(program, probe),
        ProbeKind.Kprobe or ProbeKind.Kretprobe => program.AttachKprobe(
            probe.Function.Length > 0 && probe.Group.Length > 0 ? $"{probe.Group}:{probe.Function}" : probe.Function, probe.Offset, probe.Kind == ProbeKind.Kretprobe, Cookie(probe)),
        ProbeKind.Fentry or ProbeKind.Fexit => program.AttachTracing(Cookie(probe)),
        _ => throw new UserErrorException($"{probe.Name} cannot be attached"),
    };

    static ulong Cookie(ResolvedProbe probe) => probe.NameIndex > 0 && KernelFeatures.AttachCookie.IsSupported ? (ulong)probe.NameIndex : 0;

    /// <summary>Attaches, and tells or throws why that did not work.</summary>
    void TryAttach(ResolvedProbe probe, Func<Link> attach)
    {
        try
        {
            Keep(attach(), 1);
        }
        catch (LinuxException exception)
        {
            Fail(probe, exception.Message);
        }
    }

    void Keep(Link link, int places)
    {
        _links.Add(link);
        Attached += places;
    }

    void Fail(ResolvedProbe probe, string reason)
    {
        if (missing is null)
        {
            throw new ScriptLoadException(
                $"Unable to attach probe: {probe.Name}. {reason.TrimEnd('.')}. If this is expected, set the 'missing_probes' config variable to 'warn'.");
        }

        missing(string.Create(CultureInfo.InvariantCulture, $"Unable to attach probe: {probe.Name}. {reason}"));
    }
}
