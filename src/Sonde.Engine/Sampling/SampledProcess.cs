using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Stacks;
using Sonde.Linux;
using Sonde.Python.Stacks;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Engine.Sampling;

/// <summary>One process that is sampled from outside.</summary>
sealed class SampledProcess : IDisposable
{
    const string StackChanged = "the stack changed all the time it was read";
    const string StackUncertain = "nothing proved yet that a call in the stack was real";

    /// <summary>How long the list of threads, and the process's being there, is taken for granted.</summary>
    const ulong ListAgeNs = 10_000_000;

    /// <summary>A stack that goes on all the time is tried again for this long, or half an interval if that is less.</summary>
    const long MostPatienceNs = 1_000_000;

    /// <summary>A gap longer than this, or than some intervals, is no matter of a late sample: the sampler itself stood still.</summary>
    const long LongestGapNs = 1_000_000_000;

    /// <summary>Names are asked for again after this time, and then after twice as long.</summary>
    const ulong FirstNamePauseNs = 20_000_000;
    const ulong LongestNamePauseNs = 10_000_000_000;

    readonly SamplingOptions _options;
    readonly SampleRecorder _recorder;
    readonly PythonProcessView _view;
    readonly PidFd? _pidFd;
    readonly StackInterning _interning;
    readonly NativeSampling? _native;
    readonly Dictionary<ulong, SampledThread> _threads = [];
    readonly List<SampledThread> _order = [];
    readonly List<ThreadRecord> _records = [];
    readonly List<ThreadRecord> _known = [];
    readonly List<GilState> _gilsOfThread = [];
    readonly Dictionary<ulong, GilState> _gils = [];
    readonly Dictionary<ulong, GilState> _gilsOfThisLook = [];
    readonly int _number;
    readonly long _patienceNs;
    IReadOnlyList<ThreadRecord> _byInterpreter = [];
    IReadOnlyList<int> _tids = [];
    bool _isNested;
    int _unknownThreads;
    ulong _listedNs;
    ulong _namedNs;
    ulong _namePauseNs;
    int _failures;

    public SampledProcess(PythonProcessView view, SamplingOptions options, SampleRecorder recorder)
    {
        _view = view;
        _options = options;
        _recorder = recorder;
        _interning = new StackInterning(view.Codes, recorder, options.When);
        _native = options.Native ? new NativeSampling(view.Pid, _interning, recorder) : null;
        _pidFd = PidFd.TryOpen(view.Pid, out var opened).Failed ? null : opened;
        _patienceNs = Math.Min(MostPatienceNs, options.IntervalNs / 2);
        var parent = ProcFs.TryReadStat(view.Pid, out var stat) ? stat.ParentPid : 0;
        _number = recorder.Process(new ProfileProcess(view.Pid, parent, string.Join(' ', ProcFs.ReadCommandLine(view.Pid))));
    }

    public int Pid => _view.Pid;

    public bool HasExited => _pidFd?.HasExited ?? !ProcFs.Exists(Pid);

