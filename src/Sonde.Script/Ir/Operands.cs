namespace Sonde.Script.Ir;

/// <summary>What instructions read and write.</summary>
static class Operands
{
    /// <summary>The register an instruction sets, if any.</summary>
    public static VirtualRegister? Destination(IrInstruction instruction) => instruction switch
    {
        IrConstant i => i.Dst,
        IrMove i => i.Dst,
        IrArithmetic i => i.Dst,
        IrNegate i => i.Dst,
        IrExtend i => i.Dst,
        IrByteSwap i => i.Dst,
        IrLoad i => i.Dst,
        IrAtomic i => i.Dst,
        IrAddressOf i => i.Dst,
        IrMap i => i.Dst,
        IrMapValue i => i.Dst,
        IrFunctionAddress i => i.Dst,
        IrCallHelper i => i.Dst,
        IrCallKernel i => i.Dst,
        IrCallFunction i => i.Dst,
        _ => null,
    };

    /// <summary>The registers an instruction reads, in no order, some perhaps twice.</summary>
    public static RegisterUses Uses(IrInstruction instruction)
    {
        RegisterUses uses = default;
        switch (instruction)
        {
            case IrMove i:
                uses.Add(i.Src);
                break;
            case IrArithmetic i:
                uses.Add(i.A);
                uses.Add(i.B);
                break;
            case IrNegate i:
                uses.Add(i.Src);
                break;
            case IrExtend i:
                uses.Add(i.Src);
                break;
            case IrByteSwap i:
                uses.Add(i.Src);
                break;
            case IrLoad i:
                uses.Add(i.From);
                break;
            case IrStore i:
                uses.Add(i.To);
                uses.Add(i.Value);
                break;
            case IrAtomic i:
                uses.Add(i.To);
                uses.Add(i.Value);
                if (i.Expected is { } expected)
                {
                    uses.Add(expected);
                }

                break;
            case IrAddressOf i:
                uses.Add(i.Address);
                break;
            default:
                foreach (ref readonly IrArgument argument in Arguments(instruction).AsSpan())
                {
                    if (argument.Value is { } value)
                    {
                        uses.Add(value);
                    }
                    else if (argument.Address is { } address)
                    {
                        uses.Add(address);
                    }
                }

                break;
        }

        return uses;
    }

    /// <summary>The registers a terminator reads.</summary>
    public static RegisterUses Uses(IrTerminator? terminator)
    {
        RegisterUses uses = default;
        if (terminator is IrBranch branch)
        {
            uses.Add(branch.A);
            uses.Add(branch.B);
        }
        else if (terminator is IrReturn end)
        {
            uses.Add(end.Value);
        }

        return uses;
    }

    /// <summary>The arguments, where it is a call.</summary>
    public static IrArgument[] Arguments(IrInstruction instruction) => instruction switch
    {
        IrCallHelper i => i.Arguments,
        IrCallKernel i => i.Arguments,
        IrCallFunction i => i.Arguments,
        _ => [],
    };

    /// <summary>The stack memory an instruction names, be it only its address.</summary>
    public static IEnumerable<StackSlot> Slots(IrInstruction instruction)
    {
        StackSlot? own = instruction switch
        {
            IrLoad i => i.From.Slot,
            IrStore i => i.To.Slot,
            IrAtomic i => i.To.Slot,
            IrAddressOf i => i.Address.Slot,
            _ => null,
        };
        // Nothing is made for the many that name none.
        return own is not null ? [own]
            : Array.Exists(Arguments(instruction), argument => argument.Address?.Slot is not null) ? Arguments(instruction).Select(argument => argument.Address?.Slot).OfType<StackSlot>()
            : [];
    }

    /// <summary>The functions an instruction calls or hands on.</summary>
    public static IEnumerable<IrFunction> Functions(IrInstruction instruction) => instruction switch
    {
        IrCallFunction call => HandedOn(call).Prepend(call.Function),
        IrFunctionAddress address => [address.Function],
        _ => HandedOn(instruction),
    };

    // Nothing is made for the many that hand none on.
    static IEnumerable<IrFunction> HandedOn(IrInstruction instruction) =>
        Array.Exists(Arguments(instruction), argument => argument.Function is not null) ? Arguments(instruction).Select(argument => argument.Function).OfType<IrFunction>() : [];
}
