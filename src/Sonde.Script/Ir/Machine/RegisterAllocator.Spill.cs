using Sonde.Bpf;
using static Sonde.Script.Ir.Machine.MachineInstruction;

namespace Sonde.Script.Ir.Machine;

/// <content>Moves registers to the stack.</content>
sealed partial class RegisterAllocator
{
    void Spill(List<int> spilled)
    {
        // Registers joined with a spilled one go to the same slot: they never hold different things at a time.
        Dictionary<int, StackSlot> slots = [];
        Dictionary<int, MachineInstruction> origins = [];
        foreach (int representative in spilled)
        {
            List<int> joined = [.. Enumerable.Range(FirstVirtual, _function.RegisterCount - FirstVirtual).Where(register => Alias(register) == representative)];
            if (joined.Count == 1 && _origins[representative] is { } origin)
            {
                origins.Add(representative, origin);
                continue;
            }

            StackSlot slot = _function.NewSlot("spill");
            joined.ForEach(register => slots.Add(register, slot));
        }

        foreach (MachineBlock block in _function.Blocks)
        {
            MachineInstruction[] before = [.. block.Instructions];
            block.Instructions.Clear();
            foreach (MachineInstruction instruction in before)
            {
                Spill(instruction, block.Instructions, slots, origins);
            }

            if (block.Comparison is { } comparison)
            {
                int a = Reload(comparison.A, block.Instructions, slots, origins);
                int b = comparison.B == comparison.A ? a : Reload(comparison.B, block.Instructions, slots, origins);
                block.Comparison = comparison with { A = a, B = b };
            }
        }
    }

    // For each register the one instruction that sets it, if that can be repeated wherever the register is needed.
    static MachineInstruction?[] Origins(MachineFunction function)
    {
        MachineInstruction?[] origins = new MachineInstruction?[function.RegisterCount];
        bool[] seen = new bool[function.RegisterCount];
        foreach (MachineInstruction instruction in function.Blocks.SelectMany(block => block.Instructions))
        {
            Set(instruction.Dst, Roles.WritesDst);
            Set(instruction.Src, Roles.WritesSrc);

            void Set(int register, Roles role)
            {
                if (register != None && (instruction.Roles & role) != 0)
                {
                    origins[register] = !seen[register] && instruction.IsRepeatable ? instruction : null;
                    seen[register] = true;
                }
            }
        }

        return origins;
    }

    void Spill(MachineInstruction instruction, List<MachineInstruction> output, Dictionary<int, StackSlot> slots, Dictionary<int, MachineInstruction> origins)
    {
        if (instruction.Dst != None && origins.ContainsKey(instruction.Dst) && instruction.Writes(instruction.Dst))
        {
            return;
        }

        if (instruction.IsMove && Copy(instruction, output, slots, origins))
        {
            return;
        }

        int oldDst = instruction.Dst;
        int oldSrc = instruction.Src;
        bool writesDst = (instruction.Roles & Roles.WritesDst) != 0;
        bool writesSrc = (instruction.Roles & Roles.WritesSrc) != 0;
        if ((instruction.Roles & Roles.ReadsSrc) != 0)
        {
            instruction.Src = Reload(oldSrc, output, slots, origins);
        }

        if ((instruction.Roles & Roles.ReadsDst) != 0)
        {
            instruction.Dst = oldDst == oldSrc ? instruction.Src : Reload(oldDst, output, slots, origins);
        }
        else if (writesDst && slots.ContainsKey(oldDst))
        {
            instruction.Dst = oldDst == oldSrc ? instruction.Src : NewTemporary();
        }

        output.Add(instruction);
        if (writesDst && slots.TryGetValue(oldDst, out StackSlot? dst))
        {
            output.Add(Store(dst, instruction.Dst));
        }

        if (writesSrc && oldSrc != oldDst && slots.TryGetValue(oldSrc, out StackSlot? src))
        {
            output.Add(Store(src, instruction.Src));
        }
    }

    // A copy from or to memory is a load or a store.
    static bool Copy(MachineInstruction move, List<MachineInstruction> output, Dictionary<int, StackSlot> slots, Dictionary<int, MachineInstruction> origins)
    {
        slots.TryGetValue(move.Dst, out StackSlot? dst);
        slots.TryGetValue(move.Src, out StackSlot? src);
        if (dst is null && origins.TryGetValue(move.Src, out MachineInstruction? origin))
        {
            output.Add(origin.For(move.Dst));
            return true;
        }

        if (dst is null && src is not null)
        {
            output.Add(Load(move.Dst, src));
            return true;
        }

        if (dst is not null && src is null && !origins.ContainsKey(move.Src))
        {
            output.Add(Store(dst, move.Src));
            return true;
        }

        return dst is not null && dst == src;
    }

    int Reload(int register, List<MachineInstruction> output, Dictionary<int, StackSlot> slots, Dictionary<int, MachineInstruction> origins)
    {
        if (origins.TryGetValue(register, out MachineInstruction? origin))
        {
            int copy = NewTemporary();
            output.Add(origin.For(copy));
            return copy;
        }

        if (!slots.TryGetValue(register, out StackSlot? slot))
        {
            return register;
        }

        int temporary = NewTemporary();
        output.Add(Load(temporary, slot));
        return temporary;
    }

    int NewTemporary()
    {
        int register = _function.NewRegister();
        _temporaries.Add(register);
        return register;
    }

    static MachineInstruction Load(int dst, StackSlot slot) =>
        new(Asm.Load(Size.Double, 0, 0, 0), Roles.WritesDst | Roles.ReadsSrc, dst, Frame) { Slot = slot };

    static MachineInstruction Store(StackSlot slot, int src) =>
        new(Asm.Store(Size.Double, 0, 0, 0), Roles.ReadsDst | Roles.ReadsSrc, Frame, src) { Slot = slot };
}
