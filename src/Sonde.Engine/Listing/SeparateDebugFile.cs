using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Usdt;

namespace Sonde.Engine.Listing;

/// <summary>Finds and opens the debug file that was split off from a program or library.</summary>
static class SeparateDebugFile
{
    /// <summary>The debug file of a file that lacks symbols or debug information; null when it has both, or none is installed.</summary>
    /// <param name="elf">The file.</param>
    /// <param name="path">Its path, as the process sees it.</param>
    /// <param name="pid">The process, in whose root directory is looked first; null for none.</param>
    /// <param name="directories">Directories of our own mount namespace that are looked into before the usual one.</param>
    public static MappedImage? For(ElfFile elf, string path, int? pid, IReadOnlyList<string>? directories = null)
    {
        if (elf.Symbols.Count > 0 && elf.TryGetSection(".debug_info", out _))
        {
            return null;
        }

        if (directories is { Count: > 0 } && DebugFiles.Candidates(elf, path, directories).Select(candidate => TryOpen(candidate, elf)).FirstOrDefault(found => found is not null) is { } given)
        {
            return given;
        }

        foreach (var candidate in DebugFiles.Candidates(elf, path))
        {
            foreach (var root in pid is { } number ? new[] { $"/proc/{number}/root", "" } : [""])
            {
                if (TryOpen(root + candidate, elf) is { } found)
                {
                    return found;
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

    static MappedImage? TryOpen(string path, ElfFile elf)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var image = MappedImage.Open(path);
            if (DebugFiles.Matches(elf, image.Elf))
            {
                return image;
            }

            image.Dispose();
        }
        catch (Exception problem) when (problem is ElfException or LinuxException)
        {
            // A file that cannot be read is none that matches; the next place is tried.
        }

        return null;
    }
}
