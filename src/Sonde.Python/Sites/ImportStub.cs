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
}
