using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Tests.Script.Ir;

/// <summary>Runs instructions as the instruction set defines them; what a call loses becomes rubbish.</summary>
sealed class MachineInterpreter(IReadOnlyList<Instruction> program)
{
    const long Rubbish = unchecked((long)0xdead_beef_dead_beef);

    readonly TestMemory _memory = new();
    readonly long[] _registers = new long[11];
    int _steps;

    public static long Run(IReadOnlyList<Instruction> program, ReadOnlySpan<long> context)
    {
        MachineInterpreter interpreter = new(program);
        long address = interpreter._memory.Allocate(8 * context.Length);
        for (int i = 0; i < context.Length; i++)
        {
            interpreter._memory.Write(Size.Double, address + 8 * i, context[i]);
        }

        Array.Fill(interpreter._registers, Rubbish);
        interpreter._registers[1] = address;
        interpreter.Call(0);
        return interpreter._registers[0];
    }

    void Call(int at)
    {
        long[] kept = _registers[6..];
        Array.Fill(_registers, Rubbish, 6, 4);
        _registers[10] = _memory.Allocate(512) + 512;
        while (program[at].IsMark || program[at].Opcode != 0x95)
        {
            at = Step(program[at], at);
            if (++_steps > 1_000_000)
            {
                throw new InvalidOperationException("The program does not end.");
            }
        }

        kept.CopyTo(_registers, 6);
    }

    int Step(Instruction instruction, int at)
    {
        if (instruction.IsMark)
        {
            return at + 1;
        }

        ref long dst = ref _registers[(int)instruction.Dst];
        long src = _registers[(int)instruction.Src];
        bool fromRegister = (instruction.Opcode & 8) != 0;
        Size size = (Size)(instruction.Opcode & 0x18);
        switch (instruction.Opcode & 7)
        {
            case 0:
                // A function's place stands for its address.
                dst = instruction.Operand is Label function ? Place(function) : instruction.Immediate;
                break;
            case 1:
                dst = IrInterpreter.Extend(_memory.Read(size, src + instruction.Offset), 8 * TestMemory.Bytes(size), (instruction.Opcode & 0xe0) == 0x80);
                break;
            case 2:
                _memory.Write(size, dst + instruction.Offset, instruction.Immediate);
                break;
            case 3 when (instruction.Opcode & 0xe0) == 0xc0:
                Atomic(instruction, size, dst + instruction.Offset);
                break;
            case 3:
                _memory.Write(size, dst + instruction.Offset, src);
                break;
            case 4 or 7:
                dst = Arithmetic(instruction, dst, fromRegister ? src : instruction.Immediate);
                break;
            default:
                return Jump(instruction, at, fromRegister ? src : instruction.Immediate);
        }

        return at + 1;
    }

    int Jump(Instruction instruction, int at, long b)
    {
        switch (instruction.Opcode & 0xf0)
        {
            case 0x00:
                return Place((Label)instruction.Operand!);
            case 0x80 when instruction.Operand is Label function:
                Call(Place(function));
                break;
            case 0x80:
                Help((Helper)instruction.Immediate);
                break;
            default:
                Condition condition = (Condition)(instruction.Opcode & 0xf0);
                long a = _registers[(int)instruction.Dst];
                bool holds = (instruction.Opcode & 7) == 6 ? IrInterpreter.Holds32(condition, a, b) : IrInterpreter.Holds(condition, a, b);
                return holds ? Place((Label)instruction.Operand!) : at + 1;
        }

        Array.Fill(_registers, Rubbish, 1, 5);
        return at + 1;
    }

    void Help(Helper helper)
    {
        switch (helper)
        {
            case Helper.ProbeReadKernel:
                _memory.Copy(_registers[1], _registers[3], (int)_registers[2]);
                break;
            case Helper.Loop:
                (long turns, int function, long context) = (_registers[1], (int)_registers[2], _registers[3]);
                for (long i = 0; i < turns; i++)
                {
                    (_registers[1], _registers[2]) = (i, context);
                    Call(function);
                }

                break;
        }

        _registers[0] = 0;
    }

    void Atomic(Instruction instruction, Size size, long address)
    {
        long old = _memory.Read(size, address);
        ref long src = ref _registers[(int)instruction.Src];
        switch (instruction.Immediate)
        {
            case 0xf1:
                if (old == IrInterpreter.Extend(_registers[0], 8 * TestMemory.Bytes(size), isSigned: false))
                {
                    _memory.Write(size, address, src);
                }

                _registers[0] = old;
                return;
            case 0xe1:
                _memory.Write(size, address, src);
                break;
            default:
                IrAtomicOperation operation = (instruction.Immediate & 0xf0) switch
                {
                    0x40 => IrAtomicOperation.Or,
                    0x50 => IrAtomicOperation.And,
                    0xa0 => IrAtomicOperation.Xor,
                    _ => IrAtomicOperation.Add,
                };
                _memory.Write(size, address, IrInterpreter.Atomic(operation, old, src));
                break;
        }

        if ((instruction.Immediate & 1) != 0)
        {
            src = old;
        }
    }

    static long Arithmetic(Instruction instruction, long a, long b)
    {
        bool wide = (instruction.Opcode & 7) == 7;
        bool variant = instruction.Offset != 0;
        long result = (instruction.Opcode & 0xf0) switch
        {
            0x00 => a + b,
            0x10 => a - b,
            0x20 => a * b,
            0x30 => TestArithmetic.Apply(variant ? IrOperation.SignedDivide : IrOperation.UnsignedDivide, a, b),
            0x40 => a | b,
            0x50 => a & b,
            0x60 => TestArithmetic.Apply(IrOperation.ShiftLeft, a, b),
            0x70 => TestArithmetic.Apply(IrOperation.ShiftRightLogical, a, b),
            0x80 => -a,
            0x90 => TestArithmetic.Apply(variant ? IrOperation.SignedModulo : IrOperation.UnsignedModulo, a, b),
            0xa0 => a ^ b,
            0xb0 => variant ? IrInterpreter.Extend(b, instruction.Offset, isSigned: true) : b,
            0xc0 => TestArithmetic.Apply(IrOperation.ShiftRightArithmetic, a, b),
            0xd0 => IrInterpreter.Swap(a, (int)instruction.Immediate),
            _ => throw new InvalidOperationException($"{instruction}"),
        };
        bool swaps = (instruction.Opcode & 0xf0) == 0xd0;
        bool isPlain = (instruction.Opcode & 0xf0) is 0xb0 or 0x00 or 0x10 or 0x20 or 0x40 or 0x50 or 0xa0 or 0x80;
        return wide || swaps ? result : isPlain ? (uint)result : throw new InvalidOperationException($"{instruction} is not among what the compiler makes.");
    }

    int Place(Label label)
    {
        for (int i = 0; i < program.Count; i++)
        {
            if (program[i].IsMark && program[i].Operand == label)
            {
                return i;
            }
        }

        throw new InvalidOperationException($"{label} is nowhere.");
    }
}
