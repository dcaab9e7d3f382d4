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
            if (!ReferenceEquals(end, block.Terminator))
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
                return target is { Instructions.Count: 0, Terminator: IrReturn end } ? end : target == jump.Target ? jump : new IrJump(target);
            case IrBranch branch:
                BasicBlock whenTrue = Final(block, branch.WhenTrue);
                BasicBlock whenFalse = Final(block, branch.WhenFalse);
                return whenTrue == whenFalse ? new IrJump(whenTrue)
                    : whenTrue == branch.WhenTrue && whenFalse == branch.WhenFalse ? branch
                    : branch with { WhenTrue = whenTrue, WhenFalse = whenFalse };
            default:
                return block.Terminator;
        }
    }

    // Where a way from a block ends up, past empty blocks: those that only jump, and those that ask what the block has just decided.
    static BasicBlock Final(BasicBlock from, BasicBlock target)
    {
        HashSet<BasicBlock>? passed = null;
        while (target.Instructions.Count == 0 && (passed ??= []).Add(target))
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
        List<BasicBlock> reached = ControlFlow.ReversePostOrder(function);
        if (reached.Count == function.Blocks.Count)
        {
            return false;
        }

        BitSet kept = new(function.Blocks.Count);
        foreach (BasicBlock block in reached)
        {
            kept.Add(block.Number);
        }

        Keep(function, kept);
        return true;
    }

    // A block that another one leads to, and nothing else, continues it.
    static bool Join(IrFunction function)
    {
        int[] entries = new int[function.Blocks.Count];
        entries[0] = 1;
        BitSet kept = new(function.Blocks.Count);
        foreach (BasicBlock block in function.Blocks)
        {
            kept.Add(block.Number);
            foreach (BasicBlock successor in ControlFlow.Successors(block))
            {
                entries[successor.Number]++;
            }
        }

        bool changed = false;
        foreach (BasicBlock block in function.Blocks)
        {
            while (kept.Contains(block.Number) && block.Terminator is IrJump { Target: var next } && next != block && entries[next.Number] == 1)
            {
                block.Instructions.AddRange(next.Instructions);
                block.Terminator = next.Terminator;
                kept.Remove(next.Number);
                changed = true;
            }
        }

        if (changed)
        {
            Keep(function, kept);
        }

        return changed;
    }

    // The rest goes, and numbers are places again.
    static void Keep(IrFunction function, BitSet kept)
    {
        function.Blocks.RemoveAll(block => !kept.Contains(block.Number));
        for (int i = 0; i < function.Blocks.Count; i++)
        {
            function.Blocks[i].Number = i;
        }
    }
}
