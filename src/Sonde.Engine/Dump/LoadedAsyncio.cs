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
    /// <summary>Nothing known of it.</summary>
    public static LoadedAsyncio None { get; } = new(null, default);

    /// <summary>Finds it; what is not needed to read the tasks of this version is not looked for.</summary>
    /// <param name="version">The interpreter's version.</param>
    /// <param name="mappings">What the process has mapped.</param>
    /// <param name="open">Opens a mapped file.</param>
    public static LoadedAsyncio Find(PythonVersion version, IReadOnlyList<ProcMapping> mappings, Func<ProcMapping, MappedImage> open)
    {

        if (version.Minor == 6)
        {
            var data = mappings.FirstOrDefault(static mapping => Rank(mapping.Path) == 0 && (mapping.Protection & MapProtection.Write) != 0);
            return new LoadedAsyncio(null, (data.Start, (int)Math.Min(data.End - data.Start, 1 << 20)));
        }

        return version.Minor < 14 ? None : new LoadedAsyncio(FindOffsets(mappings, open), default);
    }

    /// <summary>It is a module of its own, or built into the interpreter.</summary>
    static AsyncioOffsets? FindOffsets(IReadOnlyList<ProcMapping> mappings, Func<ProcMapping, MappedImage> open)
    {
        foreach (var mapping in mappings.Where(static mapping => mapping.IsExecutable && mapping.IsFile && Rank(mapping.Path) < 2).OrderBy(static mapping => Rank(mapping.Path)))
        {
            try
            {
                using var image = open(mapping);
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
