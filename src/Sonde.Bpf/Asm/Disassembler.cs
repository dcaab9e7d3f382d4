using System.Globalization;

namespace Sonde.Bpf;

/// <summary>Prints programs in the notation of the verifier's log, with labels, helper and map names in place of numbers.</summary>
public static class Disassembler
{
    /// <summary>Prints a program, a line an instruction: slot, instruction; labels stand on lines of their own.</summary>
    public static void Print(IEnumerable<Instruction> program, TextWriter writer)
    {
        IReadOnlyList<Instruction> instructions = program as IReadOnlyList<Instruction> ?? [.. program];
        Dictionary<Label, string> names = Names(instructions);
        int slot = 0;
        foreach (Instruction instruction in instructions)
        {
            if (instruction is { IsMark: true, Operand: Label label })
            {
                writer.Write(names[label]);
                writer.Write(":\n");
                continue;
            }

            writer.Write(slot.ToString(CultureInfo.InvariantCulture).PadLeft(6));
            writer.Write("  ");
            writer.Write(Format(instruction, names));
            writer.Write('\n');
            slot += instruction.Slots;
        }
    }

    /// <summary>Reads encoded instructions back; jump targets become labels, named after their slot.</summary>
    /// <param name="words">What <see cref="Assembler.Assemble"/> made, or the kernel gave.</param>
    /// <exception cref="FormatException">A wide instruction is cut off, or a jump leaves the program.</exception>
    public static Instruction[] Decode(ReadOnlySpan<ulong> words)
    {
        List<(int Slot, Instruction Instruction)> decoded = [];
        SortedDictionary<int, Label> labels = [];
        for (int slot = 0; slot < words.Length; slot++)
        {
            ulong word = words[slot];
            int start = slot;
            Instruction instruction = new(
                (byte)word, (Register)(word >> 8 & 0xf), (Register)(word >> 12 & 0xf), (short)(word >> 16), (int)(word >> 32));
            if (instruction.IsMark)
            {
                throw new FormatException($"slot {slot}: opcode 0 outside a wide instruction");
            }

            if (instruction.IsWide)
            {
                if (++slot == words.Length)
                {
                    throw new FormatException($"slot {start}: the second half of a wide instruction is missing");
                }

                instruction = instruction with { Immediate = (long)(word >> 32 | words[slot] >> 32 << 32) };
            }

            if (Distance(instruction) is { } distance)
            {
                long target = (long)start + 1 + distance;
                if (target < 0 || target >= words.Length)
                {
                    throw new FormatException($"slot {start}: jump to slot {target}, the program has {words.Length}");
                }

                if (!labels.TryGetValue((int)target, out Label? label))
                {
                    labels.Add((int)target, label = new Label($"L{target.ToString(CultureInfo.InvariantCulture)}"));
                }

                instruction = IsOffsetJump(instruction)
                    ? instruction with { Offset = 0, Operand = label }
                    : instruction with { Immediate = 0, Operand = label };
            }

            decoded.Add((start, instruction));
        }

        List<Instruction> program = new(decoded.Count + labels.Count);
        foreach ((int slot, Instruction instruction) in decoded)
        {
            if (labels.Remove(slot, out Label? label))
            {
                program.Add(Asm.Mark(label));
            }

            program.Add(instruction);
        }

        return labels.Count == 0
            ? [.. program]
            : throw new FormatException($"slot {labels.Keys.First()}: jump into the middle of a wide instruction");
    }

    /// <summary>One instruction as text.</summary>
    internal static string Format(Instruction instruction, Dictionary<Label, string>? names = null)
    {
        if (instruction is { IsMark: true })
        {
            return $"{instruction.Operand}:";
        }

        return instruction.Class switch
        {
            InstructionClass.Load => FormatWide(instruction, names),
            InstructionClass.LoadRegister => FormatLoad(instruction),
            InstructionClass.StoreImmediate => $"{Access(instruction, instruction.Dst)} = {Constant(instruction.Immediate)}",
            InstructionClass.StoreRegister => FormatStore(instruction),
            InstructionClass.Arithmetic or InstructionClass.Arithmetic32 => FormatArithmetic(instruction),
            _ => FormatJump(instruction, names),
        };
    }

