using Sonde.Engine.Output;

namespace Sonde.Engine.Sampling;

/// <summary>A condition on samples: only those taken inside calls of some function that take longer than a while.</summary>
public sealed class SlowCalls
{
    const string Shape = "it reads 'calls > TIME in FUNCTION', such as 'calls > 50ms in app.handle'";

    readonly Glob _function;
    readonly (Glob Module, Glob Function)[] _inModule;

    SlowCalls(TimeSpan threshold, string pattern)
    {
        Threshold = threshold;
        Pattern = pattern;
        _function = new Glob(pattern);
        _inModule = [.. Splits(pattern).Select(static split => (new Glob(split.Module), new Glob(split.Function)))];
    }

    /// <summary>Calls that have lasted this long are recorded.</summary>
    public TimeSpan Threshold { get; }

    /// <summary>Which functions: by qualified name or its end, with or without the module in front.</summary>
    public string Pattern { get; }

    /// <summary>Reads a condition.</summary>
    /// <exception cref="UsageException">It is none; the message says where it goes wrong.</exception>
    public static SlowCalls Parse(string text)
    {
        var words = text.Replace(">", " > ", StringComparison.Ordinal).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        Expect(0, "calls");
        Expect(1, ">");
        if (words.Length < 3 || !DurationText.TryParse(words[2], out var threshold))
        {
            throw Wrong(words.Length < 3 ? "the time is missing" : $"'{words[2]}' is no duration");
        }

        Expect(3, "in");
        return words.Length switch
        {
            4 => throw Wrong("the function is missing"),
            5 => new SlowCalls(threshold, words[4]),
            _ => throw Wrong($"'{words[5]}' is too much"),
        };

        void Expect(int at, string word)
        {
            if (at >= words.Length || words[at] != word)
            {
                throw Wrong(at >= words.Length ? $"'{word}' is missing" : $"'{words[at]}' stands where '{word}' should");
            }
        }

        UsageException Wrong(string what) => new($"--when '{Escape.Text(text)}': {Escape.Text(what)}; {Shape}");
    }

    /// <summary>Whether calls of this function are meant.</summary>
    /// <param name="function">Its qualified name.</param>
    /// <param name="file">Its file.</param>
    public bool Means(string function, string file) =>
        _function.MatchesFunction(function) || Array.Exists(_inModule, split => split.Module.MatchesFile(file) && split.Function.Matches(function));

    /// <inheritdoc/>
    public override string ToString() => $"calls > {Threshold.TotalMilliseconds:0.###}ms in {Pattern}";

    /// <summary>"a.b.c" may be b.c in a, or c in a.b.</summary>
    static IEnumerable<(string Module, string Function)> Splits(string pattern)
    {
        for (var dot = pattern.IndexOf('.', StringComparison.Ordinal); dot > 0 && dot < pattern.Length - 1; dot = pattern.IndexOf('.', dot + 1))
        {
            yield return (pattern[..dot], pattern[(dot + 1)..]);
        }
    }
}
