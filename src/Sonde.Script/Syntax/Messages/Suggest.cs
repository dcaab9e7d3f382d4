namespace Sonde.Script.Syntax;

/// <summary>Finds what was probably meant by a misspelt word.</summary>
static class Suggest
{
    /// <summary>The closest of some words (a swap of neighbours counts one), or null when none is close for its length.</summary>
    public static string? Closest(string word, IEnumerable<string> candidates)
    {
        // Two letters are close to every short word, long garbage to none.
        if (word.Length is < 3 or > 64)
        {
            return null;
        }

        string? best = null;
        int bestDistance = Math.Min(3, word.Length / 3) + 1;
        foreach (string candidate in candidates)
        {
            if (Math.Abs(candidate.Length - word.Length) < bestDistance && candidate != word)
            {
                int distance = Distance(word, candidate);
                if (distance < bestDistance)
                {
                    (best, bestDistance) = (candidate, distance);
                }
            }
        }

        return best;
    }

    /// <summary><c>did you mean 'x'?</c>, or null when nothing is close.</summary>
    /// <param name="word">The word as written.</param>
    /// <param name="candidates">The words that are known.</param>
    /// <param name="prefix">What stands before the word in the message.</param>
    public static string? Hint(string word, IEnumerable<string> candidates, string prefix = "") =>
        Closest(word, candidates) is string meant ? $"did you mean '{prefix}{meant}'?" : null;

    // Edits needed with case changes at no cost worth a letter: optimal string alignment.
    static int Distance(string a, string b)
    {
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            cost[i, 0] = i;
        }

        for (int j = 0; j <= b.Length; j++)
        {
            cost[0, j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int change = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                int least = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    least = Math.Min(least, cost[i - 2, j - 2] + 1);
                }

                cost[i, j] = least;
            }
        }

        return cost[a.Length, b.Length];
    }
}
