using System.Globalization;
using System.Text;
using Sonde.Engine.Listing;
using Sonde.Linux;

namespace Sonde.Engine.Scripts.Machine;

/// <summary><c>//NAME</c>: every program or library of that name that is in use, whichever container it lies in.</summary>
sealed partial class BinaryFinder
{
    const string InUseMark = "//";

    /// <summary>Whether a target means files by what they are called, wherever they are; a library's version may then be a pattern.</summary>
    public static bool IsInUse(string target) =>
        target.Length > InUseMark.Length && target.StartsWith(InUseMark, StringComparison.Ordinal) && !target.AsSpan(InUseMark.Length).Contains('/');

    /// <summary>What to say when no file of a name has what is looked for.</summary>
    public static string NoneInUse(string what) => $"no program or library of this name that is in use, in PATH or known to the dynamic linker {what}";

    /// <summary>Those the process has mapped, or every process; and those that a program started later would get.</summary>
    List<Binary> InUse(string name)
    {
        var matches = Wildcards.Matcher(name);
        var files = new Dictionary<NamespaceFile, Binary>();
        foreach (var pid in processId != 0 ? [processId] : ProcFs.Processes())
        {
            AddMapped(files, pid, matches);
        }

        // A process that has loaded the library gets no other any more.
        if (processId == 0 || files.Count == 0)
        {
            foreach (var path in Installed(matches))
            {
                if (NamespaceFile.TryRead(path, out var file))
                {
                    files.TryAdd(file, new(path, path));
                }
            }
        }

        return [.. files.Values.Take(MostFiles)];
    }

    static void AddMapped(Dictionary<NamespaceFile, Binary> files, int pid, Func<string, bool> matches)
    {
        // Processes that end meanwhile, and threads of the kernel, have no maps.
        if (!ProcFs.TryReadMaps(pid, out var mappings))
        {
            return;
        }

        foreach (var mapping in mappings.Where(mapping => mapping.IsExecutable && mapping.IsFile && matches(Path.GetFileName(mapping.Path))).DistinctBy(mapping => (mapping.Device, mapping.Inode)))
        {
            var link = $"/proc/{pid}/map_files/{mapping.MapFilesName}";
            if (!NamespaceFile.TryRead(link, out var file))
            {
                continue;
            }

            var identity = IsOverlay(pid, file.Device) ? file with { Device = 0 } : file;
            if (NamespaceFile.TryRead(mapping.Path, out var own) && own == file)
            {
                // A path lasts longer than the process that was found to have the file.
                files[identity] = new(mapping.Path, mapping.Path);
            }
            else
            {
                files.TryAdd(identity, new(mapping.Path, link));
            }
        }
    }

    /// <summary>Libraries the dynamic linker would take, and programs of PATH.</summary>
    IEnumerable<string> Installed(Func<string, bool> matches) =>
        _cache.Value.Libraries.Select(library => library.Path).Where(path => matches(Path.GetFileName(path)))
            .Concat(Programs().SelectMany(Files).Where(path => matches(Path.GetFileName(path))))
            .Where(FileSearch.IsElf);

    /// <summary>Whether a device is an overlay: containers of one image have one each, with the same files, and the same inodes, beneath.</summary>
    /// <remarks>The kernel sets a probe on the file beneath, so that two of them would be hit by each process (kernel/events/uprobes.c, <c>d_real_inode</c>).</remarks>
    static bool IsOverlay(int pid, ulong device)
    {
        var number = string.Create(CultureInfo.InvariantCulture, $" 0:{device} ");
        return ProcFs.TryRead($"/proc/{pid}/mountinfo", out var mounts)
            && Encoding.UTF8.GetString(mounts).Split('\n').Any(line => line.Contains(number, StringComparison.Ordinal) && line.Contains(" - overlay ", StringComparison.Ordinal));
    }
}
