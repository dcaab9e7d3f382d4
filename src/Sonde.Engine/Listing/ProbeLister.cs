using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Listing;

/// <summary>Finds what can be probed: in a process, in a file, or in the kernel.</summary>
public sealed class ProbeLister(ListRequest request)
{
    readonly List<string> _problems = [];

    /// <summary>What could not be looked at, and why; complete after <see cref="Find"/> has been read to its end.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>What to say when there was nothing to list.</summary>
    public string NothingFound
    {
        get
        {
            var what = request.Kind switch
            {
                ProbeKind.Tracepoint => "tracepoints",
                ProbeKind.Function => "functions",
                ProbeKind.Python => "Python interpreters",
                ProbeKind.Usdt => "USDT probes",
                null when request.Pattern is not null => "USDT probes",
                null when request.Pid is null && request.Target is null => "running Python interpreters; name a process, a file or a pattern to list more (sonde list --help)",
                _ => "USDT probes and no Python interpreters; functions are listed by uprobe:PATH:PATTERN",
            };
            var where = (request.Pid, request.Target) switch
            {
                ({ } pid, { } target) => $"{target} of process {pid}: ",
                ({ } pid, null) => $"process {pid}: ",
                (null, { } target) => $"{target}: ",
                _ => "",
            };
            return $"{where}no {what}{(request.Pattern is { } pattern ? $" that match '{pattern}'" : "")}";
        }
    }

    /// <summary>Finds the probes one after the other.</summary>
    /// <exception cref="UserErrorException">The process or file is not there, or may not be looked at.</exception>
    /// <exception cref="LinuxException">A file cannot be opened.</exception>
    /// <exception cref="ElfException">A file that was named is a damaged ELF file.</exception>
    public IEnumerable<ListedProbe> Find()
    {
        if (request.Kind == ProbeKind.Tracepoint)
        {
            return Tracepoints.Find(request.Pattern, request.Details);
        }

        if (request.Pid is { } pid)
        {
            return InProcess(pid);
        }

        return request.Target is { } target ? InFile(FileSearch.Find(target)) : RunningPythons();
    }

    IEnumerable<ListedProbe> InProcess(int pid)
    {
        var files = ProcessFiles.Of(pid);
        if (request.Target is { } target)
        {
            files = [.. files.Where(mapping => FileSearch.IsCalled(mapping.Path, target))];
            if (files.Count == 0)
            {
                throw new UserErrorException($"process {pid} has no program or library '{target}' mapped");
            }
        }

        foreach (var (mapping, image) in ProcessFiles.Open(pid, files, _problems))
        {
            foreach (var probe in InImage(image.Elf, new(mapping.Path, mapping.IsDeleted)))
            {
                yield return probe is ListedProbe.Python python ? python with { Pids = [pid] } : probe;
            }
        }
    }

    IEnumerable<ListedProbe> InFile(string path)
    {
        using var image = Open(path);
        if (image.Elf.Class == ElfClass.Elf32)
        {
            throw new UserErrorException($"{path} is a 32-bit file; only 64-bit files can be read");
        }

        foreach (var probe in InImage(image.Elf, new(path, false)))
        {
            yield return probe;
        }
    }

    static MappedImage Open(string path)
    {
        try
        {
            return MappedImage.Open(path);
        }
        catch (ElfException problem) when (problem.Offset == 0 && problem.What == ProcessFiles.NotElf)
        {
            throw new UserErrorException($"{path} is not an ELF file; name a program or a library");
        }
    }

    IEnumerable<ListedProbe> RunningPythons()
    {
        var pythons = PythonProcesses.Find(_problems, out var hidden);
        // Root may look at all; what it could not was ending.
        if (hidden > 0 && !Environment.IsPrivilegedProcess)
        {
            _problems.Add($"{hidden} processes of other users could not be looked at; run sonde as root to see all");
        }

        return pythons;
    }

    /// <summary>A file that is damaged in one place still shows what it has in others.</summary>
    List<ListedProbe> InImage(ElfFile elf, ListedFile file)
    {
        var probes = new List<ListedProbe>();
        if (request.Kind == ProbeKind.Python || (request.Kind is null && request.Pattern is null))
        {
            Try(() => AddPython(elf, file, probes));
        }

        if (request.Kind is null or ProbeKind.Usdt)
        {
            Try(() => AddUsdt(elf, file, probes));
        }

        if (request.Kind == ProbeKind.Function)
        {
            Try(() => AddFunctions(elf, file, probes));
        }

        return probes;
    }

    void Try(Action look)
    {
        try
        {
            look();
        }
        catch (ElfException problem)
        {
            _problems.Add(problem.Message);
        }
    }

    static void AddPython(ElfFile elf, ListedFile file, List<ListedProbe> probes)
    {
        if (PythonProcesses.Describe(elf, file) is { } python)
        {
            probes.Add(python);
        }
    }

    void AddUsdt(ElfFile elf, ListedFile file, List<ListedProbe> probes)
    {
        var notes = SeparateDebugFile.ReadNotes(elf, file.Path, request.Pid);
        if (notes.Malformed > 0)
        {
            _problems.Add($"{file.Path}: {notes.Malformed} USDT notes cannot be read and are left out; the first: {notes.Problems[0]}");
        }

        probes.AddRange(notes.Probes
            .Where(probe => request.Pattern is not { } pattern || ProbeKinds.IsCalled(probe, pattern))
            .Select(probe => new ListedProbe.Usdt(file, probe)));
    }

    void AddFunctions(ElfFile elf, ListedFile file, List<ListedProbe> probes)
    {
        var seen = new HashSet<(string, ulong)>();
        using var debug = SeparateDebugFile.For(elf, file.Path, request.Pid);
        foreach (var table in new[] { elf.DynamicSymbols, elf.Symbols, debug?.Elf.Symbols ?? [] })
        {
            for (var i = 0; i < table.Count; i++)
            {
                var symbol = table[i];
                if (!symbol.IsFunction || symbol.Value == 0)
                {
                    continue;
                }

                var name = symbol.Name;
                if (name.Length > 0 && (request.Pattern is null || request.Pattern.Matches(name)) && seen.Add((name, symbol.Value)))
                {
                    probes.Add(new ListedProbe.NativeFunction(file, name, symbol.Value, elf.TryGetFileOffset(symbol.Value, out var offset) ? offset : null, symbol.Size));
                }
            }
        }

        probes.Sort(static (a, b) => string.CompareOrdinal((a as ListedProbe.NativeFunction)?.Name, (b as ListedProbe.NativeFunction)?.Name));
    }
}
