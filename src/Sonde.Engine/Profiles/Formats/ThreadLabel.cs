using System.Globalization;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Processes and threads as texts, in py-spy's words, and back.</summary>
public static class ThreadLabel
{
    const string ThreadRoot = "thread (";
    const string ProcessRoot = "process ";

    /// <summary>The text of a thread's root frame: <c>thread (4711): worker</c>.</summary>
    public static string Root(ProfileThread thread) =>
        string.Create(CultureInfo.InvariantCulture, $"{ThreadRoot}{thread.Tid}){(thread.Name.Length > 0 ? ": " : "")}{thread.Name}");

    /// <summary>The text of a process's root frame: <c>process 4711:"python app.py"</c>.</summary>
    public static string Root(ProfileProcess process) =>
        string.Create(CultureInfo.InvariantCulture, $"{ProcessRoot}{process.Pid}:\"{process.CommandLine}\"");

    /// <summary>A thread's heading: <c>Thread 4711 "worker"</c>, with <c>Process 4710 </c> before it when there are several processes.</summary>
    public static string Heading(Profile profile, ProfileThread thread)
    {
        string process = profile.Processes.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $"Process {profile.Processes[thread.Process].Pid} ") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{process}Thread {thread.Tid} \"{thread.Name}\"");
    }

    /// <summary>Whether a text is that of a root frame.</summary>
    public static bool IsRoot(string text) => TryParseThreadRoot(text, out _, out _) || TryParseProcessRoot(text, out _, out _);

    /// <summary>Reads what <see cref="Root(ProfileThread)"/> writes.</summary>
    public static bool TryParseThreadRoot(string text, out int tid, out string name)
    {
        (tid, name) = (0, "");
        int close = text.StartsWith(ThreadRoot, StringComparison.Ordinal) ? text.IndexOf(')') : -1;
        if (close < 0 || !TryNumber(text.AsSpan(ThreadRoot.Length, close - ThreadRoot.Length), out tid))
        {
            return false;
        }

        var rest = text.AsSpan(close + 1);
        if (!rest.IsEmpty && !rest.StartsWith(": "))
        {
            return false;
        }

        name = rest.IsEmpty ? "" : rest[2..].ToString();
        return true;
    }

    /// <summary>Reads what <see cref="Root(ProfileProcess)"/> writes.</summary>
    public static bool TryParseProcessRoot(string text, out int pid, out string commandLine)
    {
        (pid, commandLine) = (0, "");
        int colon = text.StartsWith(ProcessRoot, StringComparison.Ordinal) ? text.IndexOf(':') : -1;
        if (colon < 0 || !TryNumber(text.AsSpan(ProcessRoot.Length, colon - ProcessRoot.Length), out pid)
            || text.AsSpan(colon + 1) is not ['"', .. var command, '"'])
        {
            return false;
        }

        commandLine = command.ToString();
        return true;
    }

    /// <summary>Reads what <see cref="Heading"/> writes; the process's number is 0 when it is not there.</summary>
    public static bool TryParseHeading(string text, out int pid, out int tid, out string name)
    {
        (pid, tid, name) = (0, 0, "");
        var rest = text.AsSpan();
        if (rest.StartsWith("Process "))
        {
            rest = rest["Process ".Length..];
            int blank = rest.IndexOf(' ');
            if (blank < 0 || !TryNumber(rest[..blank], out pid))
            {
                return false;
            }

            rest = rest[(blank + 1)..];
        }

        if (!rest.StartsWith("Thread "))
        {
            return false;
        }

        rest = rest["Thread ".Length..];
        int quote = rest.IndexOf(" \"");
        if (!TryNumber(quote < 0 ? rest : rest[..quote], out tid) || (quote >= 0 && rest is not [.., '"']))
        {
            return false;
        }

        name = quote < 0 || quote + 3 > rest.Length ? "" : rest[(quote + 2)..^1].ToString();
        return true;
    }

    /// <summary>Numbers are decimal; py-spy writes pthread handles in hexadecimal, which are no thread's number.</summary>
    static bool TryNumber(ReadOnlySpan<char> text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
