using Sonde.Engine.Stacks;
using Sonde.Engine.Targets;
using Sonde.Linux;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Keeps the unwind tables of a script that takes stacks by them: those of its process, of processes that run what it probes, and of others when programs ask.</summary>
sealed class UnwindLoader : IDisposable
{
    /// <summary>A command that was just started maps its libraries within so many milliseconds, and is looked at more often meanwhile.</summary>
    const long YouthMs = 500;

    static readonly TimeSpan _often = TimeSpan.FromMilliseconds(2);

    readonly KernelUnwindTables _tables;
    readonly int _process;
    readonly bool _isStarted;
    long _beganMs;

    UnwindLoader(KernelUnwindTables tables, int process, bool isStarted) => (_tables, _process, _isStarted, _beganMs) = (tables, process, isStarted, Environment.TickCount64);

    /// <summary>How long may be waited before <see cref="Refresh"/> is called again.</summary>
    public TimeSpan Interval => _isStarted && Environment.TickCount64 - _beganMs < YouthMs ? _often : UserNames.Interval;

    /// <summary>What found no room, a sentence each.</summary>
    public IEnumerable<string> Problems => _tables.Problems();

    /// <summary>Loads the tables of the processes that are there already.</summary>
    /// <param name="script">The script, its maps made.</param>
    /// <param name="files">The files that processes have mapped.</param>
    /// <param name="process">The process that is probed; 0 for all.</param>
    /// <param name="isStarted">Whether that is a command which is let go soon.</param>
    /// <returns>Null when the script takes no such stacks.</returns>
    public static UnwindLoader? Start(LoadedScript script, CodeFiles files, int process, bool isStarted)
    {
        if (script.Script.Runtime.Unwind is not { } maps)
        {
            return null;
        }

        var tables = new KernelUnwindTables(maps, spec => script.Find(spec)!, files);
        var loader = new UnwindLoader(tables, process, isStarted);
        if (process > 0)
        {
            tables.Follow(process);
            return loader;
        }

        var probed = script.Script.Programs.SelectMany(program => program.Probes).Select(probe => probe.Path).Where(path => path.Length > 0).ToHashSet();
        foreach (var pid in probed.Count == 0 ? [] : ProcFs.Processes())
        {
            if (ProcFs.TryReadMaps(pid, out var mappings) && mappings.Exists(mapping => probed.Contains(mapping.Path)))
            {
                tables.Add(pid);
            }
        }

        return loader;
    }

    /// <summary>The command has been let go.</summary>
    public void Released() => _beganMs = Environment.TickCount64;

    /// <summary>Loads what the process has mapped since, and what programs asked for.</summary>
    public void Refresh()
    {
        if (_process > 0)
        {
            _tables.Follow(_process);
        }

        _tables.Refresh();
    }

    /// <inheritdoc/>
    public void Dispose() => _tables.Dispose();
}
