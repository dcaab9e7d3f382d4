namespace Sonde.Symbols;

/// <summary>Read-only memory at virtual addresses: a live process, a core file or a recorded fixture.</summary>
/// <remarks>Everything that walks a program's data structures sees only this, so it can be tested without the program.</remarks>
public interface IMemory
{
    /// <summary>Fills <paramref name="destination"/> with the bytes at <paramref name="address"/>.</summary>
    /// <returns>False when any of the bytes cannot be read; the destination's contents are then undefined.</returns>
    bool TryRead(ulong address, Span<byte> destination);

    /// <summary>Reads several places as close together in time as the memory allows, one after the other into <paramref name="destination"/>.</summary>
    /// <param name="addresses">Where to read, in this order.</param>
    /// <param name="lengths">How many bytes at each address.</param>
    /// <param name="destination">At least the sum of the lengths.</param>
    /// <returns>How many of the places were read, from the first on; the first unreadable one ends the reading.</returns>
    int ReadGather(ReadOnlySpan<ulong> addresses, ReadOnlySpan<int> lengths, Span<byte> destination)
    {
        var done = 0;
        for (var at = 0; done < addresses.Length && TryRead(addresses[done], destination.Slice(at, lengths[done])); done++)
        {
            at += lengths[done];
        }

        return done;
    }
}
