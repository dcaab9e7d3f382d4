namespace Sonde.Script.Ir.Machine;

/// <summary>Which stack memory instructions may touch through registers that hold its address, however the address came there.</summary>
/// <remarks>Where an instruction stands does not matter: what a register ever points to, it is taken to point to always.</remarks>
sealed class SlotPointers
{
    readonly IrFunction _function;
    readonly BitSet[] _registers;
    readonly BitSet[] _contents;
    readonly BitSet _escaped;
    readonly BitSet _none;
    readonly BitSet[] _alone;
    bool _changed;

    public SlotPointers(IrFunction function, IReadOnlyList<BasicBlock> blocks)
    {
        _function = function;
        _registers = [.. Enumerable.Range(0, function.RegisterCount).Select(_ => Empty())];
        _contents = [.. function.Slots.Select(_ => Empty())];
        _escaped = Empty();
        _none = Empty();
        _alone = [.. function.Slots.Select(slot => Empty())];
        for (int slot = 0; slot < _alone.Length; slot++)
        {
            _alone[slot].Add(slot);
        }

        if (function.Slots.Count == 0)
        {
            return;
        }

        do
        {
            _changed = false;
            foreach (BasicBlock block in blocks)
            {
                foreach (IrInstruction instruction in block.Instructions)
                {
                    Follow(instruction);
                }
            }
        }
        while (_changed);
    }

    /// <summary>The stack memory whose address got where nothing is known of it: it may be touched at any time.</summary>
    public IReadOnlyList<StackSlot> Escaped => Slots(_escaped);

    /// <summary>The stack memory an instruction may read or write, directly or by what it calls.</summary>
    public StackSlot[] Touched(IrInstruction instruction)
    {
        switch (instruction)
        {
            case var _ when _alone.Length == 0:
                return [];
            case IrLoad load:
                return Slots(At(load.From));
            case IrStore store:
                return Slots(At(store.To));
            case IrAtomic atomic:
                return Slots(At(atomic.To));
            case IrCallHelper or IrCallKernel or IrCallFunction:
                return Slots(Reachable(instruction));
            default:
                return [];
        }
    }

    void Follow(IrInstruction instruction)
    {
        switch (instruction)
        {
            case IrMove move:
                Add(move.Dst, _registers[move.Src.Number]);
                break;
            case IrArithmetic arithmetic:
                Add(arithmetic.Dst, Value(arithmetic.A));
                Add(arithmetic.Dst, Value(arithmetic.B));
                break;
            case IrAddressOf address:
                Add(address.Dst, At(address.Address));
                break;
            case IrLoad load:
                AddContents(load.Dst, load.From);
                break;
            case IrStore store:
                Store(store.To, Value(store.Value));
                break;
            case IrAtomic atomic:
                Store(atomic.To, _registers[atomic.Value.Number]);
                if (atomic.Dst is { } old)
                {
                    AddContents(old, atomic.To);
                }

                break;
            case IrCallHelper or IrCallKernel or IrCallFunction:
                // It may copy what one argument's memory holds to another's, and give an address back.
                BitSet reachable = Reachable(instruction);
                BitSet held = Empty();
                foreach (int slot in reachable)
                {
                    held.Union(_contents[slot]);
                }

                foreach (int slot in reachable)
                {
                    _changed |= _contents[slot].Union(held);
                }

                if (instruction is not IrCallHelper && Operands.Destination(instruction) is { } result)
                {
                    Add(result, reachable);
                }

                break;
        }
    }

    BitSet Reachable(IrInstruction call)
    {
        BitSet reachable = Empty();
        foreach (IrArgument argument in Operands.Arguments(call))
        {
            if (argument.Address is { } address)
            {
                reachable.Union(At(address));
            }
            else if (argument.Value is { } value)
            {
                reachable.Union(Value(value));
            }
        }

        for (bool grows = true; grows;)
        {
            grows = false;
            for (int slot = 0; slot < _contents.Length; slot++)
            {
                grows |= reachable.Contains(slot) && reachable.Union(_contents[slot]);
            }
        }

        return reachable;
    }

    void Store(IrAddress to, BitSet value)
    {
        BitSet targets = At(to);
        bool isKnown = false;
        foreach (int slot in targets)
        {
            isKnown = true;
            _changed |= _contents[slot].Union(value);
        }

        if (!isKnown)
        {
            _changed |= _escaped.Union(value);
        }
    }

    void AddContents(VirtualRegister dst, IrAddress from)
    {
        foreach (int slot in At(from))
        {
            Add(dst, _contents[slot]);
        }
    }

    BitSet At(IrAddress address) => address.Base is { } register ? _registers[register.Number] : _alone[address.Slot!.Number];

    BitSet Value(IrOperand operand) => operand.Register is { } register ? _registers[register.Number] : _none;

    void Add(VirtualRegister register, BitSet slots) => _changed |= _registers[register.Number].Union(slots);

    BitSet Empty() => new(_function.Slots.Count);

    StackSlot[] Slots(BitSet set)
    {
        List<StackSlot>? slots = null;
        foreach (int slot in set)
        {
            (slots ??= []).Add(_function.Slots[slot]);
        }

        return slots is null ? [] : [.. slots];
    }
}
