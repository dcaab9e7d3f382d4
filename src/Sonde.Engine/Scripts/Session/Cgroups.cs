using System.Text;
using Sonde.Engine.Output;
using Sonde.Linux;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Paths of control groups by number: the inode of a directory in any of the mounted hierarchies.</summary>
sealed class Cgroups
{
    const int MostDirectories = 1 << 16;
    const int MostPaths = 1 << 12;

    readonly Lazy<List<(string Name, string Root)>> _hierarchies = new(ReadHierarchies);
    readonly Dictionary<(ulong Id, string Filter), string> _paths = [];

    /// <summary>"hierarchy:path" for each hierarchy with such a directory, commas between.</summary>
    /// <param name="filter">A pattern of wanted hierarchies; empty for all.</param>
    public string Find(ulong id, string filter)
    {
        if (!_paths.TryGetValue((id, filter), out var paths))
        {
            var wanted = new Glob(filter.Length > 0 ? filter : "*");
            paths = string.Join(',', _hierarchies.Value.Where(each => wanted.Matches(each.Name))
                .Select(each => (each.Name, Path: Search(each.Root, id))).Where(each => each.Path is not null).Select(each => $"{each.Name}:{each.Path}"));
            if (_paths.Count >= MostPaths)
            {
                _paths.Clear();
            }

            _paths.Add((id, filter), paths);
        }

        return paths;
    }

    static string? Search(string root, ulong id)
    {
        var waiting = new Queue<string>();
        waiting.Enqueue(root);
        for (var seen = 0; seen < MostDirectories && waiting.TryDequeue(out var directory); seen++)
        {
            if (NamespaceFile.TryRead(directory, out var file) && file.Inode == id)
            {
                return directory.Length == root.Length ? "/" : directory[root.Length..];
            }

            try
            {
                foreach (var child in Directory.EnumerateDirectories(directory))
                {
                    waiting.Enqueue(child);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Groups come and go.
            }
        }

        return null;
    }

    /// <summary>The unified hierarchy first, then the older ones by their controllers.</summary>
    static List<(string, string)> ReadHierarchies()
    {
        var found = new List<(string Name, string Root)>();
        if (!ProcFs.TryRead("/proc/self/mountinfo", out var text))
        {
            return found;
        }

        foreach (var line in Encoding.UTF8.GetString(text).Split('\n'))
        {
            // 30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate (Documentation/filesystems/proc.rst)
            var halves = line.Split(" - ", 2);
            var front = halves[0].Split(' ');
            var type = halves.Length == 2 ? halves[1].Split(' ')[0] : "";
            if (front.Length > 4 && type is "cgroup" or "cgroup2")
            {
                var root = front[4].Replace("\\040", " ", StringComparison.Ordinal);
                found.Add((type == "cgroup2" ? "unified" : Path.GetFileName(root), root));
            }
        }

        return [.. found.OrderBy(each => each.Name == "unified" ? 0 : 1)];
    }
}
