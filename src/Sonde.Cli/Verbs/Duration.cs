using System.CommandLine.Parsing;
using Sonde.Engine.Output;

namespace Sonde.Cli.Verbs;

/// <summary>Reads a duration from the command line.</summary>
static class Duration
{
    public static TimeSpan? Parse(ArgumentResult result)
    {
        var word = result.Tokens[^1].Value;
        if (DurationText.TryParse(word, out var duration))
        {
            return duration;
        }

        result.AddError($"'{word}' is no duration; write a number with a unit, such as 5ms, 10s or 2m");
        return null;
    }
}
