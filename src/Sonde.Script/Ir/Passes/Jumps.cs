namespace Sonde.Script.Ir.Passes;

/// <summary>Straightens the ways: blocks nothing leads to go, jumps to jumps go where those go, what follows alone is joined.</summary>
static class Jumps
{
    /// <summary>Whether anything changed.</summary>
    public static bool Run(IrFunction function)
    {
        bool changed = false;
        foreach (BasicBlock block in function.Blocks)
        {
            IrTerminator? end = Thread(block);
            if (end != block.Terminator)
            {
                block.Terminator = end;
                changed = true;
            }
        }

        return RemoveUnreached(function) | Join(function) | changed;
    }

    static IrTerminator? Thread(BasicBlock block)
    {
        switch (block.Terminator)
        {
            case IrJump jump:
                BasicBlock target = Final(block, jump.Target);
                // A return is no longer than the jump to it.
                return target is { Instructions.Count: 0, Terminator: IrReturn end } ? end : new IrJump(target);
            case IrBranch branch:
                BasicBlock whenTrue = Final(block, branch.WhenTrue);
                BasicBlock whenFalse = Final(block, branch.WhenFalse);
                return whenTrue == whenFalse ? new IrJump(whenTrue) : branch with { WhenTrue = whenTrue, WhenFalse = whenFalse };
            default:
                return block.Terminator;
        }
    }

    // Where a way from a block ends up, past empty blocks: those that only jump, and those that ask what the block has just decided.
    static BasicBlock Final(BasicBlock from, BasicBlock target)
    {
        HashSet<BasicBlock> passed = [];
        while (target.Instructions.Count == 0 && passed.Add(target))
        {
            switch (target.Terminator)
            {
                case IrJump jump:
                    target = jump.Target;
                    break;
                case IrBranch { B.Register: null } branch when LastConstant(from, branch.A) is { } known:
                    target = Folding.Holds(branch.Condition, known, branch.B.Constant, branch.Is32) ? branch.WhenTrue : branch.WhenFalse;
                    break;
                default:
                    return target;
            }
        }

        return target;
    }

    // What a register is at the end of a block, if the block sets it to a constant.
    static long? LastConstant(BasicBlock block, VirtualRegister register)
    {
        IrInstruction? last = block.Instructions.FindLast(instruction => Operands.Destination(instruction) == register);
        return last is IrConstant constant ? constant.Value : null;
    }

    static bool RemoveUnreached(IrFunction function)
    {
        HashSet<BasicBlock> reached = [.. ControlFlow.ReversePostOrder(function)];
        int removed = function.Blocks.RemoveAll(block => !reached.Contains(block));
        Number(function);
        return removed > 0;
    }

    // A block that another one leads to, and nothing else, continues it.
    static bool Join(IrFunction function)
    {
        Dictionary<BasicBlock, int> entries = function.Blocks.ToDictionary(block => block, _ => 0);
        entries[function.Blocks[0]] = 1;
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (BasicBlock successor in ControlFlow.Successors(block))
            {
                entries[successor]++;
            }
        }

        HashSet<BasicBlock> joined = [];
        foreach (BasicBlock block in function.Blocks)
        {
            while (!joined.Contains(block) && block.Terminator is IrJump { Target: var next } && next != block && entries[next] == 1)
            {
                block.Instructions.AddRange(next.Instructions);
                block.Terminator = next.Terminator;
                joined.Add(next);
            }
        }

        function.Blocks.RemoveAll(joined.Contains);
        Number(function);
        return joined.Count > 0;
    }

    static void Number(IrFunction function)
    {
        for (int i = 0; i < function.Blocks.Count; i++)
        {
            function.Blocks[i].Number = i;
        }
    }
}
