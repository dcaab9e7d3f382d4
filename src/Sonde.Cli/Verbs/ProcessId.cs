using System.CommandLine.Parsing;
using System.Globalization;

namespace Sonde.Cli.Verbs;

/// <summary>Reads a process id from the command line.</summary>
static class ProcessId
{
    public static int? Parse(ArgumentResult result)
    {
        var word = result.Tokens[^1].Value;
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 0)
        {
            return pid;
        }

        result.AddError($"process '{word}': a process id is a number above 0; 'ps -e' lists the processes");
        return null;
    }
}
