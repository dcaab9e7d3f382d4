using System.Buffers.Binary;
using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Tests.Script.Ir;

/// <summary>Runs programs as the intermediate representation defines them.</summary>
sealed class IrInterpreter
{
    readonly TestMemory _memory = new();
    int _steps;

    public static long Run(IrProgram program, ReadOnlySpan<long> context)
    {
        IrInterpreter interpreter = new();
        long address = interpreter._memory.Allocate(8 * context.Length);
        for (int i = 0; i < context.Length; i++)
        {
            interpreter._memory.Write(Size.Double, address + 8 * i, context[i]);
        }

        return interpreter.Call(program.Functions[0], [address]);
    }

    public static bool Holds(Condition condition, long a, long b) => condition switch
    {
        Condition.Equal => a == b,
        Condition.NotEqual => a != b,
        Condition.Greater => (ulong)a > (ulong)b,
        Condition.GreaterOrEqual => (ulong)a >= (ulong)b,
        Condition.Less => (ulong)a < (ulong)b,
        Condition.LessOrEqual => (ulong)a <= (ulong)b,
        Condition.AnyBits => (a & b) != 0,
        Condition.SignedGreater => a > b,
        Condition.SignedGreaterOrEqual => a >= b,
        Condition.SignedLess => a < b,
        _ => a <= b,
    };

    public static long Extend(long value, int bits, bool isSigned) => isSigned ? value << 64 - bits >> 64 - bits : (long)((ulong)value << 64 - bits >> 64 - bits);

    public static long Swap(long value, int bits) => bits switch
    {
        16 => BinaryPrimitives.ReverseEndianness((ushort)value),
        32 => BinaryPrimitives.ReverseEndianness((uint)value),
        _ => BinaryPrimitives.ReverseEndianness(value),
    };

    /// <summary>Compares the low halves, as the condition reads them.</summary>
    public static bool Holds32(Condition condition, long a, long b)
    {
        bool signed = condition is Condition.SignedGreater or Condition.SignedGreaterOrEqual or Condition.SignedLess or Condition.SignedLessOrEqual;
        return signed ? Holds(condition, (int)a, (int)b) : Holds(condition, (uint)a, (uint)b);
    }

    public static long Atomic(IrAtomicOperation operation, long old, long value) => operation switch
    {
        IrAtomicOperation.Add => old + value,
        IrAtomicOperation.Or => old | value,
        IrAtomicOperation.And => old & value,
        IrAtomicOperation.Xor => old ^ value,
        _ => value,
    };

    long Call(IrFunction function, ReadOnlySpan<long> arguments)
    {
        long?[] registers = new long?[function.RegisterCount];
        for (int i = 0; i < arguments.Length; i++)
        {
            registers[function.Parameters[i].Number] = arguments[i];
        }

        Dictionary<StackSlot, long> slots = function.Slots.ToDictionary(slot => slot, slot => _memory.Allocate(slot.Size));
        BasicBlock block = function.Blocks[0];
        while (true)
        {
            foreach (IrInstruction instruction in block.Instructions)
            {
                Step(instruction);
            }

            if (++_steps > 100_000)
            {
                throw new InvalidOperationException("The program does not end.");
            }

            switch (block.Terminator)
            {
                case IrJump jump:
                    block = jump.Target;
                    break;
                case IrBranch branch:
                    bool holds = branch.Is32 ? Holds32(branch.Condition, Get(branch.A), Get(branch.B)) : Holds(branch.Condition, Get(branch.A), Get(branch.B));
                    block = holds ? branch.WhenTrue : branch.WhenFalse;
                    break;
                case IrReturn end:
                    return Get(end.Value);
            }
        }

        void Step(IrInstruction instruction)
        {
            switch (instruction)
            {
                case IrConstant i:
                    Set(i.Dst, i.Value);
                    break;
                case IrMove i:
                    Set(i.Dst, Get(i.Src));
                    break;
                case IrArithmetic i:
                    Set(i.Dst, TestArithmetic.Apply(i.Operation, Get(i.A), Get(i.B)));
                    break;
                case IrNegate i:
                    Set(i.Dst, -Get(i.Src));
                    break;
                case IrExtend i:
                    Set(i.Dst, Extend(Get(i.Src), i.Bits, i.IsSigned));
                    break;
                case IrByteSwap i:
                    Set(i.Dst, Swap(Get(i.Src), i.Bits));
                    break;
                case IrLoad i:
                    Set(i.Dst, Extend(_memory.Read(i.Size, At(i.From)), 8 * TestMemory.Bytes(i.Size), i.IsSigned));
                    break;
                case IrStore i:
                    _memory.Write(i.Size, At(i.To), Get(i.Value));
                    break;
                case IrAtomic i:
                    long old = _memory.Read(i.Size, At(i.To));
                    long value = Get(i.Value);
                    bool writes = i.Expected is not { } expected || old == Extend(Get(expected), 8 * TestMemory.Bytes(i.Size), isSigned: false);
                    if (writes)
                    {
                        _memory.Write(i.Size, At(i.To), Atomic(i.Operation, old, value));
                    }

                    if (i.Dst is { } dst)
                    {
                        Set(dst, old);
                    }

                    break;
                case IrBegin i:
                    for (int at = 0; at < i.Slot.Size; at++)
                    {
                        _memory.Write(Size.Byte, slots[i.Slot] + at, 0x5a);
                    }

                    break;
                case IrAddressOf i:
                    Set(i.Dst, At(i.Address));
                    break;
                case IrCallHelper i:
                    long result = Helper(i);
                    if (i.Dst is { } to)
                    {
                        registers[to.Number] = result;
                    }

                    break;
                case IrCallFunction i:
                    long returned = Call(i.Function, [.. i.Arguments.Select(Argument)]);
                    if (i.Dst is { } target)
                    {
                        Set(target, returned);
                    }

                    break;
                default:
                    throw new InvalidOperationException($"{instruction}");
            }
        }

        long Helper(IrCallHelper call)
        {
            switch (call.Helper)
            {
                case Sonde.Bpf.Helper.ProbeReadKernel:
                    _memory.Copy(Argument(call.Arguments[0]), Argument(call.Arguments[2]), (int)Argument(call.Arguments[1]));
                    break;
                case Sonde.Bpf.Helper.Loop:
                    for (long i = 0; i < Argument(call.Arguments[0]); i++)
                    {
                        Call(call.Arguments[1].Function!, [i, Argument(call.Arguments[2])]);
                    }

                    break;
            }

            return 0;
        }

        long Argument(IrArgument argument) => argument.Value is { } value ? Get(value) : At(argument.Address!.Value);

        long At(IrAddress address) => (address.Slot is { } slot ? slots[slot] : Get(address.Base!.Value)) + address.Offset;

        long Get(IrOperand operand) => operand.Register is { } register
            ? registers[register.Number] ?? throw new InvalidOperationException($"{register} is used before it is set.")
            : operand.Constant;

        void Set(VirtualRegister register, long value) => registers[register.Number] = value;
    }
}
