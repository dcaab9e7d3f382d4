using Sonde.Bpf;

namespace Sonde.Script.Ir.Machine;

/// <summary>Writes a function's blocks one behind the other as instructions.</summary>
sealed class Emitter
{
    readonly MachineFunction _function;
    readonly FrameLayout _frame;
    readonly List<Instruction> _output;
    readonly Label[] _labels;
    readonly HashSet<Label> _used = [];

    Emitter(MachineFunction function, FrameLayout frame, List<Instruction> output)
    {
        (_function, _frame, _output) = (function, frame, output);
        _labels = [.. function.Blocks.Select(block => new Label(block.Name))];
    }

    public static void Emit(MachineFunction function, FrameLayout frame, IReadOnlyList<MachineBlock> order, List<Instruction> output)
    {
        List<Instruction> written = [];
        Emitter emitter = new(function, frame, written);
        for (int i = 0; i < order.Count; i++)
        {
            emitter.Emit(order[i], i + 1 < order.Count ? order[i + 1] : null);
        }

        output.AddRange(written.Where(instruction => instruction is not { IsMark: true, Operand: Label label } || emitter._used.Contains(label)));
    }

    void Emit(MachineBlock block, MachineBlock? follower)
    {
        _output.Add(Asm.Mark(_labels[block.Number]));
        foreach (MachineInstruction instruction in block.Instructions.Where(instruction => instruction.Begins is null))
        {
            Emit(instruction);
        }

        if (block.Comparison is { } comparison)
        {
            if (block.Taken == follower && Inverse(comparison.Condition) is { } inverse)
            {
                _output.Add(Jump(comparison with { Condition = inverse }, LabelOf(block.Next!)));
                return;
            }

            _output.Add(Jump(comparison, LabelOf(block.Taken!)));
        }

        if (block.Next is { } next && next != follower)
        {
            _output.Add(Asm.Jump(LabelOf(next)));
        }
    }

    void Emit(MachineInstruction instruction)
    {
        Instruction code = instruction.Code with
        {
            Dst = instruction.Dst == MachineInstruction.None ? instruction.Code.Dst : (Register)instruction.Dst,
            Src = instruction.Src == MachineInstruction.None ? instruction.Code.Src : (Register)instruction.Src,
        };
        if (instruction.Slot is not { } slot)
        {
            _output.Add(code);
        }
        else if (instruction.IsSlotAddress)
        {
            _output.Add(Asm.Mov(code.Dst, Register.R10));
            _output.Add(code with { Immediate = code.Immediate + _frame[slot] });
        }
        else
        {
            _output.Add(code with { Offset = checked((short)(code.Offset + _frame[slot])) });
        }
    }

    Label LabelOf(MachineBlock block)
    {
        _used.Add(_labels[block.Number]);
        return _labels[block.Number];
    }

    static Instruction Jump(Comparison comparison, Label target)
    {
        Register a = (Register)comparison.A;
        Register b = (Register)comparison.B;
        return (comparison.Is32, comparison.B == MachineInstruction.None) switch
        {
            (false, false) => Asm.JumpIf(comparison.Condition, a, b, target),
            (false, true) => Asm.JumpIf(comparison.Condition, a, comparison.Constant, target),
            (true, false) => Asm.JumpIf32(comparison.Condition, a, b, target),
            (true, true) => Asm.JumpIf32(comparison.Condition, a, comparison.Constant, target),
        };
    }

    static Condition? Inverse(Condition condition) => condition switch
    {
        Condition.Equal => Condition.NotEqual,
        Condition.NotEqual => Condition.Equal,
        Condition.Greater => Condition.LessOrEqual,
        Condition.LessOrEqual => Condition.Greater,
        Condition.GreaterOrEqual => Condition.Less,
        Condition.Less => Condition.GreaterOrEqual,
        Condition.SignedGreater => Condition.SignedLessOrEqual,
        Condition.SignedLessOrEqual => Condition.SignedGreater,
        Condition.SignedGreaterOrEqual => Condition.SignedLess,
        Condition.SignedLess => Condition.SignedGreaterOrEqual,
        _ => null,
    };
}
