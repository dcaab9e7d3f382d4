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

    /// <summary>Of all processes together: about a hundred megabytes.</summary>
    const int MostMappings = 1 << 20;

    /// <summary>How many of the processes that run when this begins are read at a time, so that nothing else has to wait.</summary>
    const int ReadAtOnce = 16;

    /// <summary>A process's mappings are read again when an address is in none of them, but not again and again.</summary>
    const long PatienceMs = 200;

    /// <summary>How often it is looked at what the kernel does not tell of processes that are followed: the files in which their compilers tell of functions and, when it tells nothing, their mappings.</summary>
    static readonly TimeSpan _lookInterval = TimeSpan.FromMilliseconds(50);

    readonly KnownProcesses _processes = new(MostProcesses, MostMappings);
    readonly Queue<int> _unread = [];
    readonly HeldFiles _held = new();
    ProcessEvents? _events;
    string? _deafness;
    int[] _followed = [];
    bool _withChildren;
    long _unnamed;
    long _unkept;

    /// <summary>Whether the kernel tells of new mappings.</summary>
    public bool IsTold => _events is not null;

    /// <summary>Called when a process is told to have mapped code of a file.</summary>
    public Action<int>? Mapped { get; set; }

    /// <summary>How long may be waited before <see cref="Refresh"/> is called again.</summary>
    public TimeSpan Interval =>
        _unread.Count > 0 ? TimeSpan.Zero
        : Array.Exists(_followed, pid => _events is null || _processes.Find(pid) is { Jit: not null, HasEnded: false }) ? _lookInterval
        : Timeout.InfiniteTimeSpan;

    /// <summary>The descriptors that are readable when there is something new.</summary>
    public IEnumerable<FileDescriptor> Descriptors => _events?.Descriptors ?? [];

    /// <summary>What is missing, a sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var problem in _processes.All.SelectMany(static known => known.Jit?.Problems ?? []).Distinct())
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
            yield return string.Create(CultureInfo.InvariantCulture, $"{_unnamed} times an address had no name because its process had ended and was forgotten behind others: {MostProcesses} processes and {MostMappings} mappings are remembered");
        }

        if (_unkept > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{_unkept} mappings of processes that map too many were not kept: names may be missing in their stacks");
        }
    }

    /// <summary>Begins to listen, and learns what is mapped already.</summary>
    /// <param name="followed">The processes that are followed; none for all of them.</param>
    /// <param name="withChildren">Whether those that they start from now on are followed too, and theirs.</param>
    public void Start(IReadOnlyCollection<int> followed, bool withChildren = false)
    {
        files.Held = _held;
        var opened = ProcessEvents.TryOpen(Processors.Online, out _events);
        if (opened.Failed)
        {
            _deafness = $"perf_event_open: {opened.Errno}. That needs CAP_PERFMON, and room in kernel.perf_event_mlock_kb";
        }

        (_followed, _withChildren) = ([.. followed.Distinct()], withChildren);
        foreach (var pid in _followed)
        {
            _processes.Keep(pid);
            Read(pid);
            foreach (var mapping in _processes.Find(pid)?.Table.All ?? [])
            {
                if (mapping is { IsFile: true, IsExecutable: true })
                {
                    _held.Hold(pid, mapping);
                }
            }
        }

        foreach (var pid in _followed.Length > 0 ? [] : ProcFs.Processes())
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
            if (_processes.Find(pid) is null)
            {
                Read(pid, onlyCode: true);
            }
        }

        foreach (var pid in _followed)
        {
            var known = _processes.Find(pid);
            if (_events is null)
            {
                if (known is null || Environment.TickCount64 - known.ReadAtMs >= (long)_lookInterval.TotalMilliseconds)
                {
                    Read(pid);
                }
            }
            else if (known is { Jit: { } jit, HasEnded: false })
            {
                jit.Refresh(known.Table.All);
            }
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

        var known = _processes.Find(pid);
        if (known is not null && (known.HasEnded || Environment.TickCount64 - known.ReadAtMs < PatienceMs))
        {
            return false;
        }

        if (!Read(pid) && known is null && _processes.Forgotten > 0)
        {
            _unnamed++;
        }

        return TryFindKnown(pid, address, out mapping);
    }

    /// <summary>Names of code that a process made; null when nothing is known of the process.</summary>
    /// <remarks>Of one that has ended, only what was read of it before: its number may be another's by now.</remarks>
    public JitNames? Jit(int pid) => _processes.Find(pid) is not { } known ? null : known.HasEnded ? known.Jit : known.Jit ??= new JitNames(pid);

    /// <inheritdoc/>
    public void Dispose()
    {
        _events?.Dispose();
        _held.Dispose();
    }

    bool TryFindKnown(int pid, ulong address, out ProcMapping mapping)
    {
        for (var program = _processes.Find(pid); program is not null; program = program.Before)
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
        var isChild = told.Kind == ProcessEventKind.Forked && _withChildren && IsFollowed(told.Parent);
        if (!isChild && !IsFollowed(told.Pid))
        {
            return;
        }

        switch (told.Kind)
        {
            case ProcessEventKind.Forked:
                var parent = Of(told.Parent);
                _processes.Put(told.Pid, new KnownProcess((parent ?? Of(told.Pid))?.Table.Copy() ?? new MappingTable([])) { IsFollowed = isChild }, _processes.Find(told.Pid));
                break;
            case ProcessEventKind.Executed:
                _processes.Put(told.Pid, new KnownProcess(new MappingTable([])), _processes.Find(told.Pid));
                break;
            case ProcessEventKind.Mapped:
                Map(told.Pid, told.Mapping);
                break;
            case ProcessEventKind.Ended:
                _processes.End(told.Pid);
                break;
        }
    }

    bool IsFollowed(int pid) => _followed.Length == 0 || Array.IndexOf(_followed, pid) >= 0 || _processes.Find(pid) is { IsFollowed: true };

    void Map(int pid, in ProcMapping mapping)
    {
        // What it had mapped before is read with it, unless it is gone already.
        if (Of(pid) is not { } known)
        {
            known = new KnownProcess(new MappingTable([]));
            _processes.Put(pid, known, null);
        }

        _unkept += _processes.Add(pid, mapping) ? 0 : 1;
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
    KnownProcess? Of(int pid) => _processes.Find(pid) ?? (Read(pid, onlyCode: true) ? _processes.Find(pid) : null);

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

        var before = _processes.Find(pid);
        var known = new KnownProcess(new MappingTable(mappings)) { ReadAtMs = Environment.TickCount64, Jit = before?.Jit };
        if (known.Jit is null && mappings.Exists(static mapping => mapping.IsExecutable && MayBeMade(mapping)))
        {
            known.Jit = new JitNames(pid);
        }

        known.Jit?.Refresh(mappings);
        _processes.Put(pid, known, before?.Before);
        return true;
    }
}
