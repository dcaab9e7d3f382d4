namespace Sonde.Script.Ir.Machine;

/// <summary>Finds loops, so that what is used inside them stays in registers.</summary>
static class Loops
{
    /// <summary>Sets <see cref="MachineBlock.Depth"/>; blocks are in reverse post-order, where an edge to an earlier block closes a loop.</summary>
    public static void SetDepths(MachineFunction function)
    {
        List<MachineBlock>[] predecessors = new List<MachineBlock>[function.Blocks.Count];
        foreach (MachineBlock block in function.Blocks)
        {
            predecessors[block.Number] = [];
        }

        foreach (MachineBlock block in function.Blocks)
        {
            foreach (MachineBlock successor in block.Successors())
            {
                predecessors[successor.Number].Add(block);
            }
        }

        foreach (MachineBlock head in function.Blocks)
        {
            if (!predecessors[head.Number].Exists(block => block.Number >= head.Number))
            {
                continue;
            }

            Stack<MachineBlock> open = new(predecessors[head.Number].Where(block => block.Number >= head.Number));
            HashSet<MachineBlock> body = [head];
            while (open.TryPop(out MachineBlock? block))
            {
                if (block.Number >= head.Number && body.Add(block))
                {
                    predecessors[block.Number].ForEach(open.Push);
                }
            }

            foreach (MachineBlock block in body)
            {
                block.Depth++;
            }
        }
    }
}
