using System.Globalization;
using Sonde.Bpf;
using Sonde.Linux;

namespace Sonde.Engine.Targets;

/// <summary>What processes have mapped and, of those that have ended, had: the kernel tells of it while it happens, so that the shortest process can be told about.</summary>
/// <remarks>
/// A process that a fork made has what its parent had. One that begins another program has that one's mappings; an address that is in none of them is looked
/// up in those of the program before, where a stack may have been taken. For one thread.
/// </remarks>
sealed class ProcessMappings(CodeFiles files) : IDisposable
{
    const int MostProcesses = 8192;

    /// <summary>How many programs a process's addresses are looked up in.</summary>
    const int MostPrograms = 3;

    /// <summary>How many of the processes that run when this begins are read at a time, so that nothing else has to wait.</summary>
    const int ReadAtOnce = 16;

    /// <summary>A process's mappings are read again when an address is in none of them, but not again and again.</summary>
    const long PatienceMs = 200;

    /// <summary>How often files are looked at in which the compiler of the process that is followed tells of its functions.</summary>
    static readonly TimeSpan _jitInterval = TimeSpan.FromMilliseconds(50);

    readonly Dictionary<int, Known> _processes = [];
    readonly Queue<(int Pid, Known Process)> _ended = [];
    readonly Queue<int> _unread = [];
    readonly HeldFiles _held = new();
    ProcessEvents? _events;
    string? _deafness;
    int _followed;
    long _forgotten;
    long _unnamed;
    long _unkept;

    /// <summary>Whether the kernel tells of new mappings.</summary>
    public bool IsTold => _events is not null;

    /// <summary>Called when a process is told to have mapped code of a file.</summary>
    public Action<int>? Mapped { get; set; }

    /// <summary>How long may be waited before <see cref="Refresh"/> is called again.</summary>
    public TimeSpan Interval =>
        _unread.Count > 0 ? TimeSpan.Zero
        : _followed > 0 && _processes.TryGetValue(_followed, out var known) && known is { Jit: not null, HasEnded: false } ? _jitInterval
        : Timeout.InfiniteTimeSpan;

    /// <summary>The descriptors that are readable when there is something new.</summary>
    public IEnumerable<FileDescriptor> Descriptors => _events?.Descriptors ?? [];

    /// <summary>What is missing, a sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var problem in _processes.Values.SelectMany(static known => known.Jit?.Problems ?? []).Distinct())
        {
            yield return problem;
        }

        if (_deafness is not null)
        {
            yield return $"processes that ended may have no names in stacks: {_deafness}";
        }

