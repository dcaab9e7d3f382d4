using Sonde.Engine.Listing;
using Sonde.Linux;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>The programs and libraries a script's probes are in, each opened once.</summary>
sealed class UserFiles(int processId, IReadOnlyList<string> debugDirectories) : IDisposable
{
    /// <summary>Patterns of files go through thousands; what was read of them is let go beyond this.</summary>
    const long MostBytes = 256 << 20;

    readonly Dictionary<Binary, UserFile?> _files = [];
    long _bytes;

    /// <summary>Finds files by name.</summary>
    public BinaryFinder Finder { get; } = new(processId);

    /// <summary>The process whose files are meant; 0 for none.</summary>
    public int ProcessId => processId;

    /// <summary>The file, opened; null when it cannot be opened or is no 64-bit ELF file.</summary>
    public UserFile? Open(Binary binary)
    {
        if (_files.TryGetValue(binary, out var known))
        {
            return known;
        }

        if (_bytes > MostBytes)
        {
            Dispose();
        }

        UserFile? file = null;
        try
        {
            file = UserFile.Open(binary, processId, debugDirectories);
        }
        catch (Exception problem) when (problem is ElfException or LinuxException)
        {
            // What cannot be read as a program is no target of a probe, for whichever of its reasons.
        }

        _files[binary] = file;
        _bytes += file?.Elf.Length ?? 0;
        return file;
    }

    /// <summary>The file that probes with this path are in; null when none was opened.</summary>
    public UserFile? Opened(string path) => _files.Values.FirstOrDefault(file => file?.Binary.Path == path);

    /// <summary>The programs and libraries that an attach point's first part means, opened; reports when there are none.</summary>
    public IReadOnlyList<UserFile> OpenAll(ProbeRequest request, string target)
    {
        IReadOnlyList<Binary> binaries;
        try
        {
            binaries = Finder.Find(target);
        }
        catch (UserErrorException problem)
        {
            request.Error(problem.Message);
            return [];
        }

        if (Wildcards.Has(target) || BinaryFinder.IsInUse(target))
        {
            return [.. binaries.Select(Open).OfType<UserFile>()];
        }

        if (binaries.Count > 0 && Open(binaries[0]) is { } file)
        {
            return [file];
        }

        request.Error($"{request.Type.Name} target file '{target}' does not exist or is not executable", PythonNames.Hint(request.Kind, request.Parts) ?? Advice(target, binaries));
        return [];
    }

    /// <summary>Closes all.</summary>
    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file?.Dispose();
        }

        _files.Clear();
        _bytes = 0;
    }

    string? Advice(string target, IReadOnlyList<Binary> binaries)
    {
        if (binaries.Count > 0)
        {
            return FileSearch.IsElf(binaries[0].Path) ? "only 64-bit ELF files that are not damaged can be probed" : "it is not an ELF file; name a program or a library";
        }

        return Directory.Exists(target) ? "it is a directory; name a program or library in it"
            : !target.Contains('/') ? $"it is no program in PATH{(processId == 0 ? "" : $", no file of process {processId}")} and no library of this machine; name it by its path"
            : null;
    }
}
