using Sonde.Engine.Listing;
using Sonde.Engine.Output;
using Sonde.Linux;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Libraries;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>A program or library that an attach point names.</summary>
/// <param name="Name">What probes of it are called by.</param>
/// <param name="Path">What opens it, for this process and the kernel.</param>
/// <param name="Entry">For a library inside an archive (<c>app.apk!/lib/x.so</c>): its name there; empty for others.</param>
readonly record struct Binary(string Name, string Path, string Entry = "");

/// <summary>
/// Finds programs and libraries by path, by pattern, by their name in PATH, as libraries by the dynamic linker's cache, and as files of a process,
/// which may have been removed or replaced or lie in another mount namespace; <c>//NAME</c> stands for every file of that name in use on the machine.
/// </summary>
/// <param name="processId">The process whose view of the files counts; 0 for this one's.</param>
sealed partial class BinaryFinder(int processId)
{
    const int MostFiles = 65536;

    readonly Lazy<LoaderCache> _cache = new(() =>
        LoaderCache.TryParse(ProcFs.TryRead("/etc/ld.so.cache", out var bytes) ? bytes : [], ElfMachine.X8664, out var cache) ? cache : cache);

    readonly Lazy<bool> _sharesFiles = new(() => processId == 0
        || (NamespaceFile.TryRead("/proc/self/ns/mnt", out var own) && NamespaceFile.TryRead($"/proc/{processId}/ns/mnt", out var other) && own == other
            && ProcFs.ReadLink($"/proc/{processId}/root") == "/"));

    /// <summary>The files a name or pattern means; none when there are none. Whether they are programs is not looked at.</summary>
    /// <exception cref="UserErrorException">The process is gone or may not be looked at.</exception>
    public IReadOnlyList<Binary> Find(string target)
    {
        if (target.Contains('\0'))
        {
            // No file has such a name, and the runtime throws when it is asked for one.
            return [];
        }

        if (IsInUse(target))
        {
            return InUse(target[InUseMark.Length..]);
        }

        var inner = target.IndexOf("!/", StringComparison.Ordinal);
        if (inner > 0)
        {
            return [.. Find(target[..inner]).Select(archive => new Binary($"{archive.Name}!{target[(inner + 1)..]}", archive.Path, target[(inner + 2)..]))];
        }

        var mapped = processId != 0 ? InProcess(target) : [];
        return mapped.Count > 0 ? mapped : OnDisk(target);
    }

    List<Binary> InProcess(string target)
    {
        if (target.Length == 0)
        {
            return [];
        }

        var files = ProcessFiles.Of(processId);
        if (Wildcards.Has(target))
        {
            var pattern = new Glob(target);
            return [.. files.Where(file => pattern.Matches(file.Path) || (!target.Contains('/') && pattern.Matches(Path.GetFileName(file.Path.AsSpan())))).Select(file => Mapped(file, file.Path))];
        }

        if (!target.Contains('/'))
        {
            return [.. files.Where(file => FileSearch.IsCalled(file.Path, target)).Take(1).Select(file => Mapped(file, file.Path))];
        }

        // A link on the way (/bin is one nowadays) makes the kernel's name of the file another than the user's; the inode is the same.
        var full = target.StartsWith("/proc/", StringComparison.Ordinal) ? target : Rooted(Path.GetFullPath(target));
        var known = NamespaceFile.TryRead(full, out var identity);
        foreach (var file in files)
        {
            if (file.Path == target || (known && file.Inode == identity.Inode))
            {
                return [Mapped(file, target)];
            }
        }

        return [];
    }

    Binary Mapped(ProcMapping file, string name) => new(name, PathOf(file));

    /// <summary>What opens the very file that is mapped.</summary>
    string PathOf(ProcMapping file)
    {
        if (!file.IsDeleted && !file.IsMemfd)
        {
            // The kernel names files from this process's root where it can, so those of a process with only a root directory of its own, too.
            string[] ways = [file.Path, $"/proc/{processId}/root{file.Path}"];
            if (Array.Find(ways, way => NamespaceFile.TryRead(way, out var found) && found.Inode == file.Inode) is { } path)
            {
                return path;
            }
        }

        // The executable has a link that needs fewer rights than map_files.
        return ProcFs.ReadExecutable(processId) == file.Path + " (deleted)" ? $"/proc/{processId}/exe" : $"/proc/{processId}/map_files/{file.MapFilesName}";
    }

    /// <summary>A path of the process's view as this process can open it.</summary>
    string Rooted(string path) => _sharesFiles.Value ? path : $"/proc/{processId}/root{path}";

    List<Binary> OnDisk(string target)
    {
        if (target.Contains('/'))
        {
            var path = processId == 0 || target.StartsWith("/proc/", StringComparison.Ordinal) || !target.StartsWith('/') ? target : Rooted(target);
            return Wildcards.Has(target) ? [.. Expand(target)]
                : File.Exists(path) ? [new(target, path)]
                : path != target && File.Exists(target) ? [new(target, target)]
                : [];
        }

        if (Wildcards.Has(target))
        {
            var pattern = new Glob(target);
            return [.. Programs().SelectMany(directory => Files(directory)).Where(path => pattern.Matches(Path.GetFileName(path.AsSpan())))
                .DistinctBy(path => NamespaceFile.TryRead(path, out var file) ? file : default).Select(path => new Binary(path, path))];
        }

        if (target.Length == 0)
        {
            return [];
        }

        var found = Programs().Select(directory => Path.Combine(directory, target)).FirstOrDefault(path => File.Exists(path) && FileSearch.IsElf(path))
            ?? _cache.Value.Find(target).Select(library => library.Path).FirstOrDefault(File.Exists)
            ?? FileSearch.TryFind(target);
        return found is null ? [] : [new(found, found)];
    }

    static IEnumerable<string> Programs() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries).Distinct();

    static string[] Files(string directory)
    {
        try
        {
            var files = Directory.GetFiles(directory);
            Array.Sort(files, StringComparer.Ordinal);
            return files;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The files a pattern of a path matches, part by part: a wildcard does not reach over a slash.</summary>
    static IEnumerable<Binary> Expand(string pattern)
    {
        IEnumerable<string> paths = [pattern.StartsWith('/') ? "/" : ""];
        var parts = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < parts.Length; i++)
        {
            var (part, isLast) = (parts[i], i == parts.Length - 1);
            var matches = Wildcards.Matcher(part);
            paths = Wildcards.Has(part)
                ? paths.SelectMany(directory => Entries(directory, isLast).Where(entry => matches(entry)).Select(entry => Join(directory, entry)))
                : paths.Select(directory => Join(directory, part)).Where(path => isLast ? File.Exists(path) : Directory.Exists(path));
        }

        return paths.Take(MostFiles).Select(path => new Binary(path, path));
    }

    static string Join(string directory, string entry) => directory.Length == 0 || directory.EndsWith('/') ? directory + entry : $"{directory}/{entry}";

    static string[] Entries(string directory, bool files)
    {
        try
        {
            var where = directory.Length == 0 ? "." : directory;
            var names = Array.ConvertAll(files ? Directory.GetFiles(where) : Directory.GetDirectories(where), path => Path.GetFileName(path));
            Array.Sort(names, StringComparer.Ordinal);
            return names;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
