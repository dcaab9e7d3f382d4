using System.Runtime.InteropServices;

namespace Sonde.Engine.Profiles;

/// <summary>Where the time, or the memory, of programs went: what samplers fill and formats write and read.</summary>
/// <param name="keepsTimeline">Whether every sample is kept with its time, as formats with a time axis need, and not only the sums.</param>
/// <remarks>Not safe for concurrent use. Sums need memory for each different stack; a timeline for each sample, up to <see cref="MostSamples"/>.</remarks>
public sealed class Profile(bool keepsTimeline)
{
    /// <summary>More samples are not kept one by one, 1.3 GB; those that come after are in the sums alone, and counted as lost from the timeline.</summary>
    public const int MostSamples = 32 << 20;

    const int MostStacksOfFile = 32 << 20;

    readonly record struct Key(int Thread, int Stack, ThreadState State, bool HoldsGil);

    readonly Dictionary<Key, (long Samples, long Weight)> _entries = [];
    readonly SampleList _timeline = new();

    /// <summary>What was recorded, when and how.</summary>
    public ProfileInfo Info { get; set; } = new();

    /// <summary>Whether samples are kept one by one.</summary>
    public bool KeepsTimeline => keepsTimeline && !HasGivenUpTimes;

    /// <summary>For whom a timeline is of use only while it is whole and has not more samples than this; null for others.</summary>
    public int? MostTimed { get; init; }

    /// <summary>Whether there were more, so that samples are in the sums alone.</summary>
    public bool HasGivenUpTimes { get; internal set; }

    /// <summary>The frames.</summary>
    public FrameTable Frames { get; } = new();

    /// <summary>The stacks.</summary>
    public StackTable Stacks { get; private init; } = new();

    /// <summary>The processes.</summary>
    public List<ProfileProcess> Processes { get; } = [];

    /// <summary>The threads.</summary>
    public List<ProfileThread> Threads { get; } = [];

    /// <summary>What is missing.</summary>
    public ProfileLosses Losses { get; } = new();

    /// <summary>The samples one by one, in the order they were taken; empty unless they are kept.</summary>
    public IReadOnlyList<Sample> Timeline => _timeline;

    /// <summary>An empty profile for what is read from a file: what others made may be made to take all memory.</summary>
    internal static Profile ForFile(bool keepsTimeline) => new(keepsTimeline) { Stacks = new StackTable { Most = MostStacksOfFile } };

    /// <summary>How many samples there are.</summary>
    public long SampleCount { get; private set; }

    /// <summary>The sum of all weights.</summary>
    public long Weight { get; private set; }

    /// <summary>The sums: one for each different thread, stack and state.</summary>
    public IEnumerable<ProfileEntry> Entries =>
        _entries.Select(static entry => new ProfileEntry(entry.Key.Thread, entry.Key.Stack, entry.Key.State, entry.Key.HoldsGil, entry.Value.Samples, entry.Value.Weight));

    /// <summary>Adds a sample to the sums, and to the timeline if there is one.</summary>
    /// <exception cref="OverflowException">A sum does not fit 64 bits, which only a made-up file can bring about.</exception>
    public void Add(in Sample sample)
    {
        Add(new ProfileEntry(sample.Thread, sample.Stack, sample.State, sample.HoldsGil, 1, sample.Weight));
        if (!KeepsTimeline)
        {
            return;
        }

        if (_timeline.Count == MostTimed)
        {
            HasGivenUpTimes = true;
            _timeline.Clear();
        }
        else if (_timeline.Count < MostSamples)
        {
            _timeline.Add(sample);
        }
        else
        {
            Losses.Add("the timeline is full; the sample is in the sums only");
        }
    }

    /// <summary>Adds samples to the sums.</summary>
    /// <exception cref="OverflowException">A sum does not fit 64 bits, which only a made-up file can bring about.</exception>
    public void Add(in ProfileEntry entry)
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, new Key(entry.Thread, entry.Stack, entry.State, entry.HoldsGil), out _);
        SampleCount = checked(SampleCount + entry.Samples);
        Weight = checked(Weight + entry.Weight);
        sum = (checked(sum.Samples + entry.Samples), checked(sum.Weight + entry.Weight));
    }

    /// <summary>Forgets all samples and losses. Processes, threads, frames and stacks keep their numbers.</summary>
    public void Clear()
    {
        _entries.Clear();
        _timeline.Clear();
        HasGivenUpTimes = false;
        Losses.Clear();
        SampleCount = 0;
        Weight = 0;
    }
}
