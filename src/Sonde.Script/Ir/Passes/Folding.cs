using System.Buffers.Binary;
using Sonde.Bpf;

namespace Sonde.Script.Ir.Passes;

/// <summary>Computes what is known, and finds the cheaper form of what is not.</summary>
static class Folding
{
    /// <summary>An instruction that does the same at less cost; the same one if there is none.</summary>
    public static IrInstruction Fold(IrInstruction instruction, Func<VirtualRegister, long?> constant) => instruction switch
    {
        IrMove i when constant(i.Src) is { } value => new IrConstant(i.Dst, value),
        IrNegate i when constant(i.Src) is { } value => new IrConstant(i.Dst, unchecked(-value)),
        IrExtend i when constant(i.Src) is { } value => new IrConstant(i.Dst, Extend(value, i.Bits, i.IsSigned)),
        IrByteSwap i when constant(i.Src) is { } value => new IrConstant(i.Dst, Swap(value, i.Bits)),
        IrArithmetic i => Fold(i),
        _ => instruction,
    };

    /// <summary>The end of a block when its condition is known or its sides are the wrong way round.</summary>
    public static IrTerminator Fold(IrBranch branch, Func<VirtualRegister, long?> constant)
    {
        if (branch.WhenTrue == branch.WhenFalse)
        {
            return new IrJump(branch.WhenTrue);
        }

        long? b = branch.B.Register is { } register ? constant(register) : branch.B.Constant;
        if (constant(branch.A) is not { } a)
        {
            return b is { } known && branch.B.Register is not null ? branch with { B = known } : branch;
        }

        return b is { } other ? new IrJump(Holds(branch.Condition, a, other, branch.Is32) ? branch.WhenTrue : branch.WhenFalse)
            : branch with { A = branch.B.Register!.Value, B = a, Condition = Mirrored(branch.Condition) };
    }

    /// <summary>Whether a comparison holds.</summary>
    public static bool Holds(Condition condition, long a, long b, bool is32)
    {
        (long signedA, long signedB) = is32 ? ((int)a, (int)b) : (a, b);
        (ulong unsignedA, ulong unsignedB) = is32 ? ((uint)a, (uint)b) : ((ulong)a, (ulong)b);
        return condition switch
        {
            Condition.Equal => unsignedA == unsignedB,
            Condition.NotEqual => unsignedA != unsignedB,
            Condition.Greater => unsignedA > unsignedB,
            Condition.GreaterOrEqual => unsignedA >= unsignedB,
            Condition.Less => unsignedA < unsignedB,
            Condition.LessOrEqual => unsignedA <= unsignedB,
            Condition.AnyBits => (unsignedA & unsignedB) != 0,
            Condition.SignedGreater => signedA > signedB,
            Condition.SignedGreaterOrEqual => signedA >= signedB,
            Condition.SignedLess => signedA < signedB,
            Condition.SignedLessOrEqual => signedA <= signedB,
            _ => throw new ArgumentOutOfRangeException(nameof(condition), condition, null),
        };
    }

    static IrInstruction Fold(IrArithmetic i)
    {
        if (i.A.Register is null && i.B.Register is null)
        {
            return new IrConstant(i.Dst, Compute(i.Operation, i.A.Constant, i.B.Constant));
        }

        if (i is { A.Register: null, Operation: IrOperation.Add or IrOperation.Multiply or IrOperation.And or IrOperation.Or or IrOperation.Xor })
        {
            i = i with { A = i.B, B = i.A };
        }

        return i.A.Register is { } a && i.B.Register is null ? WithConstant(i, a, i.B.Constant) : i;
    }

