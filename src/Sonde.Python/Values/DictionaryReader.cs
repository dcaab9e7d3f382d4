using System.Buffers.Binary;

namespace Sonde.Python.Values;

/// <summary>A key and its value.</summary>
readonly record struct Entry(ulong Key, ulong Value);

/// <summary>Reads dictionaries: the two tables of a combined one, the shared keys and own values of a split one (Objects/dictobject.c).</summary>
static class DictionaryReader
{
    const int Used = 16, Keys = 32, SplitValuesOffset = 40;

    /// <summary>How many entries are looked through; deleted ones stay in the table.</summary>
    const int MaximumScan = 1 << 16;

    /// <summary>Shared keys are fewer (SHARED_KEYS_MAX_SIZE is 30).</summary>
    const int MaximumShared = 254;

    /// <summary>Reads the first entries in the order of the dictionary.</summary>
    /// <param name="objects">Where to read.</param>
    /// <param name="dictionary">The address of the dictionary.</param>
    /// <param name="maximum">The most entries.</param>
    /// <param name="entries">Gets them.</param>
    /// <param name="count">How many it has altogether, as it says itself.</param>
    /// <returns>False when it cannot be read.</returns>
    public static bool TryRead(ObjectReader objects, ulong dictionary, int maximum, List<Entry> entries, out long count)
    {
        Span<byte> head = stackalloc byte[48];
        count = 0;
        if (!objects.TryRead(dictionary, head))
        {
            return false;
        }

        count = BinaryPrimitives.ReadInt64LittleEndian(head[Used..]);
        var keys = BinaryPrimitives.ReadUInt64LittleEndian(head[Keys..]);
        var values = BinaryPrimitives.ReadUInt64LittleEndian(head[SplitValuesOffset..]);
        return count >= 0 && (values == 0
            ? TryReadCombined(objects, keys, maximum, entries)
            : TryReadSplit(objects, keys, values, maximum, entries));
    }

    /// <summary>Whether a dictionary's tables are not those they were when it was read.</summary>
    public static bool HasChanged(ObjectReader objects, ulong dictionary, ReadOnlySpan<byte> before)
    {
        Span<byte> head = stackalloc byte[48];
        return !objects.TryRead(dictionary, head) || !head[Used..(Used + 8)].SequenceEqual(before[Used..(Used + 8)]) || !head[Keys..].SequenceEqual(before[Keys..]);
    }

