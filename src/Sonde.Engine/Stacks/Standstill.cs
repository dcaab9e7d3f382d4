using System.Diagnostics;
using Sonde.Linux;
using Sonde.Python.Stacks;

namespace Sonde.Engine.Stacks;

/// <summary>Finds moments in which the Python code of a process stands still, without holding it, and tells whether they lasted.</summary>
/// <remarks>
/// Only who holds the interpreter's lock changes its objects. So it is enough that the holder does not run; when nobody holds the lock, that no thread does. A thread
/// that is blocked does not run until it is given a processor, and of that the kernel keeps count. Of one that is not blocked, the caller takes the place: it moves to the very
/// processor that the thread is on, as any other program may, and while it runs there the thread waits. The load balancer may take the thread elsewhere, and time slices end; that,
/// too, is a turn on a processor, and then the moment did not last. Not safe for concurrent use; to be used and disposed by one thread.
/// </remarks>
sealed class Standstill(PythonProcessView view) : IDisposable
{
    /// <summary>Of more threads only as many are watched while nobody holds the lock; the thread that is looked at is always one of them.</summary>
    const int MostWatched = 64;

    static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);

    readonly ProcessorAffinity _affinity = new();
    readonly Dictionary<int, ThreadFiles> _files = [];
    readonly List<(ThreadFiles Files, ulong Turns)> _watched = [];
    int _processor = -1;
    bool _isNeededThere;

    enum Outcome
    {
        Still,
        Moving,
        Untold,
    }

    /// <summary>Looks at a process, again and again if need be, until nothing of it changed meanwhile.</summary>
    /// <param name="thread">The thread that is looked at.</param>
    /// <param name="threads">All threads of its process.</param>
    /// <param name="tids">Their kernel's numbers, 0 where they are unknown.</param>
    /// <param name="look">Looks; false when what it saw does not hold together and it wants to look again.</param>
    /// <returns>False when no such moment was found: what was seen last, if anything, may be of several moments.</returns>
    public bool TryDuring(in ThreadRecord thread, IReadOnlyList<ThreadRecord> threads, IReadOnlyList<int> tids, Func<bool> look)
    {
        var start = Stopwatch.GetTimestamp();
        do
        {
            var holder = view.Runtime.ReadGil(thread.Interpreter).Holder;
            var outcome = Watch(thread, holder, threads, tids);
            if (outcome == Outcome.Untold)
            {
                return false;
            }

            // The holder is asked for again: before it stood still, it may have let go of the lock.
            if (outcome == Outcome.Still && view.Runtime.ReadGil(thread.Interpreter).Holder == holder && look() && HasLasted() && view.Runtime.ReadGil(thread.Interpreter).Holder == holder)
            {
                return true;
            }

            // Whoever was about to change something gets to do so.
            Thread.Sleep(1);
        }
        while (Stopwatch.GetElapsedTime(start) < _patience);

        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _affinity.Dispose();
        foreach (var files in _files.Values)
        {
            files.Dispose();
        }
    }

    /// <summary>Makes sure that none runs of those who could change something.</summary>
    Outcome Watch(in ThreadRecord thread, ulong holder, IReadOnlyList<ThreadRecord> threads, IReadOnlyList<int> tids)
    {
        _watched.Clear();
        _isNeededThere = false;
        var others = MostWatched;
        for (var i = 0; i < threads.Count; i++)
        {
            var isMeant = holder != 0 ? threads[i].Address == holder : threads[i].Address == thread.Address || (threads[i].Interpreter == thread.Interpreter && others-- > 0);
            if (!isMeant)
            {
                continue;
            }

            if (tids[i] == 0)
            {
                return Outcome.Untold;
            }

            var outcome = Watch(Open(tids[i]));
            if (outcome != Outcome.Still)
            {
                return outcome;
            }
        }

        // A thread that is not in the list has begun only now.
        return _watched.Count > 0 ? Outcome.Still : Outcome.Moving;
    }

    Outcome Watch(ThreadFiles files)
    {
        const int attempts = 20;
        for (var i = 0; i < attempts; i++)
        {
            // The count comes first: a turn that begins after it shows.
            if (!files.TryReadTurns(out var turns) || turns.Turns == 0 || !files.TryReadPlace(out var place))
            {
                return Outcome.Untold;
            }

            if (place.State != 'R')
            {
                // The state alone can be that of a thread about to wait; for this the kernel makes sure that it has left its processor.
                if (files.TryReadCall(out var call) && !call.IsRunning)
                {
                    _watched.Add((files, turns.Turns));
                    return Outcome.Still;
                }
            }
            else if (place.Processor == _processor)
            {
                _watched.Add((files, turns.Turns));
                _isNeededThere = true;
                return Outcome.Still;
            }
            else if (_isNeededThere)
            {
                // Two run at once, and we can be in one place only.
                return Outcome.Moving;
            }
            else if (!place.IsFair || !_affinity.TryMoveTo(place.Processor))
            {
                return Outcome.Untold;
            }
            else
            {
                _processor = place.Processor;
            }
        }

        return Outcome.Moving;
    }

    bool HasLasted()
    {
        foreach (var (files, before) in _watched)
        {
            if (!files.TryReadTurns(out var turns) || turns.Turns != before)
            {
                return false;
            }
        }

        return true;
    }

    ThreadFiles Open(int tid)
    {
        if (!_files.TryGetValue(tid, out var files))
        {
            _files.Add(tid, files = new ThreadFiles(view.Pid, tid));
        }

        return files;
    }
}
