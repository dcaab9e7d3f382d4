using System.Numerics;
using Sonde.Bpf;
using Sonde.Script.Ir;
using Sonde.Script.Lowering.Python;

namespace Sonde.Script.Conditions;

/// <content>Numbers: compared exactly, as Python does, whatever the kinds are.</content>
sealed partial class PythonConditionCode
{
    const long SignBit = long.MinValue;

    PythonDigits Digits(VirtualRegister address) => PythonDigits.Write(_ir, _values, address, (from, size) => Read(from, size == Size.Word ? 4 : 8, size));

    void CompareInteger(Found found, Relation relation, Constant constant, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        var digits = Digits(found.Address);
        var (fits, large, positive, negative) = (_ir.NewBlock("fits"), _ir.NewBlock("too_large"), _ir.NewBlock("large_positive"), _ir.NewBlock("large_negative"));
        _ir.Branch(Condition.NotEqual, digits.IsLarge, 0, large, fits);
        _ir.MoveTo(large);
        if (constant is RealConstant { Value: var real } && Math.Abs(real) >= long.MaxValue && !double.IsInfinity(real))
        {
            _ir.Jump(_undecided);
        }
        else
        {
            _ir.Branch(Condition.NotEqual, digits.IsNegative, 0, negative, positive);
            _ir.MoveTo(positive);
            _ir.Jump(Holds(constant is RealConstant { Value: double.PositiveInfinity } ? -1 : 1, relation) ? whenTrue : whenFalse);
            _ir.MoveTo(negative);
            _ir.Jump(Holds(constant is RealConstant { Value: double.NegativeInfinity } ? 1 : -1, relation) ? whenTrue : whenFalse);
        }

        _ir.MoveTo(fits);
        CompareNumber(digits.Number, relation, constant, whenTrue, whenFalse);
    }

    /// <summary>Whether a relation holds between two values of that order: -1, 0 or 1.</summary>
    static bool Holds(int order, Relation relation) => relation switch
    {
        Relation.Equal or Relation.Is => order == 0,
        Relation.NotEqual => order != 0,
        Relation.Less => order < 0,
        Relation.LessOrEqual => order <= 0,
        Relation.Greater => order > 0,
        _ => order >= 0,
    };

    static Condition ConditionOf(Relation relation) => relation switch
    {
        Relation.Equal or Relation.Is => Condition.Equal,
        Relation.NotEqual => Condition.NotEqual,
        Relation.Less => Condition.SignedLess,
        Relation.LessOrEqual => Condition.SignedLessOrEqual,
        Relation.Greater => Condition.SignedGreater,
        _ => Condition.SignedGreaterOrEqual,
    };

    /// <summary>A number of 64 bits against a constant.</summary>
    void CompareNumber(VirtualRegister number, Relation relation, Constant constant, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        if (constant is RealConstant { Value: var real })
        {
            if (double.IsInfinity(real) || Math.Abs(real) >= long.MaxValue)
            {
                _ir.Jump(Holds(real > 0 ? -1 : 1, relation) ? whenTrue : whenFalse);
                return;
            }

            var floor = (long)Math.Floor(real);
            if (floor != real)
            {
                // Between two whole numbers: at most the lower one, or more.
                switch (relation)
                {
                    case Relation.Equal or Relation.Is:
                        _ir.Jump(whenFalse);
                        return;
                    case Relation.NotEqual:
                        _ir.Jump(whenTrue);
                        return;
                    default:
                        relation = relation is Relation.Less or Relation.LessOrEqual ? Relation.LessOrEqual : Relation.Greater;
                        break;
                }
            }

            constant = new IntegerConstant(floor);
        }

        var value = constant is TruthConstant truth ? (truth.Value ? 1 : 0) : ((IntegerConstant)constant).Value;
        _ir.Branch(ConditionOf(relation), number, _ir.Constant(value), whenTrue, whenFalse);
    }

    /// <summary>The bits of a float against a constant: their order is that of whole numbers once negative ones are turned around.</summary>
    void CompareReal(VirtualRegister bits, Relation relation, Constant constant, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        // Twice the bits of infinity (IEEE 754): what is above is no number, and unequal to all.
        var doubled = _ir.Arithmetic(IrOperation.ShiftLeft, bits, 1);
        var (isNumber, isNone) = (_ir.NewBlock("number"), _ir.NewBlock("no_number"));
        _ir.Branch(Condition.Greater, doubled, _ir.Constant(0x7ff0_0000_0000_0000L << 1), isNone, isNumber);
        _ir.MoveTo(isNone);
        _ir.Jump(relation == Relation.NotEqual ? whenTrue : whenFalse);
        _ir.MoveTo(isNumber);
        var (wanted, adjusted) = AsReal(constant, relation);
        if (adjusted is not { } exact)
        {
            _ir.Jump(relation == Relation.NotEqual ? whenTrue : whenFalse);
            return;
        }

        var key = _ir.Copy(bits);
        var (zero, other, negative, compare) = (_ir.NewBlock("zero"), _ir.NewBlock("not_zero"), _ir.NewBlock("negative"), _ir.NewBlock("compare"));
        _ir.Branch(Condition.Equal, doubled, 0, zero, other);
        _ir.MoveTo(zero);
        _ir.Move(key, 0);
        _ir.Jump(compare);
        _ir.MoveTo(other);
        _ir.Branch(Condition.SignedLess, bits, 0, negative, compare);
        _ir.MoveTo(negative);
        _ir.Move(key, _ir.Arithmetic(IrOperation.Xor, bits, _ir.Constant(long.MaxValue)));
        _ir.Jump(compare);
        _ir.MoveTo(compare);
        _ir.Branch(ConditionOf(exact), key, _ir.Constant(Key(wanted)), whenTrue, whenFalse);
    }

    static long Key(double value)
    {
        var bits = value == 0 ? 0 : BitConverter.DoubleToInt64Bits(value);
        return (bits & SignBit) != 0 ? bits ^ long.MaxValue : bits;
    }

    /// <summary>A constant as a float, and the relation to it that is the same as that to the constant; none where nothing is equal to it.</summary>
    static (double Value, Relation? Relation) AsReal(Constant constant, Relation relation)
    {
        if (constant is RealConstant real)
        {
            return (real.Value, relation);
        }

        var wanted = constant is TruthConstant truth ? (truth.Value ? 1 : 0) : ((IntegerConstant)constant).Value;
        var nearest = (double)wanted;
        var difference = new BigInteger(nearest).CompareTo(new BigInteger(wanted));
        if (difference == 0)
        {
            return (nearest, relation);
        }

        // The constant lies between two floats.
        var below = difference < 0 ? nearest : Math.BitDecrement(nearest);
        return relation switch
        {
            Relation.Less or Relation.LessOrEqual => (below, Relation.LessOrEqual),
            Relation.Greater or Relation.GreaterOrEqual => (below, Relation.Greater),
            _ => (0, null),
        };
    }
}
