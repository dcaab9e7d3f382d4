namespace Sonde.Script.Ir;

/// <summary>The ways between blocks.</summary>
static class ControlFlow
{
    /// <summary>Where a block may go on.</summary>
    public static Successors<BasicBlock> Successors(BasicBlock block) => block.Terminator switch
    {
        IrJump jump => new(jump.Target, null),
        IrBranch branch => new(branch.WhenTrue, branch.WhenFalse),
        _ => default,
    };

    /// <summary>The blocks that are reached, each before those it leads to unless a loop closes.</summary>
    public static List<BasicBlock> ReversePostOrder(IrFunction function)
    {
        List<BasicBlock> order = [];
        BitSet seen = new(function.Blocks.Count);
        seen.Add(0);
        Stack<(BasicBlock Block, Successors<BasicBlock> Onward)> path = new();
        path.Push((function.Blocks[0], Successors(function.Blocks[0])));
        while (path.TryPop(out var top))
        {
            if (!top.Onward.MoveNext())
            {
                order.Add(top.Block);
                continue;
            }

            path.Push(top);
            BasicBlock next = top.Onward.Current;
            if (!seen.Contains(next.Number))
            {
                seen.Add(next.Number);
                path.Push((next, Successors(next)));
            }
        }

        order.Reverse();
        return order;
    }
}

/// <summary>The at most two blocks that another may lead to, one after the other.</summary>
struct Successors<TBlock>(TBlock? first, TBlock? second)
    where TBlock : class
{
    TBlock? _next = first ?? second;
    TBlock? _last = first is null ? null : second;

    public TBlock Current { get; private set; } = null!;

    public bool MoveNext()
    {
        if (_next is null)
        {
            return false;
        }

        (Current, _next, _last) = (_next, _last, null);
        return true;
    }

    public readonly Successors<TBlock> GetEnumerator() => this;
}
