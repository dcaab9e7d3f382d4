using Sonde.Bpf;
using static Sonde.Script.Ir.Machine.MachineInstruction;

namespace Sonde.Script.Ir.Machine;

/// <content>Arithmetic in two-address form: dst = a, then dst op= b.</content>
sealed partial class InstructionSelector
{
    void Select(IrArithmetic arithmetic)
    {
        (IrOperation operation, IrOperand a, IrOperand b) = (arithmetic.Operation, arithmetic.A, arithmetic.B);
        int dst = Number(arithmetic.Dst);
        bool clash = b.Register == arithmetic.Dst && a.Register != arithmetic.Dst;
        if (IsCommutative(operation) && (a.Register is null || clash))
        {
            (a, b) = (b, a);
            clash = false;
        }

        if (operation is IrOperation.SignedDivide or IrOperation.SignedModulo && !_kernel.HasInstructionSetV4)
        {
            ComposeSigned(operation == IrOperation.SignedDivide, dst, InRegister(a), InRegister(b));
            return;
        }

        // Where b is dst itself, the result is made elsewhere, or b would be overwritten before it is used.
        int at = clash ? _function.NewRegister() : dst;
        _out.Add(a.Register is { } register ? Move(at, Number(register)) : Constant(at, a.Constant));
        Apply(operation, at, b);
        if (clash)
        {
            _out.Add(Move(dst, at));
        }
    }

    void Apply(IrOperation operation, int dst, IrOperand b)
    {
        if (b.Register is null && b.Constant == (int)b.Constant && IsTaken(operation, (int)b.Constant))
        {
            _out.Add(OnDst(WithConstant(operation, (int)b.Constant), dst));
            return;
        }

        Apply(operation, dst, InRegister(b));
    }

    void Apply(IrOperation operation, int dst, int b) =>
        _out.Add(new MachineInstruction(WithRegister(operation), Roles.ReadsDst | Roles.WritesDst | Roles.ReadsSrc, dst, b));

    // The verifier refuses division by a constant 0 and shifts by constants out of range (check_alu_op, kernel/bpf/verifier.c).
    static bool IsTaken(IrOperation operation, int constant) => operation switch
    {
        IrOperation.UnsignedDivide or IrOperation.UnsignedModulo or IrOperation.SignedDivide or IrOperation.SignedModulo => constant != 0,
        IrOperation.ShiftLeft or IrOperation.ShiftRightLogical or IrOperation.ShiftRightArithmetic => constant is >= 0 and < 64,
        _ => true,
    };

    // Divides the absolute values; x ^ s - s with s = x s>> 63 gives them, and puts the sign back. Division by zero gives 0, modulo leaves a.
    void ComposeSigned(bool isDivision, int dst, int a, int b)
    {
        int signA = Sign(a);
        int signB = Sign(b);
        int quotient = Conditional(a, signA);
        int divisor = Conditional(b, signB);
        Apply(isDivision ? IrOperation.UnsignedDivide : IrOperation.UnsignedModulo, quotient, divisor);
        if (isDivision)
        {
            Apply(IrOperation.Xor, signA, signB);
        }

        Apply(IrOperation.Xor, quotient, signA);
        Apply(IrOperation.Subtract, quotient, signA);
        _out.Add(Move(dst, quotient));

        int Sign(int of)
        {
            int sign = CopyOf(of);
            Apply(IrOperation.ShiftRightArithmetic, sign, (IrOperand)63);
            return sign;
        }

        int Conditional(int of, int sign)
        {
            int absolute = CopyOf(of);
            Apply(IrOperation.Xor, absolute, sign);
            Apply(IrOperation.Subtract, absolute, sign);
            return absolute;
        }
    }

    int CopyOf(int register)
    {
        int copy = _function.NewRegister();
        _out.Add(Move(copy, register));
        return copy;
    }

    void Extend(int dst, int src, int bits, bool isSigned)
    {
        switch (bits, isSigned)
        {
            case (32, false):
                _out.Add(new MachineInstruction(Asm.Mov32(0, Register.R0), Roles.WritesDst | Roles.ReadsSrc, dst, src));
                break;
            case (_, false):
                _out.Add(Move(dst, src));
                _out.Add(OnDst(Asm.And(0, (1 << bits) - 1), dst));
                break;
            case (_, true) when _kernel.HasInstructionSetV4:
                Size size = bits switch { 8 => Size.Byte, 16 => Size.Half, _ => Size.Word };
                _out.Add(new MachineInstruction(Asm.MovSigned(size, 0, 0), Roles.WritesDst | Roles.ReadsSrc, dst, src));
                break;
            default:
                _out.Add(Move(dst, src));
                _out.Add(OnDst(Asm.Lsh(0, 64 - bits), dst));
                _out.Add(OnDst(Asm.Arsh(0, 64 - bits), dst));
                break;
        }
    }

    static bool IsCommutative(IrOperation operation) =>
        operation is IrOperation.Add or IrOperation.Multiply or IrOperation.And or IrOperation.Or or IrOperation.Xor;

    static Instruction WithConstant(IrOperation operation, int value) => operation switch
    {
        IrOperation.Add => Asm.Add(0, value),
        IrOperation.Subtract => Asm.Sub(0, value),
        IrOperation.Multiply => Asm.Mul(0, value),
        IrOperation.UnsignedDivide => Asm.Div(0, value),
        IrOperation.UnsignedModulo => Asm.Mod(0, value),
        IrOperation.SignedDivide => Asm.DivSigned(0, value),
        IrOperation.SignedModulo => Asm.ModSigned(0, value),
        IrOperation.And => Asm.And(0, value),
        IrOperation.Or => Asm.Or(0, value),
        IrOperation.Xor => Asm.Xor(0, value),
        IrOperation.ShiftLeft => Asm.Lsh(0, value),
        IrOperation.ShiftRightLogical => Asm.Rsh(0, value),
        IrOperation.ShiftRightArithmetic => Asm.Arsh(0, value),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, null),
    };

    static Instruction WithRegister(IrOperation operation) => operation switch
    {
        IrOperation.Add => Asm.Add(0, Register.R0),
        IrOperation.Subtract => Asm.Sub(0, Register.R0),
        IrOperation.Multiply => Asm.Mul(0, Register.R0),
        IrOperation.UnsignedDivide => Asm.Div(0, Register.R0),
        IrOperation.UnsignedModulo => Asm.Mod(0, Register.R0),
        IrOperation.SignedDivide => Asm.DivSigned(0, Register.R0),
        IrOperation.SignedModulo => Asm.ModSigned(0, Register.R0),
        IrOperation.And => Asm.And(0, Register.R0),
        IrOperation.Or => Asm.Or(0, Register.R0),
        IrOperation.Xor => Asm.Xor(0, Register.R0),
        IrOperation.ShiftLeft => Asm.Lsh(0, Register.R0),
        IrOperation.ShiftRightLogical => Asm.Rsh(0, Register.R0),
        IrOperation.ShiftRightArithmetic => Asm.Arsh(0, Register.R0),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, null),
    };
}
