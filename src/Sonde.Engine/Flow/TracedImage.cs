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
    readonly List<int> _pids = [];
    bool _everywhere;

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
        if (_everywhere || (pid is { } number && _pids.Contains(number)))
        {
            return;
        }

        var before = _links.Count;
        try
        {
            foreach (var (program, _, offsets) in _programs.OrderBy(each => each.IsExit ? 0 : 1))
            {
                _links.AddRange(Uprobes.Attach(program, Python.Image.File.ProcPath, offsets, pid));
            }
        }
        catch
        {
            foreach (var link in _links.Skip(before))
            {
                link.Dispose();
            }

            _links.RemoveRange(before, _links.Count - before);
            throw;
        }

        _everywhere = pid is null;
        _pids.AddRange(pid is { } added ? [added] : []);
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
        var closing = _links.ConvertAll(link => new Thread(link.Dispose) { Name = "detach" });
        closing.ForEach(thread => thread.Start());
        closing.ForEach(thread => thread.Join());
        _links.Clear();
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
