using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    static readonly Dictionary<BinaryOperator, string> _operatorTexts = new()
    {
        [BinaryOperator.LogicalOr] = "||",
        [BinaryOperator.LogicalAnd] = "&&",
        [BinaryOperator.BitwiseOr] = "|",
        [BinaryOperator.BitwiseXor] = "^",
        [BinaryOperator.BitwiseAnd] = "&",
        [BinaryOperator.Equal] = "==",
        [BinaryOperator.NotEqual] = "!=",
        [BinaryOperator.Less] = "<",
        [BinaryOperator.Greater] = ">",
        [BinaryOperator.LessOrEqual] = "<=",
        [BinaryOperator.GreaterOrEqual] = ">=",
        [BinaryOperator.ShiftLeft] = "<<",
        [BinaryOperator.ShiftRight] = ">>",
        [BinaryOperator.Add] = "+",
        [BinaryOperator.Subtract] = "-",
        [BinaryOperator.Multiply] = "*",
        [BinaryOperator.Divide] = "/",
        [BinaryOperator.Modulo] = "%",
    };

    static bool IsEquality(BinaryOperator op) => op is BinaryOperator.Equal or BinaryOperator.NotEqual;

    static bool IsComparison(BinaryOperator op) => op is BinaryOperator.Less or BinaryOperator.Greater or BinaryOperator.LessOrEqual or BinaryOperator.GreaterOrEqual;

    static bool IsNumber(DataType type) => type is IntegerType or EnumType or BoolType;

    BoundExpression BindBinary(Binary syntax)
    {
        if (IsEquality(syntax.Operator) && Context.Python is not null && (IsNone(syntax.Left) || IsNone(syntax.Right)))
        {
            return BindComparisonWithNone(syntax);
        }

        var left = BindExpression(syntax.Left);
        var right = BindExpression(syntax.Right);
        if (left.Type is StringType or SymbolicType && syntax.Right is PositionalParameter)
        {
            right = BindWantingText(syntax.Right);
        }
        else if (right.Type is StringType or SymbolicType && syntax.Left is PositionalParameter)
        {
            left = BindWantingText(syntax.Left);
        }

        return BindBinary(syntax.Operator, left, right, syntax, syntax.Left.Span, syntax.Right.Span);
    }

    BoundExpression BindBinary(BinaryOperator op, BoundExpression left, BoundExpression right, Node place, SourceSpan leftSpan, SourceSpan rightSpan)
    {
        (left, right) = PythonOperands(AsNumber(left), AsNumber(right));
        if (op is BinaryOperator.LogicalAnd or BinaryOperator.LogicalOr)
        {
            return BindLogical(op == BinaryOperator.LogicalAnd, Truth(left, leftSpan), Truth(right, rightSpan));
        }

        if (IsUnknown(left) || IsUnknown(right))
        {
            return Unknown;
        }

        return (left.Type, right.Type) switch
        {
            (IntegerType or EnumType or BoolType, IntegerType or EnumType or BoolType) => BindArithmetic(op, left, right, place.Span),
            (PointerType, PointerType or IntegerType or EnumType) or (IntegerType or EnumType, PointerType) => BindPointerOperation(op, left, right, place.Span),
            (StringType, StringType) when IsEquality(op) || IsComparison(op) || op == BinaryOperator.Add => BindTextOperation(op, left, right, place.Span),
            (StringType, IntegerType) when op == BinaryOperator.Add && left is BoundText text && right is BoundConstant skip => Skip(text, skip, place.Span),
            (IntegerType, StringType) when op == BinaryOperator.Add && right is BoundText text && left is BoundConstant skip => Skip(text, skip, place.Span),
            (SymbolicType symbol, StringType) when IsEquality(op) => BindSymbolComparison(op, left, symbol, right, place.Span),
            (StringType, SymbolicType symbol) when IsEquality(op) => BindSymbolComparison(op, right, symbol, left, place.Span),
            (SymbolicType a, SymbolicType b) when IsEquality(op) && a.Kind == b.Kind => BindSymbolsEqual(op, left, right),
            (TupleType, TupleType) when IsEquality(op) => BindTuplesEqual(op, left, right) ?? Mismatch(op, left, right, place.Span, leftSpan, rightSpan),
            (ArrayType a, ArrayType b) when IsEquality(op) => BindArraysEqual(op, left, right, a, b, place.Span),
            (StructType, StructType) when IsEquality(op) && left.Type == right.Type => new BoundMemoryEqual(left, right, op == BinaryOperator.NotEqual),
            (BufferType a, BufferType b) when IsEquality(op) && a == b => new BoundMemoryEqual(left, right, op == BinaryOperator.NotEqual),
            (ArrayType or StructType, _) or (_, ArrayType or StructType) when !IsEquality(op) && !IsComparison(op) =>
                Fail(place.Span, $"The {_operatorTexts[op]} operator cannot be used on arrays."),
            (TupleType, TupleType) => Fail(place.Span, $"The {_operatorTexts[op]} operator can not be used on expressions of types {left.Type}, {right.Type}"),
            _ => Mismatch(op, left, right, place.Span, leftSpan, rightSpan),
        };
    }

    BoundExpression Mismatch(BinaryOperator op, BoundExpression left, BoundExpression right, SourceSpan span, SourceSpan leftSpan, SourceSpan rightSpan)
    {
        _bag.Add(new(Severity.Error, span, $"Type mismatch for '{_operatorTexts[op]}': comparing {left.Type} with {right.Type}")
        {
            Notes = [(leftSpan, $"left ({left.Type})"), (rightSpan, $"right ({right.Type})")],
        });
        return Unknown;
    }

    static BoundExpression BindLogical(bool isAnd, BoundExpression left, BoundExpression right) => (left, right) switch
    {
        _ when IsUnknown(left) || IsUnknown(right) => Unknown,
        (BoundConstant known, _) => known.Value != 0 == isAnd ? right : left,
        (_, BoundConstant known) when known.Value != 0 == isAnd => left,
        _ => new BoundLogical(isAnd, left, right),
    };

    BoundExpression BindArithmetic(BinaryOperator op, BoundExpression left, BoundExpression right, SourceSpan span)
    {
        if (left is BoundConstant first && right is BoundConstant second)
        {
            return ConstantFolder.Fold(op, first, second) ?? Fail(span, "unable to fold literals due to overflow or underflow");
        }

        if (op is BinaryOperator.Divide or BinaryOperator.Modulo && right is BoundConstant { Value: 0 })
        {
            return Fail(span, "Division by zero");
        }

        var isSigned = IsSigned(left, right) || IsSigned(right, left);
        if (op is BinaryOperator.ShiftLeft or BinaryOperator.ShiftRight)
        {
            // How far is one thing, what is shifted another: only the latter's sign counts.
            isSigned = IsSigned(left, left);
            var shifted = IntegerType.Of(8, isSigned);
            return new BoundBinary(op, Convert(left, shifted), Convert(right, IntegerType.UInt64), shifted) { Span = span };
        }

        if (op is BinaryOperator.Divide or BinaryOperator.Modulo && isSigned)
        {
            Warn(span, $"signed operands for '{_operatorTexts[op]}' can lead to undefined behavior (cast to unsigned to silence warning)");
        }

        // A difference may be less than 0 whatever it is made of.
        var operand = IntegerType.Of(8, isSigned);
        var result = op == BinaryOperator.Subtract ? IntegerType.Int64 : operand;
        if (isSigned)
        {
            WarnOfLostSign(left, operand);
            WarnOfLostSign(right, operand);
        }

        (left, right) = (Convert(left, operand), Convert(right, operand));
        return IsEquality(op) || IsComparison(op)
            ? new BoundBinary(op, left, right, BoolType.Instance) { Span = span }
            : Convert(new BoundBinary(op, left, right, operand) { Span = span }, result);
    }

    /// <summary>Whether an operand makes the operation one with signs; a written number that is not negative takes the other operand's side.</summary>
    static bool IsSigned(BoundExpression operand, BoundExpression other) => operand switch
    {
        BoundConstant { IsLiteral: true, Value: >= 0 } when !ReferenceEquals(operand, other) => false,
        { Type: IntegerType number } => number.IsSigned,
        { Type: EnumType named } => named.Underlying.IsSigned,
        _ => false,
    };

    BoundExpression BindPointerOperation(BinaryOperator op, BoundExpression left, BoundExpression right, SourceSpan span)
    {
        if (IsEquality(op) || IsComparison(op))
        {
            if (left.Type is PointerType a && right.Type is PointerType b && a.Target != b.Target && a.Target is not VoidType && b.Target is not VoidType)
            {
                Warn(span, $"comparison of distinct pointer types: {a.Target}, {b.Target}");
            }

            return new BoundBinary(op, Convert(left, IntegerType.UInt64), Convert(right, IntegerType.UInt64), BoolType.Instance);
        }

        var isLeft = left.Type is PointerType;
        if (op is not (BinaryOperator.Add or BinaryOperator.Subtract) || (left.Type is PointerType && right.Type is PointerType) || (op == BinaryOperator.Subtract && !isLeft))
        {
            return Fail(span, $"The {_operatorTexts[op]} operator can not be used on expressions of types {left.Type}, {right.Type}");
        }

        var (pointer, number) = isLeft ? (left, right) : (right, left);
        return Advance(pointer, (PointerType)pointer.Type, number, op);
    }

    /// <summary>A pointer so many elements further on.</summary>
    static BoundExpression Advance(BoundExpression pointer, PointerType type, BoundExpression count, BinaryOperator op = BinaryOperator.Add)
    {
        var size = Math.Max(1, type.Target.Size);
        BoundExpression distance = Convert(count, IntegerType.Int64);
        distance = size == 1 ? distance
            : distance is BoundConstant known ? new BoundConstant(IntegerType.Int64, unchecked(known.Value * size))
            : new BoundBinary(BinaryOperator.Multiply, distance, new BoundConstant(IntegerType.Int64, size), IntegerType.Int64);
        return Convert(OffsetBy(pointer, distance, op), type);
    }

    /// <summary>An address and a distance in bytes as a number; constants are added up.</summary>
    static BoundExpression OffsetBy(BoundExpression address, BoundExpression distance, BinaryOperator op = BinaryOperator.Add)
    {
        if (distance is BoundConstant known)
        {
            var signed = op == BinaryOperator.Add ? known.Value : unchecked(-known.Value);
            return OffsetBy(address, signed);
        }

        return new BoundBinary(op, Convert(address, IntegerType.UInt64), Convert(distance, IntegerType.UInt64), IntegerType.UInt64);
    }

    static BoundExpression OffsetBy(BoundExpression address, long distance)
    {
        // What an address points to does not matter to arithmetic with it.
        while (address is BoundConvert { Operand: var operand } && operand.Type.IsScalar && operand.Type.Size == 8 && address.Type.Size == 8)
        {
            address = operand;
        }

        return address switch
        {
            _ when distance == 0 => address,
            BoundConstant constant => new BoundConstant(IntegerType.UInt64, unchecked(constant.Value + distance)),
            BoundBinary { Operator: BinaryOperator.Add, Right: BoundConstant before, Type: IntegerType } sum => OffsetBy(sum.Left, unchecked(before.Value + distance)),
            BoundContext => new BoundBinary(BinaryOperator.Add, address, new BoundConstant(IntegerType.UInt64, distance), IntegerType.UInt64),
            _ => new BoundBinary(BinaryOperator.Add, Convert(address, IntegerType.UInt64), new BoundConstant(IntegerType.UInt64, distance), IntegerType.UInt64),
        };
    }

    BoundExpression BindUnary(Unary syntax)
    {
        switch (syntax.Operator)
        {
            case UnaryOperator.Dereference:
                return BindDereference(syntax);
            case UnaryOperator.AddressOf:
                return BindAddressOf(syntax);
            case UnaryOperator.PreIncrement or UnaryOperator.PostIncrement or UnaryOperator.PreDecrement or UnaryOperator.PostDecrement:
                return BindIncrement(syntax);
        }

        var operand = AsNumber(BindExpression(syntax.Operand));
        if (IsUnknown(operand))
        {
            return Unknown;
        }

        if (syntax.Operator == UnaryOperator.LogicalNot && (operand.Type.IsScalar || operand is { Type: StringType } and not BoundText))
        {
            return Not(Truth(operand, syntax.Operand.Span));
        }

        if (!IsNumber(operand.Type))
        {
            var sign = syntax.Operator switch
            {
                UnaryOperator.Minus => "-",
                UnaryOperator.LogicalNot => "!",
                _ => "~",
            };
            return Fail(syntax.Span, $"The {sign} operator can not be used on expressions of type '{operand.Type}'");
        }

        if (operand is BoundConstant constant)
        {
            return ConstantFolder.Fold(syntax.Operator, constant) ?? Fail(syntax.Span, "unable to fold literals due to overflow or underflow");
        }

        // Turned bits keep their size.
        var type = syntax.Operator == UnaryOperator.BitwiseNot && operand.Type is IntegerType bits
            ? bits
            : IntegerType.Of(8, IsSigned(operand, operand) || operand.Type is BoolType);
        return new BoundUnary(syntax.Operator == UnaryOperator.Minus ? BoundUnaryOperator.Negate : BoundUnaryOperator.BitwiseNot, Convert(operand, type), type);
    }

    BoundExpression BindIncrement(Unary syntax)
    {
        var isPrefix = syntax.Operator is UnaryOperator.PreIncrement or UnaryOperator.PreDecrement;
        var sign = syntax.Operator is UnaryOperator.PreIncrement or UnaryOperator.PostIncrement ? 1 : -1;
        if (syntax.Operand is Variable name)
        {
            var read = BindVariable(name);
            if (IsUnknown(read) || _scope.Find(name.Name) is not { } variable)
            {
                return Unknown;
            }

            if (!TryIncrement(read.Type, name.Name, "variable", variable.Declared is null ? variable.Slot : null, syntax.Span, out var step))
            {
                return Unknown;
            }

            return new BoundIncrement(variable.Variable, null, null, sign * step, !isPrefix, variable.Variable.Type);
        }

        if (syntax.Operand is not MapAccess access)
        {
            return Fail(syntax.Span, "increment/decrement requires a variable or map");
        }

        if (!TryAccess(access, out var map, out var key))
        {
            return Unknown;
        }

        var known = map.Value.Type is UnknownType ? IntegerType.Int64 : map.Value.Type;
        return TryIncrement(known, map.Name, "map", map.Value, syntax.Span, out var delta)
            ? new BoundIncrement(null, map.Map, key, sign * delta, !isPrefix, map.Value.Type is UnknownType ? IntegerType.Int64 : map.Value.Type)
            : Unknown;
    }

    /// <summary>What is added: 1, or the size of what a pointer points to. The variable or map widens to what counting may reach.</summary>
    bool TryIncrement(DataType type, string name, string what, TypeSlot? slot, SourceSpan span, out long step)
    {
        step = 1;
        switch (type)
        {
            case IntegerType number:
                if (slot is not null && !slot.Add(IntegerType.Of(8, number.IsSigned)))
                {
                    break;
                }

                return true;
            case PointerType pointer:
                step = Math.Max(1, pointer.Target.Size);
                return true;
        }

        ReportMismatch(span, name, IntegerType.UInt64, what, type);
        return false;
    }
}
