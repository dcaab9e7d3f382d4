using System.Collections.Concurrent;
using Sonde.Linux;
using Sonde.Symbols;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Targets;

/// <summary>The programs and libraries that processes have mapped: each is opened once, however many processes run it.</summary>
/// <param name="debugDirectories">More directories of separate debug files than the usual one.</param>
/// <remarks>Any number of threads may use one.</remarks>
public sealed class CodeFiles(IReadOnlyList<string>? debugDirectories = null)
{
    const ulong MostBytesOfKernelCode = 1 << 20;

    readonly ConcurrentDictionary<(uint Device, ulong Inode, string Path), CodeFile?> _files = [];
    readonly IReadOnlyList<string> _debugDirectories = debugDirectories ?? [];

    /// <summary>Files that are kept open for processes that may have ended when somebody asks; null for none.</summary>
    internal HeldFiles? Held { get; set; }

    /// <summary>The file behind a mapping of a process.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="mapping">One of its mappings.</param>
    /// <param name="memory">Its memory, for code that is in no file: what the kernel maps as <c>[vdso]</c>. Null to go without.</param>
    /// <returns>Null when there is none, or it cannot be opened.</returns>
    public CodeFile? Find(int pid, in ProcMapping mapping, IMemory? memory = null)
    {
        if (!mapping.IsFile && memory is null)
        {
            return null;
        }

        var key = (mapping.Device, mapping.Inode, mapping.Path);
        return _files.TryGetValue(key, out var known) ? known
            : _files.GetOrAdd(key, Open(pid, mapping, memory) is { } elf ? new CodeFile(elf, mapping.Path, mapping.IsFile ? pid : null, _debugDirectories) : null);
    }

    /// <summary>What is in the file behind a mapping, without keeping it: for what is of use once of everything that a process has mapped.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="mapping">One of its mappings.</param>
    /// <param name="memory">Its memory, as for <see cref="Find"/>.</param>
    /// <returns>Null when there is none, or it cannot be opened.</returns>
    public ElfFile? Read(int pid, in ProcMapping mapping, IMemory? memory = null) =>
        _files.TryGetValue((mapping.Device, mapping.Inode, mapping.Path), out var known) ? known?.Elf : Open(pid, mapping, memory);

    ElfFile? Open(int pid, in ProcMapping mapping, IMemory? memory)
    {
        try
        {
            if (mapping.IsFile)
            {
                using var image = OpenImage(pid, mapping);
                return image.Elf;
            }

            if (memory is null || mapping.Path != "[vdso]" || mapping.End - mapping.Start > MostBytesOfKernelCode)
            {
                return null;
            }

            var bytes = new byte[mapping.End - mapping.Start];
            return memory.TryRead(mapping.Start, bytes) ? ElfFile.Parse(bytes, mapping.Path) : null;
        }
        catch (Exception exception) when (exception is LinuxException or ElfException)
        {
            return null;
        }
    }

    /// <summary>A process that is gone has no links to its files; then there is what was held for it, and the path.</summary>
    MappedImage OpenImage(int pid, ProcMapping mapping)
    {
        if (Held?.TryOpen(mapping) is { } held)
        {
            return MappedImage.Open(held, mapping.Path);
        }

        try
        {
            return MappedImage.Open(pid, mapping);
        }
        catch (LinuxException)
        {
            if (MappedImage.TryOpenSame(mapping) is { } same)
            {
                return MappedImage.Open(same, mapping.Path);
            }

            throw;
        }
    }
}
