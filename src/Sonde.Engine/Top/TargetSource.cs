using System.Text;
using Sonde.Linux;

namespace Sonde.Engine.Top;

/// <summary>Reads source files as the processes that run them see them.</summary>
static class TargetSource
{
    const int MostBytes = 8 << 20;

    /// <summary>The file of that name in the first of the processes that has it.</summary>
    public static SourceText Read(IReadOnlyList<int> pids, string file)
    {
        if (file.Length == 0 || file.StartsWith('<') || file.Contains('\0'))
        {
            return new SourceText([], "this code comes from no file");
        }

        // The files of a process that is gone are, unless it had a root of its own, where they were.
        foreach (var pid in pids.Where(static pid => Directory.Exists($"/proc/{pid}")).Append(0))
        {
            using var found = RootedFile.TryOpen(pid, file, out var bytes);
            if (found is null)
            {
                continue;
            }

            return bytes == 0 ? new SourceText([], $"'{file}' is empty")
                : bytes <= MostBytes && RootedFile.TryRead(pid, file, MostBytes, out var text) ? new SourceText([.. Encoding.UTF8.GetString(text).Split('\n').Select(static line => line.TrimEnd('\r'))], null)
                : new SourceText([], $"'{file}' is too large to be shown");
        }

        return new SourceText([], $"'{file}' is not there, or cannot be read");
    }
}
