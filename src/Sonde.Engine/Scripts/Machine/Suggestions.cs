namespace Sonde.Engine.Scripts.Machine;

/// <summary>Finds what was meant by a name that does not exist.</summary>
static class Suggestions
{
    const int LongestName = 128;

    /// <summary><c>did you mean 'sched_switch'?</c>, or null when nothing is close.</summary>
    public static string? DidYouMean(string name, IEnumerable<string> candidates) =>
        Nearest(name, candidates) is { } nearest ? $"did you mean '{nearest}'?" : null;

    /// <summary>The candidate with the fewest letters inserted, removed or replaced, when that is at most a third of the name's.</summary>
    public static string? Nearest(string name, IEnumerable<string> candidates)
    {
        if (name.Length is 0 or > LongestName)
        {
            return null;
        }

        var best = Math.Max(1, name.Length / 3) + 1;
        string? nearest = null;
        foreach (var candidate in candidates)
        {
            if (candidate.Length <= LongestName && Math.Abs(candidate.Length - name.Length) < best && Distance(name, candidate, best) is var distance && distance < best)
            {
                best = distance;
                nearest = candidate;
            }
        }

        return nearest;
    }

    /// <summary>The Levenshtein distance, or <paramref name="limit"/> when it is no less.</summary>
    static int Distance(string left, string right, int limit)
    {
        Span<int> previous = stackalloc int[LongestName + 1];
        Span<int> current = stackalloc int[LongestName + 1];
        for (var i = 0; i <= right.Length; i++)
        {
            previous[i] = i;
        }

        for (var i = 1; i <= left.Length; i++)
        {
            current[0] = i;
            var least = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                current[j] = Math.Min(Math.Min(previous[j], current[j - 1]) + 1, replaced);
                least = Math.Min(least, current[j]);
            }

            if (least >= limit)
            {
                return limit;
            }

            var swap = previous;
            previous = current;
            current = swap;
        }

        return Math.Min(previous[right.Length], limit);
    }
}
