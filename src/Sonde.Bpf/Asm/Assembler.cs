namespace Sonde.Bpf;

/// <summary>A program that does not hold together before any kernel has seen it: a label without place, a jump too far.</summary>
public sealed class AssemblerException(string message) : Exception(message);

/// <summary>Turns symbolic instructions into the kernel's encoding.</summary>
public static class Assembler
{
    /// <summary>Encodes a program: one word a slot, two for wide instructions.</summary>
    /// <param name="program">The instructions.</param>
    /// <param name="maps">The maps that stand for the <see cref="MapSpec"/>s referred to, found by <see cref="Map.Spec"/>.</param>
    /// <exception cref="AssemblerException">A label is marked twice or never, a jump is too far, a map is missing, an operand does not fit.</exception>
    public static ulong[] Assemble(IEnumerable<Instruction> program, IEnumerable<Map>? maps = null)
    {
        IReadOnlyList<Instruction> instructions = program as IReadOnlyList<Instruction> ?? [.. program];
        Dictionary<Label, int> places = Places(instructions, out int slots);
        ulong[] words = new ulong[slots];
        int slot = 0;
        foreach (Instruction instruction in instructions)
        {
            if (instruction.IsMark)
            {
                continue;
            }

            Instruction resolved = Resolve(instruction, slot, places, maps);
            words[slot++] = Encode(resolved);
            if (resolved.IsWide)
            {
                // The upper half of the constant; for map values the kernel takes it as the offset.
                words[slot++] = (ulong)(resolved.Immediate >> 32) << 32;
            }
        }

        return words;
    }

    internal static Dictionary<Label, int> Places(IReadOnlyList<Instruction> instructions, out int slots)
    {
        Dictionary<Label, int> places = [];
        slots = 0;
        foreach (Instruction instruction in instructions)
        {
            if (instruction is { IsMark: true, Operand: Label label } && !places.TryAdd(label, slots))
            {
                throw new AssemblerException($"The label \"{label}\" is marked twice, before slots {places[label]} and {slots}.");
            }

            slots += instruction.Slots;
        }

        return places;
    }

    static ulong Encode(in Instruction instruction)
    {
        if (!instruction.IsWide && instruction.Immediate != (int)instruction.Immediate)
        {
            throw new AssemblerException($"{instruction}: the constant {instruction.Immediate} needs more than 32 bits; use LoadImm64.");
        }

        return instruction.Opcode
            | (ulong)instruction.Dst << 8
            | (ulong)instruction.Src << 12
            | (ulong)(ushort)instruction.Offset << 16
            | (ulong)(uint)instruction.Immediate << 32;
    }

    static Instruction Resolve(Instruction instruction, int slot, Dictionary<Label, int> places, IEnumerable<Map>? maps) => instruction.Operand switch
    {
        Label label => ResolveLabel(instruction, label, slot, places),
        Map map => ResolveMap(instruction, map),
        MapSpec spec => ResolveMap(instruction, maps?.FirstOrDefault(map => ReferenceEquals(map.Spec, spec))
            ?? throw new AssemblerException($"No map was made of \"{spec.Name}\", which the program uses.")),
        _ => instruction,
    };

    static Instruction ResolveLabel(Instruction instruction, Label label, int slot, Dictionary<Label, int> places)
    {
        if (!places.TryGetValue(label, out int place))
        {
            throw new AssemblerException($"The label \"{label}\" is used at slot {slot} and marked nowhere.");
        }

        // Relative to the slot after this one; for wide instructions too, which the kernel counts from their first slot.
        int distance = place - slot - 1;
        bool inImmediate = instruction.IsWide
            || instruction.Opcode is ((byte)InstructionClass.Jump | JumpCode.Call) or ((byte)InstructionClass.Jump32 | JumpCode.Always);
        if (inImmediate)
        {
            // The upper half of a wide instruction that names a function has to be zero.
            return instruction with { Immediate = instruction.IsWide ? (uint)distance : distance };
        }

        if (distance is < short.MinValue or > short.MaxValue)
        {
            throw new AssemblerException($"The jump at slot {slot} to \"{label}\" spans {distance} slots; the limit is {short.MaxValue}. Use JumpLong.");
        }

        return instruction with { Offset = (short)distance };
    }

    // A map's number in the low half, the offset into its value in the high one.
    static Instruction ResolveMap(Instruction instruction, Map map) =>
        instruction with { Immediate = (uint)map.Descriptor.Number | instruction.Immediate << 32 };
}
