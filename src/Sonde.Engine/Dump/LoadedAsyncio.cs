using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Python;
using Sonde.Python.Tasks;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Dump;

/// <summary>The <c>_asyncio</c> module that a process has loaded.</summary>
/// <param name="Offsets">The offsets it carries, 3.14 and later.</param>
/// <param name="Data">Where it has its variables: address and bytes.</param>
sealed record LoadedAsyncio(AsyncioOffsets? Offsets, (ulong Start, int Bytes) Data)
{
    /// <summary>Finds it; what is not needed to read the tasks of this version is not looked for.</summary>
    public static LoadedAsyncio Find(int pid, PythonVersion version)
    {
        if (version.Minor is not (6 or >= 14) || !ProcFs.TryReadMaps(pid, out var mappings))
        {
            return new LoadedAsyncio(null, default);
        }

        if (version.Minor == 6)
        {
            var data = mappings.FirstOrDefault(static mapping => Rank(mapping.Path) == 0 && (mapping.Protection & MapProtection.Write) != 0);
            return new LoadedAsyncio(null, (data.Start, (int)Math.Min(data.End - data.Start, 1 << 20)));
        }

        return new LoadedAsyncio(FindOffsets(pid, mappings), default);
    }

    /// <summary>It is a module of its own, or built into the interpreter.</summary>
    static AsyncioOffsets? FindOffsets(int pid, List<ProcMapping> mappings)
    {
        foreach (var mapping in mappings.Where(static mapping => mapping.IsExecutable && mapping.IsFile && Rank(mapping.Path) < 2).OrderBy(static mapping => Rank(mapping.Path)))
        {
            try
            {
                using var image = MappedImage.Open(pid, mapping);
                if (AsyncioOffsets.Read(image.Elf) is { } found)
                {
                    return found;
                }
            }
            catch (Exception exception) when (exception is ElfException or LinuxException)
            {
                // Another mapping may have it.
            }
        }

        return null;
    }

    static int Rank(string path)
    {
        var name = Path.GetFileName(path.AsSpan());
        return name.StartsWith("_asyncio.") ? 0 : name.Contains("python", StringComparison.Ordinal) ? 1 : 2;
    }
}
