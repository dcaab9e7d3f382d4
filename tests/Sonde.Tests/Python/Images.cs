using System.Text.RegularExpressions;
using Sonde.Python;
using Sonde.Symbols.Elf;

namespace Sonde.Tests.Python;

/// <summary>
/// The CPython images of this machine, of the root directories that tests/setup/find-interpreters has listed, and of those named by
/// <c>SONDE_TEST_ROOTS</c> (a colon list).
/// </summary>
static partial class Images
{
    /// <summary>Path of each image that holds an interpreter: libpython where there is one, else the program itself.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Shared().Concat(Static()).Order(StringComparer.Ordinal)];

    /// <summary>The image and the version its file name tells.</summary>
    public static (ElfFile Image, PythonVersion Version) Open(string path) => (
        ElfFile.Parse(File.ReadAllBytes(path), Path.GetFileName(path)),
        new PythonVersion(int.Parse(MinorVersion().Match(path).Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture), -1));

    static IEnumerable<string> Shared()
    {
        var pyenv = Environment.GetEnvironmentVariable("PYENV_ROOT")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".pyenv");
        var versions = new DirectoryInfo(Path.Combine(pyenv, "versions"));
        return versions.Exists
            ? versions.EnumerateDirectories("3.*").SelectMany(version => version.EnumerateFiles("lib/libpython3.*.so.1.0")).Select(file => file.FullName)
            : [];
    }

    static IEnumerable<string> Static() =>
        from root in Roots().Append("/").Distinct()
        where Directory.Exists(Path.Combine(root, "usr/bin"))
        from path in Directory.EnumerateFiles(Path.Combine(root, "usr/bin"), "python3.*")
        where ProgramName().IsMatch(Path.GetFileName(path))
        select path;

    static IEnumerable<string> Roots()
    {
        var named = (Environment.GetEnvironmentVariable("SONDE_TEST_ROOTS") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        var list = Path.Combine(AppContext.BaseDirectory, "../../../interpreters.tsv");
        return !File.Exists(list) ? named : named.Concat(File.ReadLines(list).Select(line => line.Split('\t')[2]).Where(root => root.StartsWith('/')));
    }

    [GeneratedRegex(@"^python3\.\d+$")]
    internal static partial Regex ProgramName();

    [GeneratedRegex(@"python3\.(\d+)")]
    internal static partial Regex MinorVersion();
}
