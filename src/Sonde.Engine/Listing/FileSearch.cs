namespace Sonde.Engine.Listing;

/// <summary>Finds a program or library by what people call it: a path, "libc", "c", "libssl.so.3", "bash".</summary>
public static class FileSearch
{
    static readonly string[] _libraryDirectories =
    [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
        "/lib64", "/usr/lib64", "/usr/local/lib64", "/lib", "/usr/lib", "/usr/local/lib",
    ];

    /// <summary>The file a name stands for.</summary>
    /// <param name="name">A path, the name of a library with or without "lib" and version, or of a program.</param>
    /// <exception cref="UserErrorException">There is no such file.</exception>
    public static string Find(string name)
    {
        if (name.Contains('/') || File.Exists(name))
        {
            return File.Exists(name)
                ? Path.GetFullPath(name)
                : throw new UserErrorException(Directory.Exists(name) ? $"{name} is a directory; name a program or library in it" : $"there is no file {name}");
        }

        return TryFind(name) ?? throw new UserErrorException($"'{name}' is no library in the usual directories and no program in PATH; name it by its path");
    }

    /// <summary>The library of the usual directories, or the program of PATH, that a name stands for; null when there is none.</summary>
    internal static string? TryFind(string name)
    {
        var programs = (Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return Libraries(name).FirstOrDefault(IsElf)
            ?? programs.Select(directory => Path.Combine(directory, name)).Where(File.Exists).Select(Resolve).FirstOrDefault(IsElf);
    }

    /// <summary>Whether people would call the file at a path by this name.</summary>
    public static bool IsCalled(string path, string name)
    {
        if (name.Contains('/'))
        {
            return path == name;
        }

        var file = path.AsSpan(path.LastIndexOf('/') + 1);
        return file.SequenceEqual(name) || IsVersionOf(file, name) || IsVersionOf(file, "lib" + name);
    }

    /// <summary>"libc" of "libc.so.6", "libc-2.31.so" and "libc.so".</summary>
    static bool IsVersionOf(ReadOnlySpan<char> file, string library)
    {
        if (!file.StartsWith(library, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = file[library.Length..];
        return rest.StartsWith(".so") || (rest.Length > 1 && rest[0] == '-' && char.IsAsciiDigit(rest[1]) && rest.Contains(".so", StringComparison.Ordinal));
    }

    static IEnumerable<string> Libraries(string name)
    {
        foreach (var directory in _libraryDirectories.Where(Directory.Exists))
        {
            foreach (var pattern in new[] { name, name + ".so*", "lib" + name + ".so*" })
            {
                string[] found;
                try
                {
                    found = Directory.GetFiles(directory, pattern);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    continue;
                }

                foreach (var path in found.Where(path => IsCalled(path, name)).OrderDescending(StringComparer.Ordinal))
                {
                    yield return Resolve(path);
                }
            }
        }
    }

    static string Resolve(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (IOException)
        {
            return path;
        }
    }

    /// <summary>Whether it is an ELF file: development packages have linker scripts under the names of libraries.</summary>
    internal static bool IsElf(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            Span<byte> magic = stackalloc byte[4];
            return file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual("\u007fELF"u8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
