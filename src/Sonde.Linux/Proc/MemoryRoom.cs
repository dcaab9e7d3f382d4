using System.Globalization;
using System.Text;

namespace Sonde.Linux;

/// <summary>How much memory a process may still take before the kernel looks for somebody to kill: that of its memory cgroup, or one above, with the least left.</summary>
/// <param name="Directory">The cgroup's directory.</param>
/// <param name="Limit">What it may have, in bytes.</param>
/// <param name="Left">What is left, in bytes; files that are cached count as left, for they go when memory is needed. Negative when there is more than there may be.</param>
/// <remarks>Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst.</remarks>
public readonly record struct MemoryRoom(string Directory, long Limit, long Left)
{
    /// <summary>Above this it is no limit (version 1 says so in pages of the whole address space).</summary>
    const long NoLimit = 1L << 60;

    const int MostLevels = 64;

    /// <summary>What a process has left; null when nothing limits it, or nothing can be found out.</summary>
    public static MemoryRoom? Of(int pid) => Of(pid, "/sys/fs/cgroup");

    internal static MemoryRoom? Of(int pid, string root)
    {
        string[] lines, mounts;
        try
        {
            lines = File.ReadAllLines($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cgroup");
            mounts = File.ReadAllLines("/proc/self/mountinfo");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        MemoryRoom? least = null;
        foreach (var line in lines)
        {
            // number:controllers:path, of version 2 without a number and controllers.
            if (line.Split(':', 3) is not [_, var controllers, var path] || !path.StartsWith('/') || path.Contains("..", StringComparison.Ordinal))
            {
                continue;
            }

            if (controllers.Length == 0)
            {
                foreach (var mount in new[] { root, root + "/unified" })
                {
                    Look(mount, Below(mounts, mount, path), "memory.max", "memory.current", "", ref least);
                }
            }
            else if (controllers.Split(',').Contains("memory"))
            {
                Look(root + "/memory", Below(mounts, root + "/memory", path), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_", ref least);
            }
        }

        return least;
    }

    /// <summary>A cgroup's path below a mount that shows only a part of the hierarchy, as the mounts in a container of version 1 do.</summary>
    /// <param name="mounts">The lines of <c>/proc/self/mountinfo</c> (proc(5)): of each the fourth word is the part that is shown, the fifth where, both escaped.</param>
    /// <param name="mount">The mount.</param>
    /// <param name="path">The path from the root of the hierarchy.</param>
    internal static string Below(IEnumerable<string> mounts, string mount, string path)
    {
        // The last one lies on top of others at the same place.
        var shown = mounts.Select(static line => line.Split(' ')).LastOrDefault(words => words.Length > 4 && Unescape(words[4]) == mount) is { } words ? Unescape(words[3]).TrimEnd('/') : "";
        return path == shown ? "/" : path.StartsWith(shown + "/", StringComparison.Ordinal) ? path[shown.Length..] : path;
    }

    /// <summary>A word of mountinfo: spaces, tabs, ends of lines and backslashes are there as a backslash and three octal digits (fs/proc_namespace.c, lib/string_helpers.c); in <c>/proc/PID/cgroup</c> they are themselves.</summary>
    static string Unescape(string word)
    {
        const int digits = 3;
        var text = new StringBuilder(word.Length);
        for (var i = 0; i < word.Length; i++)
        {
            if (word[i] == '\\' && i + digits < word.Length && word[i + 1] is >= '0' and <= '1' && word[i + 2] is >= '0' and <= '7' && word[i + digits] is >= '0' and <= '7')
            {
                text.Append((char)(((word[i + 1] - '0') << 6) | ((word[i + 2] - '0') << 3) | (word[i + digits] - '0')));
                i += digits;
            }
            else
            {
                text.Append(word[i]);
            }
        }

        return text.ToString();
    }

    static void Look(string mount, string path, string limitFile, string usageFile, string prefix, ref MemoryRoom? least)
    {
        for (var level = 0; level < MostLevels; level++)
        {
            var directory = mount + path.TrimEnd('/');
            if (TryReadNumber($"{directory}/{limitFile}", out var limit) && limit < NoLimit && TryReadNumber($"{directory}/{usageFile}", out var usage))
            {
                var room = new MemoryRoom(directory, limit, limit - usage + CachedFiles($"{directory}/memory.stat", prefix));
                least = least is { } known && known.Left <= room.Left ? known : room;
            }

            if (path.Trim('/').Length == 0)
            {
                return;
            }

            path = path[..path.TrimEnd('/').LastIndexOf('/')];
        }
    }

    static long CachedFiles(string path, string prefix)
    {
        var sum = 0L;
        try
        {
            foreach (var line in File.ReadLines(path))
            {
                if (line.Split(' ') is [var name, var value] && (name == prefix + "inactive_file" || name == prefix + "active_file") && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes))
                {
                    sum += bytes;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0;
        }

        return sum;
    }

    static bool TryReadNumber(string path, out long number)
    {
        try
        {
            return long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            number = 0;
            return false;
        }
    }
}
