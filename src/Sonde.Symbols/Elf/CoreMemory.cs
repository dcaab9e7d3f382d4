namespace Sonde.Symbols.Elf;

/// <summary>The memory of a process as a core file has it; what the kernel left out because it is in a file comes from that file.</summary>
/// <param name="core">The core file.</param>
/// <param name="readFile">Reads bytes of a mapped file, at an offset; false when it is not to be had.</param>
public sealed class CoreMemory(CoreFile core, Func<CoreMapping, ulong, Memory<byte>, bool> readFile) : IMemory
{
    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            if (!core.TryFindSegment(address, out var segment))
            {
                // Debuggers do not even name the memory that is as it was in its file (gcore; the kernel names all of it).
                var left = destination[..(int)Math.Min((ulong)destination.Length, core.NextSegment(address) - address)];
                if (!TryReadMapped(address, left))
                {
                    return false;
                }

                destination = destination[left.Length..];
                address += (ulong)left.Length;
                continue;
            }

            var skip = address - segment.Start;
            var inSegment = (int)Math.Min((ulong)destination.Length, segment.Size - skip);
            if (skip < segment.StoredBytes)
            {
                inSegment = (int)Math.Min((ulong)inSegment, segment.StoredBytes - skip);
                if (!core.TryReadStored(segment, skip, destination[..inSegment]))
                {
                    return false;
                }
            }
            else if (skip - segment.StoredBytes < segment.MissingBytes || !TryReadMapped(address, destination[..inSegment]))
            {
                return false;
            }

            destination = destination[inSegment..];
            address += (ulong)inSegment;
        }

        return true;
    }

    bool TryReadMapped(ulong address, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            if (!TryFindMapping(address, out var mapping))
            {
                return false;
            }

            var part = new byte[(int)Math.Min((ulong)destination.Length, mapping.End - address)];
            if (!readFile(mapping, address - mapping.Start + mapping.Offset, part))
            {
                return false;
            }

            part.CopyTo(destination);
            destination = destination[part.Length..];
            address += (ulong)part.Length;
        }

        return true;
    }

    bool TryFindMapping(ulong address, out CoreMapping mapping)
    {
        var (low, high) = (0, core.Mappings.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            mapping = core.Mappings[middle];
            if (address >= mapping.Start && address < mapping.End)
            {
                return true;
            }

            (low, high) = address < mapping.Start ? (low, middle - 1) : (middle + 1, high);
        }

        mapping = default;
        return false;
    }
}
