using Sonde.Bpf;

namespace Sonde.Script.Ir;

/// <summary>Refuses programs that do not hold together, with the place: a defect of what made them, which would otherwise show as a wrong program.</summary>
sealed class IrVerifier
{
    readonly IrProgram _program;
    readonly IrFunction _function;
    readonly HashSet<StackSlot> _slots;

    IrVerifier(IrProgram program, IrFunction function)
    {
        (_program, _function) = (program, function);
        _slots = [.. function.Slots];
    }

    /// <exception cref="InvalidOperationException">The program does not hold together.</exception>
    public static void Verify(IrProgram program, IrFunction function)
    {
        if (function.Blocks.Count == 0)
        {
            throw new InvalidOperationException($"{program.Name}, {function.Name}: there are no blocks.");
        }

        IrVerifier verifier = new(program, function);
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (BasicBlock target in ControlFlow.Successors(block))
            {
                if (target.Number >= function.Blocks.Count || function.Blocks[target.Number] != target)
                {
                    throw verifier.Defect(block, $"it goes to {target.Name}, which is not in the function");
                }
            }
        }

        List<BasicBlock> order = ControlFlow.ReversePostOrder(function);
        foreach (BasicBlock block in order)
        {
            verifier.Verify(block);
        }

        verifier.VerifySet(order);
    }

    void Verify(BasicBlock block)
    {
        if (block.Terminator is null)
        {
            throw Defect(block, "the block has no end");
        }

        foreach (IrInstruction instruction in block.Instructions)
        {
            if (Operands.Arguments(instruction).Length > RegisterUses.Most)
            {
                throw Defect(block, instruction, $"a call takes at most {RegisterUses.Most} arguments");
            }

            if (Operands.Slots(instruction).FirstOrDefault(slot => !_slots.Contains(slot)) is { } unknown)
            {
                throw Defect(block, instruction, $"{unknown} is not in the function");
            }

            if (Operands.Functions(instruction).FirstOrDefault(function => !_program.Functions.Contains(function)) is { } stranger)
            {
                throw Defect(block, instruction, $"{stranger.Name} is not in the program");
            }

            (IrAddress? touched, int bytes) = instruction switch
            {
                IrLoad i => (i.From, Bytes(i.Size)),
                IrStore i => (i.To, Bytes(i.Size)),
                IrAtomic i => (i.To, Bytes(i.Size)),
                _ => ((IrAddress?)null, 0),
            };
            if (touched is { Slot: { } slot, Offset: var offset } && (offset < 0 || offset + bytes > slot.Size))
            {
                throw Defect(block, instruction, $"{slot} has no such bytes");
            }

            if (instruction is IrCallFunction call && call.Arguments.Length != call.Function.Parameters.Count)
            {
                throw Defect(block, instruction, $"{call.Function.Name} has {call.Function.Parameters.Count} parameters");
            }

            bool isWrong = instruction switch
            {
                IrExtend extend => extend.Bits is not (8 or 16 or 32),
                IrByteSwap swap => swap.Bits is not (16 or 32 or 64),
                IrAtomic atomic => atomic.Size is not (Size.Word or Size.Double) || atomic.Expected is null == (atomic.Operation == IrAtomicOperation.CompareExchange),
                _ => false,
            };
            if (isWrong)
            {
                throw Defect(block, instruction, "there is no such instruction");
            }
        }
    }

    // Every register is set on every way to where it is used: the kernel refuses what is not, far from its cause.
    void VerifySet(List<BasicBlock> order)
    {
        BitSet[] unset = [.. _function.Blocks.Select(_ => new BitSet(_function.RegisterCount))];
        BitSet entry = unset[order[0].Number];
        for (int i = _function.Parameters.Count; i < _function.RegisterCount; i++)
        {
            entry.Add(i);
        }

        BitSet now = new(_function.RegisterCount);
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (BasicBlock block in order)
            {
                now.CopyFrom(unset[block.Number]);
                foreach (IrInstruction instruction in block.Instructions)
                {
                    if (Operands.Destination(instruction) is { } dst)
                    {
                        now.Remove(dst.Number);
                    }
                }

                foreach (BasicBlock successor in ControlFlow.Successors(block))
                {
                    changed |= unset[successor.Number].Union(now);
                }
            }
        }

        foreach (BasicBlock block in order)
        {
            now.CopyFrom(unset[block.Number]);
            foreach (IrInstruction instruction in block.Instructions)
            {
                foreach (VirtualRegister use in Operands.Uses(instruction))
                {
                    if (now.Contains(use.Number))
                    {
                        throw Defect(block, instruction, $"{use} may not have been set");
                    }
                }

                if (Operands.Destination(instruction) is { } dst)
                {
                    now.Remove(dst.Number);
                }
            }

            foreach (VirtualRegister use in Operands.Uses(block.Terminator))
            {
                if (now.Contains(use.Number))
                {
                    throw Defect(block, $"at its end, {use} may not have been set");
                }
            }
        }
    }

    InvalidOperationException Defect(BasicBlock block, IrInstruction instruction, string what) => Defect(block, $"\"{IrPrinter.Format(instruction)}\": {what}");

    InvalidOperationException Defect(BasicBlock block, string what) => new($"{_program.Name}, {_function.Name}, block {block.Name}: {what}.");

    static int Bytes(Size size) => size switch
    {
        Size.Byte => 1,
        Size.Half => 2,
        Size.Word => 4,
        _ => 8,
    };
}
