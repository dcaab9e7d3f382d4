using System.Diagnostics;

namespace Sonde.Python.Stacks;

/// <summary>Reads the whole stack of a thread that runs in several interpreters, one inside the other.</summary>
/// <remarks>
/// C code that runs Python in another interpreter swaps the thread state of the calling one for one of the other (<c>PyThreadState_Swap</c>, Python/pystate.c), which then has frames of its own; those
/// of the state that was swapped out stay as they are until the inner one's have ended. So what was read of the outer ones while the inner one went on is of one moment with it. Which is inside
/// which, the machine's stack tells, on which the evaluation loop keeps something of each (<see cref="StackReader.MachinePlace"/>); up to 3.9, where it keeps nothing there, the order in which the
/// interpreters were made. Not safe for concurrent use.
/// </remarks>
/// <param name="reader">Reads the stack of one thread state.</param>
public sealed class NestedStacks(StackReader reader)
{
    readonly List<Reading> _readings = [];
    readonly List<StackPart> _parts = [];
    readonly List<RawFrame> _again = [];

    sealed class Reading
    {
        public ThreadRecord State { get; set; }

        public List<RawFrame> Frames { get; } = [];

        public ulong Place { get; set; }
    }

    /// <summary>The parts of the last stack read, the innermost first; empty where it has no frames.</summary>
    public IReadOnlyList<StackPart> Parts => _parts;

    /// <summary>Reads a thread's stack.</summary>
    /// <param name="states">Its thread states; those without frames at the moment add nothing.</param>
    /// <param name="innermostFirst">Filled with its frames; empty unless the result is <see cref="StackReadResult.Verified"/>.</param>
    /// <param name="budgetNs">How long to try again while the thread goes on, in nanoseconds.</param>
    /// <param name="isAsleep">Whether the thread is known to sleep, as <see cref="StackReader.Read"/> takes it.</param>
    /// <param name="hasSlept">Whether it has slept until now, as <see cref="StackReader.Read"/> takes it.</param>
    public StackReadResult Read(IReadOnlyList<ThreadRecord> states, List<RawFrame> innermostFirst, long budgetNs = 1_000_000, bool isAsleep = false, Func<bool>? hasSlept = null)
    {
        ArgumentNullException.ThrowIfNull(states);
        ArgumentNullException.ThrowIfNull(innermostFirst);
        _parts.Clear();
        if (states.Count == 1)
        {
            var single = reader.Read(states[0], innermostFirst, budgetNs, isAsleep, hasSlept: hasSlept);
            if (innermostFirst.Count > 0)
            {
                _parts.Add(new StackPart(states[0], innermostFirst.Count));
            }

            return single;
        }

        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            innermostFirst.Clear();
            var result = ReadAll(states, budgetNs, isAsleep, hasSlept);
            if (result is not (StackReadResult.Verified or StackReadResult.NoFrames) || _readings.Count == 0)
            {
                return result;
            }

            // The one that was innermost at first, when it is so still, has held all others where they are.
            var innermost = _readings[0];
            if (reader.Read(innermost.State, _again, budgetNs, isAsleep, hasSlept: hasSlept) == StackReadResult.Verified && IsSameBeginning(innermost.Frames, _again) && !HasBegun(states))
            {
                innermost.Frames.Clear();
                innermost.Frames.AddRange(_again);
                foreach (var reading in _readings)
                {
                    innermostFirst.AddRange(reading.Frames);
                    _parts.Add(new StackPart(reading.State, reading.Frames.Count));
                }

                return StackReadResult.Verified;
            }

            if (Stopwatch.GetElapsedTime(start).TotalNanoseconds >= budgetNs)
            {
                return StackReadResult.Changed;
            }
        }
    }

    /// <summary>Reads the states one after the other and puts those with frames in order.</summary>
    StackReadResult ReadAll(IReadOnlyList<ThreadRecord> states, long budgetNs, bool isAsleep, Func<bool>? hasSlept)
    {
        _readings.Clear();
        var unreadable = 0;
        // The inner ones first: what is read of the outer ones after that does not change while the inner ones are there.
        foreach (var state in states.OrderByDescending(static state => state.InterpreterId))
        {
            var reading = new Reading { State = state };
            switch (reader.Read(state, reading.Frames, budgetNs, isAsleep, hasSlept: hasSlept))
            {
                case StackReadResult.Verified:
                    reading.Place = reader.MachinePlace;
                    _readings.Add(reading);
                    break;
                case StackReadResult.Changed:
                    return StackReadResult.Changed;
                case StackReadResult.Unreadable:
                    // A state of a call that has ended just now is gone; the thread is not.
                    unreadable++;
                    break;
                case StackReadResult.NoFrames:
                    break;
            }
        }

        // Stacks grow downwards.
        _readings.Sort(static (left, right) => left.Place != right.Place ? left.Place.CompareTo(right.Place) : right.State.InterpreterId.CompareTo(left.State.InterpreterId));
        return _readings.Count > 0 ? StackReadResult.Verified : unreadable == states.Count ? StackReadResult.Unreadable : StackReadResult.NoFrames;
    }

    /// <summary>Whether a state that had no frames has some now.</summary>
    bool HasBegun(IReadOnlyList<ThreadRecord> states)
    {
        foreach (var state in states)
        {
            if (!_readings.Exists(reading => reading.State == state) && reader.HasFrames(state, out _, out _))
            {
                return true;
            }
        }

        return false;
    }

    static bool IsSameBeginning(List<RawFrame> left, List<RawFrame> right) => left[^1].Address == right[^1].Address && left[^1].Code == right[^1].Code;
}
