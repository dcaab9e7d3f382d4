using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sonde.Linux;

/// <summary>A directory of our own making inside another process's root directory, for the few small files that it shall find there.</summary>
/// <remarks>
/// Everything is reached through descriptors, and no name is ever looked up outside of that root: whatever links the other process has put in the way, nothing is written elsewhere.
/// Removed with all that is in it when disposed of, also after the process has ended.
/// </remarks>
public sealed unsafe class RootedDirectory : IDisposable
{
    // include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h, include/uapi/linux/openat2.h
    const int CloseOnExec = 0x80000, Directory = 0x10000, PathOnly = 0x200000, NoFollow = 0x20000, WriteOnly = 1, Create = 0x40, Exclusive = 0x80;
    const ulong NoMagicLinks = 0x02, InRoot = 0x10;
    const int RemoveDirectory = 0x200, SymbolicLinkItself = 0x100;

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
    /// <param name="places">Absolute paths of directories, as that process sees them.</param>
    /// <param name="problem">When it cannot be done: each place and why.</param>
    /// <returns>The directory, ours alone; null when none of the places will do.</returns>
    public static RootedDirectory? TryCreate(int pid, IEnumerable<string> places, out string problem)
    {
        List<string> problems = [];
        foreach (var place in places)
        {
            var result = TryCreate(pid, place, out var made);
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

    static SystemResult TryCreate(int pid, string place, out RootedDirectory? made)
    {
        made = null;
        var opened = FileDescriptor.TryOpen($"/proc/{pid}/root", (OpenMode)(Directory | PathOnly));
        if (opened.Failed)
        {
            return opened;
        }

        using var root = new FileDescriptor((int)opened.Raw);
        // struct open_how: flags, mode, resolve. Linux 5.6 and later.
        var how = stackalloc ulong[3] { Directory | PathOnly | CloseOnExec, 0, InRoot | NoMagicLinks };
        opened = Call(place, path => Libc.SystemCall(Libc.Number.OpenAt2, root.Number, (nint)path, (nint)how, 3 * sizeof(ulong), 0));
        if (opened.Failed)
        {
            return opened;
        }

        var parent = new FileDescriptor((int)opened.Raw);
        var name = string.Create(CultureInfo.InvariantCulture, $".sonde-{RandomNumberGenerator.GetHexString(12, lowercase: true)}");
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

        made = new RootedDirectory(parent, new FileDescriptor((int)result.Raw), $"{place.TrimEnd('/')}/{name}", name);
        return result;
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
