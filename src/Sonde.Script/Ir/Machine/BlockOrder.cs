namespace Sonde.Script.Ir.Machine;

/// <summary>The order blocks are written in: what is likely runs straight on, what is not stands at the end.</summary>
sealed class BlockOrder
{
    readonly Queue<MachineBlock> _waiting;
    readonly bool[] _isPlaced;
    readonly int[] _open;

    // How many unlikely turns lead to a block at least.
    readonly int[] _turns;

    BlockOrder(MachineFunction function)
    {
        _isPlaced = new bool[function.Blocks.Count];
        _open = new int[function.Blocks.Count];
        _turns = new int[function.Blocks.Count];
        Array.Fill(_turns, int.MaxValue, 1, function.Blocks.Count - 1);
        foreach (MachineBlock block in function.Blocks)
        {
            foreach (MachineBlock successor in block.Successors())
            {
                if (IsForwards(block, successor))
                {
                    _open[successor.Number]++;
                    _turns[successor.Number] = Math.Min(_turns[successor.Number], _turns[block.Number] + (successor == block.Unlikely ? 1 : 0));
                }
            }
        }

        _waiting = new Queue<MachineBlock>(function.Blocks.OrderBy(block => _turns[block.Number]));
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
                foreach (MachineBlock successor in block.Successors())
                {
                    order._open[successor.Number] -= IsForwards(block, successor) ? 1 : 0;
                }
            }
        }

        return placed;
    }

    MachineBlock? First()
    {
        while (_waiting.TryDequeue(out MachineBlock? block))
        {
            if (!_isPlaced[block.Number])
            {
                return block;
            }
        }

        return null;
    }

    // First what all other ways have been written for, then what is deeper in loops.
    MachineBlock? After(MachineBlock block)
    {
        MachineBlock? best = null;
        foreach (MachineBlock successor in block.Successors())
        {
            if (!_isPlaced[successor.Number] && _turns[successor.Number] <= _turns[block.Number] && (best is null || Rank(successor).CompareTo(Rank(best)) < 0))
            {
                best = successor;
            }
        }

        return best;

        (bool WaitsForOthers, int Depth, bool IsTaken) Rank(MachineBlock successor) => (_open[successor.Number] != 0, -successor.Depth, successor != block.Next);
    }

    // Blocks are in reverse post-order: only loops lead back.
    static bool IsForwards(MachineBlock from, MachineBlock to) => to.Number > from.Number;
}
