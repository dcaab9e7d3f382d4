using Sonde.Python;
using Sonde.Python.Sites;
using Sonde.Symbols.Usdt;

namespace Sonde.Engine.Listing;

/// <summary>Something that can be probed, as a listing shows it. The names in it come from the target and are not escaped.</summary>
public abstract record ListedProbe
{
    ListedProbe()
    {
    }

    /// <summary>A statically defined probe.</summary>
    /// <param name="File">The file that has it.</param>
    /// <param name="Probe">The probe.</param>
    public sealed record Usdt(ListedFile File, UsdtProbe Probe) : ListedProbe;

    /// <summary>A Python interpreter.</summary>
    /// <param name="File">The program or library that holds it.</param>
    /// <param name="Version">Its version; null when it cannot be told.</param>
    /// <param name="Sites">Where it would be probed; empty when it cannot be.</param>
    /// <param name="Refusal">Why it cannot be traced; null when it can.</param>
    /// <param name="Pids">The processes that were found running it.</param>
    public sealed record Python(
        ListedFile File, PythonVersion? Version, IReadOnlyList<ProbeSite> Sites, string? Refusal, IReadOnlyList<int> Pids) : ListedProbe;

    /// <summary>A tracepoint of the kernel.</summary>
    /// <param name="Category">The subsystem.</param>
    /// <param name="Name">Its name.</param>
    /// <param name="Fields">What it records, as C declarations; empty unless asked for.</param>
    public sealed record Tracepoint(string Category, string Name, IReadOnlyList<string> Fields) : ListedProbe;

    /// <summary>A function.</summary>
    /// <param name="File">The file that has it.</param>
    /// <param name="Name">Its symbol.</param>
    /// <param name="Address">Its address in the file's own address space.</param>
    /// <param name="FileOffset">Where it starts in the file; null when that is not in the file.</param>
    /// <param name="Size">Its size in bytes; 0 when not known.</param>
    public sealed record NativeFunction(ListedFile File, string Name, ulong Address, ulong? FileOffset, ulong Size) : ListedProbe;
}

/// <summary>A file as a listing names it.</summary>
/// <param name="Path">The path, as the process sees it that has it mapped.</param>
/// <param name="IsDeleted">Whether that name is gone, or now belongs to another file.</param>
public readonly record struct ListedFile(string Path, bool IsDeleted);
