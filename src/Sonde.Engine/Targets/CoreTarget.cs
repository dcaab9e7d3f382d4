using Sonde.Engine.Output;
using Sonde.Engine.Stacks;
using Sonde.Linux;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Symbols;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Targets;

/// <summary>A process that has died and left a core file.</summary>
/// <remarks>What the kernel leaves out of core files is taken from the files that were mapped, which are found by build id. Not safe for concurrent use.</remarks>
public sealed class CoreTarget : IDisposable
{
    const ulong SystemLibrary = 33; // AT_SYSINFO_EHDR, include/uapi/linux/auxvec.h: where the kernel mapped the vdso

    readonly CoreBytes _bytes;
    readonly CoreImages _images;
    readonly ProcMapping[] _mappings;
    readonly string _path;

    CoreTarget(string path, CoreBytes bytes, CoreFile core, IReadOnlyList<string> directories)
    {
        (_path, _bytes, Core) = (path, bytes, core);
        _images = new(core, directories);
        Memory = new CoreMemory(core, _images.TryRead);
        _mappings = [.. MappingsOf(core, _images)];
    }

    /// <summary>The core file.</summary>
    public CoreFile Core { get; }

    /// <summary>The memory.</summary>
    public IMemory Memory { get; }

    /// <summary>What was mapped, in order of address.</summary>
    public IReadOnlyList<ProcMapping> Mappings => _mappings;

    /// <summary>What the process died of, in words.</summary>
    public string ReasonOfDeath => CoreText.ReasonOf(Core);

    /// <summary>The programs and libraries that were needed so far and are not to be had, a phrase each.</summary>
    public IReadOnlyList<string> Missing => _images.Missing;

    /// <summary>Opens a core file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="directories">Where to look for programs and libraries besides their own paths: copies of the root directory they ran in, or directories they are in, or of debug files.</param>
    /// <exception cref="UserErrorException">It cannot be read, or is no core file of an x86-64 process; the message says which.</exception>
    public static CoreTarget Open(string path, IReadOnlyList<string>? directories = null)
    {
        CoreBytes bytes;
        try
        {
            bytes = CoreBytes.Open(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"core file '{Escape.Text(path)}' cannot be opened: {FileError.Describe(exception)}");
        }

        try
        {
            return new CoreTarget(path, bytes, CoreFile.Parse(bytes, bytes.Length, path), directories ?? []);
        }
        catch (ElfException exception)
        {
            bytes.Dispose();
            throw new UserErrorException($"'{Escape.Text(path)}' cannot be read as a core file: {exception.What}");
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>The stacks of machine code of its threads: see <see cref="NativeStacks.Walk"/>.</summary>
    /// <param name="withLines">Whether source lines and inlined functions are looked up.</param>
    public NativeStacks OpenNativeStacks(bool withLines = true)
    {
        CodeFile? vdso = null;
        return new NativeStacks(Memory, () => _mappings, mapping => mapping.IsFile ? _images.FindCode(mapping.Path) : vdso ??= Copy(mapping), withLines);
    }

    /// <summary>Looks into the interpreter that it ran.</summary>
    /// <exception cref="UserErrorException">It ran no CPython, or one whose file is not to be had; the message says which and what to do.</exception>
    public PythonProcessView OpenPython()
    {
        foreach (var mapping in _mappings.Where(mapping => mapping.IsExecutable && mapping.IsFile).DistinctBy(mapping => mapping.Path).OrderByDescending(mapping => LooksLikePython(mapping.Path)))
        {
            if (_images.Find(mapping.Path) is not { } image || Recognize(image.Elf, mapping.Path) is not { } found || !image.TryGetLoadBias(mapping, out var bias))
            {
                continue;
            }

            if (found is Interpreter.Unsupported unsupported)
            {
                throw new UserErrorException($"core file '{Escape.Text(_path)}': {unsupported.Reason}");
            }

            if (found is Interpreter.Image interpreter)
            {
                try
                {
                    return new PythonProcessView(Memory, interpreter.Version, image.Elf, bias, pid: 0);
                }
                catch (LayoutException exception)
                {
                    throw new UserErrorException($"core file '{Escape.Text(_path)}' cannot be looked into: {exception.Message}");
                }
            }
        }

        throw new UserErrorException(Missing.Count > 0
            ? $"core file '{Escape.Text(_path)}' of {Escape.Text(Core.ProcessName)}: no interpreter was found in it, but not all it ran is to be had: {Escape.Text(string.Join("; ", Missing.Take(3)), 1000)}. --search DIR looks in a copy of the root directory it ran in, or in a directory of its files"
            : _mappings.Length == 0 ? $"core file '{Escape.Text(_path)}' does not tell what was mapped (no NT_FILE note), so its interpreter cannot be found"
            : $"core file '{Escape.Text(_path)}' of {Escape.Text(Core.ProcessName)}: it ran no CPython");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _images.Dispose();
        _bytes.Dispose();
    }

    static bool LooksLikePython(string path) => Path.GetFileName(path).Contains("python", StringComparison.OrdinalIgnoreCase);

    static Interpreter? Recognize(ElfFile elf, string path)
    {
        try
        {
            return elf.Class == ElfClass.Elf64 ? Interpreter.Recognize(elf, path) : null;
        }
        catch (ElfException)
        {
            return null;
        }
    }

    static Ordered<ProcMapping> MappingsOf(CoreFile core, CoreImages images)
    {
        var inodes = new Dictionary<string, ulong>();
        var mappings = new List<ProcMapping>();
        foreach (var mapping in core.Mappings)
        {
            if (!inodes.TryGetValue(mapping.Path, out var inode))
            {
                inode = (ulong)inodes.Count + 1;
                inodes.Add(mapping.Path, inode);
            }

            // What a debugger left out because it is in a file was mapped as the file wants it.
            var access = core.TryFindSegment(mapping.Start, out var segment) ? segment.Access : images.AccessOf(mapping);
            mappings.Add(new ProcMapping(mapping.Start, mapping.End, ProtectionOf(access), false, mapping.Offset, 0, inode, mapping.Path, false));
        }

        if (core.TryGetAuxiliary(SystemLibrary, out var vdso) && core.TryFindSegment(vdso, out var code))
        {
            mappings.Add(new ProcMapping(code.Start, code.Start + code.Size, ProtectionOf(code.Access), false, 0, 0, 0, "[vdso]", false));
        }

        return mappings.OrderBy(mapping => mapping.Start);
    }

    static MapProtection ProtectionOf(ElfSegmentAccess access) =>
        ((access & ElfSegmentAccess.Read) != 0 ? MapProtection.Read : 0) | ((access & ElfSegmentAccess.Write) != 0 ? MapProtection.Write : 0)
        | ((access & ElfSegmentAccess.Execute) != 0 ? MapProtection.Execute : 0);

    CodeFile? Copy(ProcMapping mapping)
    {
        const ulong most = 1 << 20;
        if (mapping.End - mapping.Start > most)
        {
            return null;
        }

        var bytes = new byte[mapping.End - mapping.Start];
        try
        {
            return Memory.TryRead(mapping.Start, bytes) ? new CodeFile(ElfFile.Parse(bytes, mapping.Path), mapping.Path, null, []) : null;
        }
        catch (ElfException)
        {
            return null;
        }
    }
}
