using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>Computes with what is known when compiling.</summary>
static class ConstantFolder
{
    /// <summary>The result; null when it is out of range or a division by zero.</summary>
    public static BoundConstant? Fold(BinaryOperator op, BoundConstant left, BoundConstant right)
    {
        var (a, b) = (Literals.ValueOf(left), Literals.ValueOf(right));
        bool? answer = op switch
        {
            BinaryOperator.Equal => a == b,
            BinaryOperator.NotEqual => a != b,
            BinaryOperator.Less => a < b,
            BinaryOperator.Greater => a > b,
            BinaryOperator.LessOrEqual => a <= b,
            BinaryOperator.GreaterOrEqual => a >= b,
            _ => null,
        };
        if (answer is { } known)
        {
            return new(BoolType.Instance, known ? 1 : 0);
        }

        if (op is BinaryOperator.Divide or BinaryOperator.Modulo && b == 0)
        {
            return null;
        }

        var result = op switch
        {
            BinaryOperator.BitwiseOr => a | b,
            BinaryOperator.BitwiseXor => a ^ b,
            BinaryOperator.BitwiseAnd => a & b,
            BinaryOperator.ShiftLeft => Shift(a, b),
            BinaryOperator.ShiftRight => a >> (int)(b & 63),
            BinaryOperator.Add => a + b,
            BinaryOperator.Subtract => a - b,
            BinaryOperator.Multiply => a * b,
            BinaryOperator.Divide => a / b,
            BinaryOperator.Modulo => a % b,
            _ => throw new InvalidOperationException($"no arithmetic for {op}"),
        };
        if (!Literals.IsInRange(result))
        {
            return null;
        }

        if (IsOpen(left) && IsOpen(right))
        {
            return Literals.Of(result);
        }

        var isSigned = op == BinaryOperator.Subtract || HasSign(left) || HasSign(right) || result < 0;
        return new(IntegerType.Of(8, isSigned), unchecked((long)result));
    }

    /// <summary>The result of <c>-</c>, <c>~</c> or <c>!</c>; null when it is out of range.</summary>
    public static BoundConstant? Fold(UnaryOperator op, BoundConstant operand)
    {
        var value = Literals.ValueOf(operand);
        if (op == UnaryOperator.LogicalNot)
        {
            return new(BoolType.Instance, value == 0 ? 1 : 0);
        }

        // The bits of a number of a given size are those bits turned around, no more.
        if (op == UnaryOperator.BitwiseNot && !IsOpen(operand))
        {
            return new(operand.Type, Literals.Fit(~operand.Value, operand.Type));
        }

        var result = op == UnaryOperator.Minus ? -value : ~value;
        return !Literals.IsInRange(result) ? null
            : IsOpen(operand) ? Literals.Of(result)
            : new(IntegerType.Of(8, HasSign(operand) || result < 0), unchecked((long)result));
    }

    static bool IsOpen(BoundConstant constant) => constant.IsLiteral || constant.Type is BoolType;

    static bool HasSign(BoundConstant constant) => !constant.IsLiteral && constant.Type is IntegerType { IsSigned: true } or EnumType { Underlying.IsSigned: true }
        || constant is { IsLiteral: true, Value: < 0, Type: IntegerType { IsSigned: true } };

    static Int128 Shift(Int128 value, Int128 distance) => unchecked(value < 0 ? (long)value << (int)(distance & 63)
        : (Int128)((ulong)value << (int)(distance & 63)) is var shifted && shifted > long.MaxValue && value <= long.MaxValue ? (long)(ulong)shifted : shifted);
}
