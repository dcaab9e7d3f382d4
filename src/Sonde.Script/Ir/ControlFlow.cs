namespace Sonde.Script.Ir;

/// <summary>The ways between blocks.</summary>
static class ControlFlow
{
    /// <summary>Where a block may go on.</summary>
    public static Successors Successors(BasicBlock block) => block.Terminator switch
    {
        IrJump jump => new(jump.Target, null),
        IrBranch branch => new(branch.WhenTrue, branch.WhenFalse),
        _ => default,
    };

    /// <summary>The blocks that are reached, each before those it leads to unless a loop closes.</summary>
    public static List<BasicBlock> ReversePostOrder(IrFunction function)
    {
        List<BasicBlock> order = [];
        HashSet<BasicBlock> seen = [function.Blocks[0]];
        Stack<(BasicBlock Block, Successors Onward)> path = new();
        path.Push((function.Blocks[0], Successors(function.Blocks[0])));
        while (path.TryPop(out var top))
        {
            if (!top.Onward.MoveNext())
            {
                order.Add(top.Block);
                continue;
            }

            path.Push(top);
            if (seen.Add(top.Onward.Current))
            {
                path.Push((top.Onward.Current, Successors(top.Onward.Current)));
            }
        }

        order.Reverse();
        return order;
    }
}

/// <summary>The at most two blocks that another may lead to, one after the other.</summary>
struct Successors(BasicBlock? first, BasicBlock? second)
{
    BasicBlock? _next = first;
    BasicBlock? _last = second;

    public BasicBlock Current { get; private set; } = null!;

    public bool MoveNext()
    {
        if (_next is null)
        {
            return false;
        }

        (Current, _next, _last) = (_next, _last, null);
        return true;
    }

    public readonly Successors GetEnumerator() => this;
}