    static string FormatWide(in Instruction instruction, Dictionary<Label, string>? names)
    {
        if (!instruction.IsWide)
        {
            string offset = Constant(instruction.Immediate);
            bool indirect = (instruction.Opcode & 0xe0) == (byte)Mode.Indirect;
            return $"r0 = *({Type(instruction.Opcode)} *)skb[{(indirect ? $"{Name(instruction.Src)} + {offset}" : offset)}]";
        }

        string dst = Name(instruction.Dst);
        return (instruction.Src, instruction.Operand) switch
        {
            (Pseudo.MapFd, { } map) => $"{dst} = map {MapName(map)}",
            (Pseudo.MapFd, _) => $"{dst} = map fd {(int)instruction.Immediate}",
            (Pseudo.MapValue, { } map) => $"{dst} = &{MapName(map)}[0] + {Constant(instruction.Immediate)}",
            (Pseudo.MapValue, _) => $"{dst} = &map fd {(int)instruction.Immediate}[0] + {Constant(instruction.Immediate >> 32)}",
            (Pseudo.Function, Label label) => $"{dst} = &{Target(label, names)}",
            (Pseudo.BtfId, _) => $"{dst} = ksym {Constant(instruction.Immediate)} ll",
            _ => $"{dst} = {Constant(instruction.Immediate)} ll",
        };
    }

    static string FormatLoad(in Instruction instruction)
    {
        bool signed = (instruction.Opcode & 0xe0) == (byte)Mode.SignedMemory;
        return $"{Name(instruction.Dst)} = {Access(instruction, instruction.Src, signed)}";
    }

    static string FormatStore(in Instruction instruction)
    {
        string src = Name(instruction.Src);
        if ((instruction.Opcode & 0xe0) != (byte)Mode.Atomic)
        {
            return $"{Access(instruction, instruction.Dst)} = {src}";
        }

        string address = $"({Type(instruction.Opcode)} *)({Name(instruction.Dst)}{Offset(instruction.Offset)})";
        AtomicOperation operation = (AtomicOperation)instruction.Immediate;
        return operation switch
        {
            AtomicOperation.Exchange => $"{src} = atomic_xchg({address}, {src})",
            AtomicOperation.CompareExchange => $"r0 = atomic_cmpxchg({address}, r0, {src})",
            _ when (operation & AtomicOperation.Fetch) != 0 => $"{src} = atomic_fetch_{AtomicName(operation & ~AtomicOperation.Fetch)}({address}, {src})",
            _ => $"lock {AtomicName(operation)}({address}, {src})",
        };
    }

    static string FormatArithmetic(in Instruction instruction)
    {
        bool wide = instruction.Class == InstructionClass.Arithmetic;
        bool fromRegister = (instruction.Opcode & JumpCode.FromRegister) != 0;
        Operation operation = (Operation)(instruction.Opcode & 0xf0);
        string dst = Name(instruction.Dst, wide);
        string src = fromRegister ? Name(instruction.Src, wide) : Constant(instruction.Immediate);
        bool variant = instruction.Offset != 0;
        return operation switch
        {
            Operation.Neg => $"{dst} = -{dst}",
            Operation.End => $"{Name(instruction.Dst)} = {(wide ? "bswap" : fromRegister ? "be" : "le")}{instruction.Immediate} {Name(instruction.Dst)}",
            Operation.Mov when variant => $"{dst} = (s{instruction.Offset}){src}",
            Operation.Mov => $"{dst} = {src}",
            Operation.Arsh => $"{dst} s>>= {src}",
            _ => $"{dst} {(variant ? "s" : "")}{Symbol(operation)}= {src}",
        };
    }