    /// <summary>Finds the value of a key that is a string.</summary>
    public static bool TryFind(ObjectReader objects, ulong dictionary, string key, out ulong value)
    {
        value = 0;
        var entries = new List<Entry>();
        if (dictionary == 0 || !TryRead(objects, dictionary, MaximumScan, entries, out _))
        {
            return false;
        }

        foreach (var entry in entries)
        {
            if (objects.TryReadText(entry.Key, key.Length, out var name) && name == key)
            {
                value = entry.Value;
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads the values of a split dictionary, or of an instance that has no dictionary of its own.</summary>
    /// <param name="objects">Where to read.</param>
    /// <param name="keys">The table of keys.</param>
    /// <param name="values">The values.</param>
    /// <param name="maximum">The most entries.</param>
    /// <param name="entries">Gets them.</param>
    /// <param name="keysLast">Whether the keys are those of a type, which last as long as it does.</param>
    public static bool TryReadSplit(ObjectReader objects, ulong keys, ulong values, int maximum, List<Entry> entries, bool keysLast = false)
    {
        if (!TryFindKeys(objects, keys, keysLast, out var table, out var count, out var width))
        {
            return false;
        }

        Span<byte> order = stackalloc byte[MaximumShared + 2];
        int set;
        switch (objects.Layout.Split)
        {
            case SplitValues.Plain:
                set = (int)Math.Min(count, MaximumShared);
                for (var i = 0; i < set; i++)
                {
                    order[i] = (byte)i;
                }

                break;
            case SplitValues.WithPrefix:
                Span<byte> prefix = stackalloc byte[2];
                if (!objects.TryRead(values - 2, prefix))
                {
                    return false;
                }

                set = Math.Min((int)prefix[0], MaximumShared);
                if (!objects.TryRead(values - 2 - (ulong)set, order[..set]))
                {
                    return false;
                }

                order[..set].Reverse();
                break;
            default:
                Span<byte> header = stackalloc byte[4];
                if (!objects.TryRead(values, header))
                {
                    return false;
                }

                set = Math.Min((int)header[1], MaximumShared);
                values += 8;
                if (!objects.TryRead(values + (8UL * header[0]), order[..set]))
                {
                    return false;
                }

                break;
        }

        // Both tables in one reading each, but not where only some of what they hold was copied.
        var slots = 1;
        foreach (var slot in order[..set])
        {
            slots = Math.Max(slots, slot < count ? slot + 1 : 0);
        }

        const int widest = 24;
        Span<byte> wholeValues = stackalloc byte[8 * (MaximumShared + 2)], wholeKeys = stackalloc byte[widest * (MaximumShared + 2)];
        wholeValues = wholeValues[..(8 * slots)];
        wholeKeys = wholeKeys[..(width * slots)];
        var isWhole = !objects.IsCaptured && objects.TryRead(values, wholeValues) && TryReadKeys(objects, table, wholeKeys, keysLast);
        for (var i = 0; i < set && entries.Count < maximum; i++)
        {
            if (order[i] >= count)
            {
                continue;
            }

            var keyAt = width * order[i] + (width == widest ? 8 : 0);
            ulong key, value;
            if (isWhole)
            {
                value = BinaryPrimitives.ReadUInt64LittleEndian(wholeValues[(8 * order[i])..]);
                key = BinaryPrimitives.ReadUInt64LittleEndian(wholeKeys[keyAt..]);
            }
            else if (!objects.TryReadPointer(values + (8UL * order[i]), out value) || !TryReadKey(objects, table + (ulong)keyAt, keysLast, out key))
            {
                continue;
            }

            if (key != 0 && value != 0)
            {
                entries.Add(new Entry(key, value));
            }
        }

        return true;
    }

    static bool TryFindKeys(ObjectReader objects, ulong keys, bool last, out ulong table, out long count, out int width)
    {
        if (!last)
        {
            return TryFindEntries(objects, keys, out table, out count, out width);
        }

        using var scope = objects.ReadLasting();
        return TryFindEntries(objects, keys, out table, out count, out width);
    }

    static bool TryReadKey(ObjectReader objects, ulong address, bool last, out ulong key)
    {
        Span<byte> word = stackalloc byte[8];
        var read = TryReadKeys(objects, address, word, last);
        key = read ? BinaryPrimitives.ReadUInt64LittleEndian(word) : 0;
        return read;
    }

    static bool TryReadKeys(ObjectReader objects, ulong address, Span<byte> keys, bool last)
    {
        if (!last)
        {
            return objects.TryRead(address, keys);
        }

        using var scope = objects.ReadLasting();
        return objects.TryRead(address, keys);
    }

    static bool TryReadCombined(ObjectReader objects, ulong keys, int maximum, List<Entry> entries)
    {
        if (!TryFindEntries(objects, keys, out var table, out var count, out var width))
        {
            return false;
        }

        const int batch = 128;
        Span<byte> bytes = stackalloc byte[24 * batch];
        count = Math.Min(count, MaximumScan);
        for (var done = 0; done < count && entries.Count < maximum;)
        {
            var now = (int)Math.Min(batch, count - done);
            now = Math.Min(now, maximum - entries.Count + 8);
            var part = bytes[..(now * width)];
            if (!objects.TryRead(table + ((ulong)done * (ulong)width), part))
            {
                return entries.Count > 0;
            }

            for (var i = 0; i < now && entries.Count < maximum; i++)
            {
                var entry = part.Slice((i * width) + (width == 24 ? 8 : 0), 16);
                var found = new Entry(BinaryPrimitives.ReadUInt64LittleEndian(entry), BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]));
                if (found.Key != 0 && found.Value != 0)
                {
                    entries.Add(found);
                }
            }

            done += now;
        }

        return true;
    }

    /// <summary>Where the entries of a table of keys begin, how many there are, and how many bytes each has.</summary>
    static bool TryFindEntries(ObjectReader objects, ulong keys, out ulong table, out long count, out int width)
    {
        Span<byte> head = stackalloc byte[40];
        (table, count, width) = (0, 0, 24);
        if (!objects.TryRead(keys, head))
        {
            return false;
        }

        if (objects.Layout.CompactKeys)
        {
            const int logIndexBytes = 9, kind = 10, entries = 24, indices = 32;
            if (head[logIndexBytes] > 40)
            {
                return false;
            }

            count = BinaryPrimitives.ReadInt64LittleEndian(head[entries..]);
            width = head[kind] == 0 ? 24 : 16;
            table = keys + indices + (1UL << head[logIndexBytes]);
        }
        else
        {
            const int size = 8, entries = 32, indices = 40;
            var slots = BinaryPrimitives.ReadInt64LittleEndian(head[size..]);
            if (slots is < 0 or > 1L << 40)
            {
                return false;
            }

            count = BinaryPrimitives.ReadInt64LittleEndian(head[entries..]);
            table = keys + indices + ((ulong)slots * (slots <= 0xff ? 1UL : slots <= 0xffff ? 2UL : slots <= 0xffff_ffff ? 4UL : 8UL));
        }

        return count >= 0;
    }
}
