using Sonde.Engine.Output;
using Sonde.Linux;

namespace Sonde.Engine.Listing;

/// <summary>The kernel's tracepoints, from the tracing file system.</summary>
static class Tracepoints
{
    /// <summary>Those whose "category:name" matches, in order.</summary>
    /// <exception cref="LinuxException">The tracing file system is not mounted and may not be mounted.</exception>
    public static IEnumerable<ListedProbe.Tracepoint> Find(Glob? pattern, bool details)
    {
        using var tracefs = Tracefs.Open();
        foreach (var category in Directories(tracefs.Root + "/events"))
        {
            foreach (var point in Directories(category))
            {
                var (categoryName, name) = (Path.GetFileName(category), Path.GetFileName(point));
                if ((pattern is null || pattern.Matches($"{categoryName}:{name}")) && File.Exists(point + "/id"))
                {
                    yield return new(categoryName, name, details ? Fields(point + "/format") : []);
                }
            }
        }
    }

    /// <summary>"field:int prev_prio; offset:24; ..." for each field, after those that every tracepoint has and a blank line.</summary>
    static List<string> Fields(string path)
    {
        var fields = new List<string>();
        if (!ProcFs.TryRead(path, out var bytes))
        {
            return fields;
        }

        foreach (var line in System.Text.Encoding.UTF8.GetString(bytes).Split('\n'))
        {
            if (line.StartsWith("\tfield:", StringComparison.Ordinal) && line.IndexOf(';') is var end and > 0 && line["\tfield:".Length..end] is var field && !IsCommon(field))
            {
                fields.Add(field);
            }
        }

        return fields;
    }

    static bool IsCommon(string field) => field.Contains(" common_", StringComparison.Ordinal);

    static string[] Directories(string path)
    {
        try
        {
            var directories = Directory.GetDirectories(path);
            Array.Sort(directories, StringComparer.Ordinal);
            return directories;
        }
        catch (UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path} may not be read; run sonde as root to list tracepoints");
        }
        catch (IOException)
        {
            return [];
        }
    }
}
