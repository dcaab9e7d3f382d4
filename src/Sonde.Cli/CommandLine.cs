using Sonde.Engine;

namespace Sonde.Cli;

/// <summary>Finds the program of a command the way a shell does, so that a wrong name is an error before anything starts.</summary>
static class CommandLine
{
    /// <summary>The command with its program replaced by the path it was found at.</summary>
    /// <exception cref="UserErrorException">There is no such program.</exception>
    public static IReadOnlyList<string> Resolve(IReadOnlyList<string> command)
    {
        var name = command[0];
        if (name.Contains('/'))
        {
            return IsExecutable(name) ? command
                : throw new UserErrorException(File.Exists(name) ? $"'{name}' is not executable" : Directory.Exists(name) ? $"'{name}' is a directory, no program" : $"'{name}' does not exist");
        }

        foreach (var directory in (Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin").Split(':'))
        {
            var path = Path.Combine(directory.Length > 0 ? directory : ".", name);
            if (IsExecutable(path))
            {
                return [path, .. command.Skip(1)];
            }
        }

        throw new UserErrorException($"'{name}' was not found in PATH");
    }

    static bool IsExecutable(string path) =>
        File.Exists(path) && (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;
}
