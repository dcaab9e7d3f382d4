namespace Sonde.Symbols.Usdt;

/// <summary>A statically defined probe: all places of one file whose notes carry the same provider and name.</summary>
/// <param name="Provider">The provider, as it is in the file: any characters but NUL.</param>
/// <param name="Name">The probe's name, as it is in the file: any characters but NUL.</param>
/// <param name="Locations">Where it stands; at least one.</param>
public sealed record UsdtProbe(string Provider, string Name, IReadOnlyList<UsdtLocation> Locations)
{
    /// <summary>Provider and name with a colon between.</summary>
    public string FullName => $"{Provider}:{Name}";

    /// <summary>The distinct semaphores of all locations; usually none or one, but some generators make one per location.</summary>
    public IReadOnlyList<UsdtSemaphore> Semaphores =>
        [.. Locations.Where(l => l.Semaphore is not null).Select(l => l.Semaphore!.Value).Distinct()];
}

/// <summary>One place in the code where a probe stands.</summary>
public sealed record UsdtLocation
{
    /// <summary>Address of the probed instruction in the file's own address space.</summary>
    public required ulong Address { get; init; }

    /// <summary>Its offset in the file, which is what the kernel attaches to; null when it lies in no executable segment.</summary>
    public required ulong? FileOffset { get; init; }

    /// <summary>The counter that must be positive for the probe to be reached; null when there is none.</summary>
    public required UsdtSemaphore? Semaphore { get; init; }

    /// <summary>The arguments in order; their places differ from location to location.</summary>
    public required IReadOnlyList<UsdtArgument> Arguments { get; init; }

    /// <summary>The arguments as the compiler wrote them.</summary>
    public required string ArgumentText { get; init; }

    /// <summary>Where the note is, in bytes from the start of the file.</summary>
    public required ulong NoteOffset { get; init; }

    /// <summary>Whether an argument lies below the stack pointer, which proves that this code uses the red zone.</summary>
    public bool UsesRedZone => Arguments.Any(a => a is { Kind: UsdtOperandKind.Memory, Base.Name: "rsp", Displacement: < 0 });
}

/// <summary>A two-byte counter the program tests before it reaches a probe; the kernel counts it up while a uprobe is attached.</summary>
/// <param name="Address">Where it is, in the file's own address space.</param>
/// <param name="FileOffset">Its offset in the file, what the kernel calls the reference counter offset; null when it is in no writable, file-backed segment.</param>
public readonly record struct UsdtSemaphore(ulong Address, ulong? FileOffset);
