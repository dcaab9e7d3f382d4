namespace Sonde.Engine.Flow;

/// <summary>What is known about one code object of one traced process. Made once, when the code object is first seen.</summary>
/// <remarks>
/// Names come from the target and are hostile: every string here is already escaped for terminals
/// (control characters, bidirectional overrides and invalid text appear as <c>\xNN</c> or <c>\uNNNN</c>).
/// </remarks>
public sealed class CodeInfo
{
    /// <summary>A small number, usable as an index. Once its process has ended another one may get it; none that is known at the same time has it.</summary>
    public required int Id { get; init; }

    /// <summary>Process id as the kernel sees it.</summary>
    public required int Pid { get; init; }

    /// <summary>The qualified name (<c>co_qualname</c>; derived from the source up to 3.10), escaped.</summary>
    public required string Function { get; init; }

    /// <summary>The file name as compiled in (<c>co_filename</c>), escaped.</summary>
    public required string File { get; init; }

    /// <summary>The first line of the function, 1-based; 0 when unknown.</summary>
    public required int Line { get; init; }

    /// <summary>True when name or file could not be read and a substitute is shown.</summary>
    public bool Unresolved { get; init; }

    /// <summary>True when the filters ask for this function.</summary>
    public bool Wanted { get; init; } = true;
}
