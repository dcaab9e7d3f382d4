using Sonde.Bpf;
using Sonde.Script.Binding;

namespace Sonde.Script.Ir.Machine;

/// <summary>Makes jumps reach that would have to go further than 16 bits say.</summary>
static class LongJumps
{
    const int MostInstructions = 1_000_000; // BPF_COMPLEXITY_LIMIT_INSNS, include/linux/bpf.h
    const byte Jump = 0x05;
    const byte JumpLong = 0x06;
    const byte Call = 0x80;

    /// <exception cref="IrException">The program is too long, or jumps too far for a kernel before 6.6.</exception>
    public static List<Instruction> Reach(IrProgram program, List<Instruction> instructions, TargetKernel kernel)
    {
        int slots = instructions.Sum(instruction => instruction.Slots);
        if (slots > MostInstructions)
        {
            throw new IrException($"{program.Name} comes to {slots} instructions, the kernel takes {MostInstructions}.");
        }

        while (slots > short.MaxValue && Far(instructions) is { Count: > 0 } far)
        {
            if (!kernel.HasInstructionSetV4)
            {
                throw new IrException($"{program.Name} comes to {slots} instructions and jumps over more than {short.MaxValue} of them, which needs Linux 6.6.");
            }

            instructions = [.. instructions.SelectMany((instruction, index) => far.Contains(index) ? Lengthen(instruction) : [instruction])];
        }

        return instructions;
    }

    static HashSet<int> Far(List<Instruction> instructions)
    {
        Dictionary<object, int> places = [];
        int slot = 0;
        foreach (Instruction instruction in instructions)
        {
            if (instruction is { IsMark: true, Operand: { } label })
            {
                places[label] = slot;
            }

            slot += instruction.Slots;
        }

        HashSet<int> far = [];
        slot = 0;
        for (int i = 0; i < instructions.Count; i++)
        {
            Instruction instruction = instructions[i];
            bool isShort = (instruction.Opcode & 7) is 5 or 6 && instruction.Opcode != JumpLong && (instruction.Opcode & 0xf0) != Call && !instruction.IsMark;
            if (isShort && instruction.Operand is { } target && places[target] - slot - 1 is < short.MinValue or > short.MaxValue)
            {
                far.Add(i);
            }

            slot += instruction.Slots;
        }

        return far;
    }

    // A condition jumps over the jump that goes on, to one that reaches.
    static IEnumerable<Instruction> Lengthen(Instruction jump)
    {
        Label target = (Label)jump.Operand!;
        if (jump.Opcode == Jump)
        {
            return [Asm.JumpLong(target)];
        }

        Label near = new(target.Name + ".far");
        Label past = new(target.Name + ".past");
        return [jump with { Operand = near }, Asm.Jump(past), Asm.Mark(near), Asm.JumpLong(target), Asm.Mark(past)];
    }
}
