using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Sonde.Linux;

/// <summary>Reads the files of <c>/proc/PID</c>. Processes end at any time: what cannot be read is false, null or empty.</summary>
public static class ProcFs
{
    const int MaximumBytes = 64 << 20;

    /// <summary>Every process there is, by number.</summary>
    public static IEnumerable<int> Processes() => Numbers("/proc");

    /// <summary>The threads of a process, by number; empty when it is gone.</summary>
    public static IEnumerable<int> Tasks(int pid) => Numbers($"/proc/{pid}/task");

    /// <summary>The children of a process (<c>/proc/PID/task/TID/children</c>, Linux 4.2+ with CONFIG_PROC_CHILDREN); empty when it is gone.</summary>
    public static List<int> Children(int pid)
    {
        List<int> children = [];
        foreach (var tid in Tasks(pid))
        {
            if (!TryRead($"/proc/{pid}/task/{tid}/children", out byte[] text))
            {
                continue;
            }

            ReadOnlySpan<byte> rest = text;
            while (Utf8Parser.TryParse(rest, out int child, out int used))
            {
                children.Add(child);
                rest = rest[used..].TrimStart((byte)' ');
            }
        }

        return children;
    }

    /// <summary>Whether there is a process or thread of that number.</summary>
    public static bool Exists(int pid) => Directory.Exists($"/proc/{pid}");

    /// <summary>The mappings of a process in order of address.</summary>
    /// <returns>False when the process is gone or may not be read.</returns>
    public static bool TryReadMaps(int pid, out List<ProcMapping> mappings)
    {
        mappings = [];
        if (!TryRead($"/proc/{pid}/maps", out byte[] text))
        {
            return false;
        }

        mappings = ProcMapping.Parse(text);
        return true;
    }

    /// <summary>The state and start time of a process or thread.</summary>
    public static bool TryReadStat(int pid, out ProcStat stat)
    {
        stat = default;
        return TryRead($"/proc/{pid}/stat", out byte[] text) && ProcStat.TryParse(text, out stat);
    }

    /// <summary>The owner, name spaces and thread count of a process or thread.</summary>
    public static bool TryReadStatus(int pid, out ProcStatus status)
    {
        status = default;
        return TryRead($"/proc/{pid}/status", out byte[] text) && ProcStatus.TryParse(text, out status);
    }

    /// <summary>The name of a process's thread (the process's own when they are equal), or null when it is gone.</summary>
    public static string? ReadComm(int pid, int tid) =>
        TryRead($"/proc/{pid}/task/{tid}/comm", out byte[] text) ? Encoding.UTF8.GetString(text).TrimEnd('\n') : null;

    /// <summary>The command line of a process; empty for kernel threads, zombies and processes that are gone.</summary>
    public static string[] ReadCommandLine(int pid)
    {
        if (!TryRead($"/proc/{pid}/cmdline", out byte[] text) || text.Length == 0)
        {
            return [];
        }

        ReadOnlySpan<byte> arguments = text[^1] == 0 ? text.AsSpan(..^1) : text;
        return Encoding.UTF8.GetString(arguments).Split('\0');
    }

    /// <summary>What the executable is called, with " (deleted)" after it when it is gone; null when it may not be read or there is none.</summary>
    public static string? ReadExecutable(int pid) => ReadLink($"/proc/{pid}/exe");

    /// <summary>What a symbolic link of <c>/proc</c> says, or null.</summary>
    public static string? ReadLink(string path)
    {
        try
        {
            // Not ResolveLinkTarget: the text may be no path at all, like "/memfd:x (deleted)".
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The whole of a file whose size is not known beforehand, as those of <c>/proc</c> and <c>/sys</c>.</summary>
    /// <returns>False when it cannot be read or exceeds 64 MiB.</returns>
    public static bool TryRead(string path, out byte[] content)
    {
        content = [];
        SystemResult opened = FileDescriptor.TryOpen(path);
        if (opened.Failed)
        {
            return false;
        }

        using FileDescriptor file = new((int)opened.Raw);
        byte[] buffer = new byte[8192];
        int length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length >= MaximumBytes)
                {
                    return false;
                }

                Array.Resize(ref buffer, 2 * length);
            }

            SystemResult read = file.Read(buffer.AsSpan(length));
            if (read.Errno == Errno.EINTR)
            {
                continue;
            }

            if (read.Failed)
            {
                return false;
            }

            if (read.Raw == 0)
            {
                content = buffer[..length];
                return true;
            }

            length += (int)read.Raw;
        }
    }

    static IEnumerable<int> Numbers(string directory)
    {
        IEnumerable<string> names;
        try
        {
            // Taken at once: a directory of /proc that vanishes while it is listed is an error in the middle.
            names = [.. Directory.EnumerateDirectories(directory)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            yield break;
        }

        foreach (string name in names)
        {
            if (int.TryParse(Path.GetFileName(name.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                yield return number;
            }
        }
    }
}
