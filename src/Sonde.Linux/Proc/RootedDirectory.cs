using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sonde.Linux;

/// <summary>A directory of our own making inside another process's root directory, for the few small files that it shall find there.</summary>
/// <remarks>
/// Everything is reached through descriptors, and no name is ever looked up outside of that root: whatever links the other process has put in the way, nothing is written elsewhere.
/// Removed with all that is in it when disposed of, also after the process has ended. Whoever makes one is killed before that leaves it behind: its name tells for which process it was made,
/// and in which pid namespace that has this number, and a lock on it (flock(2)) that its maker is gone, so that <see cref="RemoveAbandoned"/> can tell.
/// </remarks>
public sealed unsafe class RootedDirectory : IDisposable
{
    // include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h, include/uapi/linux/openat2.h
    const int CloseOnExec = 0x80000, Directory = 0x10000, PathOnly = 0x200000, NoFollow = 0x20000, WriteOnly = 1, Create = 0x40, Exclusive = 0x80;
    const ulong NoMagicLinks = 0x02, InRoot = 0x10;
    const int RemoveDirectory = 0x200, SymbolicLinkItself = 0x100;
    const int LockExclusively = 2, LockWithoutWaiting = 4;
    const string NamePrefix = ".sonde-";

    /// <summary>Of one that is made at this moment the lock is not there yet.</summary>
    static readonly TimeSpan _making = TimeSpan.FromSeconds(5);

    const int MostAbandoned = 1000;

    /// <summary>The first pid namespace (<c>PROC_PID_INIT_INO</c>, include/linux/proc_ns.h), in which all processes are seen.</summary>
    const ulong FirstNamespace = 0xEFFFFFFC;

    readonly FileDescriptor _parent;
    readonly FileDescriptor _directory;
    readonly string _name;
    readonly HashSet<string> _files = [];
    bool _isKept;

    RootedDirectory(FileDescriptor parent, FileDescriptor directory, string path, string name)
    {
        _parent = parent;
        _directory = directory;
        _name = name;
        Path = path;
    }

    /// <summary>The directory's path as the other process sees it.</summary>
    public string Path { get; }

    /// <summary>A path by which this process reaches a name in the directory, whatever the other one is called or sees.</summary>
    public string OwnPath(string name) => $"{_directory.ProcPath}/{name}";

    /// <summary>Makes a directory in the first of some places where that can be done.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="startTime">When it started, in ticks (<see cref="ProcStat.StartTimeTicks"/>).</param>
    /// <param name="places">Absolute paths of directories, as that process sees them.</param>
    /// <param name="problem">When it cannot be done: each place and why.</param>
    /// <returns>The directory, ours alone; null when none of the places will do.</returns>
    public static RootedDirectory? TryCreate(int pid, ulong startTime, IEnumerable<string> places, out string problem)
    {
        List<string> problems = [];
        foreach (var place in places)
        {
            var result = TryCreate(pid, startTime, place, out var made);
            if (made is not null)
            {
                problem = "";
                return made;
            }

            problems.Add($"{place}: {result.Errno}");
        }

        problem = string.Join(", ", problems);
        return null;
    }

    /// <summary>Makes a file that only its owner may read.</summary>
    public void Write(string name, ReadOnlySpan<byte> content)
    {
        const uint ownerOnly = 0x180; // 0600
        using var file = Call(name, path => Libc.OpenAt(_directory.Number, path, WriteOnly | Create | Exclusive | NoFollow | CloseOnExec, ownerOnly)).CheckDescriptor($"creating {Path}/{name}");
        _files.Add(name);
        while (!content.IsEmpty)
        {
            content = content[(int)file.Write(content).Check($"writing {Path}/{name}")..];
        }
    }

    /// <summary>Notes a name that something else has made in the directory, to be removed with it.</summary>
    public void Add(string name) => _files.Add(name);

