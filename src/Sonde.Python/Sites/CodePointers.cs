using System.Runtime.InteropServices;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;

namespace Sonde.Python.Sites;

/// <summary>A word in the image's data that holds the address of an instruction.</summary>
readonly record struct CodePointer(ulong Address, ulong Target);

/// <summary>Finds the words in an image's data that point into given code: the tables the interpreter dispatches through.</summary>
static class CodePointers
{
    /// <summary>All pointers into <paramref name="parts"/>, by ascending address.</summary>
    /// <remarks>
    /// Position-independent images have a relocation for each; there, plain words that look like an address are chance. Others
    /// have the plain words only.
    /// </remarks>
    public static List<CodePointer> Find(ElfFile image, IReadOnlyList<FrameDescription> parts)
    {
        List<CodePointer> pointers = [];
        foreach (var relocation in image.RelativeRelocationSpan)
        {
            if (EhFrame.TryFind(parts, relocation.Addend, out _))
            {
                pointers.Add(new(relocation.Offset, relocation.Addend));
            }
        }

        if (pointers.Count == 0)
        {
            foreach (var name in (ReadOnlySpan<string>)[".data.rel.ro", ".data.rel.ro.local", ".rodata", ".data"])
            {
                if (image.TryGetSection(name, out var section) && section.Type == ElfSectionType.ProgramBits)
                {
                    AddPlainWords(image.SectionBytes(section), section.Address, parts, pointers);
                }
            }
        }

        pointers.Sort(static (left, right) => left.Address.CompareTo(right.Address));
        return pointers;
    }

    static void AddPlainWords(ReadOnlySpan<byte> bytes, ulong address, IReadOnlyList<FrameDescription> parts, List<CodePointer> pointers)
    {
        var misaligned = (int)(-(long)address & 7);
        if (bytes.Length < misaligned)
        {
            return;
        }

        var words = MemoryMarshal.Cast<byte, ulong>(bytes[misaligned..]);
        ulong lowest = parts[0].Start, span = parts[^1].End - lowest;
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i] - lowest < span && EhFrame.TryFind(parts, words[i], out _))
            {
                pointers.Add(new(unchecked(address + (ulong)misaligned + 8 * (ulong)i), words[i]));
            }
        }
    }
}
