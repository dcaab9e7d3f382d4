using Sonde.Engine.Output;
using Sonde.Linux;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Says what to do about a stripped file: where its debug file was looked for, and which package would bring it.</summary>
static class MissingDebugFile
{
    const string Database = "/var/lib/dpkg/info";
    const int LargestList = 16 << 20;

    /// <summary>One line for a file without symbols or debug information.</summary>
    /// <param name="file">The file.</param>
    /// <param name="consequence">What does not work without.</param>
    /// <returns>Null when its debug file is there.</returns>
    public static string? Explain(UserFile file, string consequence)
    {
        if (file.HasDebugFile)
        {
            return null;
        }

        var places = PlacesOf(file);
        var looked = places.Count > 0 ? $"; its debug file was looked for at {string.Join(", ", places.Select(place => Escape.Text(place)))}" : "; it says of no debug file (neither a build id nor a debug link)";
        var package = PackageOf(file.Binary.Path) is { } name ? $". On Debian, the package {(name == "libc6" ? "libc6-dbg" : name + "-dbgsym")} has it" : "";
        return $"{file.Binary.Name} is stripped: {consequence}{looked}{package}. A place in it can be given by address: uprobe:{file.Binary.Name}:0x1234";
    }

    static IReadOnlyList<string> PlacesOf(UserFile file)
    {
        try
        {
            return DebugFiles.Candidates(file.Elf, file.Binary.Name);
        }
        catch (ElfException)
        {
            return [];
        }
    }

    /// <summary>The Debian package that a file came with; null when none did. <c>/usr/lib</c> was once <c>/lib</c>, and packages say so.</summary>
    static string? PackageOf(string path)
    {
        if (!Directory.Exists(Database))
        {
            return null;
        }

        var names = new[] { path, path.StartsWith("/usr/", StringComparison.Ordinal) ? path[4..] : "/usr" + path }.Select(static name => System.Text.Encoding.UTF8.GetBytes($"\n{name}\n")).ToList();
        try
        {
            foreach (var list in Directory.EnumerateFiles(Database, "*.list"))
            {
                if (new FileInfo(list).Length <= LargestList && ProcFs.TryRead(list, out var text) && names.Any(name => text.AsSpan().IndexOf(name) >= 0))
                {
                    return Path.GetFileNameWithoutExtension(list).Split(':')[0];
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Without the packages' lists, only the places are told.
        }

        return null;
    }
}
