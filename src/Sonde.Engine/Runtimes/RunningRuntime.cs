using Sonde.Engine.Listing;
using Sonde.Linux;
using Sonde.Python;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Runtimes;

/// <summary>A runtime in a file that processes have mapped, and what it has there.</summary>
/// <param name="Runtime">Which it is.</param>
/// <param name="Path">The file, as the process names it.</param>
/// <param name="Probes">The names of its probes in that file; none where it was built without.</param>
sealed record RunningRuntime(Runtime Runtime, string Path, IReadOnlySet<string> Probes)
{
    /// <summary>Functions of machine code that stand in for probes a build has not, by what their names begin with.</summary>
    public IReadOnlyList<string> Functions { get; init; } = [];

    /// <summary>Whether an interpreter's functions can be followed by Sonde's own probes.</summary>
    public bool IsPython => Runtime == RuntimeTable.Python;

    /// <summary>The runtimes that a process runs, those with probes first.</summary>
    /// <exception cref="UserErrorException">There is no such process, or it may not be looked at.</exception>
    public static List<RunningRuntime> Of(int pid)
    {
        var found = new List<RunningRuntime>();
        foreach (var (mapping, image) in ProcessFiles.Open(pid, ProcessFiles.Of(pid), []))
        {
            if (Recognize(image.Elf, mapping.Path, pid) is { } runtime)
            {
                found.Add(runtime);
            }
        }

        return [.. found.OrderByDescending(each => each.Probes.Count)];
    }

    /// <summary>The runtime of another language than Python that a program is by its name, which may not have loaded its library yet; null for other programs.</summary>
    public static Runtime? OfProgram(IReadOnlyList<ProcMapping> mappings) => mappings.FirstOrDefault(static mapping => mapping.IsFile).Path is { } path
        ? RuntimeTable.All.FirstOrDefault(runtime => runtime != RuntimeTable.Python && (System.IO.Path.GetFileName(path) == runtime.Name || runtime.IsFile(System.IO.Path.GetFileName(path))))
        : null;

    /// <summary>The runtimes of all processes that may be looked at, each file once.</summary>
    public static List<RunningRuntime> OnThisMachine()
    {
        var seen = new HashSet<(uint, ulong)>();
        var found = new List<RunningRuntime>();
        foreach (var pid in ProcFs.Processes())
        {
            if (!ProcFs.TryReadMaps(pid, out var mappings))
            {
                continue;
            }

            var files = mappings.Where(mapping => mapping.IsExecutable && mapping.IsFile && IsNamed(mapping.Path) && seen.Add((mapping.Device, mapping.Inode)));
            foreach (var (mapping, image) in ProcessFiles.Open(pid, files.ToList(), []))
            {
                if (Recognize(image.Elf, mapping.Path, pid) is { } runtime)
                {
                    // In a container the same name is another file, or none.
                    var isHere = NamespaceFile.TryRead(mapping.Path, out var file) && file.Inode == mapping.Inode;
                    found.Add(isHere ? runtime : runtime with { Path = $"/proc/{pid}/root{mapping.Path}" });
                }
            }
        }

        return found;
    }

    /// <summary>A Python's collector as a function, for builds without probes: its names in Modules/gcmodule.c (up to 3.9; since 3.10) and Python/gc.c (3.14 and later).</summary>
    static readonly string[] _collectors = ["collect", "gc_collect_main", "gc_collect_young", "gc_collect_increment", "gc_collect_full"];

    static RunningRuntime? Recognize(ElfFile elf, string path, int pid)
    {
        var names = new HashSet<string>();
        Runtime? runtime = null;
        try
        {
            foreach (var probe in SeparateDebugFile.ReadNotes(elf, path, pid).Probes)
            {
                if (RuntimeTable.All.FirstOrDefault(each => each.Provider == probe.Provider) is { } known)
                {
                    runtime ??= known;
                    if (known == runtime)
                    {
                        names.Add(probe.Name);
                    }
                }
            }
        }
        catch (ElfException)
        {
            // A damaged note section tells nothing; the file's name still may.
        }

        var name = System.IO.Path.GetFileName(path);
        runtime ??= RuntimeTable.All.FirstOrDefault(each => each.IsFile(name));
        if (runtime == RuntimeTable.Python && Interpreter.Recognize(elf, path) is not Interpreter.Image)
        {
            // A program that is Python only through its library.
            return null;
        }

        return runtime is null ? null : new RunningRuntime(runtime, path, names) { Functions = runtime == RuntimeTable.Python ? [.. FunctionsOf(elf)] : [] };
    }

    static IEnumerable<string> FunctionsOf(ElfFile elf)
    {
        for (var i = 0; i < elf.Symbols.Count; i++)
        {
            var symbol = elf.Symbols[i];
            if (symbol.IsFunction && symbol.Value != 0 && Array.Exists(_collectors, each => symbol.Name == each || symbol.Name.StartsWith(each + ".", StringComparison.Ordinal)))
            {
                yield return symbol.Name;
            }
        }
    }

    static bool IsNamed(string path)
    {
        var name = System.IO.Path.GetFileName(path.AsSpan());
        foreach (var runtime in RuntimeTable.All)
        {
            foreach (var start in runtime.Files)
            {
                if (name.StartsWith(start, StringComparison.Ordinal))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
