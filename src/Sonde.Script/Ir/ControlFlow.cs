namespace Sonde.Script.Ir;

/// <summary>The ways between blocks.</summary>
static class ControlFlow
{
    /// <summary>Where a block may go on.</summary>
    public static IEnumerable<BasicBlock> Successors(BasicBlock block)
    {
        switch (block.Terminator)
        {
            case IrJump jump:
                yield return jump.Target;
                break;
            case IrBranch branch:
                yield return branch.WhenTrue;
                yield return branch.WhenFalse;
                break;
        }
    }

    /// <summary>The blocks that are reached, each before those it leads to unless a loop closes.</summary>
    public static List<BasicBlock> ReversePostOrder(IrFunction function)
    {
        List<BasicBlock> order = [];
        HashSet<BasicBlock> seen = [function.Blocks[0]];
        Stack<(BasicBlock Block, IEnumerator<BasicBlock> Onward)> path = new();
        path.Push((function.Blocks[0], Successors(function.Blocks[0]).GetEnumerator()));
        while (path.TryPeek(out var top))
        {
            if (!top.Onward.MoveNext())
            {
                order.Add(path.Pop().Block);
            }
            else if (seen.Add(top.Onward.Current))
            {
                path.Push((top.Onward.Current, Successors(top.Onward.Current).GetEnumerator()));
            }
        }

        order.Reverse();
        return order;
    }

    /// <summary>For each block the last one all ways to it lead through, its own aside; the first block's is itself.</summary>
    /// <param name="order">The blocks in reverse post-order.</param>
    /// <remarks>Cooper, Harvey and Kennedy: A Simple, Fast Dominance Algorithm, 2001.</remarks>
    public static Dictionary<BasicBlock, BasicBlock> Dominators(List<BasicBlock> order)
    {
        Dictionary<BasicBlock, int> places = [];
        for (int i = 0; i < order.Count; i++)
        {
            places.Add(order[i], i);
        }

        List<int>[] predecessors = [.. order.Select(_ => new List<int>())];
        foreach (BasicBlock block in order)
        {
            foreach (BasicBlock successor in Successors(block))
            {
                predecessors[places[successor]].Add(places[block]);
            }
        }

        int[] dominators = new int[order.Count];
        Array.Fill(dominators, -1, 1, order.Count - 1);
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = 1; i < order.Count; i++)
            {
                int common = -1;
                foreach (int predecessor in predecessors[i])
                {
                    if (dominators[predecessor] != -1)
                    {
                        common = common == -1 ? predecessor : Common(common, predecessor);
                    }
                }

                changed |= dominators[i] != common;
                dominators[i] = common;
            }
        }

        Dictionary<BasicBlock, BasicBlock> result = [];
        for (int i = 0; i < order.Count; i++)
        {
            result.Add(order[i], order[dominators[i]]);
        }

        return result;

        int Common(int a, int b)
        {
            while (a != b)
            {
                (a, b) = a > b ? (dominators[a], b) : (a, dominators[b]);
            }

            return a;
        }
    }
}
