using System.Numerics;
using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Script.Ir;

namespace Sonde.Script.Conditions;

/// <content>Numbers: compared exactly, as Python does, whatever the kinds are.</content>
sealed partial class PythonConditionCode
{
    const long SignBit = long.MinValue;

    /// <summary>An int: its value if it fits 64 bits; otherwise a number of its sign that stands for a large one.</summary>
    (VirtualRegister Number, VirtualRegister IsLarge) Integer(Found found)
    {
        var size = Read(_ir.Arithmetic(IrOperation.Add, found.Address, _values.IntegerSize));
        var count = _ir.Function.NewRegister();
        var negative = _ir.Constant(0);
        var (minus, counted) = (_ir.NewBlock("minus"), _ir.NewBlock("counted"));
        if (_values.IntegerSizeIsTag)
        {
            _ir.Move(count, _ir.Arithmetic(IrOperation.ShiftRightLogical, size, 3));
            _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, size, 2), 0, minus, counted);
            _ir.MoveTo(minus);
        }
        else
        {
            _ir.Move(count, size);
            _ir.Branch(Condition.SignedLess, size, 0, minus, counted);
            _ir.MoveTo(minus);
            _ir.Add(new IrNegate(count, count));
        }

        _ir.Move(negative, 1);
        _ir.Jump(counted);
        _ir.MoveTo(counted);
        var number = _ir.Constant(0);
        var large = _ir.Constant(0);
        var (signed, flip, done, over) = (_ir.NewBlock("signed"), _ir.NewBlock("flip"), _ir.NewBlock("integer_done"), _ir.NewBlock("large"));
        for (var digit = 0; digit < 3; digit++)
        {
            var more = _ir.NewBlock("digit");
            _ir.Branch(Condition.LessOrEqual, count, digit, signed, more);
            _ir.MoveTo(more);
            var part = Read(_ir.Arithmetic(IrOperation.Add, found.Address, _values.IntegerDigits + (4 * digit)), 4, Size.Word);
            if (digit == 2)
            {
                // Of the third digit three bits are left.
                Require(Condition.LessOrEqual, part, 7, over);
            }

            _ir.Move(number, _ir.Arithmetic(IrOperation.Or, number, _ir.Arithmetic(IrOperation.ShiftLeft, part, ValueLayout.DigitBits * digit)));
        }

        _ir.Branch(Condition.Greater, count, 3, over, signed);
        _ir.MoveTo(over);
        _ir.Move(large, 1);
        _ir.Move(number, 1);
        _ir.Jump(signed);
        _ir.MoveTo(signed);
        _ir.Branch(Condition.NotEqual, negative, 0, flip, done);
        _ir.MoveTo(flip);
        _ir.Add(new IrNegate(number, number));
        _ir.Jump(done);
        _ir.MoveTo(done);
        return (number, large);
    }

    void CompareInteger(Found found, Relation relation, Constant constant, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        var (number, isLarge) = Integer(found);
        var (fits, large, positive, negative) = (_ir.NewBlock("fits"), _ir.NewBlock("too_large"), _ir.NewBlock("large_positive"), _ir.NewBlock("large_negative"));
        _ir.Branch(Condition.NotEqual, isLarge, 0, large, fits);
        _ir.MoveTo(large);
        if (constant is RealConstant { Value: var real } && Math.Abs(real) >= long.MaxValue && !double.IsInfinity(real))
        {
            _ir.Jump(_undecided);
        }
        else
        {
            _ir.Branch(Condition.SignedLess, number, 0, negative, positive);
            _ir.MoveTo(positive);
            _ir.Jump(Holds(constant is RealConstant { Value: double.PositiveInfinity } ? -1 : 1, relation) ? whenTrue : whenFalse);
            _ir.MoveTo(negative);
            _ir.Jump(Holds(constant is RealConstant { Value: double.NegativeInfinity } ? 1 : -1, relation) ? whenTrue : whenFalse);
        }

        _ir.MoveTo(fits);
        CompareNumber(number, relation, constant, whenTrue, whenFalse);
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
