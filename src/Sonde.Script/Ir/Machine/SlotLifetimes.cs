namespace Sonde.Script.Ir.Machine;

/// <summary>When stack memory holds something: between an instruction that may touch it and a later one that may.</summary>
sealed class SlotLifetimes
{
    readonly Dictionary<StackSlot, int> _numbers = [];
    readonly BitSet[] _overlaps;

    public SlotLifetimes(MachineFunction function)
    {
        foreach (MachineBlock block in function.Blocks)
        {
            foreach (MachineInstruction instruction in block.Instructions)
            {
                foreach (StackSlot touched in instruction.Touches)
                {
                    Use(touched);
                }

                if (instruction.Slot is { } slot)
                {
                    Use(slot);
                }
            }
        }

        _overlaps = [.. Used.Select(_ => new BitSet(Used.Count))];
        if (Used.Count > 1)
        {
            Find(function);
        }
    }

    /// <summary>The stack memory that is used at all.</summary>
    public List<StackSlot> Used { get; } = [];

    /// <summary>Whether two hold something at the same time.</summary>
    public bool Overlap(StackSlot a, StackSlot b) => _overlaps[_numbers[a]].Contains(_numbers[b]);

    void Find(MachineFunction function)
    {
        BitSet[] before = Solve(function, forwards: true);
        BitSet[] after = Solve(function, forwards: false);
        BitSet live = new(Used.Count);
        foreach (MachineBlock block in function.Blocks)
        {
            // What is touched here or later, for each instruction from the last to the first.
            List<BitSet> wanted = [];
            BitSet later = after[block.Number].Copy();
            for (int i = block.Instructions.Count - 1; i >= 0; i--)
            {
                Pass(block.Instructions[i], later);
                wanted.Add(later.Copy());
            }

            BitSet seen = before[block.Number];
            for (int i = 0; i < block.Instructions.Count; i++)
            {
                Pass(block.Instructions[i], seen);
                live.CopyFrom(seen);
                live.Intersect(wanted[block.Instructions.Count - 1 - i]);
                foreach (int slot in live)
                {
                    _overlaps[slot].Union(live);
                }
            }
        }

        foreach (StackSlot escaped in function.Escaped.Where(_numbers.ContainsKey))
        {
            for (int other = 0; other < Used.Count; other++)
            {
                _overlaps[_numbers[escaped]].Add(other);
                _overlaps[other].Add(_numbers[escaped]);
            }
        }
    }

    // What may have been touched before a block, or may be touched after it, with nothing in between that makes its contents of no use.
    BitSet[] Solve(MachineFunction function, bool forwards)
    {
        BitSet[] outside = [.. function.Blocks.Select(_ => new BitSet(Used.Count))];
        BitSet[] touched = [.. function.Blocks.Select(_ => new BitSet(Used.Count))];
        BitSet[] begun = [.. function.Blocks.Select(_ => new BitSet(Used.Count))];
        foreach (MachineBlock block in function.Blocks)
        {
            foreach (MachineInstruction instruction in forwards ? block.Instructions : Enumerable.Reverse(block.Instructions))
            {
                Pass(instruction, touched[block.Number]);
                if (instruction.Begins is { } slot && _numbers.TryGetValue(slot, out int number))
                {
                    begun[block.Number].Add(number);
                }
            }
        }

        BitSet through = new(Used.Count);
        for (bool changed = true; changed;)
        {
            changed = false;
            // In the direction things are handed on, or each turn would get one block further only.
            foreach (MachineBlock block in forwards ? function.Blocks : Enumerable.Reverse(function.Blocks))
            {
                foreach (MachineBlock successor in block.Successors())
                {
                    (MachineBlock from, MachineBlock to) = forwards ? (block, successor) : (successor, block);
                    through.CopyFrom(outside[from.Number]);
                    through.Subtract(begun[from.Number]);
                    through.Union(touched[from.Number]);
                    changed |= outside[to.Number].Union(through);
                }
            }
        }

        return outside;
    }

    void Pass(MachineInstruction instruction, BitSet set)
    {
        if (instruction.Begins is { } begun)
        {
            if (_numbers.TryGetValue(begun, out int number))
            {
                set.Remove(number);
            }

            return;
        }

        if (instruction.Slot is { } slot && !instruction.IsSlotAddress)
        {
            set.Add(_numbers[slot]);
        }

        foreach (StackSlot touched in instruction.Touches)
        {
            set.Add(_numbers[touched]);
        }
    }

    void Use(StackSlot slot)
    {
        if (_numbers.TryAdd(slot, Used.Count))
        {
            Used.Add(slot);
        }
    }
}
