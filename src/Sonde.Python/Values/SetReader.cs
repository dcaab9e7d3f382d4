using System.Buffers.Binary;

namespace Sonde.Python.Values;

/// <summary>Reads sets. The table is gone through as Python's own iteration does (Objects/setobject.c): entries of key and hash, -1 where one was deleted.</summary>
static class SetReader
{
    const int Used = 24, Mask = 32, Table = 40, Batch = 64, EntryBytes = 16;

    /// <summary>How many entries are looked through; deleted and empty ones are among them.</summary>
    const int MaximumScan = 1 << 16;

    /// <summary>The first members.</summary>
    /// <param name="objects">Where to read.</param>
    /// <param name="set">The address of the set.</param>
    /// <param name="maximum">The most members.</param>
    /// <param name="count">How many it has altogether, as it says itself; -1 when it cannot be read.</param>
    public static IReadOnlyList<ulong> Read(ObjectReader objects, ulong set, int maximum, out long count)
    {
        Span<byte> head = stackalloc byte[48];
        count = -1;
        if (!objects.TryRead(set, head))
        {
            return [];
        }

        var slots = BinaryPrimitives.ReadInt64LittleEndian(head[Mask..]);
        var entries = BinaryPrimitives.ReadUInt64LittleEndian(head[Table..]);
        if (BinaryPrimitives.ReadInt64LittleEndian(head[Used..]) is not (>= 0 and < 1L << 48) || slots is < 0 or > 1L << 48)
        {
            return [];
        }

        count = BinaryPrimitives.ReadInt64LittleEndian(head[Used..]);
        var wanted = (int)Math.Min(count, maximum);
        var keys = new List<ulong>();
        Span<byte> bytes = stackalloc byte[Batch * EntryBytes];
        for (long done = 0; done <= slots && done < MaximumScan && keys.Count < wanted;)
        {
            var part = bytes[..(EntryBytes * (int)Math.Min(Batch, slots + 1 - done))];
            if (!objects.TryRead(entries + (ulong)(done * EntryBytes), part))
            {
                break;
            }

            for (; part.Length > 0 && keys.Count < wanted; part = part[EntryBytes..], done++)
            {
                var key = BinaryPrimitives.ReadUInt64LittleEndian(part);
                if (key != 0 && BinaryPrimitives.ReadInt64LittleEndian(part[8..]) != -1)
                {
                    keys.Add(key);
                }
            }
        }

        return keys;
    }
}
