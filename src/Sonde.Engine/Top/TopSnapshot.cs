using Sonde.Engine.Profiles;

namespace Sonde.Engine.Top;

/// <summary>Everything sampled up to a moment, summed up the ways it is looked at.</summary>
/// <param name="profile">The samples since the beginning; not changed any more.</param>
public sealed class TopSnapshot(Profile profile)
{
    readonly Dictionary<TopScope, TopTable> _tables = [];

    /// <summary>The time it covers, in nanoseconds.</summary>
    public long DurationNs => profile.Info.DurationNs;

    /// <summary>How many samples.</summary>
    public long SampleCount => profile.SampleCount;

    /// <summary>What is missing.</summary>
    public ProfileLosses Losses => profile.Losses;

    /// <summary>How many processes there are.</summary>
    public int ProcessCount => profile.Processes.Count;

    /// <summary>The threads, in the order of their numbers.</summary>
    public IReadOnlyList<TopThread> Threads { get; } =
        [.. Enumerable.Range(0, profile.Threads.Count).Select(number => ThreadOf(profile, number)).Distinct().OrderBy(static thread => thread.Pid).ThenBy(static thread => thread.Tid)];

    /// <summary>Time of threads that held the interpreter lock, in nanoseconds of all threads together.</summary>
    public long GilNs { get; } = profile.Entries.Where(static entry => entry.HoldsGil).Aggregate(0L, static (sum, entry) => sum + entry.Weight);

    /// <summary>Time of threads that ran or could have run.</summary>
    public long ActiveNs { get; } = profile.Entries.Where(static entry => !ProfileView.IsIdle(entry.State)).Aggregate(0L, static (sum, entry) => sum + entry.Weight);

    /// <summary>Time of threads that waited.</summary>
    public long IdleNs { get; } = profile.Entries.Where(static entry => ProfileView.IsIdle(entry.State)).Aggregate(0L, static (sum, entry) => sum + entry.Weight);

    internal TopTable Table(TopScope scope)
    {
        if (!_tables.TryGetValue(scope, out var table))
        {
            _tables.Add(scope, table = new TopTable(profile, scope));
        }

        return table;
    }

    /// <summary>A thread of a profile. Numbers in profiles mean nothing outside them.</summary>
    internal static TopThread ThreadOf(Profile profile, int number)
    {
        var thread = profile.Threads[number];
        int pid = thread.Process >= 0 && thread.Process < profile.Processes.Count ? profile.Processes[thread.Process].Pid : 0;
        return new TopThread(pid, thread.Tid, thread.Name);
    }
}
