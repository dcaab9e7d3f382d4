using Sonde.Symbols.Code;
using Sonde.Symbols.Usdt;

namespace Sonde.Engine.Listing;

/// <summary>A place that a probe stands on, as it is in the file and in a process.</summary>
public sealed record Inspection
{
    /// <summary>What the place is called: "provider:name", a function with or without offset.</summary>
    public required string Name { get; init; }

    /// <summary>The file it is in.</summary>
    public required ListedFile File { get; init; }

    /// <summary>The USDT note's contents; null for other places.</summary>
    public UsdtLocation? Note { get; init; }

    /// <summary>Which of the probe's locations it is, counted from 1, and how many there are.</summary>
    public (int Number, int Count) Location { get; init; } = (1, 1);

    /// <summary>Address in the file's own address space.</summary>
    public required ulong Address { get; init; }

    /// <summary>Offset in the file.</summary>
    public required ulong FileOffset { get; init; }

    /// <summary>The instruction's bytes in the file.</summary>
    public required byte[] Bytes { get; init; }

    /// <summary>The instruction, as the assembler would write it.</summary>
    public required string Instruction { get; init; }

    /// <summary>What the kernel does with a uprobe on it.</summary>
    public required UprobeVerdict Verdict { get; init; }

    /// <summary>How a probe here would damage the process; null when it would not.</summary>
    public string? Hazard { get; init; }

    /// <summary>Whether an instruction begins there; null when that cannot be told.</summary>
    public bool? IsBoundary { get; init; }

    /// <summary>Something worth knowing besides.</summary>
    public string? Remark { get; init; }

    /// <summary>Where the process has it; more than once when the file is mapped more than once.</summary>
    public required IReadOnlyList<InspectedPlace> Places { get; init; }

    /// <summary>The probe's semaphore; null when it has none that can be found in the process.</summary>
    public InspectedSemaphore? Semaphore { get; init; }

    /// <summary>Why no probe was attached; null when one was.</summary>
    public string? NotAttached { get; init; }

    /// <summary>Whether every place has the bytes back that it had before; null when the process ended and cannot be asked.</summary>
    public bool? Restored => NotAttached is not null ? true
        : Places.Any(p => p.After is null) ? null
        : Places.All(p => p.After.AsSpan().SequenceEqual(p.Before));
}

/// <summary>The bytes of a site in a process, as long as its instruction; null where they could not be read.</summary>
/// <param name="Address">Where it is in the process.</param>
/// <param name="Before">As they were.</param>
/// <param name="Attached">As they were while an empty program was attached; null when none was.</param>
/// <param name="After">As they were after it was detached; null when none was attached.</param>
public sealed record InspectedPlace(ulong Address, byte[]? Before, byte[]? Attached, byte[]? After);

/// <summary>The value of a semaphore in a process; null where it could not be read.</summary>
/// <param name="Address">Where it is in the process.</param>
/// <param name="Before">As it was.</param>
/// <param name="Attached">As it was while attached; null when nothing was attached.</param>
/// <param name="After">As it was after detaching; null when nothing was attached.</param>
public readonly record struct InspectedSemaphore(ulong Address, ushort? Before, ushort? Attached, ushort? After);