    /// <summary>Gives the directory and all that is in it to a user. Nothing can be made in it after that.</summary>
    public void GiveTo(uint user, uint group)
    {
        foreach (var name in _files)
        {
            Call(name, path => Libc.ChangeOwnerAt(_directory.Number, path, user, group, SymbolicLinkItself)).Check($"giving {Path}/{name} to user {user}");
        }

        Call(_name, path => Libc.ChangeOwnerAt(_parent.Number, path, user, group, SymbolicLinkItself)).Check($"giving {Path} to user {user}");
    }

    /// <summary>Whether a name is in the directory.</summary>
    public bool Has(string name) => !Call(name, path => Libc.AccessAt(_directory.Number, path, 0, SymbolicLinkItself)).Failed;

    /// <summary>The beginning of a file that the other process has left in the directory; null when there is none.</summary>
    public string? TryReadText(string name, int maximumBytes)
    {
        const int nonBlocking = 0x800;
        var opened = Call(name, path => Libc.OpenAt(_directory.Number, path, NoFollow | nonBlocking | CloseOnExec, 0));
        if (opened.Failed)
        {
            return null;
        }

        _files.Add(name);
        using var file = new FileDescriptor((int)opened.Raw);
        var buffer = new byte[maximumBytes];
        var read = file.Read(buffer);
        return read.Failed ? null : Encoding.UTF8.GetString(buffer, 0, (int)read.Raw);
    }

