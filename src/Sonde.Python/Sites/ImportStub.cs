using System.Buffers.Binary;
using Iced.Intel;
using Sonde.Symbols.Elf;

namespace Sonde.Python.Sites;

/// <summary>Entries of the procedure linkage table: a jump through a word that the dynamic linker fills in.</summary>
static class ImportStub
{
    /// <summary>Longest entry: endbr64, a jump with a prefix, padding.</summary>
    const int MostBytes = 16;

    /// <summary>The address of the word an entry jumps through; false when there is no such entry at <paramref name="address"/>.</summary>
    public static bool TryRead(ElfFile image, ulong address, out ulong word)
    {
        word = 0;
        if (!image.TryRead(address, MostBytes, out var code))
        {
            return false;
        }

        var decoder = Decoder.Create(64, code.ToArray(), address);
        var instruction = decoder.Decode();
        if (instruction.Mnemonic == Mnemonic.Endbr64)
        {
            instruction = decoder.Decode();
        }

        if (instruction.FlowControl != FlowControl.IndirectBranch || !instruction.IsIPRelativeMemoryOperand)
        {
            return false;
        }

        word = instruction.IPRelativeMemoryAddress;
        return true;
    }

    /// <summary>Which symbol each word of the global offset table will point to (R_X86_64_GLOB_DAT and R_X86_64_JUMP_SLOT).</summary>
    public static Dictionary<ulong, ElfSymbol> ReadWords(ElfFile image)
    {
        const int EntrySize = 24, GlobalData = 6, JumpSlot = 7;
        Dictionary<ulong, ElfSymbol> imports = [];
        foreach (var name in (ReadOnlySpan<string>)[".rela.plt", ".rela.dyn"])
        {
            if (!image.TryGetSection(name, out var section))
            {
                continue;
            }

            for (var table = image.SectionBytes(section); table.Length >= EntrySize; table = table[EntrySize..])
            {
                var information = BinaryPrimitives.ReadUInt64LittleEndian(table[8..]);
                if ((uint)information is GlobalData or JumpSlot && information >> 32 < (ulong)image.DynamicSymbols.Count)
                {
                    imports[BinaryPrimitives.ReadUInt64LittleEndian(table)] = image.DynamicSymbols[(int)(information >> 32)];
                }
            }
        }

        return imports;
    }
}
