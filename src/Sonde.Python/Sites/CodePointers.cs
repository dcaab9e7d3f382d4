using System.Runtime.InteropServices;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;

namespace Sonde.Python.Sites;

/// <summary>A word in the image's data that holds the address of an instruction.</summary>
readonly record struct CodePointer(ulong Address, ulong Target);

/// <summary>Finds the words in an image's data that point into given code: the tables the interpreter dispatches through.</summary>
static class CodePointers
{
    /// <summary>All pointers to instructions of the given ranges, by ascending address.</summary>
    /// <param name="image">The image.</param>
    /// <param name="ranges">Code ranges, ascending.</param>
    /// <param name="onlyStarts">Only pointers to the start of a range.</param>
    /// <remarks>
    /// Position-independent images have a relocation for each; there, plain words that look like an address are chance. Others
    /// have the plain words only.
    /// </remarks>
    public static List<CodePointer> Find(ElfFile image, IReadOnlyList<FrameDescription> ranges, bool onlyStarts = false)
    {
        List<CodePointer> pointers = [];
        if (ranges.Count == 0)
        {
            return pointers;
        }

        ulong lowest = ranges[0].Start, span = ranges[^1].End - lowest;
        foreach (var relocation in image.RelativeRelocationSpan)
        {
            Add(relocation.Offset, relocation.Addend);
        }

        if (pointers.Count == 0)
        {
            foreach (var name in (ReadOnlySpan<string>)[".data.rel.ro", ".data.rel.ro.local", ".rodata", ".data"])
            {
                if (image.TryGetSection(name, out var section) && section.Type == ElfSectionType.ProgramBits)
                {
                    AddPlainWords(image.SectionBytes(section), section.Address);
                }
            }
        }

        pointers.Sort(static (left, right) => left.Address.CompareTo(right.Address));
        return pointers;

        void AddPlainWords(ReadOnlySpan<byte> bytes, ulong address)
        {
            var misaligned = (int)(-(long)address & 7);
            var words = MemoryMarshal.Cast<byte, ulong>(bytes[Math.Min(misaligned, bytes.Length)..]);
            for (var i = 0; i < words.Length; i++)
            {
                Add(unchecked(address + (ulong)misaligned + 8 * (ulong)i), words[i]);
            }
        }

        void Add(ulong address, ulong target)
        {
            if (target - lowest < span && EhFrame.TryFind(ranges, target, out var range) && (!onlyStarts || range.Start == target))
            {
                pointers.Add(new(address, target));
            }
        }
    }
}
