using Sonde.Engine.Profiles.FlameGraph;

namespace Sonde.Engine.Profiles;

/// <summary>What one stack weighs in each of two profiles.</summary>
/// <param name="Stack">The stack's number in <see cref="ProfileDiff.Stacks"/>.</param>
/// <param name="Before">Its weight in the first.</param>
/// <param name="After">Its weight in the second.</param>
public readonly record struct DiffEntry(int Stack, long Before, long After);

/// <summary>What one function weighs in each of two profiles.</summary>
/// <param name="Frame">Its frame.</param>
/// <param name="OwnBefore">The weight of samples with it innermost, in the first.</param>
/// <param name="OwnAfter">The same in the second.</param>
/// <param name="TotalBefore">The weight of samples with it anywhere, in the first.</param>
/// <param name="TotalAfter">The same in the second.</param>
public readonly record struct DiffFrame(Frame Frame, long OwnBefore, long OwnAfter, long TotalBefore, long TotalAfter);

/// <summary>Two profiles laid over each other: the same stacks, with the weights of both.</summary>
/// <remarks>Stacks are the same when their frames are; a view without lines lets them stay the same when lines move.</remarks>
public sealed class ProfileDiff
{
    readonly Dictionary<int, (long Before, long After)> _entries = [];

    /// <summary>Lays two profiles over each other.</summary>
    /// <exception cref="UserErrorException">One measures memory and the other does not.</exception>
    public ProfileDiff(Profile before, Profile after)
    {
        (Before, After) = (before, after);
        if (before.Info.Unit != after.Info.Unit && (before.Info.Unit == ProfileUnit.Bytes || after.Info.Unit == ProfileUnit.Bytes))
        {
            throw new UserErrorException("the two profiles cannot be compared: one measures memory, the other does not");
        }

        Unit = before.Info.Unit == after.Info.Unit ? before.Info.Unit : ProfileUnit.Samples;
        TotalBefore = Take(before, isBefore: true);
        TotalAfter = Take(after, isBefore: false);
    }

    /// <summary>The first profile.</summary>
    public Profile Before { get; }

    /// <summary>The second.</summary>
    public Profile After { get; }

    /// <summary>What the weights are: those of both, or samples when they differ.</summary>
    public ProfileUnit Unit { get; }

    /// <summary>The frames of both.</summary>
    public FrameTable Frames { get; } = new();

    /// <summary>The stacks of both.</summary>
    public StackTable Stacks { get; } = new();

    /// <summary>The weight of the first.</summary>
    public long TotalBefore { get; }

    /// <summary>The weight of the second.</summary>
    public long TotalAfter { get; }

    /// <summary>All stacks that were sampled in one or the other.</summary>
    public IEnumerable<DiffEntry> Entries => _entries.Select(static entry => new DiffEntry(entry.Key, entry.Value.Before, entry.Value.After));

    /// <summary>All frames that were sampled in one or the other. Recursion counts once.</summary>
    public IReadOnlyList<DiffFrame> ByFrame()
    {
        var own = new (long Before, long After)[Frames.Count];
        var total = new (long Before, long After)[Frames.Count];
        int[] seenIn = new int[Frames.Count];
        foreach (var (stack, (before, after)) in _entries)
        {
            for (int caller = stack; caller != StackTable.Empty; caller = Stacks.Caller(caller))
            {
                int frame = Stacks.Innermost(caller);
                if (caller == stack)
                {
                    own[frame] = (own[frame].Before + before, own[frame].After + after);
                }

                if (seenIn[frame] != stack)
                {
                    seenIn[frame] = stack;
                    total[frame] = (total[frame].Before + before, total[frame].After + after);
                }
            }
        }

        return [.. Enumerable.Range(0, own.Length).Select(frame => new DiffFrame(Frames[frame], own[frame].Before, own[frame].After, total[frame].Before, total[frame].After))];
    }

    /// <summary>Writes it as a flame graph whose colours show what grew and what shrank.</summary>
    /// <param name="output">Stays open.</param>
    /// <param name="html">As a page, instead of a picture.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void WriteFlameGraph(Stream output, bool html)
    {
        var losses = new ProfileLosses();
        losses.Add(Before.Losses);
        losses.Add(After.Losses);
        var source = new FlameGraphSource
        {
            Info = After.Info with { Unit = Unit, Title = $"{Before.Info.Title} → {After.Info.Title}" },
            Frames = Frames,
            Stacks = Stacks,
            Entries = [.. Entries.Select(static entry => new FlameGraphEntry(0, entry.Stack, ThreadState.Unknown, HoldsGil: false, 0, entry.After, entry.Before))],
            Losses = losses,
            IsDifference = true,
        };
        if (html)
        {
            FlameGraphHtmlFormat.Write(source, output);
        }
        else
        {
            FlameGraphSvgFormat.Write(source, output);
        }
    }

    long Take(Profile profile, bool isBefore)
    {
        int[] stacks = new int[profile.Stacks.Count];
        for (int stack = 1; stack < stacks.Length; stack++)
        {
            // A caller has a smaller number than what it calls.
            stacks[stack] = Stacks.Intern(stacks[profile.Stacks.Caller(stack)], Frames.Intern(profile.Frames[profile.Stacks.Innermost(stack)]));
        }

        long sum = 0;
        foreach (var entry in profile.Entries)
        {
            long weight = Unit == ProfileUnit.Samples ? entry.Samples : entry.Weight;
            var (before, after) = _entries.GetValueOrDefault(stacks[entry.Stack]);
            _entries[stacks[entry.Stack]] = isBefore ? (before + weight, after) : (before, after + weight);
            sum += weight;
        }

        return sum;
    }
}
