using Sonde.Engine.Stacks;
using Sonde.Engine.Targets;
using Sonde.Linux;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Keeps the unwind tables of a script that takes stacks by them: those of its process, of processes that run what it probes, and of others when programs ask.</summary>
sealed class UnwindLoader : IDisposable
{
    /// <summary>How often it is seen what programs ask for.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    readonly KernelUnwindTables _tables;
    readonly int _process;
    readonly bool _isTold;
    bool _hasMapped;

    UnwindLoader(KernelUnwindTables tables, int process, ProcessMappings mappings)
    {
        (_tables, _process, _isTold) = (tables, process, mappings.IsTold);
        mappings.Mapped = pid => _hasMapped |= pid == process;
    }

    /// <summary>What found no room, a sentence each.</summary>
    public IEnumerable<string> Problems => _tables.Problems();

    /// <summary>Loads the tables of the processes that are there already.</summary>
    /// <param name="script">The script, its maps made.</param>
    /// <param name="files">The files that processes have mapped.</param>
    /// <param name="process">The process that is probed; 0 for all.</param>
    /// <param name="mappings">Tells what it maps.</param>
    /// <returns>Null when the script takes no such stacks.</returns>
    public static UnwindLoader? Start(LoadedScript script, CodeFiles files, int process, ProcessMappings mappings)
    {
        if (script.Script.Runtime.Unwind is not { } maps)
        {
            return null;
        }

        var tables = new KernelUnwindTables(maps, spec => script.Find(spec)!, files);
        var loader = new UnwindLoader(tables, process, mappings);
        if (process > 0)
        {
            tables.Follow(process);
            return loader;
        }

        var probed = script.Script.Programs.SelectMany(program => program.Probes).Select(probe => probe.Path).Where(path => path.Length > 0).ToHashSet();
        foreach (var pid in probed.Count == 0 ? [] : ProcFs.Processes())
        {
            if (ProcFs.TryReadMaps(pid, out var mapped) && mapped.Exists(mapping => probed.Contains(mapping.Path)))
            {
                tables.Add(pid);
            }
        }

        return loader;
    }

    /// <summary>Loads what the process has mapped since, and what programs asked for.</summary>
    public void Refresh()
    {
        if (_process > 0 && (_hasMapped || !_isTold))
        {
            _hasMapped = false;
            _tables.Follow(_process);
        }

        _tables.Refresh();
    }

    /// <inheritdoc/>
    public void Dispose() => _tables.Dispose();
}
