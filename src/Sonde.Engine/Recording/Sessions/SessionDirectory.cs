using System.Globalization;
using System.Net.Sockets;
using Sonde.Engine.Output;
using Sonde.Linux;

namespace Sonde.Engine.Recording.Sessions;

/// <summary>Where the sockets of this user's sessions are: a directory that nobody else may look into.</summary>
public static class SessionDirectory
{
    const string Extension = ".session";
    const int LongestName = 48;

    /// <summary>The directory, made now if it is not there.</summary>
    /// <exception cref="UserErrorException">It is somebody else's, or open to others.</exception>
    public static string Open()
    {
        var path = Location();
        try
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"the directory for sessions, {path}, cannot be made: {FileError.Describe(exception)}");
        }

        if (!FileStatus.TryRead(path, followsLinks: false, out var owner) || !owner.IsDirectory || owner.User != User || owner.IsOpenToOthers)
        {
            throw new UserErrorException($"the directory for sessions, {path}, is not this user's alone (mode 0700), so nothing in it can be trusted; remove it, or set XDG_RUNTIME_DIR");
        }

        return path;
    }

    /// <summary>The socket of a session.</summary>
    /// <exception cref="UserErrorException">That is no name for a session.</exception>
    public static string SocketOf(string name)
    {
        if (name.Length is 0 or > LongestName || name[0] == '.' || !name.All(static character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.'))
        {
            throw new UsageException($"session '{Escape.Text(name)}': a name has letters, digits, '-', '_' and '.', {LongestName} at most, and does not begin with '.'");
        }

        return Path.Combine(Open(), name + Extension);
    }

    /// <summary>The names of all sessions; those whose recording is gone are cleared away.</summary>
    public static IReadOnlyList<string> Names()
    {
        List<string> names = [];
        foreach (var path in Directory.EnumerateFiles(Open(), "*" + Extension).Order(StringComparer.Ordinal).ToList())
        {
            if (Connect(path) is not { } socket)
            {
                File.Delete(path);
                continue;
            }

            socket.Dispose();
            names.Add(Path.GetFileNameWithoutExtension(path));
        }

        return names;
    }

    /// <summary>Connects to a session; null when nobody listens.</summary>
    internal static Socket? Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    static uint User => ProcFs.TryReadStatus(Environment.ProcessId, out var status) ? status.EffectiveUser : uint.MaxValue;

    /// <summary>The user's directory for such things (basedir-spec), which sudo leaves set to that of the user who called it.</summary>
    static string Location()
    {
        var user = User;
        foreach (var runtime in new[] { Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"), string.Create(CultureInfo.InvariantCulture, $"/run/user/{user}") })
        {
            if (!string.IsNullOrEmpty(runtime) && FileStatus.TryRead(runtime, followsLinks: false, out var owner) && owner.IsDirectory && owner.User == user)
            {
                return Path.Combine(runtime, "sonde");
            }
        }

        return Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"sonde-{user}"));
    }
}
