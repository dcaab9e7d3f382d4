using Sonde.Bpf;

namespace Sonde.Script.Ir.Passes;

/// <summary>Removes what nothing asks for: instructions without effect whose result is not read, and stack memory that is only written.</summary>
static class DeadCode
{
    /// <summary>Whether anything changed.</summary>
    public static bool Run(IrFunction function)
    {
        bool changed = RemoveUnreadSlots(function);
        List<BasicBlock> order = ControlFlow.ReversePostOrder(function);
        BitSet[] needed = [.. function.Blocks.Select(_ => new BitSet(function.RegisterCount))];
        BitSet live = new(function.RegisterCount);
        for (bool grows = true; grows;)
        {
            grows = false;
            for (int i = order.Count - 1; i >= 0; i--)
            {
                AtEnd(order[i]);
                for (int k = order[i].Instructions.Count - 1; k >= 0; k--)
                {
                    Before(order[i].Instructions[k], live);
                }

                grows |= needed[order[i].Number].Union(live);
            }
        }

        foreach (BasicBlock block in order)
        {
            AtEnd(block);
            for (int k = block.Instructions.Count - 1; k >= 0; k--)
            {
                IrInstruction instruction = block.Instructions[k];
                if (Operands.Destination(instruction) is { } dst && !live.Contains(dst.Number) && WithoutResult(instruction) is var rest && rest != instruction)
                {
                    changed = true;
                    if (rest is null)
                    {
                        block.Instructions.RemoveAt(k);
                        continue;
                    }

                    block.Instructions[k] = instruction = rest;
                }

                Before(instruction, live);
            }
        }

        return changed;

        void AtEnd(BasicBlock block)
        {
            live.Clear();
            foreach (BasicBlock successor in ControlFlow.Successors(block))
            {
                live.Union(needed[successor.Number]);
            }

            foreach (VirtualRegister use in Operands.Uses(block.Terminator))
            {
                live.Add(use.Number);
            }
        }
    }

    static void Before(IrInstruction instruction, BitSet live)
    {
        if (Operands.Destination(instruction) is { } dst)
        {
            live.Remove(dst.Number);
        }

        foreach (VirtualRegister use in Operands.Uses(instruction))
        {
            live.Add(use.Number);
        }
    }

    // What is left of an instruction when nobody reads its result; null for nothing.
    static IrInstruction? WithoutResult(IrInstruction instruction) => instruction switch
    {
        IrCallHelper call => IsPure(call.Helper) ? null : call with { Dst = null },
        IrCallKernel call => call with { Dst = null },
        IrCallFunction call => call with { Dst = null },
        // These need the instruction that gives the old value back, read or not.
        IrAtomic { Operation: IrAtomicOperation.Exchange or IrAtomicOperation.CompareExchange } => instruction,
        IrAtomic atomic => atomic with { Dst = null },
        _ => null,
    };

    static bool IsPure(Helper helper) => helper is Helper.KtimeGetNs or Helper.KtimeGetBootNs or Helper.KtimeGetTaiNs or Helper.KtimeGetCoarseNs or Helper.Jiffies64
        or Helper.GetPrandomU32 or Helper.GetSmpProcessorId or Helper.GetNumaNodeId or Helper.GetCurrentPidTgid or Helper.GetCurrentUidGid
        or Helper.GetCurrentTask or Helper.GetCurrentTaskBtf or Helper.GetCurrentCgroupId or Helper.GetAttachCookie or Helper.GetFuncIp;

    // Stores to memory that is never read, and whose address nobody has, have no effect.
    static bool RemoveUnreadSlots(IrFunction function)
    {
        HashSet<StackSlot> read = [];
        bool hasCandidates = false;
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (IrInstruction instruction in block.Instructions)
            {
                if (instruction is IrStore { To.Slot: not null } or IrBegin)
                {
                    hasCandidates = true;
                }
                else
                {
                    read.UnionWith(Operands.Slots(instruction));
                }
            }
        }

        int removed = 0;
        foreach (BasicBlock block in hasCandidates ? function.Blocks : [])
        {
            removed += block.Instructions.RemoveAll(instruction =>
                instruction is IrStore { To.Slot: { } slot } && !read.Contains(slot) || instruction is IrBegin begin && !read.Contains(begin.Slot));
        }

        return removed > 0;
    }
}
