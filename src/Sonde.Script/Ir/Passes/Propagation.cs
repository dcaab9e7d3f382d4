namespace Sonde.Script.Ir.Passes;

/// <summary>
/// Puts what registers are known to be in place of the registers: constants, the originals of copies, stack memory behind its address, an offset
/// into the base it was added to. Folds what comes of it.
/// </summary>
sealed class Propagation
{
    readonly Definitions _definitions;
    readonly Dictionary<int, IrInstruction> _here = [];
    bool _changed;

    Propagation(IrFunction function) => _definitions = new Definitions(function);

    /// <summary>Whether anything changed.</summary>
    public static bool Run(IrFunction function)
    {
        Propagation propagation = new(function);
        foreach (BasicBlock block in function.Blocks)
        {
            propagation.Run(block);
        }

        return propagation._changed;
    }

    void Run(BasicBlock block)
    {
        _here.Clear();
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            IrInstruction before = block.Instructions[i];
            IrInstruction after = Folding.Fold(Rewrite(before), ConstantOf);
            if (!after.Equals(before))
            {
                block.Instructions[i] = after;
                _changed = true;
            }

            if (Operands.Destination(after) is { } dst)
            {
                Set(dst, after);
            }
        }

        IrTerminator? terminator = block.Terminator switch
        {
            IrBranch branch => Folding.Fold((Original(branch.A), Rewrite(branch.B)) is var (a, b) && a == branch.A && b == branch.B ? branch : branch with { A = a, B = b }, ConstantOf),
            IrReturn end => Rewrite(end.Value) is var value && value == end.Value ? end : end with { Value = value },
            IrTerminator other => other,
            null => null,
        };
        if (terminator is not null && !terminator.Equals(block.Terminator))
        {
            block.Terminator = terminator;
            _changed = true;
        }
    }

    // What follows from a register ends where it is set anew.
    void Set(VirtualRegister dst, IrInstruction instruction)
    {
        if (!_definitions.IsSetOnce(dst))
        {
            foreach ((int register, IrInstruction known) in _here.ToArray())
            {
                if (Operands.Uses(known).Contains(dst))
                {
                    _here.Remove(register);
                }
            }

            _here.Remove(dst.Number);
        }

        bool isKnowledge = instruction is IrConstant or IrMove or IrAddressOf or IrMap or IrFunctionAddress or IrArithmetic { Operation: IrOperation.Add, B.Register: null };
        if (isKnowledge && !Operands.Uses(instruction).Contains(dst))
        {
            _here[dst.Number] = instruction;
        }
    }

    IrInstruction? Known(VirtualRegister register) =>
        _here.TryGetValue(register.Number, out IrInstruction? here) ? here
        : _definitions.Of(register) is { } place && _definitions.IsLasting(place) ? place
        : null;

    long? ConstantOf(VirtualRegister register) => Known(register) is IrConstant constant ? constant.Value : null;

    VirtualRegister Original(VirtualRegister register)
    {
        while (Known(register) is IrMove move)
        {
            register = move.Src;
        }

        return register;
    }

    IrOperand Rewrite(IrOperand operand)
    {
        if (operand.Register is not { } register)
        {
            return operand;
        }

        VirtualRegister original = Original(register);
        return ConstantOf(original) is { } constant ? constant : original;
    }

    IrAddress Rewrite(IrAddress address)
    {
        while (address.Base is { } register)
        {
            register = Original(register);
            IrAddress? nearer = Known(register) switch
            {
                IrAddressOf known => known.Address,
                IrArithmetic { Operation: IrOperation.Add, A.Register: { } origin, B.Register: null } sum when sum.B.Constant == (short)sum.B.Constant =>
                    new IrAddress(origin, (int)sum.B.Constant),
                _ => null,
            };
            if (nearer is not { } found || found.Offset + address.Offset != (short)(found.Offset + address.Offset))
            {
                return new IrAddress(register, address.Offset);
            }

            address = found.Plus(address.Offset);
        }

        return address;
    }

    IrArgument Rewrite(IrArgument argument)
    {
        if (argument.Address is { } address)
        {
            return Rewrite(address);
        }

        if (argument.Value?.Register is not { } register)
        {
            return argument;
        }

        // A sum is left alone: its register would be needed all the same.
        VirtualRegister original = Original(register);
        return Known(original) switch
        {
            IrConstant constant => constant.Value,
            IrAddressOf { Address.Slot: not null } known => known.Address,
            IrMap map => map.Map,
            IrFunctionAddress function => function.Function,
            _ => original,
        };
    }

    IrArgument[] Rewrite(IrArgument[] arguments) => Array.ConvertAll(arguments, Rewrite);

    // Most stay as they are: only what changes is made anew.
    IrInstruction Rewrite(IrInstruction instruction) => instruction switch
    {
        IrMove i => Original(i.Src) is var src && src == i.Src ? i : i with { Src = src },
        IrArithmetic i => (Rewrite(i.A), Rewrite(i.B)) is var (a, b) && a == i.A && b == i.B ? i : i with { A = a, B = b },
        IrNegate i => Original(i.Src) is var src && src == i.Src ? i : i with { Src = src },
        IrExtend i => Original(i.Src) is var src && src == i.Src ? i : i with { Src = src },
        IrByteSwap i => Original(i.Src) is var src && src == i.Src ? i : i with { Src = src },
        IrLoad i => Rewrite(i.From) is var from && from == i.From ? i : i with { From = from },
        IrStore i => (Rewrite(i.To), Rewrite(i.Value)) is var (to, value) && to == i.To && value == i.Value ? i : i with { To = to, Value = value },
        IrAtomic i => i with { To = Rewrite(i.To), Value = Original(i.Value), Expected = i.Expected is { } expected ? Original(expected) : null },
        IrAddressOf i => Rewrite(i.Address) is var address && address == i.Address ? i : i with { Address = address },
        IrCallHelper i => Same(i.Arguments) ? i : i with { Arguments = Rewrite(i.Arguments) },
        IrCallKernel i => Same(i.Arguments) ? i : i with { Arguments = Rewrite(i.Arguments) },
        IrCallFunction i => Same(i.Arguments) ? i : i with { Arguments = Rewrite(i.Arguments) },
        _ => instruction,
    };

    // Arrays are equal when they are the same array: one that would not change is kept.
    bool Same(IrArgument[] arguments) => Array.TrueForAll(arguments, argument => Rewrite(argument) == argument);
}
