using Iced.Intel;

namespace Sonde.Python.Injection;

/// <summary>What the instructions do.</summary>
sealed partial class Emulator
{
    void Step(in Instruction instruction)
    {
        if (instruction.HasRepPrefix && instruction.Mnemonic is not (Mnemonic.Ret or Mnemonic.Nop or Mnemonic.Pause) || instruction.HasRepnePrefix && instruction.FlowControl == FlowControl.Next)
        {
            throw Unknown(instruction.ToString());
        }

        if (instruction.FlowControl != FlowControl.Next)
        {
            Branch(instruction);
            return;
        }

        if (instruction.ConditionCode != ConditionCode.None)
        {
            Conditional(instruction);
            return;
        }

        switch (instruction.Mnemonic)
        {
            case Mnemonic.Nop or Mnemonic.Endbr64 or Mnemonic.Pause or Mnemonic.Mfence or Mnemonic.Lfence or Mnemonic.Sfence or Mnemonic.Prefetcht0:
                break;
            case Mnemonic.Mov or Mnemonic.Movzx:
                Write(instruction, 0, Read(instruction, 1));
                break;
            case Mnemonic.Movsx or Mnemonic.Movsxd:
                Write(instruction, 0, unchecked((ulong)Signed(Read(instruction, 1), SizeOf(instruction, 1))));
                break;
            case Mnemonic.Lea:
                Write(instruction, 0, AddressOf(instruction));
                break;
            case Mnemonic.Push:
                Push(unchecked((ulong)Signed(Read(instruction, 0), SizeOfPushed(instruction))));
                break;
            case Mnemonic.Pop:
                Write(instruction, 0, Pop());
                break;
            case Mnemonic.Leave:
                Set(Register.RSP, Get(Register.RBP));
                Set(Register.RBP, Pop());
                break;
            case Mnemonic.Cdqe:
                Set(Register.RAX, unchecked((ulong)(int)Get(Register.EAX)));
                break;
            case Mnemonic.Cdq:
                Set(Register.EDX, (int)Get(Register.EAX) < 0 ? uint.MaxValue : 0);
                break;
            case Mnemonic.Cqo:
                Set(Register.RDX, (long)Get(Register.RAX) < 0 ? ulong.MaxValue : 0);
                break;
            case Mnemonic.Xchg:
                var (left, right) = (Read(instruction, 0), Read(instruction, 1));
                // The memory operand's address may depend on the register that is written.
                Write(instruction, 0, right);
                Write(instruction, 1, left);
                break;
            case Mnemonic.Cmpxchg:
                CompareExchange(instruction);
                break;
            case Mnemonic.Movd or Mnemonic.Movq or Mnemonic.Movups or Mnemonic.Movaps or Mnemonic.Movdqu or Mnemonic.Movdqa or Mnemonic.Movupd or Mnemonic.Movapd
                or Mnemonic.Movhps or Mnemonic.Movhpd or Mnemonic.Punpcklqdq or Mnemonic.Pinsrq or Mnemonic.Pxor or Mnemonic.Xorps:
                Vector(instruction);
                break;
            default:
                Compute(instruction);
                break;
        }
    }

    static int SizeOfPushed(in Instruction instruction) => instruction.GetOpKind(0) is OpKind.Register or OpKind.Memory ? 8 : 4;

    void Branch(in Instruction instruction)
    {
        switch (instruction.FlowControl)
        {
            case FlowControl.ConditionalBranch when instruction.ConditionCode != ConditionCode.None:
                _next = Holds(instruction.ConditionCode) ? instruction.NearBranchTarget : _next;
                break;
            case FlowControl.UnconditionalBranch:
                _next = instruction.NearBranchTarget;
                break;
            case FlowControl.IndirectBranch:
                _next = Read(instruction, 0);
                break;
            case FlowControl.Call:
                Push(_next);
                _next = instruction.NearBranchTarget;
                break;
            case FlowControl.IndirectCall:
                var target = Read(instruction, 0);
                Push(_next);
                _next = target;
                break;
            case FlowControl.Return when instruction.OpCount == 0:
                _next = Pop();
                break;
            default:
                throw Unknown(instruction.ToString());
        }
    }

