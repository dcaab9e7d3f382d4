using Sonde.Engine.Stacks;
using Sonde.Linux;

namespace Sonde.Engine.Sampling;

/// <summary>Looks for Python processes that come up while others are sampled, on a thread of its own, for opening one takes longer than a sample may.</summary>
sealed class ProcessScout(SamplingOptions options, Action<PythonProcessView> found) : IDisposable
{
    /// <summary>How long after its start a command that was just started is looked for eagerly.</summary>
    static readonly TimeSpan _eagerness = TimeSpan.FromSeconds(2);
    static readonly TimeSpan _eagerPause = TimeSpan.FromMilliseconds(1);
    static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(10);

    /// <summary>The list of all processes is long.</summary>
    const long EveryProcessMs = 200;

    /// <summary>A process that runs no Python yet may be about to load it. It is tried at growing distances, the last after some four seconds; later only a new program can bring it.</summary>
    const int MostTries = 12;

    /// <summary>What is called python will not take long to be one.</summary>
    const int LongestPythonPauseMs = 4;

    readonly Dictionary<int, Candidate> _candidates = [];
    readonly List<int> _again = [];
    readonly Lock _gate = new();
    readonly ManualResetEventSlim _stop = new();
    Thread? _thread;
    long _allListedMs = long.MinValue / 2;

    sealed class Candidate
    {
        public required ulong StartTicks { get; init; }

        public string? Executable { get; set; }

        public int Tries { get; set; }

        public long NextTryMs { get; set; }

        public long EagerUntilMs { get; set; }

        public bool IsTaken { get; set; }

        public bool IsCalledPython => Path.GetFileName(Executable.AsSpan()).Contains("python", StringComparison.Ordinal);
    }

    /// <summary>Whether more may be found though nothing is sampled at the moment.</summary>
    public bool MayFindMore
    {
        get
        {
            lock (_gate)
            {
                return options.All || _again.Count > 0 || (options.Launched && options.Pids.Any(IsAlive));
            }
        }
    }

    bool FollowsSomething => options.All || options.Subprocesses || options.Launched;

    /// <summary>Begins to look, when there is anything to look for.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_thread is null && (FollowsSomething || _again.Count > 0))
            {
                foreach (var pid in options.Launched ? [] : options.Pids.Where(pid => !_again.Contains(pid)))
                {
                    Take(pid);
                }

                _thread = new Thread(Run) { IsBackground = true, Name = "scout" };
                _thread.Start();
            }
        }
    }

    /// <summary>Looks into a process anew: it has become another program.</summary>
    public void LookAgain(int pid)
    {
        lock (_gate)
        {
            _candidates.Remove(pid);
            _again.Add(pid);
        }

        Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Set();
        _thread?.Join();
        _stop.Dispose();
    }

    static bool IsAlive(int pid) => ProcFs.TryReadStat(pid, out var stat) && !stat.IsZombie;

    void Run()
    {
        var start = Environment.TickCount64;
        while (!_stop.Wait(options.Launched && Environment.TickCount64 - start < _eagerness.TotalMilliseconds ? _eagerPause : _pause))
        {
            foreach (var pid in Wanted())
            {
                Try(pid);
            }
        }
    }

    List<int> Wanted()
    {
        List<int> pids;
        lock (_gate)
        {
            _again.RemoveAll(pid => !IsAlive(pid) || _candidates.GetValueOrDefault(pid) is { Tries: >= MostTries } or { IsTaken: true });
            pids = [.. _again];
        }

        if (options.Launched)
        {
            pids.AddRange(options.Pids);
        }

        if (options.Subprocesses || options.Launched)
        {
            foreach (var pid in options.Pids)
            {
                AddChildren(pid, pids);
            }
        }

        if (options.All && Environment.TickCount64 - _allListedMs > EveryProcessMs)
        {
            _allListedMs = Environment.TickCount64;
            pids.AddRange(ProcFs.Processes().Where(pid => pid != Environment.ProcessId));
        }

        return pids;
    }

    /// <summary>Adds the children of a process and theirs. Without being asked for, only those of a started command that is no Python itself, such as a shell.</summary>
    void AddChildren(int root, List<int> pids)
    {
        var from = pids.Count;
        var known = new HashSet<int> { root };
        Add(root);
        for (var i = from; i < pids.Count; i++)
        {
            Add(pids[i]);
        }

        void Add(int parent)
        {
            if (options.Subprocesses || !IsTaken(parent))
            {
                pids.AddRange(ProcFs.Children(parent).Where(known.Add));
            }
        }
    }

    bool IsTaken(int pid)
    {
        lock (_gate)
        {
            return _candidates.GetValueOrDefault(pid) is { IsTaken: true };
        }
    }

    void Take(int pid)
    {
        if (ProcFs.TryReadStat(pid, out var stat))
        {
            _candidates[pid] = new Candidate { StartTicks = stat.StartTimeTicks, IsTaken = true };
        }
    }

    void Try(int pid)
    {
        if (!ProcFs.TryReadStat(pid, out var stat) || stat.IsZombie || stat.IsKernelThread || CandidateOf(pid, stat.StartTimeTicks) is not { } candidate)
        {
            return;
        }

        try
        {
            var view = PythonProcessView.Open(pid);
            lock (_gate)
            {
                candidate.IsTaken = true;
            }

            found(view);
        }
        catch (Exception exception) when (exception is UserErrorException or LinuxException or Symbols.Elf.ElfException)
        {
            // It runs no Python, or not yet, or may not be looked at: it is passed over.
            candidate.Tries++;
            var pauseMs = 1 << Math.Min(candidate.Tries, MostTries);
            if (candidate.IsCalledPython && pauseMs > LongestPythonPauseMs && Environment.TickCount64 < candidate.EagerUntilMs)
            {
                pauseMs = LongestPythonPauseMs;
                candidate.Tries--;
            }

            candidate.NextTryMs = Environment.TickCount64 + pauseMs;
        }
    }

    /// <summary>The candidate, if it is time to try it.</summary>
    Candidate? CandidateOf(int pid, ulong startTicks)
    {
        lock (_gate)
        {
            if (!_candidates.TryGetValue(pid, out var candidate) || candidate.StartTicks != startTicks)
            {
                candidate = _candidates[pid] = new Candidate { StartTicks = startTicks };
            }

            if (candidate.IsTaken || Environment.TickCount64 < candidate.NextTryMs)
            {
                return null;
            }

            var executable = ProcFs.ReadExecutable(pid);
            if (candidate.Executable != executable)
            {
                candidate.Executable = executable;
                candidate.Tries = 0;
                candidate.EagerUntilMs = Environment.TickCount64 + (long)_eagerness.TotalMilliseconds;
            }

            return candidate.Tries < MostTries ? candidate : null;
        }
    }
}
