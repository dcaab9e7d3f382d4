using System.Buffers.Binary;
using Iced.Intel;
using Sonde.Symbols.Elf;

namespace Sonde.Python.Sites;

/// <summary>
/// Jump tables of <c>switch</c> statements, so that they are not taken for the jump to the next opcode. Position-independent code
/// stores the cases as 32-bit distances from the table: <c>lea table, base; movsxd (base, index, 4), x; add base, x; jmp x</c>.
/// </summary>
static class SwitchTable
{
    const int MostCases = 512;
    const int LongestSequence = 14;

    /// <summary>Indices of the instructions an indirect jump can go to; empty when it does not go through such a table.</summary>
    public static List<int> Targets(ElfFile image, InterpreterCode code, int jump)
    {
        List<int> targets = [];
        if (code.Instructions[jump].Op0Kind != OpKind.Register || Table(code, jump) is not { } table)
        {
            return targets;
        }

        for (var index = 0UL; index < MostCases && image.TryRead(unchecked(table + 4 * index), 4, out var entry); index++)
        {
            var target = code.IndexOf(unchecked(table + (ulong)BinaryPrimitives.ReadInt32LittleEndian(entry)));
            if (target < 0)
            {
                break;
            }

            if (!targets.Contains(target))
            {
                targets.Add(target);
            }
        }

        return targets;
    }

    static ulong? Table(InterpreterCode code, int jump)
    {
        ulong? table = null;
        var scaled = false;
        for (var i = jump - 1; i >= 0 && i >= jump - LongestSequence; i--)
        {
            ref readonly var instruction = ref code.Instructions[i];
            switch (instruction.Mnemonic)
            {
                case Mnemonic.Movsxd when instruction.Op1Kind == OpKind.Memory && instruction.MemoryIndexScale == 4:
                    scaled = true;
                    break;
                case Mnemonic.Lea when instruction.IsIPRelativeMemoryOperand:
                    table ??= instruction.IPRelativeMemoryAddress;
                    break;
            }

            if (instruction.FlowControl is FlowControl.UnconditionalBranch or FlowControl.IndirectBranch or FlowControl.Return)
            {
                break;
            }
        }

        return scaled ? table : null;
    }
}
