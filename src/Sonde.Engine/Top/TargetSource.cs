using System.Text;
using Sonde.Engine.Output;

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
        var paths = pids.Where(static pid => Directory.Exists($"/proc/{pid}"))
            .Select(pid => Path.IsPathRooted(file) ? $"/proc/{pid}/root{file}" : $"/proc/{pid}/cwd/{file}")
            .Append(file);
        foreach (var path in paths)
        {
            try
            {
                var info = new FileInfo(path);
                if (!info.Exists || info.Attributes.HasFlag(FileAttributes.Device))
                {
                    continue;
                }

                // A pipe under that name would be waited for; it has no length.
                return info.Length == 0 ? new SourceText([], $"'{file}' is empty")
                    : info.Length > MostBytes ? new SourceText([], $"'{file}' is too large to be shown")
                    : new SourceText(File.ReadAllLines(path, Encoding.UTF8), null);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return new SourceText([], $"'{file}' cannot be read: {FileError.Describe(exception)}");
            }
        }

        return new SourceText([], $"'{file}' is not there");
    }
}
