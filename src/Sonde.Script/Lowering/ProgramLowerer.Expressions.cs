using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Expressions that are numbers.</summary>
sealed partial class ProgramLowerer
{
    /// <summary>The value of a scalar, 64 bits wide by its type's sign.</summary>
    IrOperand Scalar(BoundExpression expression)
    {
        var around = _source;
        _source = expression.Span ?? around;
        var value = WriteScalar(expression);
        _source = around;
        return value;
    }

    IrOperand WriteScalar(BoundExpression expression)
    {
        switch (expression)
        {
            case BoundConstant constant:
                return constant.Value;
            case BoundNumber number:
                return number.Value;
            case BoundPlace place:
                return LoadScalar(place.Type, place.Address);
            case BoundVariableRead { Variable: var variable }:
                // Copied: the variable may change before the value is used, as in $i + $i++.
                return IsRegister(variable) ? Ir.Copy(VariableRegister(variable)) : LoadScalar(variable.Type, VariableAddress(variable));
            case BoundMapRead read:
                return ReadMapScalar(read);
            case BoundAggregateRead read:
                return ReadAggregate(read);
            case BoundDelete delete:
                return Delete(delete);
            case BoundFind find:
                return Find(find);
            case BoundLength length:
                return Length(length);
            case BoundUnary { Operator: BoundUnaryOperator.LogicalNot } or BoundLogical or BoundMemoryEqual or BoundCompared:
                return Truth(expression);
            case BoundHasKey has:
                return has.Key is null ? HasValue(has.Map) : Truth(has);
            case BoundUnary unary:
                return Unary(unary);
            case BoundBinary binary:
                return ConditionOf(binary) is null ? Binary(binary) : Truth(binary);
            case BoundConditional conditional:
                var chosen = _frame.Function.NewRegister();
                Choose(conditional.Condition, () => Ir.Move(chosen, Scalar(conditional.WhenTrue)), () => Ir.Move(chosen, Scalar(conditional.WhenFalse)));
                return chosen;
            case BoundConvert convert:
                return Convert(convert);
            case BoundDereference dereference:
                return Dereference(dereference);
            case BoundElement element:
                return Bits(element.Type, ElementAddress(element, out var present), element.BitOffset, element.BitSize, present);
            case BoundAddressOf address:
                return AddressOf(address);
            case BoundContext:
                return Context();
            case BoundArgument argument:
                return Argument(argument.Source, argument.Type);
            case BoundCall call:
                return Call(call);
            case BoundIncrement increment:
                return Increment(increment, isWanted: true);
            case BoundBlockExpression block:
                Block(block.Statements);
                return Scalar(block.Value);
            default:
                throw new IrException($"There is no code for {expression.GetType().Name} of type {expression.Type}.");
        }
    }

    IrOperand Unary(BoundUnary unary)
    {
        var operand = Register(Scalar(unary.Operand));
        var result = _frame.Function.NewRegister();
        Ir.Add(unary.Operator == BoundUnaryOperator.Negate ? new IrNegate(result, operand) : new IrArithmetic(IrOperation.Xor, result, operand, -1));
        return Narrow(result, unary.Type);
    }

    IrOperand Binary(BoundBinary binary)
    {
        var a = Scalar(binary.Left);
        var b = Scalar(binary.Right);
        var signed = IsSigned(binary.Left.Type);
        var operation = binary.Operator switch
        {
            BinaryOperator.Add => IrOperation.Add,
            BinaryOperator.Subtract => IrOperation.Subtract,
            BinaryOperator.Multiply => IrOperation.Multiply,
            BinaryOperator.Divide => signed ? IrOperation.SignedDivide : IrOperation.UnsignedDivide,
            BinaryOperator.Modulo => signed ? IrOperation.SignedModulo : IrOperation.UnsignedModulo,
            BinaryOperator.BitwiseAnd => IrOperation.And,
            BinaryOperator.BitwiseOr => IrOperation.Or,
            BinaryOperator.BitwiseXor => IrOperation.Xor,
            BinaryOperator.ShiftLeft => IrOperation.ShiftLeft,
            BinaryOperator.ShiftRight => signed ? IrOperation.ShiftRightArithmetic : IrOperation.ShiftRightLogical,
            _ => throw new IrException($"There is no code for the operator {binary.Operator}."),
        };
        return binary.Operator is BinaryOperator.Divide or BinaryOperator.Modulo && b is not { Register: null, Constant: not 0 }
            ? Divide(operation, a, b, binary)
            : Narrow(Ir.Arithmetic(operation, a, b), binary.Type);
    }

    /// <summary>A division whose divisor may be 0: the result is then 1, which user space is told of.</summary>
    IrOperand Divide(IrOperation operation, IrOperand a, IrOperand b, BoundBinary binary)
    {
        var divisor = Register(b);
        var result = _frame.Function.NewRegister();
        var zero = Ir.NewBlock("zero");
        var fine = Ir.NewBlock("divide");
        var done = Ir.NewBlock("divided");
        Ir.Branch(Condition.NotEqual, divisor, 0, fine, zero);
        Ir.MoveTo(zero);
        SendRecord(_script.RuntimeError("Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.", binary.Span), []);
        Ir.Move(result, 1);
        Ir.Jump(done);
        Ir.MoveTo(fine);
        Ir.Move(result, Narrow(Ir.Arithmetic(operation, a, divisor), binary.Type));
        Ir.Jump(done);
        Ir.MoveTo(done);
        return result;
    }

    /// <summary>Cuts a result of 64 bits to its type and extends it again.</summary>
    IrOperand Narrow(IrOperand value, DataType type) =>
        type.Size is 8 or 0 ? value : Ir.Extend(Register(value), type.Size * 8, IsSigned(type));

