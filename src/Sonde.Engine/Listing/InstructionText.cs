using Iced.Intel;

namespace Sonde.Engine.Listing;

/// <summary>Shows machine code as the assembler would write it.</summary>
static class InstructionText
{
    /// <summary>The first instruction and its length in bytes; a length of 0 when there is none.</summary>
    public static (string Text, int Length) Of(ReadOnlySpan<byte> code, ulong address)
    {
        if (code.IsEmpty)
        {
            return ("", 0);
        }

        var instruction = Decoder.Create(64, new ByteArrayCodeReader(code.ToArray()), address).Decode();
        if (instruction.IsInvalid)
        {
            return ("not an instruction", 0);
        }

        var formatter = new GasFormatter(new FormatterOptions
        {
            UppercaseHex = false, HexPrefix = "0x", BranchLeadingZeros = false, SmallHexNumbersInDecimal = true,
        });
        var text = new StringOutput();
        formatter.Format(instruction, text);
        return (text.ToString(), instruction.Length);
    }
}
