using System.Globalization;
using Sonde.Bpf;
using Sonde.Script;

namespace Sonde.Engine.Scripts.Session;

/// <summary>What a script lost, as its programs counted it.</summary>
sealed class SessionLosses(LoadedScript script)
{
    readonly Map? _map = script.Find(script.Script.Runtime.Losses);
    long _told;

    /// <summary>Records lost since this was asked the last time.</summary>
    public long TakeRecords()
    {
        var lost = Read(LossKind.Record);
        var more = lost - _told;
        _told = lost;
        return more;
    }

    /// <summary>One message for each other kind of loss.</summary>
    public IEnumerable<string> Others()
    {
        foreach (var (kind, what) in new[]
        {
            (LossKind.MapUpdate, "map updates were lost: a map was full ('max_map_keys', or a size in a map's declaration, makes room), or new keys came faster than the kernel had memory ready"),
            (LossKind.Scratch, "hits were left out: too many programs interrupted one another on a processor"),
            (LossKind.Stack, "stacks could not be stored"),
            (LossKind.Unwind, "stacks end early: the code had no unwind table, or one that was not loaded yet"),
            (LossKind.Python, "Python frames, functions or threads could not be read"),
            (LossKind.PythonProcess, "hits came before it was known whether their process runs Python: their Python stacks are unknown"),
            (LossKind.Packet, "packets were lost: the buffer of their processor was full ('perf_rb_pages' makes room), or they could not be read"),
            (LossKind.Value, "values were left out: they fit no bucket, interval or text"),
        })
        {
            if (Read(kind) is > 0 and var count)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"WARNING: {count} {what}");
            }
        }
    }

    /// <summary>How often that happened. May be asked from any thread.</summary>
    public long Read(LossKind kind) => _map is null ? 0 : (long)_map.SumPerCpu((int)kind);
}
