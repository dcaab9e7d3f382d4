using Iced.Intel;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;

namespace Sonde.Engine.Listing;

/// <summary>Whether an address is where an instruction begins. A breakpoint in the middle of one makes the program run something else.</summary>
/// <remarks>The kernel does not check it: it takes the offset it is given.</remarks>
static class InstructionBoundary
{
    /// <summary>Decodes from the start of the function that holds the address.</summary>
    /// <returns>Null when no function is known there, or when bytes before the address are no code.</returns>
    public static bool? Is(ElfFile elf, ulong address, IReadOnlyList<FrameDescription> functions)
    {
        if (FunctionStart(elf, address, functions) is not { } start)
        {
            return null;
        }

        var length = address - start;
        if (length == 0)
        {
            return true;
        }

        if (length > int.MaxValue - 16 || !elf.TryRead(start, (int)length, out _))
        {
            return null;
        }

        // Some bytes more, so that an instruction which reaches beyond the address is whole.
        var code = elf.ReadCode(start, (int)length + 16);
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code.ToArray()), start);
        while (decoder.IP < address)
        {
            if (decoder.Decode().IsInvalid)
            {
                return null;
            }
        }

        return decoder.IP == address;
    }

    static ulong? FunctionStart(ElfFile elf, ulong address, IReadOnlyList<FrameDescription> functions)
    {
        if (EhFrame.TryFind(functions, address, out var function))
        {
            return function.Start;
        }

        foreach (var table in new[] { elf.DynamicSymbols, elf.Symbols })
        {
            for (var i = 0; i < table.Count; i++)
            {
                var symbol = table[i];
                if (symbol.IsFunction && address >= symbol.Value && address - symbol.Value < symbol.Size)
                {
                    return symbol.Value;
                }
            }
        }

        return null;
    }
}
