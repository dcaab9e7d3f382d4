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
}
