namespace Sonde.Engine.Profiles.Formats;

/// <summary>The samples of each thread in the order of time, for formats with a time axis. Costs four bytes a sample.</summary>
/// <remarks>
/// A profile of sums has no times. Its stacks are then laid out one after the other, each as long as its weight and those that share
/// callers side by side, so that a flame chart of it looks like its flame graph.
/// </remarks>
sealed class ThreadTimes
{
    readonly Profile _profile;
    readonly List<Sample>? _laidOut;
    readonly int[] _order;
    readonly int[] _first;

    public ThreadTimes(Profile profile)
    {
        _profile = profile;
        IsLaidOut = profile.Timeline.Count == 0;
        _laidOut = IsLaidOut ? LayOut(profile) : null;
        (_order, _first) = SortByThread();
    }

    /// <summary>Whether there were no times, and the samples are sums one after the other.</summary>
    public bool IsLaidOut { get; }

    /// <summary>How many samples a thread has.</summary>
    public int Count(int thread) => _first[thread + 1] - _first[thread];

    /// <summary>The samples of a thread.</summary>
    public IEnumerable<Sample> Of(int thread)
    {
        for (int i = _first[thread]; i < _first[thread + 1]; i++)
        {
            yield return Samples[_order[i]];
        }
    }

    IReadOnlyList<Sample> Samples => _laidOut ?? _profile.Timeline;

    /// <summary>A counting sort, which keeps the order within a thread.</summary>
    (int[] Order, int[] First) SortByThread()
    {
        var samples = Samples;
        int[] first = new int[_profile.Threads.Count + 1];
        for (int i = 0; i < samples.Count; i++)
        {
            first[samples[i].Thread + 1]++;
        }

        for (int thread = 0; thread < _profile.Threads.Count; thread++)
        {
            first[thread + 1] += first[thread];
        }

        int[] next = first[..^1];
        int[] order = new int[samples.Count];
        for (int i = 0; i < samples.Count; i++)
        {
            order[next[samples[i].Thread]++] = i;
        }

        return (order, first);
    }

    static List<Sample> LayOut(Profile profile)
    {
        int[] rank = RankByCallers(profile.Stacks);
        long[] time = new long[profile.Threads.Count];
        var samples = new List<Sample>();
        foreach (var entry in profile.Entries.OrderBy(entry => rank[entry.Stack]).ThenBy(entry => entry.State).ThenBy(entry => entry.HoldsGil))
        {
            samples.Add(new Sample(time[entry.Thread], entry.Thread, entry.Stack, entry.Weight, entry.State, entry.HoldsGil));
            time[entry.Thread] += entry.Weight;
        }

        return samples;
    }

    /// <summary>The place of each stack when the tree is walked callers first, callees in the order of their numbers.</summary>
    static int[] RankByCallers(StackTable stacks)
    {
        int[] firstCallee = new int[stacks.Count], nextSibling = new int[stacks.Count], rank = new int[stacks.Count];
        for (int stack = stacks.Count - 1; stack > StackTable.Empty; stack--)
        {
            nextSibling[stack] = firstCallee[stacks.Caller(stack)];
            firstCallee[stacks.Caller(stack)] = stack;
        }

        int place = 0;
        for (int stack = StackTable.Empty; ;)
        {
            rank[stack] = place++;
            if (firstCallee[stack] != 0)
            {
                stack = firstCallee[stack];
                continue;
            }

            while (stack != StackTable.Empty && nextSibling[stack] == 0)
            {
                stack = stacks.Caller(stack);
            }

            if (stack == StackTable.Empty)
            {
                return rank;
            }

            stack = nextSibling[stack];
        }
    }
}
