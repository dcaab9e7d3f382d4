namespace Sonde.Linux;

/// <summary>The tracing file system: formats and numbers of tracepoints.</summary>
/// <remarks>
/// Where it is not mounted, an instance of our own is made that no path leads to and that vanishes with this object
/// (<c>fsopen</c>, <c>fsmount</c>; Linux 5.2+ and CAP_SYS_ADMIN).
/// </remarks>
public sealed unsafe class Tracefs : IDisposable
{
    const uint CloseOnExec = 1; // FSOPEN_CLOEXEC and FSMOUNT_CLOEXEC
    const int CreateFilesystem = 6; // FSCONFIG_CMD_CREATE
    static readonly string[] _mountPoints = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

    readonly FileDescriptor? _mount;

    Tracefs(string root, FileDescriptor? mount)
    {
        Root = root;
        _mount = mount;
    }

    /// <summary>The directory under which its files are, good for this process and as long as this object.</summary>
    public string Root { get; }

    /// <summary>Whether the instance is our own because none was mounted.</summary>
    public bool IsDetached => _mount is not null;

    /// <summary>Finds the mounted instance or makes one.</summary>
    /// <exception cref="LinuxException">It is not mounted, or may not be read, and making one is not allowed.</exception>
    public static Tracefs Open()
    {
        foreach (string path in _mountPoints)
        {
            // The event files, not the directory, tell whether something is mounted there that this user may read.
            if (File.Exists(path + "/events/header_page"))
            {
                return new Tracefs(path, null);
            }
        }

        const string Advice = "Mount tracefs at /sys/kernel/tracing, or run as root.";
        using FileDescriptor context = OpenFilesystem().CheckDescriptor("fsopen(\"tracefs\")", Advice);
        Libc.Result(Libc.SystemCall(Libc.Number.FsConfig, context.Number, CreateFilesystem, 0, 0, 0)).Check("fsconfig(tracefs, CREATE)", Advice);
        FileDescriptor mount = Libc.Result(Libc.SystemCall(Libc.Number.FsMount, context.Number, (nint)CloseOnExec, 0, 0, 0))
            .CheckDescriptor("fsmount(tracefs)", Advice);
        return new Tracefs(mount.ProcPath, mount);
    }

    /// <summary>The number of a tracepoint, which perf_event_open(2) wants.</summary>
    /// <returns>False when there is no such tracepoint.</returns>
    /// <exception cref="LinuxException">EACCES: it is there and may not be read.</exception>
    public bool TryGetTracepointId(string category, string name, out uint id)
    {
        id = 0;
        string path = $"{Root}/events/{category}/{name}/id";
        if (!IsPlainName(category) || !IsPlainName(name) || !File.Exists(path))
        {
            return false;
        }

        try
        {
            return uint.TryParse(File.ReadAllText(path), out id);
        }
        catch (UnauthorizedAccessException)
        {
            throw new LinuxException(Errno.EACCES, $"read(\"{path}\")", "Run as root, or give read permission on tracefs.");
        }
    }

    /// <summary>Unmounts the instance if it is our own.</summary>
    public void Dispose() => _mount?.Dispose();

    static bool IsPlainName(string name) => name.Length > 0 && !name.Contains('/', StringComparison.Ordinal) && name[0] != '.';

    static SystemResult OpenFilesystem()
    {
        fixed (byte* name = FileDescriptor.ZeroTerminated("tracefs"))
        {
            return Libc.Result(Libc.SystemCall(Libc.Number.FsOpen, (nint)name, (nint)CloseOnExec, 0, 0, 0));
        }
    }
}