    /// <summary>setcc and cmovcc.</summary>
    void Conditional(in Instruction instruction)
    {
        var holds = Holds(instruction.ConditionCode);
        if (instruction.OpCount == 1)
        {
            Write(instruction, 0, holds ? 1UL : 0);
        }
        else
        {
            // A 32-bit destination is extended with zeros even when nothing is moved.
            var value = Read(instruction, 1);
            Write(instruction, 0, holds ? value : Read(instruction, 0));
        }
    }

    bool Holds(ConditionCode condition) => condition switch
    {
        ConditionCode.o => _overflow,
        ConditionCode.no => !_overflow,
        ConditionCode.b => _carry,
        ConditionCode.ae => !_carry,
        ConditionCode.e => _zero,
        ConditionCode.ne => !_zero,
        ConditionCode.be => _carry || _zero,
        ConditionCode.a => !_carry && !_zero,
        ConditionCode.s => _sign,
        ConditionCode.ns => !_sign,
        ConditionCode.l => _sign != _overflow,
        ConditionCode.ge => _sign == _overflow,
        ConditionCode.le => _zero || _sign != _overflow,
        ConditionCode.g => !_zero && _sign == _overflow,
        _ => throw Unknown($"condition {condition}"),
    };

    void CompareExchange(in Instruction instruction)
    {
        var size = SizeOf(instruction, 0);
        var there = Read(instruction, 0);
        var expected = Cut(Get(Register.RAX), size);
        Subtract(expected, there, 0, size);
        if (there == expected)
        {
            Write(instruction, 0, Read(instruction, 1));
        }
        else
        {
            Set(size switch { 1 => Register.AL, 2 => Register.AX, 4 => Register.EAX, _ => Register.RAX }, there);
        }
    }

    void Vector(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Movd or Mnemonic.Movq:
                var size = instruction.Mnemonic == Mnemonic.Movd ? Math.Min(SizeOf(instruction, 0) == 16 ? SizeOf(instruction, 1) : SizeOf(instruction, 0), 8) : 8;
                WriteVector(instruction, 0, ReadVector(instruction, 1, size) & (size == 8 ? ulong.MaxValue : uint.MaxValue), size);
                break;
            case Mnemonic.Movhps or Mnemonic.Movhpd when instruction.GetOpKind(0) == OpKind.Register:
                Lane(instruction) = Lane(instruction) & ulong.MaxValue | ReadVector(instruction, 1, 8) << 64;
                break;
            case Mnemonic.Movhps or Mnemonic.Movhpd:
                _memory.Write(AddressOf(instruction), ReadVector(instruction, 1, 16) >> 64, 8, isLocked: false);
                break;
            case Mnemonic.Punpcklqdq:
                Lane(instruction) = Lane(instruction) & ulong.MaxValue | ReadVector(instruction, 1, 16) << 64;
                break;
            case Mnemonic.Pinsrq:
                var shift = instruction.GetImmediate(2) == 0 ? 0 : 64;
                Lane(instruction) = Lane(instruction) & ~((UInt128)ulong.MaxValue << shift) | (UInt128)Read(instruction, 1) << shift;
                break;
            case Mnemonic.Pxor or Mnemonic.Xorps:
                Lane(instruction) ^= ReadVector(instruction, 1, 16);
                break;
            default:
                WriteVector(instruction, 0, ReadVector(instruction, 1, 16), 16);
                break;
        }
    }

    ref UInt128 Lane(in Instruction instruction) => ref _vectors[NumberOf(instruction.GetOpRegister(0))];

    UInt128 ReadVector(in Instruction instruction, int operand, int size) =>
        instruction.GetOpKind(operand) == OpKind.Memory ? _memory.Read(AddressOf(instruction), size)
        : instruction.GetOpRegister(operand).IsXMM() ? _vectors[NumberOf(instruction.GetOpRegister(operand))]
        : Read(instruction, operand);

    void WriteVector(in Instruction instruction, int operand, UInt128 value, int size)
    {
        if (instruction.GetOpKind(operand) == OpKind.Memory)
        {
            _memory.Write(AddressOf(instruction), value, size, isLocked: false);
        }
        else if (instruction.GetOpRegister(operand).IsXMM())
        {
            _vectors[NumberOf(instruction.GetOpRegister(operand))] = value;
        }
        else
        {
            Write(instruction, operand, (ulong)value);
        }
    }

    static int NumberOf(Register register) =>
        register is >= Register.XMM0 and <= Register.XMM15 ? register - Register.XMM0 : throw Unknown(register.ToString());
}
