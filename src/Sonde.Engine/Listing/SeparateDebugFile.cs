using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Symbols.Dwarf;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Usdt;

namespace Sonde.Engine.Listing;

/// <summary>The debug file that was split off from a program or library.</summary>
sealed class SeparateDebugFile : IDisposable
{
    readonly MappedImage _image;
    readonly int _root;

    SeparateDebugFile(MappedImage image, int root) => (_image, _root) = (image, root);

    /// <summary>What is in it; stays when the file is closed.</summary>
    public ElfFile Elf => _image.Elf;

    /// <summary>The debug file of a file that lacks symbols or debug information; null when it has both, or none is installed.</summary>
    /// <param name="elf">The file.</param>
    /// <param name="path">Its path, as the process sees it.</param>
    /// <param name="pid">The process, in whose root directory is looked first; null for none.</param>
    /// <param name="directories">Directories of our own mount namespace that are looked into before the usual one.</param>
    public static SeparateDebugFile? For(ElfFile elf, string path, int? pid, IReadOnlyList<string>? directories = null)
    {
        if (elf.Symbols.Count > 0 && elf.TryGetSection(".debug_info", out _))
        {
            return null;
        }

        foreach (var candidate in directories is { Count: > 0 } ? DebugFiles.Candidates(elf, path, directories) : [])
        {
            if (TryOpen(0, candidate, elf) is { } given)
            {
                return given;
            }
        }

        foreach (var candidate in DebugFiles.Candidates(elf, path))
        {
            if ((pid is { } process ? TryOpen(process, candidate, elf) : null) is { } inside)
            {
                return inside;
            }

            if (TryOpen(0, candidate, elf) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>The file that debug files share (<c>dwz</c>, <c>.gnu_debugaltlink</c>): by its path, which may be relative to the file that names it, or by its build-id.</summary>
    /// <param name="elf">A program or library.</param>
    /// <param name="path">Its path, as the process sees it.</param>
    /// <param name="debug">Its separate debug file; null for none.</param>
    /// <param name="pid">The process, in whose root directory is looked first; null for none.</param>
    /// <returns>Null when nothing is shared, or the file is not installed.</returns>
    /// <exception cref="ElfException">The section that names it lies outside the file.</exception>
    public static ElfFile? SharedPartOf(ElfFile elf, string path, SeparateDebugFile? debug, int? pid)
    {
        if (DwarfFile.SupplementaryOf(debug?.Elf ?? elf) is not var (name, id))
        {
            return null;
        }

        var beside = Path.GetDirectoryName(debug?._image.Path ?? path) ?? "/";
        var places = new List<string> { Path.Combine(beside, name) };
        if (id.Length > 2)
        {
            places.AddRange(DebugFiles.DefaultDirectories.Select(directory => $"{directory}/.build-id/{id[..2]}/{id[2..]}.debug"));
        }

        foreach (var place in places)
        {
            foreach (var root in new[] { debug?._root ?? pid ?? 0, 0 }.Distinct())
            {
                if (TryOpen(root, place) is { } image)
                {
                    image.Dispose();
                    if (image.Elf.BuildId == id)
                    {
                        return image.Elf;
                    }
                }
            }
        }

        return null;
    }

    /// <summary>The USDT probes of a file, with the symbols of its debug file where an argument needs one.</summary>
    /// <exception cref="ElfException">The notes or a symbol table lie outside the file.</exception>
    public static UsdtNotes ReadNotes(ElfFile elf, string path, int? pid, IReadOnlyList<string>? directories = null)
    {
        var notes = UsdtNotes.Read(elf);
        if (!notes.Probes.Any(p => p.Locations.Any(l => l.Arguments.Any(a => a is { Unavailable: not null, Symbol: not null }))))
        {
            return notes;
        }

        using var debug = For(elf, path, pid, directories);
        return debug is null ? notes : UsdtNotes.Read(elf, debug.Elf);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _image.Dispose();

    static SeparateDebugFile? TryOpen(int pid, string path, ElfFile elf)
    {
        if (TryOpen(pid, path) is not { } image)
        {
            return null;
        }

        try
        {
            if (DebugFiles.Matches(elf, image.Elf))
            {
                return new SeparateDebugFile(image, pid);
            }
        }
        catch (ElfException)
        {
            // A damaged file is none that matches; the next place is tried.
        }

        image.Dispose();
        return null;
    }

    /// <summary>Names in programs can lead anywhere: only regular files within the root directory are opened.</summary>
    static MappedImage? TryOpen(int pid, string path)
    {
        try
        {
            return RootedFile.TryOpen(pid, path, out _) is { } file ? MappedImage.Open(file, path) : null;
        }
        catch (Exception problem) when (problem is ElfException or LinuxException)
        {
            return null;
        }
    }
}
