using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;

namespace Sonde.Python.Sites;

/// <summary>The table of handler functions by opcode of tail-calling interpreters (<c>INSTRUCTION_TABLE</c>, Python/opcode_targets.h).</summary>
static class HandlerTable
{
    const int Entries = 256;

    /// <summary>Unused opcodes share one handler, so not all entries differ; method tables elsewhere in the image differ less or more.</summary>
    const int LeastDistinct = 150;
    const int MostDistinct = 250;

    /// <summary>The handlers lie side by side; those of a method table come from anywhere.</summary>
    const ulong LargestSpread = 1 << 20;

    /// <summary>The functions in the best of all runs of 256 pointers to functions; empty when none looks like such a table.</summary>
    public static IReadOnlyCollection<ulong> Find(ElfFile image, IReadOnlyList<FrameDescription> functions)
    {
        var pointers = CodePointers.Find(image, functions, onlyStarts: true);
        HashSet<ulong> best = [];
        Dictionary<ulong, int> counts = [];
        var first = 0;
        for (var last = 0; last < pointers.Count; last++)
        {
            if (last > 0 && pointers[last].Address - pointers[last - 1].Address != 8)
            {
                counts.Clear();
                first = last;
            }

            counts[pointers[last].Target] = counts.GetValueOrDefault(pointers[last].Target) + 1;
            if (last - first == Entries)
            {
                var leaving = pointers[first++].Target;
                if (--counts[leaving] == 0)
                {
                    counts.Remove(leaving);
                }
            }

            if (last - first == Entries - 1 && counts.Count > best.Count && counts.Count is >= LeastDistinct and <= MostDistinct
                && counts.Keys.Max() - counts.Keys.Min() < LargestSpread)
            {
                best = [.. counts.Keys];
            }
        }

        return best;
    }
}
