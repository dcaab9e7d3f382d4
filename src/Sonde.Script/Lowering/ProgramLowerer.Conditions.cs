using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Lowering;

/// <summary>Conditions: jumps, without a number in between where there is no need for one.</summary>
sealed partial class ProgramLowerer
{
    /// <summary>Goes to one of two blocks; the builder stands nowhere afterwards.</summary>
    void Branch(BoundExpression condition, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        switch (condition)
        {
            case BoundConstant constant:
                Ir.Jump(constant.Value != 0 ? whenTrue : whenFalse);
                break;
            case BoundUnary { Operator: BoundUnaryOperator.LogicalNot } not:
                Branch(not.Operand, whenFalse, whenTrue);
                break;
            case BoundConvert { Type: BoolType, Operand.Type.IsScalar: true } convert:
                Branch(convert.Operand, whenTrue, whenFalse);
                break;
            case BoundLogical logical:
                BranchLogical(logical, whenTrue, whenFalse);
                break;
            case BoundBinary binary when ConditionOf(binary) is { } comparison:
                Compare(comparison, Scalar(binary.Left), Scalar(binary.Right), whenTrue, whenFalse);
                break;
            case BoundCompared compared:
                Ir.Branch(compared.Condition, compared.A, compared.B, whenTrue, whenFalse);
                break;
            case BoundMemoryEqual equal:
                BranchEqual(equal, equal.Negated ? whenFalse : whenTrue, equal.Negated ? whenTrue : whenFalse);
                break;
            case BoundHasKey { Key: { } key } has:
                Ir.Branch(Condition.NotEqual, Lookup(has.Map, key), 0, whenTrue, whenFalse);
                break;
            case { Type: StringType }:
                Ir.Branch(Condition.NotEqual, Ir.Load(Size.Byte, Place(condition)), 0, whenTrue, whenFalse);
                break;
            default:
                Compare(Condition.NotEqual, Scalar(condition), 0, whenTrue, whenFalse);
                break;
        }
    }

    void BranchLogical(BoundLogical logical, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        var second = Ir.NewBlock(logical.IsAnd ? "and" : "or");
        Branch(logical.Left, logical.IsAnd ? second : whenTrue, logical.IsAnd ? whenFalse : second);
        Ir.MoveTo(second);
        var known = _frame.Known;
        _frame.Known = new(known);
        Branch(logical.Right, whenTrue, whenFalse);
        _frame.Known = known;
    }

    void Compare(Condition condition, IrOperand a, IrOperand b, BasicBlock whenTrue, BasicBlock whenFalse) =>
        Ir.Branch(condition, Register(a), b, whenTrue, whenFalse);

    /// <summary>The comparison an operator is, by its operands' sign; null for other operators.</summary>
    static Condition? ConditionOf(BoundBinary binary)
    {
        var signed = IsSigned(binary.Left.Type);
        return binary.Operator switch
        {
            BinaryOperator.Equal => Condition.Equal,
            BinaryOperator.NotEqual => Condition.NotEqual,
            BinaryOperator.Less => signed ? Condition.SignedLess : Condition.Less,
            BinaryOperator.LessOrEqual => signed ? Condition.SignedLessOrEqual : Condition.LessOrEqual,
            BinaryOperator.Greater => signed ? Condition.SignedGreater : Condition.Greater,
            BinaryOperator.GreaterOrEqual => signed ? Condition.SignedGreaterOrEqual : Condition.GreaterOrEqual,
            _ => null,
        };
    }

    /// <summary>A condition as a number, 1 or 0.</summary>
    VirtualRegister Truth(BoundExpression condition)
    {
        var result = _frame.Function.NewRegister();
        var yes = Ir.NewBlock("true");
        var no = Ir.NewBlock("false");
        var done = Ir.NewBlock("known");
        Branch(condition, yes, no);
        Ir.MoveTo(yes);
        Ir.Move(result, 1);
        Ir.Jump(done);
        Ir.MoveTo(no);
        Ir.Move(result, 0);
        Ir.Jump(done);
        Ir.MoveTo(done);
        return result;
    }
}
