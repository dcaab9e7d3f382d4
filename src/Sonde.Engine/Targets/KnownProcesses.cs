using Sonde.Linux;

namespace Sonde.Engine.Targets;

/// <summary>A process, as far as one program's run goes.</summary>
sealed class KnownProcess(MappingTable table)
{
    /// <summary>What it has mapped.</summary>
    public MappingTable Table { get; } = table;

    /// <summary>The program that it ran before; null for none.</summary>
    public KnownProcess? Before { get; set; }

    /// <summary>Names of the code that it made; null when it was not seen to make any.</summary>
    public JitNames? Jit { get; set; }

    /// <summary>When its mappings were read, in milliseconds.</summary>
    public long ReadAtMs { get; init; } = long.MinValue / 2;

    /// <summary>Whether it is one of those that are followed, or descends from one.</summary>
    public bool IsFollowed { get; set; }

    /// <summary>Whether it was told to have ended.</summary>
    public bool HasEnded { get; set; }
}

/// <summary>Processes and their mappings, as many as there is room for: the longest ended are forgotten first, then the oldest of the others, which can be read again.</summary>
/// <param name="mostProcesses">How many processes there is room for.</param>
/// <param name="mostMappings">For how many mappings of all of them.</param>
sealed class KnownProcesses(int mostProcesses, int mostMappings)
{
    /// <summary>How many programs a process's addresses are looked up in.</summary>
    const int MostPrograms = 3;

    readonly Dictionary<int, KnownProcess> _processes = [];
    readonly LinkedList<int> _order = [];
    readonly Dictionary<int, LinkedListNode<int>> _places = [];
    readonly Queue<(int Pid, KnownProcess Process)> _ended = [];
    readonly HashSet<int> _kept = [];

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<KnownProcess> All => _processes.Values;

    /// <summary>How many mappings they have; such as two share count twice.</summary>
    public long Mappings { get; private set; }

    /// <summary>How many were forgotten.</summary>
    public long Forgotten { get; private set; }

    /// <summary>A process; null when nothing is known of it.</summary>
    public KnownProcess? Find(int pid) => _processes.GetValueOrDefault(pid);

    /// <summary>Never forgets a process.</summary>
    public void Keep(int pid) => _kept.Add(pid);

    /// <summary>Puts what is known of a process now in the place of what was.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="process">What is known of it.</param>
    /// <param name="before">The program that it ran before.</param>
    public void Put(int pid, KnownProcess process, KnownProcess? before)
    {
        if (_processes.TryGetValue(pid, out var old))
        {
            Mappings -= Count(old);
            process.IsFollowed |= old.IsFollowed;
        }
        else
        {
            _places.Add(pid, _order.AddLast(pid));
        }

        process.Before = before;
        var last = process;
        for (var i = 1; i < MostPrograms && last.Before is not null; i++)
        {
            last = last.Before;
        }

        last.Before = null;
        _processes[pid] = process;
        Mappings += Count(process);
        MakeRoom(pid);
    }

    /// <summary>Adds a mapping to a process that is known.</summary>
    /// <returns>False when it has too many.</returns>
    public bool Add(int pid, in ProcMapping mapping)
    {
        var table = _processes[pid].Table;
        var had = table.All.Count;
        var isAdded = table.Add(mapping);
        Mappings += table.All.Count - had;
        MakeRoom(pid);
        return isAdded;
    }

    /// <summary>Remembers that a process has ended.</summary>
    public void End(int pid)
    {
        if (!_processes.TryGetValue(pid, out var process) || process.HasEnded)
        {
            return;
        }

        process.HasEnded = true;
        if (_kept.Contains(pid))
        {
            return;
        }

        _ended.Enqueue((pid, process));
        if (_ended.Count > mostProcesses)
        {
            ForgetLongestEnded(0);
        }
    }

    static long Count(KnownProcess? process)
    {
        var count = 0L;
        for (; process is not null; process = process.Before)
        {
            count += process.Table.All.Count;
        }

        return count;
    }

    /// <summary>Forgets others than the process that was changed last.</summary>
    void MakeRoom(int changed)
    {
        while ((_processes.Count > mostProcesses || Mappings > mostMappings) && (ForgetLongestEnded(changed) || ForgetOldest(changed)))
        {
        }
    }

    /// <returns>False when none has ended.</returns>
    bool ForgetLongestEnded(int changed)
    {
        // Another process may have its number by now.
        if (_ended.TryDequeue(out var oldest) && oldest.Pid != changed && _processes.TryGetValue(oldest.Pid, out var process) && process == oldest.Process)
        {
            Forget(oldest.Pid);
        }

        return oldest.Process is not null;
    }

    /// <returns>False when there is none that may be forgotten.</returns>
    bool ForgetOldest(int changed)
    {
        for (var place = _order.First; place is not null; place = place.Next)
        {
            if (place.Value != changed && !_kept.Contains(place.Value))
            {
                Forget(place.Value);
                return true;
            }
        }

        return false;
    }

    void Forget(int pid)
    {
        if (_processes.Remove(pid, out var process) && _places.Remove(pid, out var place))
        {
            _order.Remove(place);
            Mappings -= Count(process);
            Forgotten++;
        }
    }
}
