namespace Sonde.Symbols;

/// <summary>Read-only memory at virtual addresses: a live process, a core file or a recorded fixture.</summary>
/// <remarks>Everything that walks a program's data structures sees only this, so it can be tested without the program.</remarks>
public interface IMemory
{
    /// <summary>Fills <paramref name="destination"/> with the bytes at <paramref name="address"/>.</summary>
    /// <returns>False when any of the bytes cannot be read; the destination's contents are then undefined.</returns>
    bool TryRead(ulong address, Span<byte> destination);
}