    static string FormatJump(in Instruction instruction, Dictionary<Label, string>? names)
    {
        bool wide = instruction.Class == InstructionClass.Jump;
        byte code = (byte)(instruction.Opcode & 0xf0);
        string target = instruction.Operand is Label label
            ? Target(label, names)
            : $"{instruction.Offset:+0;-0;+0}";
        switch (code)
        {
            case JumpCode.Always:
                return $"{(wide ? "goto" : "gotol")} {target}";
            case JumpCode.Exit:
                return "exit";
            case JumpCode.Call when instruction.Src == Pseudo.Call:
                return $"call {target}";
            case JumpCode.Call when instruction.Src == Pseudo.KernelFunctionCall:
                return $"call kernel-function#{instruction.Immediate}";
            case JumpCode.Call:
                Helper helper = (Helper)instruction.Immediate;
                return Enum.IsDefined(helper) ? $"call {helper}" : $"call helper#{(int)helper}";
        }

        bool fromRegister = (instruction.Opcode & JumpCode.FromRegister) != 0;
        string right = fromRegister ? Name(instruction.Src, wide) : Constant(instruction.Immediate);
        return $"if {Name(instruction.Dst, wide)} {((Condition)code).Sign()} {right} goto {target}";
    }

    // Labels print under their own name; of several with one name all but the first get a number.
    static Dictionary<Label, string> Names(IReadOnlyList<Instruction> instructions)
    {
        Dictionary<Label, string> names = [];
        HashSet<string> taken = [];
        foreach (Instruction instruction in instructions)
        {
            if (instruction is { IsMark: true, Operand: Label label } && !names.ContainsKey(label))
            {
                string name = label.Name;
                for (int i = 2; !taken.Add(name); i++)
                {
                    name = string.Create(CultureInfo.InvariantCulture, $"{label.Name}.{i}");
                }

                names.Add(label, name);
            }
        }

        return names;
    }

    static long? Distance(in Instruction instruction)
    {
        if (IsOffsetJump(instruction))
        {
            return instruction.Offset;
        }

        bool inImmediate = instruction is { IsWide: true, Src: Pseudo.Function }
            or { Opcode: (byte)InstructionClass.Jump | JumpCode.Call, Src: Pseudo.Call }
            or { Opcode: (byte)InstructionClass.Jump32 | JumpCode.Always };
        return inImmediate ? (int)instruction.Immediate : null;
    }

    static bool IsOffsetJump(in Instruction instruction) =>
        instruction.Class is InstructionClass.Jump or InstructionClass.Jump32
        && (instruction.Opcode & 0xf0) is not (JumpCode.Call or JumpCode.Exit)
        && instruction.Opcode != ((byte)InstructionClass.Jump32 | JumpCode.Always);

    static string Target(Label label, Dictionary<Label, string>? names) =>
        names is not null && names.TryGetValue(label, out string? name) ? name : label.Name;

    static string MapName(object map) => map switch
    {
        Map made => made.Spec.Name,
        MapSpec spec => spec.Name,
        _ => "?",
    };

    static string Access(in Instruction instruction, Register register, bool signed = false)
    {
        string type = Type(instruction.Opcode);
        return $"*({(signed ? "s" + type[1..] : type)} *)({Name(register)}{Offset(instruction.Offset)})";
    }

    static string Type(byte opcode) => (Size)(opcode & 0x18) switch
    {
        Size.Byte => "u8",
        Size.Half => "u16",
        Size.Word => "u32",
        _ => "u64",
    };

    static string Offset(short offset) => offset.ToString(" + 0; - 0;' + 0'", CultureInfo.InvariantCulture);

    // Addresses and masks read better in hexadecimal, counts in decimal.
    static string Constant(long value) => value is >= -65536 and <= 65536
        ? value.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");

    static string Name(Register register, bool wide = true) => string.Create(CultureInfo.InvariantCulture, $"{(wide ? 'r' : 'w')}{(int)register}");

    static string AtomicName(AtomicOperation operation) => operation switch
    {
        AtomicOperation.Add => "add",
        AtomicOperation.Or => "or",
        AtomicOperation.And => "and",
        AtomicOperation.Xor => "xor",
        _ => string.Create(CultureInfo.InvariantCulture, $"op{(int)operation}"),
    };

    static string Symbol(Operation operation) => operation switch
    {
        Operation.Add => "+",
        Operation.Sub => "-",
        Operation.Mul => "*",
        Operation.Div => "/",
        Operation.Or => "|",
        Operation.And => "&",
        Operation.Lsh => "<<",
        Operation.Rsh => ">>",
        Operation.Mod => "%",
        Operation.Xor => "^",
        _ => "?",
    };
}