    static IrInstruction WithConstant(IrArithmetic i, VirtualRegister a, long b)
    {
        bool isPower = b > 0 && (b & b - 1) == 0;
        int log = isPower ? System.Numerics.BitOperations.TrailingZeroCount(b) : 0;
        return (i.Operation, b) switch
        {
            (IrOperation.Add or IrOperation.Subtract or IrOperation.Or or IrOperation.Xor or IrOperation.ShiftLeft or IrOperation.ShiftRightLogical or IrOperation.ShiftRightArithmetic, 0) => new IrMove(i.Dst, a),
            (IrOperation.Multiply or IrOperation.UnsignedDivide or IrOperation.SignedDivide, 1) => new IrMove(i.Dst, a),
            (IrOperation.And, -1) => new IrMove(i.Dst, a),
            (IrOperation.UnsignedModulo or IrOperation.SignedModulo, 0) => new IrMove(i.Dst, a),
            (IrOperation.Multiply or IrOperation.And or IrOperation.UnsignedDivide or IrOperation.SignedDivide, 0) => new IrConstant(i.Dst, 0),
            (IrOperation.UnsignedModulo or IrOperation.SignedModulo, 1) => new IrConstant(i.Dst, 0),
            (IrOperation.Or, -1) => new IrConstant(i.Dst, -1),
            (IrOperation.Multiply, -1) => new IrNegate(i.Dst, a),
            (IrOperation.And, 0xffff_ffff) => new IrExtend(i.Dst, a, 32, IsSigned: false),
            (IrOperation.Subtract, not int.MinValue) when b == (int)b => i with { Operation = IrOperation.Add, B = -b },
            (IrOperation.Multiply, _) when isPower => i with { Operation = IrOperation.ShiftLeft, B = log },
            (IrOperation.UnsignedDivide, _) when isPower => i with { Operation = IrOperation.ShiftRightLogical, B = log },
            (IrOperation.UnsignedModulo, _) when isPower => i with { Operation = IrOperation.And, B = b - 1 },
            _ => i,
        };
    }

    static long Compute(IrOperation operation, long a, long b) => unchecked(operation switch
    {
        IrOperation.Add => a + b,
        IrOperation.Subtract => a - b,
        IrOperation.Multiply => a * b,
        // As the instruction set has it: division by zero gives 0, modulo zero leaves the left side, and the smallest number by -1 itself and 0.
        IrOperation.UnsignedDivide => b == 0 ? 0 : (long)((ulong)a / (ulong)b),
        IrOperation.UnsignedModulo => b == 0 ? a : (long)((ulong)a % (ulong)b),
        IrOperation.SignedDivide => b == 0 ? 0 : b == -1 ? -a : a / b,
        IrOperation.SignedModulo => b == 0 ? a : b == -1 ? 0 : a % b,
        IrOperation.And => a & b,
        IrOperation.Or => a | b,
        IrOperation.Xor => a ^ b,
        IrOperation.ShiftLeft => a << (int)(b & 63),
        IrOperation.ShiftRightLogical => (long)((ulong)a >> (int)(b & 63)),
        IrOperation.ShiftRightArithmetic => a >> (int)(b & 63),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, null),
    });

    static long Extend(long value, int bits, bool isSigned) =>
        isSigned ? value << 64 - bits >> 64 - bits : (long)((ulong)value << 64 - bits >> 64 - bits);

    static long Swap(long value, int bits) => bits switch
    {
        16 => BinaryPrimitives.ReverseEndianness((ushort)value),
        32 => BinaryPrimitives.ReverseEndianness((uint)value),
        _ => BinaryPrimitives.ReverseEndianness(value),
    };

    // The condition with its sides exchanged.
    static Condition Mirrored(Condition condition) => condition switch
    {
        Condition.Greater => Condition.Less,
        Condition.GreaterOrEqual => Condition.LessOrEqual,
        Condition.Less => Condition.Greater,
        Condition.LessOrEqual => Condition.GreaterOrEqual,
        Condition.SignedGreater => Condition.SignedLess,
        Condition.SignedGreaterOrEqual => Condition.SignedLessOrEqual,
        Condition.SignedLess => Condition.SignedGreater,
        Condition.SignedLessOrEqual => Condition.SignedGreaterOrEqual,
        _ => condition,
    };
}