    /// <summary>Leaves the empty directory where it is when the rest is removed: while it is there, nobody else can make one of its name.</summary>
    public void Keep() => _isKept = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_directory.IsClosed)
        {
            return;
        }

        foreach (var name in _files)
        {
            Call(name, path => Libc.UnlinkAt(_directory.Number, path, 0));
        }

        if (!_isKept)
        {
            Call(_name, path => Libc.UnlinkAt(_parent.Number, path, RemoveDirectory));
        }

        _directory.Dispose();
        _parent.Dispose();
    }

    static SystemResult TryCreate(int pid, ulong startTime, string place, out RootedDirectory? made)
    {
        made = null;
        var opened = TryOpenRoot(pid, out var root);
        if (root is null)
        {
            return opened;
        }

        using (root)
        {
            opened = TryOpenPlace(root, place);
        }

        if (opened.Failed)
        {
            return opened;
        }

        var parent = new FileDescriptor((int)opened.Raw);
        var name = string.Create(CultureInfo.InvariantCulture, $"{NamePrefix}{pid}-{startTime}-{PidNamespaceOf("self")}-{RandomNumberGenerator.GetHexString(12, lowercase: true)}");
        const uint ownerOnly = 0x1c0; // 0700
        var result = Call(name, path => Libc.MakeDirectoryAt(parent.Number, path, ownerOnly));
        if (!result.Failed)
        {
            result = Call(name, path => Libc.OpenAt(parent.Number, path, Directory | NoFollow | CloseOnExec, 0));
        }

        if (result.Failed)
        {
            parent.Dispose();
            return result;
        }

        var directory = new FileDescriptor((int)result.Raw);
        // Nobody else knows it yet.
        Libc.Lock(directory.Number, LockExclusively | LockWithoutWaiting);
        made = new RootedDirectory(parent, directory, $"{place.TrimEnd('/')}/{name}", name);
        return result;
    }

    /// <summary>Opens the root directory of a process, by which its files can be reached also after it has ended.</summary>
    public static SystemResult TryOpenRoot(int pid, out FileDescriptor? root)
    {
        var opened = FileDescriptor.TryOpen($"/proc/{pid}/root", (OpenMode)(Directory | PathOnly));
        root = opened.Failed ? null : new FileDescriptor((int)opened.Raw);
        return opened;
    }

    static SystemResult TryOpenPlace(FileDescriptor root, string place)
    {
        // struct open_how: flags, mode, resolve. Linux 5.6 and later.
        var how = stackalloc ulong[3] { Directory | PathOnly | CloseOnExec, 0, InRoot | NoMagicLinks };
        return Call(place, path => Libc.SystemCall(Libc.Number.OpenAt2, root.Number, (nint)path, (nint)how, 3 * sizeof(ulong), 0));
    }

    /// <summary>Removes directories that were left behind by those who were killed before they could.</summary>
    /// <param name="root">The root directory below which they are.</param>
    /// <param name="places">Absolute paths of directories, from that root.</param>
    /// <param name="names">The names that may be in them; a directory with any other stays.</param>
    /// <param name="isOver">Whether nothing is going to look into the directory of a process any more, told by its number and when it started.</param>
    /// <returns>How many were removed.</returns>
    /// <remarks>What was made in another pid namespace, where processes have other numbers, stays as long as there may be a process in that.</remarks>
    public static int RemoveAbandoned(FileDescriptor root, IEnumerable<string> places, IReadOnlyList<string> names, Func<int, ulong, bool> isOver)
    {
        var removed = 0;
        var own = PidNamespaceOf("self");
        var inUse = new Lazy<HashSet<ulong>?>(() => NamespacesInUse(own));
        foreach (var place in places)
        {
            var opened = TryOpenPlace(root, place);
            if (opened.Failed)
            {
                continue;
            }

            using var parent = new FileDescriptor((int)opened.Raw);
            foreach (var name in Abandoned(parent))
            {
                if (name[NamePrefix.Length..].Split('-') is [var process, var start, var namespaceText, _]
                    && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && ulong.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var startTime)
                    && ulong.TryParse(namespaceText, NumberStyles.None, CultureInfo.InvariantCulture, out var pidNamespace)
                    && (pidNamespace == own ? isOver(pid, startTime) : inUse.Value?.Contains(pidNamespace) == false) && TryRemove(parent, name, names))
                {
                    removed++;
                }
            }
        }

        return removed;
    }

    /// <summary>The pid namespaces that have processes; null when nobody can tell, as in others than the first. The first process of all is in the first one, whoever may ask it.</summary>
    static HashSet<ulong>? NamespacesInUse(ulong own)
    {
        if (own != FirstNamespace)
        {
            return null;
        }

        HashSet<ulong> found = [own];
        foreach (var pid in ProcFs.Processes())
        {
            var its = pid == 1 ? own : PidNamespaceOf(pid.ToString(CultureInfo.InvariantCulture));
            if (its == 0 && ProcFs.TryReadStat(pid, out var stat) && !stat.IsZombie)
            {
                return null;
            }

            found.Add(its);
        }

        return found;
    }

    /// <summary>The pid namespace that a process is in, by its inode; 0 when that cannot be told.</summary>
    static ulong PidNamespaceOf(string process) => FileStatus.TryRead($"/proc/{process}/ns/pid", followsLinks: true, out var status) ? status.Inode : 0;

    static List<string> Abandoned(FileDescriptor parent)
    {
        try
        {
            return [.. System.IO.Directory.EnumerateDirectories(parent.ProcPath, NamePrefix + "*")
                .Where(static path => DateTime.UtcNow - System.IO.Directory.GetLastWriteTimeUtc(path) > _making).Take(MostAbandoned).Select(static path => System.IO.Path.GetFileName(path))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    static bool TryRemove(FileDescriptor parent, string name, IReadOnlyList<string> names)
    {
        var opened = Call(name, path => Libc.OpenAt(parent.Number, path, Directory | NoFollow | CloseOnExec, 0));
        if (opened.Failed)
        {
            return false;
        }

        using var directory = new FileDescriptor((int)opened.Raw);
        if (Libc.Result(Libc.Lock(directory.Number, LockExclusively | LockWithoutWaiting)).Failed)
        {
            return false;
        }

        foreach (var file in names)
        {
            Call(file, path => Libc.UnlinkAt(directory.Number, path, 0));
        }

        return !Call(name, path => Libc.UnlinkAt(parent.Number, path, RemoveDirectory)).Failed;
    }

    delegate nint PathCall(byte* path);

    static SystemResult Call(string path, PathCall call)
    {
        fixed (byte* name = FileDescriptor.ZeroTerminated(path))
        {
            return Libc.Result(call(name));
        }
    }
}
