using System.Globalization;
using Sonde.Linux;
using Sonde.Symbols.Jit;

namespace Sonde.Engine.Targets;

/// <summary>Names of the code that the just-in-time compilers of a process make, from the files in which they tell <c>perf</c> of it.</summary>
/// <remarks>
/// <c>/tmp/perf-PID.map</c> as the process sees it, and each <c>jit-PID.dump</c> that it has mapped, which is how they are found. Only files of the process's own user or of root are believed. They
/// grow while they are looked at: what is new is read when something is asked for that may be in it. Not for concurrent use.
/// </remarks>
public sealed class JitNames
{
    /// <summary>The files are looked at again, but not again and again: within this time nothing new is learnt.</summary>
    internal const long PatienceMs = 100;

    /// <summary>A process writes one, or one for each of its compilers; what maps more wants to be read for long.</summary>
    const int MostDumps = 4;

    readonly int _pid;
    readonly ulong _started;
    readonly List<JitFile> _files = [];
    readonly HashSet<string> _dumps = [];
    long _lookedAtMs = long.MinValue / 2;

    /// <summary>Names of a process; nothing is read before something is asked for.</summary>
    public JitNames(int pid)
    {
        _pid = pid;
        if (ProcFs.TryReadStat(pid, out var stat) && ProcFs.TryReadStatus(pid, out var status))
        {
            _started = stat.StartTimeTicks;
            var own = status.NamespacePids.Length > 0 ? status.NamespacePids[^1] : pid;
            _files.Add(new JitFile(pid, _started, string.Create(CultureInfo.InvariantCulture, $"/tmp/perf-{own}.map"), [0, status.EffectiveUser], isDump: false));
        }
    }

    /// <summary>What of the files could not be taken.</summary>
    public IEnumerable<string> Problems => _files.Select(static file => file.Problem).OfType<string>();

    /// <summary>The function at an address, and the file that told of it.</summary>
    public bool TryFind(ulong address, out JitFunction function, out string source)
    {
        Refresh();
        // A dump has lines too, so what was found last is asked first.
        for (var i = _files.Count - 1; i >= 0; i--)
        {
            if (_files[i].Functions.TryFind(address, out function))
            {
                source = _files[i].Path;
                return true;
            }
        }

        (function, source) = (default, "");
        return false;
    }

    /// <summary>Reads what is new, for the time when the process is gone.</summary>
    /// <param name="mappings">What the process has mapped; null to find out.</param>
    public void Refresh(IReadOnlyList<ProcMapping>? mappings = null)
    {
        if (Environment.TickCount64 - _lookedAtMs < PatienceMs)
        {
            return;
        }

        mappings ??= ProcFs.TryReadMaps(_pid, out var now) ? now : [];
        foreach (var mapping in mappings)
        {
            if (_dumps.Count < MostDumps && !mapping.IsDeleted && IsDump(mapping.Path) && !_dumps.Contains(mapping.Path) && ProcFs.TryReadStatus(_pid, out var status))
            {
                _dumps.Add(mapping.Path);
                _files.Add(new JitFile(_pid, _started, mapping.Path, [0, status.EffectiveUser], isDump: true));
            }
        }

        foreach (var file in _files)
        {
            file.ReadMore();
        }

        _lookedAtMs = Environment.TickCount64;
    }

    static bool IsDump(string path)
    {
        const string start = "jit-", end = ".dump";
        var name = Path.GetFileName(path.AsSpan());
        return name.Length > start.Length + end.Length && name.StartsWith(start, StringComparison.Ordinal) && name.EndsWith(end, StringComparison.Ordinal)
            && name[start.Length..^end.Length].IndexOfAnyExceptInRange('0', '9') < 0;
    }
}