        if (_events?.Lost is > 0 and var lost)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{lost} records of what processes mapped were lost: names may be missing in their stacks");
        }

        if (_unnamed > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{_unnamed} times an address had no name because its process had ended and was forgotten behind {MostProcesses} others");
        }

        if (_unkept > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{_unkept} mappings of processes that map too many were not kept: names may be missing in their stacks");
        }
    }

    /// <summary>Begins to listen, and learns what is mapped already.</summary>
    /// <param name="process">The one process that is followed; 0 for all of them.</param>
    public void Start(int process)
    {
        files.Held = _held;
        var opened = ProcessEvents.TryOpen(Processors.Online, out _events);
        if (opened.Failed)
        {
            _deafness = $"perf_event_open: {opened.Errno}. That needs CAP_PERFMON, and room in kernel.perf_event_mlock_kb";
        }

        _followed = process;
        if (process > 0)
        {
            Read(process);
            foreach (var mapping in _processes.GetValueOrDefault(process)?.Table.All ?? [])
            {
                if (mapping is { IsFile: true, IsExecutable: true })
                {
                    _held.Hold(process, mapping);
                }
            }

            return;
        }

        foreach (var pid in ProcFs.Processes())
        {
            _unread.Enqueue(pid);
        }
    }

    /// <summary>Learns what happened since.</summary>
    public void Refresh()
    {
        _events?.Drain(Apply);
        for (var i = 0; i < ReadAtOnce && _unread.TryDequeue(out var pid); i++)
        {
            if (!_processes.ContainsKey(pid))
            {
                Read(pid, onlyCode: true);
            }
        }

        if (_followed > 0 && _processes.TryGetValue(_followed, out var known) && known is { Jit: { } jit, HasEnded: false })
        {
            jit.Refresh(known.Table.All);
        }
    }

    /// <summary>Finds the mapping of a process that has an address.</summary>
    public bool TryFind(int pid, ulong address, out ProcMapping mapping)
    {
        if (TryFindKnown(pid, address, out mapping))
        {
            return true;
        }

        _events?.Drain(Apply);
        if (TryFindKnown(pid, address, out mapping))
        {
            return true;
        }

        if (_processes.TryGetValue(pid, out var known) && (known.HasEnded || Environment.TickCount64 - known.ReadAtMs < PatienceMs))
        {
            return false;
        }

        if (!Read(pid) && known is null && _forgotten > 0)
        {
            _unnamed++;
        }

        return TryFindKnown(pid, address, out mapping);
    }

    /// <summary>Names of code that a process made; null when nothing is known of the process.</summary>
    public JitNames? Jit(int pid) => _processes.TryGetValue(pid, out var known) ? known.Jit ??= new JitNames(pid) : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _events?.Dispose();
        _held.Dispose();
    }

    bool TryFindKnown(int pid, ulong address, out ProcMapping mapping)
    {
        for (var program = _processes.GetValueOrDefault(pid); program is not null; program = program.Before)
        {
            if (program.Table.TryFind(address, out mapping))
            {
                return true;
            }
        }

        mapping = default;
        return false;
    }

    void Apply(ProcessEvent told)
    {
        if (_followed > 0 && told.Pid != _followed)
        {
            return;
        }

        switch (told.Kind)
        {
            case ProcessEventKind.Forked:
                var parent = Of(told.Parent);
                Put(told.Pid, new Known((parent ?? Of(told.Pid))?.Table.Copy() ?? new MappingTable([])), _processes.GetValueOrDefault(told.Pid));
                break;
            case ProcessEventKind.Executed:
                Put(told.Pid, new Known(new MappingTable([])), _processes.GetValueOrDefault(told.Pid));
                break;
            case ProcessEventKind.Mapped:
                Map(told.Pid, told.Mapping);
                break;
            case ProcessEventKind.Ended when _processes.TryGetValue(told.Pid, out var known):
                known.HasEnded = true;
                _ended.Enqueue((told.Pid, known));
                if (_ended.Count > MostProcesses)
                {
                    ForgetLongestEnded();
                }

                break;
        }
    }

    void Map(int pid, in ProcMapping mapping)
    {
        // What it had mapped before is read with it, unless it is gone already.
        if (Of(pid) is not { } known)
        {
            known = new Known(new MappingTable([]));
            Put(pid, known, null);
        }

        _unkept += known.Table.Add(mapping) ? 0 : 1;
        if (MayBeMade(mapping))
        {
            // Once here too: a short process may have written all that it ever will.
            known.Jit ??= new JitNames(pid);
            known.Jit.Refresh(known.Table.All);
        }
        else if (mapping.IsFile)
        {
            _held.Hold(pid, mapping);
            Mapped?.Invoke(pid);
        }
    }

    /// <summary>Whether a mapping may have code that was made at run time, or tells of such.</summary>
    static bool MayBeMade(in ProcMapping mapping) =>
        !mapping.IsFile ? !mapping.Path.StartsWith('[') : mapping.IsMemfd || mapping.IsDeleted || mapping.Path.EndsWith(".dump", StringComparison.Ordinal);

    /// <summary>What is known of a process, which is read if need be; null when it is gone.</summary>
    Known? Of(int pid) => _processes.TryGetValue(pid, out var known) || (Read(pid, onlyCode: true) && _processes.TryGetValue(pid, out known)) ? known : null;

    /// <summary>Reads what a process has mapped now.</summary>
    bool Read(int pid, bool onlyCode = false)
    {
        if (!ProcFs.TryReadMaps(pid, out var mappings) || mappings.Count == 0)
        {
            return false;
        }

        if (onlyCode)
        {
            mappings.RemoveAll(static mapping => !mapping.IsExecutable);
        }

        var before = _processes.GetValueOrDefault(pid);
        var known = new Known(new MappingTable(mappings)) { ReadAtMs = Environment.TickCount64, Jit = before?.Jit };
        if (known.Jit is null && mappings.Exists(static mapping => mapping.IsExecutable && MayBeMade(mapping)))
        {
            known.Jit = new JitNames(pid);
        }

        known.Jit?.Refresh(mappings);
        Put(pid, known, before?.Before);
        return true;
    }

    void Put(int pid, Known known, Known? before)
    {
        known.Before = before;
        var last = known;
        for (var i = 1; i < MostPrograms && last.Before is not null; i++)
        {
            last = last.Before;
        }

        last.Before = null;
        while (_processes.Count >= MostProcesses && !_processes.ContainsKey(pid))
        {
            // Those that run can be read again.
            if (!ForgetLongestEnded())
            {
                _processes.Remove(_processes.First().Key);
            }
        }

        _processes[pid] = known;
    }

    /// <returns>False when none has ended.</returns>
    bool ForgetLongestEnded()
    {
        // Another process may have its number by now.
        if (_ended.TryDequeue(out var oldest) && _processes.TryGetValue(oldest.Pid, out var known) && known == oldest.Process)
        {
            _processes.Remove(oldest.Pid);
            _forgotten++;
        }

        return oldest.Process is not null;
    }

    /// <summary>A process, as far as one program's run goes.</summary>
    sealed class Known(MappingTable table)
    {
        public MappingTable Table { get; } = table;

        public Known? Before { get; set; }

        public JitNames? Jit { get; set; }

        public long ReadAtMs { get; init; } = long.MinValue / 2;

        public bool HasEnded { get; set; }
    }
}
