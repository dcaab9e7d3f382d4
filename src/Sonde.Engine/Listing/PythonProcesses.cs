using Sonde.Linux;
using Sonde.Python;
using Sonde.Python.Sites;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Listing;

/// <summary>The Python interpreters that run on this machine.</summary>
static class PythonProcesses
{
    /// <summary>Every interpreter with the processes that run it, in order of the first of them.</summary>
    /// <param name="problems">Where files that cannot be read are noted.</param>
    /// <param name="hidden">Set to how many processes could not be looked at.</param>
    public static IReadOnlyList<ListedProbe.Python> Find(ICollection<string> problems, out int hidden)
    {
        hidden = 0;
        var found = new Dictionary<(uint Device, ulong Inode), (ListedFile File, ListedProbe.Python? Python, List<int> Pids)>();
        foreach (var pid in ProcFs.Processes())
        {
            if (!ProcFs.TryReadMaps(pid, out var mappings))
            {
                hidden += ProcFs.Exists(pid) ? 1 : 0;
                continue;
            }

            foreach (var mapping in Candidates(mappings))
            {
                var key = (mapping.Device, mapping.Inode);
                if (!found.TryGetValue(key, out var entry))
                {
                    entry = (default, null, []);
                    foreach (var (_, image) in ProcessFiles.Open(pid, [mapping], problems))
                    {
                        try
                        {
                            entry = entry with { Python = Describe(image.Elf, new(mapping.Path, mapping.IsDeleted)) };
                        }
                        catch (ElfException problem)
                        {
                            problems.Add(problem.Message);
                        }
                    }

                    found.Add(key, entry);
                }

                entry.Pids.Add(pid);
            }
        }

        return [.. found.Values.Where(e => e.Python is not null).Select(e => e.Python! with { Pids = e.Pids })];
    }

    /// <summary>What a file is as an interpreter; null when it is none, or only starts one that a library holds.</summary>
    public static ListedProbe.Python? Describe(ElfFile elf, ListedFile file)
    {
        switch (Interpreter.Recognize(elf, file.Path))
        {
            case Interpreter.Image interpreter:
                var analysis = StockProbes.Find(elf, interpreter.Version);
                return new(file, interpreter.Version, analysis.Sites, analysis.Refusal, []);
            case Interpreter.Unsupported unsupported:
                return new(file, null, [], unsupported.Reason, []);
            default:
                return null;
        }
    }

    /// <summary>The executable, which comes first in memory more often than not, and whatever is called python: reading every library would take long.</summary>
    static IEnumerable<ProcMapping> Candidates(List<ProcMapping> mappings)
    {
        var isFirst = true;
        var seen = new HashSet<(uint, ulong)>();
        foreach (var mapping in mappings)
        {
            if (!mapping.IsExecutable || !mapping.IsFile)
            {
                continue;
            }

            var isPython = Path.GetFileName(mapping.Path.AsSpan()).Contains("python", StringComparison.OrdinalIgnoreCase);
            if ((isFirst || isPython) && seen.Add((mapping.Device, mapping.Inode)))
            {
                yield return mapping;
            }

            isFirst = false;
        }
    }
}
