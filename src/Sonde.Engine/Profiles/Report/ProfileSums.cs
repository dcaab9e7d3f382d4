namespace Sonde.Engine.Profiles.Report;

/// <summary>How much of a profile is in a frame itself, and how much in it and what it called. Recursion counts once.</summary>
/// <param name="Frame">The frame's number.</param>
/// <param name="Own">The weight of samples with this frame innermost.</param>
/// <param name="Total">The weight of samples with this frame anywhere.</param>
public readonly record struct FrameSum(int Frame, long Own, long Total);

/// <summary>A frame next to another one, and the weight of the samples that went from one to the other.</summary>
/// <param name="Frame">The frame's number; -1 for none: the stack begins, or ends, there.</param>
/// <param name="Weight">The weight.</param>
public readonly record struct Neighbour(int Frame, long Weight);

/// <summary>The sums that reports are made of. Weights are those of the profile, or samples where it has no other.</summary>
public sealed class ProfileSums
{
    readonly Profile _profile;
    readonly long[] _own;
    readonly long[] _total;

    /// <summary>Adds a profile up.</summary>
    public ProfileSums(Profile profile)
    {
        _profile = profile;
        _own = new long[profile.Stacks.Count];
        foreach (var entry in profile.Entries)
        {
            _own[entry.Stack] += entry.Weight;
        }

        _total = (long[])_own.Clone();
        // A caller has a smaller number than what it calls.
        for (int stack = _total.Length - 1; stack > StackTable.Empty; stack--)
        {
            _total[profile.Stacks.Caller(stack)] += _total[stack];
        }

        Whole = Math.Max(profile.Weight, 1);
    }

    /// <summary>The weight of the whole profile, at least 1 so that shares can be taken of it.</summary>
    public long Whole { get; }

    /// <summary>The weight of samples with exactly this stack.</summary>
    public long Own(int stack) => _own[stack];

    /// <summary>The weight of samples whose stack begins with this one.</summary>
    public long Total(int stack) => _total[stack];

    /// <summary>Every frame that was sampled, the largest own weight first.</summary>
    public IReadOnlyList<FrameSum> Frames()
    {
        long[] own = new long[_profile.Frames.Count], total = new long[_profile.Frames.Count];
        for (int stack = 1; stack < _own.Length; stack++)
        {
            int frame = _profile.Stacks.Innermost(stack);
            own[frame] += _own[stack];
            total[frame] += IsWithin(frame, _profile.Stacks.Caller(stack)) ? 0 : _total[stack];
        }

        return
        [
            .. Enumerable.Range(0, own.Length).Where(frame => total[frame] > 0).Select(frame => new FrameSum(frame, own[frame], total[frame]))
                .OrderByDescending(sum => sum.Own).ThenByDescending(sum => sum.Total).ThenBy(sum => sum.Frame),
        ];
    }

    /// <summary>Who calls the frames that are asked for, and whom they call, the most first. Each side adds up to <paramref name="sum"/>.</summary>
    /// <param name="isWanted">Which frames.</param>
    /// <param name="sum">Their own weight and the total, all of them as if they were one.</param>
    public (IReadOnlyList<Neighbour> Callers, IReadOnlyList<Neighbour> Callees) Neighbours(Func<Frame, bool> isWanted, out FrameSum sum)
    {
        bool[] wanted = new bool[_profile.Frames.Count];
        for (int frame = 0; frame < wanted.Length; frame++)
        {
            wanted[frame] = isWanted(_profile.Frames[frame]);
        }

        var (callers, callees) = (new Dictionary<int, long>(), new Dictionary<int, long>());
        long own = 0, total = 0;
        for (int stack = 1; stack < _own.Length; stack++)
        {
            if (_own[stack] > 0 && Find(stack, wanted, out int outermost, out int callee))
            {
                int caller = _profile.Stacks.Innermost(_profile.Stacks.Caller(outermost));
                callers[caller] = callers.GetValueOrDefault(caller) + _own[stack];
                callees[callee] = callees.GetValueOrDefault(callee) + _own[stack];
                total += _own[stack];
                own += callee < 0 ? _own[stack] : 0;
            }
        }

        sum = new FrameSum(-1, own, total);
        return (Sorted(callers), Sorted(callees));
    }

    /// <summary>The stack's outermost wanted frame, and the frame that its innermost wanted one calls.</summary>
    bool Find(int stack, bool[] wanted, out int outermost, out int callee)
    {
        (outermost, callee) = (-1, -1);
        int inner = -1;
        for (; stack != StackTable.Empty; stack = _profile.Stacks.Caller(stack))
        {
            int frame = _profile.Stacks.Innermost(stack);
            if (wanted[frame])
            {
                callee = outermost < 0 ? inner : callee;
                outermost = stack;
            }

            inner = frame;
        }

        return outermost >= 0;
    }

    bool IsWithin(int frame, int stack)
    {
        for (; stack != StackTable.Empty; stack = _profile.Stacks.Caller(stack))
        {
            if (_profile.Stacks.Innermost(stack) == frame)
            {
                return true;
            }
        }

        return false;
    }

    static List<Neighbour> Sorted(Dictionary<int, long> neighbours) =>
        [.. neighbours.Select(entry => new Neighbour(entry.Key, entry.Value)).OrderByDescending(neighbour => neighbour.Weight).ThenBy(neighbour => neighbour.Frame)];
}