    /// <summary>Whether there is nothing more to sample: the process has ended, or nothing of the interpreter has been there for some time because it has become another program.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Takes a sample of every thread.</summary>
    /// <param name="interval">The number of the interval that this is the moment of; negative to look without recording.</param>
    public void Look(long interval)
    {
        // A call into another interpreter may have a thread state of its own, for as long as it lasts.
        if ((_isNested || Clock.MonotonicNs - _listedNs >= ListAgeNs) && !List())
        {
            return;
        }

        _gilsOfThisLook.Clear();
        if (_isNested)
        {
            Group();
            if (interval >= 0 && _unknownThreads > 0)
            {
                _recorder.Lose("a sub-interpreter's code runs in a thread that cannot be told", null, _unknownThreads);
            }
        }

        foreach (var thread in _order)
        {
            if (thread.States.Count > 0)
            {
                Look(thread, interval);
            }
            else
            {
                thread.LastInterval = -1;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _order.ForEach(thread => thread.Dispose());
        _native?.Dispose();
        _pidFd?.Dispose();
        _view.Dispose();
    }

    void Look(SampledThread thread, long interval)
    {
        var gap = thread.LastInterval < 0 ? 1 : interval - thread.LastInterval;
        thread.LastInterval = interval;
        var weightNs = WeightOf(gap);
        var now = Clock.MonotonicNs;
        (string? Cause, ulong Code) lost = default;
        var holdsGil = TryLookAtHolder(thread, now, ref lost);
        if (!holdsGil)
        {
            holdsGil = FindGils(thread);
            if (!thread.HasNotMoved() || (thread.Stack is null && IsWanted(thread.State, holdsGil)))
            {
                lost = LookAnew(thread, holdsGil);
            }
        }

        thread.HeldGil = holdsGil;
        if (interval >= 0 && thread.Stack is null && lost.Cause is { } cause)
        {
            _recorder.Lose(cause, lost.Code == 0 ? null : _interning.NameOf(lost.Code));
        }

        // The look before the first interval only makes things known.
        if (interval >= 0 && thread.Stack is { } stack && IsWanted(thread.State, holdsGil))
        {
            var state = thread.ShownState(weightNs);
            if (thread.Window is { } window)
            {
                window.Add(thread.MeantFrame, now, stack, weightNs, state, holdsGil);
            }
            else
            {
                _recorder.Add(now, thread.Number, stack, weightNs, state, holdsGil);
            }
        }
    }

    /// <summary>Reads the stack of the thread that held the interpreter lock at the last look, and whether it still does, in one system call.</summary>
    /// <returns>Whether it does.</returns>
    bool TryLookAtHolder(SampledThread thread, ulong nowNs, ref (string? Cause, ulong Code) lost)
    {
        var interpreter = thread.Record.Interpreter;
        if (!thread.HeldGil || _native is not null || thread.States.Count > 1 || _gilsOfThisLook.ContainsKey(interpreter) || !_gils.TryGetValue(interpreter, out var before) || before.WaitStart == 0)
        {
            return false;
        }

        var result = thread.ReadStack(_view.Stacks, _interning, _patienceNs, LockPlace(thread), out var unchanged);
        // One that goes on all the time is not read again: it had its patience.
        var isRead = result is StackReadResult.Verified or StackReadResult.Changed;
        var gil = before with { Holder = isRead ? _view.Runtime.HolderIn(_view.Stacks.Beside.Span) : 0 };
        if (gil.Holder != thread.Record.Address)
        {
            return false;
        }

        _gilsOfThisLook.Add(interpreter, gil);
        thread.IsRunning();
        thread.PutOffTurns(nowNs);
        _gilsOfThread.Clear();
        _gilsOfThread.Add(gil);
        lost = Judge(thread, holdsGil: true, result, unchanged);
        if (thread.HasMovedFromBlock())
        {
            // It came and went while it was looked at.
            thread.IsRunning();
        }

        return true;
    }

    (ulong Address, int Length) LockPlace(SampledThread thread) =>
        _gils.TryGetValue(thread.Record.Interpreter, out var gil) ? _view.Runtime.HolderPlace(gil) : default;

    /// <summary>Finds out a thread's state and stack, so that the one goes with the other.</summary>
    /// <returns>Why there is no stack, and in which code it was; no cause when there is one, or none was to be had.</returns>
    (string? Cause, ulong Code) LookAnew(SampledThread thread, bool holdsGil)
    {
        const int mostTries = 3;
        (string? Cause, ulong Code) lost = default;
        for (var i = 0; i < mostTries; i++)
        {
            if (holdsGil)
            {
                thread.IsRunning();
            }
            else
            {
                thread.FindState(_gilsOfThread);
            }

            if (!IsWanted(thread.State, holdsGil))
            {
                thread.ForgetStack();
                return default;
            }

            lost = Read(thread, holdsGil);
            if (!thread.HasMovedFromBlock())
            {
                return lost;
            }
        }

        // It comes and goes: it runs more than it waits.
        thread.IsRunning();
        return lost;
    }

    /// <summary>Reads a thread's stack.</summary>
    (string? Cause, ulong Code) Read(SampledThread thread, bool holdsGil)
    {
        if (_native is not null)
        {
            return thread.ReadNativeStack(_view.Nested, _native, _interning) ? default : Unverified();
        }

        var result = ReadStack(thread, out var unchanged);
        return Judge(thread, holdsGil, result, unchanged);
    }

    /// <summary>What a reading of a thread's stack came to.</summary>
    (string? Cause, ulong Code) Judge(SampledThread thread, bool holdsGil, StackReadResult result, bool unchanged)
    {
        switch (result)
        {
            case StackReadResult.Verified:
                if (thread.Stack is null)
                {
                    return ("a code object could not be read", 0);
                }

                if (unchanged && holdsGil)
                {
                    // It may be blocked in C code that keeps the lock; when it went on meanwhile, it is not.
                    thread.FindState(_gilsOfThread);
                    if (thread.IsBlocked && (ReadStack(thread, out unchanged) != StackReadResult.Verified || !unchanged))
                    {
                        thread.IsRunning();
                    }
                }

                break;
            case StackReadResult.Changed:
                return Unverified();
            case StackReadResult.Unreadable:
                // Most likely the thread has ended; the list tells.
                _listedNs = 0;
                break;
            case StackReadResult.NoFrames:
                break;
        }

        return default;
    }

    (string? Cause, ulong Code) Unverified() => (_view.Stacks.IsUncertain ? StackUncertain : StackChanged, _view.Stacks.ChangedIn);

    StackReadResult ReadStack(SampledThread thread, out bool unchanged) => thread.States.Count > 1
        ? thread.ReadNestedStack(_view.Nested, _interning, _patienceNs, out unchanged)
        : thread.ReadStack(_view.Stacks, _interning, _patienceNs, LockPlace(thread), out unchanged);

    bool IsWanted(ThreadState state, bool holdsGil) => _options.GilOnly ? holdsGil : _options.Idle || !ProfileView.IsIdle(state);

    /// <summary>Finds the locks of a thread's interpreters.</summary>
    /// <returns>Whether it holds one.</returns>
    bool FindGils(SampledThread thread)
    {
        _gilsOfThread.Clear();
        var holds = false;
        for (var i = 0; i < thread.States.Count; i++)
        {
            var state = thread.States[i];
            var gil = GilOf(state.Interpreter);
            _gilsOfThread.Add(gil);
            holds |= gil.Holder == state.Address;
        }

        return holds;
    }

    /// <summary>The state of an interpreter's lock: in full until it is known where the lock is, then only who holds it.</summary>
    GilState GilOf(ulong interpreter)
    {
        if (_gilsOfThisLook.TryGetValue(interpreter, out var gil))
        {
            return gil;
        }

        gil = _gils.TryGetValue(interpreter, out var before) && before.WaitStart != 0
            ? before with { Holder = _view.Runtime.ReadHolder(before) }
            : _gils[interpreter] = _view.Runtime.ReadGil(interpreter);
        _gilsOfThisLook.Add(interpreter, gil);
        return gil;
    }

    long WeightOf(long gap)
    {
        var longest = Math.Max(LongestGapNs / _options.IntervalNs, 8);
        if (gap > longest)
        {
            _recorder.Lose("the sampler was not given a processor", null, gap - longest);
        }

        return Math.Min(gap, longest) * _options.IntervalNs;
    }

    /// <summary>Compares the threads known with those that the interpreter lists.</summary>
    bool List()
    {
        const int mostFailures = 20;
        if (!_view.Runtime.ReadThreads(_records))
        {
            _failures++;
            HasEnded = HasExited || _failures > mostFailures;
            return false;
        }

        _failures = 0;
        HasEnded = HasExited;
        _listedNs = Clock.MonotonicNs;
        if (_tids.Contains(0) || !_records.SequenceEqual(_known))
        {
            Relist();
        }

        Name();
        if (_order.Exists(static thread => !thread.IsListed))
        {
            Forget();
        }

        return true;
    }

    /// <summary>Takes in that there are other threads than before, or that one has begun that had no number yet.</summary>
    void Relist()
    {
        // With a new interpreter comes a new thread.
        _gils.Clear();
        _known.Clear();
        _known.AddRange(_records);
        _byInterpreter = [.. _records.OrderBy(static record => record.InterpreterId)];
        _tids = _view.FindTids(_byInterpreter);
        _view.States.Learn(_byInterpreter, _tids);
        _isNested = ThreadStates.AreNested(_records);
        Dictionary<ulong, int> places = new(_records.Count);
        for (var i = 0; i < _records.Count; i++)
        {
            places[_records[i].Address] = i;
        }

        foreach (var thread in _order)
        {
            thread.IsListed = places.TryGetValue(thread.Record.Address, out var place) && _records[place] is var record
                && record.Interpreter == thread.Record.Interpreter && (record == thread.Record || thread.Record.PthreadId == 0);
        }

        Group();
    }

    /// <summary>Finds out which thread states are of which thread now.</summary>
    void Group()
    {
        foreach (var thread in _order)
        {
            thread.States = _isNested ? [] : [thread.Record];
        }

        _unknownThreads = 0;
        foreach (var group in _view.States.Group(_byInterpreter, _tids))
        {
            // A thread that has not begun has no number yet.
            if (group.Tid == 0)
            {
                _unknownThreads += _isNested && group.Own.InterpreterId != 0 ? 1 : 0;
                continue;
            }

            if (!_threads.TryGetValue(group.Own.Address, out var thread) || thread.Record != group.Own || thread.Tid != group.Tid)
            {
                if (thread is not null)
                {
                    _order.Remove(thread);
                    thread.Dispose();
                }

                thread = Add(group.Own, group.Tid);
            }

            thread.States = group.States;
        }
    }

    SampledThread Add(in ThreadRecord record, int tid)
    {
        var number = _recorder.Thread(new ProfileThread(_number, tid, ""));
        var thread = new SampledThread(record, tid, number, new ThreadFiles(Pid, tid))
        {
            IsListed = true,
            Window = _options.When is { } when ? new SlowCallWindow((ulong)when.Threshold.Ticks * 100, _recorder, number) : null,
        };
        _threads[record.Address] = thread;
        _order.Add(thread);
        // It is asked at once what it is called.
        _namedNs = 0;
        return thread;
    }

    /// <summary>Asks what the threads are called: at once when there are new ones, and again at growing distances, for a thread is there before its name is.</summary>
    void Name()
    {
        var now = Clock.MonotonicNs;
        if (now < _namedNs)
        {
            return;
        }

        _namePauseNs = _namedNs == 0 ? FirstNamePauseNs : Math.Min(2 * _namePauseNs, LongestNamePauseNs);
        _namedNs = now + _namePauseNs;
        var names = _view.FindNames([.. _order.Select(static thread => thread.Record)], [.. _order.Select(static thread => thread.Tid)]);
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i] is { } name && name != _order[i].Name)
            {
                _order[i].Name = name;
                _recorder.Rename(_order[i].Number, name);
            }
        }
    }

    void Forget()
    {
        foreach (var thread in _order.Where(static thread => !thread.IsListed))
        {
            _threads.Remove(thread.Record.Address);
            thread.Dispose();
        }

        _order.RemoveAll(static thread => !thread.IsListed);
        _view.Stacks.Forget(_records);
    }
}
