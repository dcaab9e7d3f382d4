namespace Sonde.Python.Sites;

/// <summary>The table of handler addresses by opcode (<c>opcode_targets</c>, Python/opcode_targets.h) of computed-goto builds.</summary>
static class OpcodeTable
{
    const int Entries = 256;
    const int Bytes = 8 * Entries;

    /// <summary>Entries may be missing in the middle: handlers the compiler proved unreachable point out of the function.</summary>
    const ulong LargestGap = 32;

    /// <summary>Handlers by opcode, 0 where the table has none; null when no table is found.</summary>
    /// <param name="pointers">All words that point into the eval function.</param>
    /// <remarks>
    /// The end of a run of pointers is where the table ends; its beginning may lie before the run, as the first entries can point
    /// out of the function. 3.15 has two tables back to back, the other one for tracing, with a single handler for nearly all
    /// opcodes: the one with more different handlers is the right one.
    /// </remarks>
    public static ulong[]? Find(IReadOnlyList<CodePointer> pointers)
    {
        ulong[]? best = null;
        var mostDistinct = 0;
        for (int first = 0, last; first < pointers.Count; first = last + 1)
        {
            for (last = first; last + 1 < pointers.Count && pointers[last + 1].Address - pointers[last].Address <= LargestGap;)
            {
                last++;
            }

            if (last - first < 100)
            {
                continue;
            }

            var end = pointers[last].Address + 8;
            for (var until = last; until - first >= 100 && end >= Bytes && end - Bytes + 8 * LargestGap >= pointers[first].Address; end -= Bytes)
            {
                var table = Window(pointers, end - Bytes, ref until);
                var distinct = table.Distinct().Count();
                if (distinct > mostDistinct)
                {
                    (best, mostDistinct) = (table, distinct);
                }
            }
        }

        return best;
    }

    /// <summary>The pointers within one table's length; <paramref name="until"/> moves to the last pointer before it.</summary>
    static ulong[] Window(IReadOnlyList<CodePointer> pointers, ulong start, ref int until)
    {
        var table = new ulong[Entries];
        for (; until >= 0 && pointers[until].Address >= start; until--)
        {
            if ((pointers[until].Address - start) % 8 == 0)
            {
                table[(pointers[until].Address - start) / 8] = pointers[until].Target;
            }
        }

        return table;
    }
}
