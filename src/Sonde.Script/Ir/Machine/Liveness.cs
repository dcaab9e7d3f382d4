using System.Numerics;

namespace Sonde.Script.Ir.Machine;

/// <summary>Which registers hold something still needed at the end of each block.</summary>
sealed class Liveness
{
    readonly BitSet[] _in;
    readonly BitSet[] _out;

    public Liveness(MachineFunction function)
    {
        _in = [.. function.Blocks.Select(_ => new BitSet(function.RegisterCount))];
        _out = [.. function.Blocks.Select(_ => new BitSet(function.RegisterCount))];
        BitSet live = new(function.RegisterCount);
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = function.Blocks.Count - 1; i >= 0; i--)
            {
                MachineBlock block = function.Blocks[i];
                foreach (MachineBlock successor in block.Successors())
                {
                    _out[i].Union(_in[successor.Number]);
                }

                live.CopyFrom(_out[i]);
                Before(block.Comparison, live);
                for (int k = block.Instructions.Count - 1; k >= 0; k--)
                {
                    Before(block.Instructions[k], live);
                }

                changed |= _in[i].Union(live);
            }
        }
    }

    /// <summary>What is live after the last instruction and the comparison of a block.</summary>
    public BitSet Out(MachineBlock block) => _out[block.Number];

    /// <summary>What is live when a block begins.</summary>
    public BitSet In(MachineBlock block) => _in[block.Number];

    /// <summary>Makes of what is live after an instruction what is live before it.</summary>
    public static void Before(MachineInstruction instruction, BitSet live)
    {
        Kill(instruction, live);
        Use(instruction, live);
    }

    public static void Before(Comparison? comparison, BitSet live)
    {
        if (comparison is not null)
        {
            live.Add(comparison.A);
            if (comparison.B != MachineInstruction.None)
            {
                live.Add(comparison.B);
            }
        }
    }

    public static void Kill(MachineInstruction instruction, BitSet live)
    {
        if ((instruction.Roles & Roles.WritesDst) != 0)
        {
            live.Remove(instruction.Dst);
        }

        if ((instruction.Roles & Roles.WritesSrc) != 0)
        {
            live.Remove(instruction.Src);
        }

        for (int rest = instruction.ImplicitWrites; rest != 0; rest &= rest - 1)
        {
            live.Remove(BitOperations.TrailingZeroCount(rest));
        }
    }

    public static void Use(MachineInstruction instruction, BitSet live)
    {
        if ((instruction.Roles & Roles.ReadsDst) != 0)
        {
            live.Add(instruction.Dst);
        }

        if ((instruction.Roles & Roles.ReadsSrc) != 0)
        {
            live.Add(instruction.Src);
        }

        for (int rest = instruction.ImplicitReads; rest != 0; rest &= rest - 1)
        {
            live.Add(BitOperations.TrailingZeroCount(rest));
        }
    }
}
