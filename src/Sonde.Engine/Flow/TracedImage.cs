using Sonde.Bpf;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Python.Sites;

namespace Sonde.Engine.Flow;

/// <summary>An interpreter with its programs loaded, and the links that attach them.</summary>
sealed class TracedImage(PythonImage python, int index, uint device, ulong inode) : IDisposable
{
    readonly List<(Program Program, bool IsExit, ulong[] Offsets)> _programs = [];
    readonly List<Link> _links = [];
    readonly Dictionary<int, List<Link>> _byPid = [];
    bool _everywhere;
    Thread? _releasing;

    public PythonImage Python { get; } = python;

    /// <summary>The number in the records of this image's programs.</summary>
    public int Index { get; } = index;

    /// <summary>The programs loaded for it.</summary>
    public IEnumerable<Program> Programs => _programs.Select(each => each.Program);

    /// <summary>True for a file that is this image's.</summary>
    public bool IsSame(uint otherDevice, ulong otherInode, MappedImage file) =>
        otherInode == 0 || inode == 0 ? file.Path == Python.Image.Path : (otherDevice, otherInode) == (device, inode);

    /// <summary>Loads one program per recipe.</summary>
    public void Load(FlowOptions options, FlowMaps specs, List<Map> maps, PidNamespace? pidNamespace)
    {
        foreach (var sites in Python.Sites.GroupBy(FlowProgram.Recipe))
        {
            var site = sites.First();
            var program = Program.Load(new ProgramSpec
            {
                Name = site.Kind == SiteKind.Exit ? "sonde_exit" : "sonde_entry",
                Type = ProgramType.Kprobe,
                ExpectedAttachType = Uprobes.UseMulti ? AttachType.UprobeMulti : default,
                Instructions = FlowProgram.Write(site, Python.Version, Python.Layout, options, specs, Index, pidNamespace),
                Maps = maps,
            });
            _programs.Add((program, site.Kind == SiteKind.Exit, [.. sites.Select(each => each.FileOffset)]));
        }
    }

    /// <summary>Attaches to a process, or to all with null. Exits come first, so that no entry is seen whose exit is not.</summary>
    public void AttachTo(int? pid)
    {
        if (_everywhere || (pid is { } number && _byPid.ContainsKey(number)))
        {
            return;
        }

        var links = new List<Link>();
        try
        {
            foreach (var (program, _, offsets) in _programs.OrderBy(each => each.IsExit ? 0 : 1))
            {
                links.AddRange(Uprobes.Attach(program, Python.Image.File.ProcPath, offsets, pid));
            }
        }
        catch
        {
            links.ForEach(static link => link.Dispose());
            throw;
        }

        if (pid is { } added)
        {
            _byPid.Add(added, links);
            return;
        }

        _everywhere = true;
        _links.AddRange(links);
    }

    /// <summary>Closes what is attached to processes that have ended.</summary>
    public void Release(IReadOnlySet<int> pids)
    {
        var closing = new List<Link>();
        foreach (var pid in pids)
        {
            if (_byPid.Remove(pid, out var links))
            {
                closing.AddRange(links);
            }
        }

        if (closing.Count > 0)
        {
            // It takes a moment for each, which the events of others do not wait for; one thread after the other.
            var before = _releasing;
            _releasing = new Thread(() =>
            {
                before?.Join();
                closing.ForEach(static link => link.Dispose());
            }) { Name = "release" };
            _releasing.Start();
        }
    }

    /// <summary>Where a process has this image, relative to the file's own addresses; null when it is gone or never had it.</summary>
    public ulong? FindBias(int pid)
    {
        if (ProcFs.TryReadMaps(pid, out var mappings))
        {
            foreach (var mapping in mappings)
            {
                if (mapping.IsExecutable && mapping.Path.EndsWith(Path.GetFileName(Python.Image.Path), StringComparison.Ordinal) && Python.Image.TryGetLoadBias(mapping, out var bias))
                {
                    return bias;
                }
            }
        }

        return null;
    }

    /// <summary>Takes the probes out.</summary>
    /// <remarks>For each link the kernel waits until no processor runs its program any more; they are closed at the same time, to wait once.</remarks>
    public void Detach()
    {
        _releasing?.Join();
        List<Link> links = [.. _links, .. _byPid.Values.SelectMany(static links => links)];
        var closing = links.ConvertAll(link => new Thread(link.Dispose) { Name = "detach" });
        closing.ForEach(thread => thread.Start());
        closing.ForEach(thread => thread.Join());
        _links.Clear();
        _byPid.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Detach();
        foreach (var (program, _, _) in _programs)
        {
            program.Dispose();
        }

        Python.Dispose();
    }
}