    IrOperand Convert(BoundConvert convert)
    {
        var from = convert.Operand.Type;
        if (!from.IsScalar)
        {
            return convert.Type is BoolType && from is StringType ? Truth(convert.Operand) : LoadScalar(convert.Type, Place(convert.Operand));
        }

        if (convert.Type is BoolType)
        {
            return from is BoolType ? Scalar(convert.Operand) : Truth(convert.Operand);
        }

        var value = Scalar(convert.Operand);
        if (value.Register is null)
        {
            return Cut(value.Constant, convert.Type);
        }

        // The value is extended by the operand's own sign already.
        var keeps = convert.Type.Size == 8
            || convert.Type.Size > from.Size && (IsSigned(convert.Type) || !IsSigned(from))
            || convert.Type.Size == from.Size && IsSigned(convert.Type) == IsSigned(from);
        return keeps ? value : Narrow(value, convert.Type);
    }

    static long Cut(long value, DataType type) => (type.Size, IsSigned(type)) switch
    {
        (1, true) => (sbyte)value,
        (1, false) => (byte)value,
        (2, true) => (short)value,
        (2, false) => (ushort)value,
        (4, true) => (int)value,
        (4, false) => (uint)value,
        _ => value,
    };

    IrOperand Dereference(BoundDereference dereference)
    {
        var space = Resolve(dereference.Space);
        var type = dereference.Type;
        if (space == AddressSpace.Context && ContextOffset(dereference.Address) is { } offset)
        {
            var field = Bits(type, new IrAddress(Context(), offset), dereference.BitOffset, dereference.BitSize, present: null);
            return type is PointerType && _probe.Context.Kind == ProbeKind.Iterator ? ZeroIfNull(Register(field)) : field;
        }

        var value = Temporary(8);
        Read(space, value, type.Size, Scalar(dereference.Address));
        return Bits(type, value, dereference.BitOffset, dereference.BitSize, present: null);
    }

    /// <summary>The same pointer, once the verifier has seen that it is none or points to something: before that it lets nobody count with it.</summary>
    VirtualRegister ZeroIfNull(VirtualRegister pointer)
    {
        var result = _frame.Function.NewRegister();
        var none = Ir.NewBlock("none");
        var some = Ir.NewBlock("some");
        var done = Ir.NewBlock("pointer");
        Ir.Branch(Condition.Equal, pointer, 0, none, some);
        Ir.MoveTo(none);
        Ir.Move(result, 0);
        Ir.Jump(done);
        Ir.MoveTo(some);
        Ir.Move(result, pointer);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return result;
    }

    /// <summary>Loads a number, or a bit field of it; 0 if <paramref name="present"/> is 0.</summary>
    IrOperand Bits(DataType type, IrAddress from, int bitOffset, int bitSize, VirtualRegister? present)
    {
        IrOperand Load()
        {
            var value = LoadScalar(type, from);
            if (bitSize == 0)
            {
                return value;
            }

            var left = Ir.Arithmetic(IrOperation.ShiftLeft, value, 64 - bitOffset - bitSize);
            return Ir.Arithmetic(IsSigned(type) ? IrOperation.ShiftRightArithmetic : IrOperation.ShiftRightLogical, left, 64 - bitSize);
        }

        if (present is not { } condition)
        {
            return Load();
        }

        var result = _frame.Function.NewRegister();
        Ir.Move(result, 0);
        var inside = Ir.NewBlock("inside");
        var done = Ir.NewBlock("loaded");
        Ir.Branch(Condition.NotEqual, condition, 0, inside, done);
        Ir.MoveTo(inside);
        Ir.Move(result, Load());
        Ir.Jump(done);
        Ir.MoveTo(done);
        return result;
    }

    /// <summary>The constant offset in the context that an address is; null if it is not one.</summary>
    static int? ContextOffset(BoundExpression address) => address switch
    {
        BoundContext => 0,
        BoundConvert convert => ContextOffset(convert.Operand),
        BoundBinary { Operator: BinaryOperator.Add, Right: BoundConstant constant } add when ContextOffset(add.Left) is { } offset => checked(offset + (int)constant.Value),
        BoundBinary { Operator: BinaryOperator.Add, Left: BoundConstant constant } add when ContextOffset(add.Right) is { } offset => checked(offset + (int)constant.Value),
        _ => null,
    };

    IrOperand AddressOf(BoundAddressOf address) =>
        address.Variable is { } variable ? Ir.AddressOf(VariableAddress(variable))
        : address.Key is { } key ? Lookup(address.Map!, key)
        : Ir.AddressOf(OnlyValue(address.Map!));

    IrOperand Increment(BoundIncrement increment, bool isWanted)
    {
        if (increment.Variable is not { } variable)
        {
            return IncrementMap(increment, isWanted);
        }

        if (IsRegister(variable))
        {
            var register = VariableRegister(variable);
            var before = increment.ReturnsOld && isWanted ? Ir.Copy(register) : register;
            Ir.Move(register, Narrow(Ir.Arithmetic(IrOperation.Add, register, increment.Delta), variable.Type));
            return isWanted && !increment.ReturnsOld ? Ir.Copy(register) : before;
        }

        var address = VariableAddress(variable);
        var old = LoadScalar(variable.Type, address);
        var sum = Narrow(Ir.Arithmetic(IrOperation.Add, old, increment.Delta), variable.Type);
        StoreScalar(variable.Type, address, sum);
        return increment.ReturnsOld ? old : sum;
    }
}
