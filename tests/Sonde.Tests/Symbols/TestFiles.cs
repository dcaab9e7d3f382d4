using System.Diagnostics;
using Sonde.Symbols.Elf;
using Xunit;

namespace Sonde.Tests.Symbols;

/// <summary>Real ELF files of the machine the tests run on, and <c>readelf</c> to compare with.</summary>
static class TestFiles
{
    public static string[] Real { get; } = [.. Candidates().Where(File.Exists).Select(Resolve).Distinct().Where(IsElf)];

    public static ElfFile Open(string path) => ElfFile.Parse(File.ReadAllBytes(path), Path.GetFileName(path));

    public static string[] ReadElf(params string[] arguments) => Run("readelf", arguments);

    public static string[] Run(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        // readelf answers 1 for some whole files, so its output decides.
        Assert.True(output.Length > 0, $"{command} {string.Join(' ', arguments)}: {errors.Result}");
        return output.Split('\n');
    }

    static IEnumerable<string> Candidates()
    {
        yield return "/bin/ls";
        yield return "/usr/bin/python3";
        yield return "/usr/bin/readelf";
        foreach (var directory in new[] { "/lib/x86_64-linux-gnu", "/lib64", "/usr/lib" })
        {
            yield return directory + "/libc.so.6";
            yield return directory + "/libstdc++.so.6";
            yield return directory + "/ld-linux-x86-64.so.2";
        }

        var versions = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".pyenv/versions");
        if (!Directory.Exists(versions))
        {
            yield break;
        }

        foreach (var version in Directory.EnumerateDirectories(versions, "3.*").Order())
        {
            foreach (var library in Directory.EnumerateFiles(Path.Combine(version, "lib"), "libpython3.*.so.1.0"))
            {
                yield return library;
            }
        }
    }

    static string Resolve(string path) => new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;

    static bool IsElf(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[4];
        return file.ReadAtLeast(start, 4, throwOnEndOfStream: false) == 4 && start.SequenceEqual("\u007fELF"u8);
    }
}
