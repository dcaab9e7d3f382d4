using System.Globalization;
using Sonde.Engine.Output;

namespace Sonde.Engine.Profiles.FlameGraph;

/// <summary>The weight of one thread, stack and state in a flame graph.</summary>
/// <param name="Thread">The thread's number.</param>
/// <param name="Stack">The stack's number.</param>
/// <param name="State">What the thread was doing.</param>
/// <param name="HoldsGil">Whether it held the global interpreter lock.</param>
/// <param name="Samples">How many samples there were; 0 in a difference.</param>
/// <param name="Weight">Their weight.</param>
/// <param name="Before">What it was in the profile compared with; 0 without one.</param>
readonly record struct FlameGraphEntry(int Thread, int Stack, ThreadState State, bool HoldsGil, long Samples, long Weight, long Before);

/// <summary>What a flame graph is made of, be it one profile or the difference of two.</summary>
sealed record FlameGraphSource
{
    /// <summary>What was recorded.</summary>
    public required ProfileInfo Info { get; init; }

    /// <summary>The frames.</summary>
    public required FrameTable Frames { get; init; }

    /// <summary>The stacks.</summary>
    public required StackTable Stacks { get; init; }

    /// <summary>The processes; none in a difference.</summary>
    public IReadOnlyList<ProfileProcess> Processes { get; init; } = [];

    /// <summary>The threads; none in a difference.</summary>
    public IReadOnlyList<ProfileThread> Threads { get; init; } = [];

    /// <summary>The weights.</summary>
    public required IReadOnlyList<FlameGraphEntry> Entries { get; init; }

    /// <summary>The samples one by one, by time; empty where the profile has none, or more than <see cref="MostTimed"/>.</summary>
    public IReadOnlyList<Sample> Timeline { get; init; } = [];

    /// <summary>How many samples were too many for <see cref="Timeline"/>; 0 when they are there, or have no times.</summary>
    public long Untimed { get; init; }

    /// <summary>What is missing.</summary>
    public ProfileLosses Losses { get; init; } = new();

    /// <summary>Whether there is a profile it is compared with.</summary>
    public bool IsDifference { get; init; }

    /// <summary>More samples would make a file too large to be opened at once.</summary>
    internal const int MostTimed = 200_000;

    /// <summary>A profile's.</summary>
    public static FlameGraphSource Of(Profile profile) => new()
    {
        Timeline = HasTimes(profile) && profile.Timeline.Count <= MostTimed ? [.. profile.Timeline.OrderBy(static sample => sample.TimeNs)] : [],
        Untimed = profile.HasGivenUpTimes && profile.Info.Unit == ProfileUnit.Nanoseconds ? profile.SampleCount : HasTimes(profile) && profile.Timeline.Count > MostTimed ? profile.Timeline.Count : 0,
        Info = profile.Info,
        Frames = profile.Frames,
        Stacks = profile.Stacks,
        Processes = profile.Processes,
        Threads = profile.Threads,
        Entries = [.. profile.Entries.Select(static entry => new FlameGraphEntry(entry.Thread, entry.Stack, entry.State, entry.HoldsGil, entry.Samples, entry.Weight, 0))],
        Losses = profile.Losses,
    };

    static bool HasTimes(Profile profile) => profile.Info.Unit == ProfileUnit.Nanoseconds && profile.Timeline.Count > 0;

    /// <summary>All samples.</summary>
    public long SampleCount => Entries.Aggregate(0L, static (sum, entry) => sum + entry.Samples);

    /// <summary>The sum of all weights.</summary>
    public long Weight => Entries.Aggregate(0L, static (sum, entry) => sum + entry.Weight);

    /// <summary>The title, for the window and the heading; safe to show, but for what marks up.</summary>
    public string Title => Info.Title.Length > 0 ? Escape.Text(Info.Title) : "Profile";

    /// <summary>What the width of a box is, for who never saw a flame graph.</summary>
    public string WidthText => Info.Unit switch
    {
        ProfileUnit.Bytes => "the memory that it and what it called asked for",
        ProfileUnit.Samples => "the share of samples that it and what it called were found in",
        _ => Info.Mode switch
        {
            "cpu" => "the time that it and what it called were on a processor",
            "off-cpu" => "the time that it and what it called were waiting",
            _ => "the time that passed in it and in what it called",
        },
    };

    /// <summary>A start as people read it; empty when unknown.</summary>
    public string StartText => Info.Start == default ? "" : Info.Start.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
