using System.CommandLine.Parsing;
using System.Globalization;

namespace Sonde.Cli.Verbs;

/// <summary>Reads process ids from the command line.</summary>
static class ProcessId
{
    public static int? Parse(ArgumentResult result) => Parse(result, result.Tokens[^1].Value);

    /// <summary>Reads those of an option that may be given several times.</summary>
    public static int[] ParseAll(ArgumentResult result) => [.. result.Tokens.Select(token => Parse(result, token.Value) ?? 0)];

    static int? Parse(ArgumentResult result, string word)
    {
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 0)
        {
            return pid;
        }

        result.AddError($"process '{word}': a process id is a number above 0; 'ps -e' lists the processes");
        return null;
    }
}
