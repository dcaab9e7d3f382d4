using Sonde.Bpf;

namespace Sonde.Script.Ir.Machine;

/// <summary>The order blocks are written in: what is likely runs straight on, what is not stands at the end.</summary>
/// <remarks>
/// Likely as compilers guess: there is something to do, a pointer is there, a number is not 0, an answer is no error
/// (Ball and Larus: Branch Prediction for Free, PLDI 1993).
/// </remarks>
sealed class BlockOrder
{
    readonly MachineFunction _function;
    readonly bool[] _isUnlikely;
    readonly bool[] _isPlaced;
    readonly int[] _open;

    BlockOrder(MachineFunction function)
    {
        _function = function;
        _isPlaced = new bool[function.Blocks.Count];
        _isUnlikely = new bool[function.Blocks.Count];
        _open = new int[function.Blocks.Count];
        Array.Fill(_isUnlikely, true);
        _isUnlikely[0] = false;
        foreach (MachineBlock block in function.Blocks)
        {
            foreach (MachineBlock successor in block.Successors().Where(successor => successor.Number > block.Number))
            {
                _open[successor.Number]++;
                _isUnlikely[successor.Number] &= _isUnlikely[block.Number] || successor == Unlikely(block);
            }
        }
    }

    public static List<MachineBlock> Arrange(MachineFunction function)
    {
        BlockOrder order = new(function);
        List<MachineBlock> placed = [];
        while (placed.Count < function.Blocks.Count)
        {
            for (MachineBlock? block = order.First(); block is not null; block = order.After(block))
            {
                placed.Add(block);
                order._isPlaced[block.Number] = true;
                foreach (MachineBlock successor in block.Successors().Where(successor => successor.Number > block.Number))
                {
                    order._open[successor.Number]--;
                }
            }
        }

        return placed;
    }

    MachineBlock? First() =>
        _function.Blocks.Find(block => !_isPlaced[block.Number] && !_isUnlikely[block.Number]) ?? _function.Blocks.Find(block => !_isPlaced[block.Number]);

    // First what all other ways have been written for, then what is deeper in loops.
    MachineBlock? After(MachineBlock block) => block.Successors()
        .Where(successor => !_isPlaced[successor.Number] && (!_isUnlikely[successor.Number] || _isUnlikely[block.Number]))
        .OrderBy(successor => _open[successor.Number] == 0 ? 0 : 1)
        .ThenByDescending(successor => successor.Depth)
        .ThenBy(successor => successor == block.Next ? 0 : 1)
        .FirstOrDefault();

    static MachineBlock? Unlikely(MachineBlock block)
    {
        if (block.Comparison is not { } comparison)
        {
            return null;
        }

        if (IsBareReturn(block.Taken!) != IsBareReturn(block.Next!))
        {
            return IsBareReturn(block.Taken!) ? block.Taken : block.Next;
        }

        return comparison is not { B: MachineInstruction.None, Constant: 0 } ? null : comparison.Condition switch
        {
            Condition.Equal or Condition.SignedLess => block.Taken,
            Condition.NotEqual or Condition.SignedGreaterOrEqual => block.Next,
            _ => null,
        };
    }

    static bool IsBareReturn(MachineBlock block) => block.Next is null && block.Instructions.Count <= 2;
}
