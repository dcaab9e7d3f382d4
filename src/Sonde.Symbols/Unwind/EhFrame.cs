using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Unwind;

/// <summary>One range of code the unwind table describes: a function, or a part of one that the compiler split off.</summary>
/// <param name="Start">Address of its first instruction, in the file's own address space.</param>
/// <param name="End">Address after its last instruction.</param>
/// <param name="BeginsWithFrame">
/// Whether the stack frame is already built at the first instruction, as the unwind instructions before the first advance say:
/// true for a split-off part of a function (<c>.cold</c>), false for a function's start.
/// </param>
public readonly record struct FrameDescription(ulong Start, ulong End, bool BeginsWithFrame)
{
    /// <summary>Whether <paramref name="address"/> lies in the range.</summary>
    public bool Contains(ulong address) => address >= Start && address < End;
}

/// <summary>Reads the code ranges out of <c>.eh_frame</c>, which is never stripped and knows functions that have no symbol.</summary>
/// <remarks>Source: Linux Standard Base Core, "Exception Frames", and DWARF 4, section 6.4.</remarks>
public static class EhFrame
{
    /// <summary>All ranges, in order of their start; empty when the file has no unwind table.</summary>
    /// <exception cref="ElfException">The table contradicts itself, or uses an encoding this reader does not know.</exception>
    public static IReadOnlyList<FrameDescription> Read(ElfFile file)
    {
        if (UnwindSection.ReadEhFrame(file) is not { } section)
        {
            return [];
        }

        var ranges = new List<FrameDescription>(section.Ranges.Count);
        foreach (var range in section.Ranges)
        {
            var body = section.CursorAt(range.ProgramStart, range.ProgramEnd);
            ranges.Add(new(range.Start, range.End, SetsFrameBeforeAdvance(ref body)));
        }

        ranges.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        return ranges;
    }

    /// <summary>The range of a sorted list that contains <paramref name="address"/>.</summary>
    public static bool TryFind(IReadOnlyList<FrameDescription> frames, ulong address, out FrameDescription frame)
    {
        int low = 0, high = frames.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            frame = frames[middle];
            if (address < frame.Start)
            {
                high = middle - 1;
            }
            else if (address >= frame.End)
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        frame = default;
        return false;
    }

    /// <summary>Whether the rest, a program of <c>DW_CFA_*</c> instructions, changes the frame before it first moves on in the code.</summary>
    static bool SetsFrameBeforeAdvance(ref UnwindCursor body)
    {
        while (!body.AtEnd)
        {
            switch (body.ReadByte())
            {
                case 0x00: // nop
                case 0x0a: // remember_state
                case 0x0b: // restore_state
                case 0x2d: // GNU_window_save, on aarch64: return address is signed
                    continue;
                case 0x2e: // GNU_args_size
                    body.ReadUnsigned();
                    continue;
                case 0x0c or 0x0d or 0x0e or 0x0f: // def_cfa, def_cfa_register, def_cfa_offset, def_cfa_expression
                case 0x12 or 0x13: // def_cfa_sf, def_cfa_offset_sf
                case 0x05 or 0x11 or 0x10 or 0x16: // offset_extended (also _sf), expression, val_expression
                case >= 0x80 and < 0xc0: // offset
                    return true;
                default: // an advance, or something no compiler puts first
                    return false;
            }
        }

        return false;
    }
}
