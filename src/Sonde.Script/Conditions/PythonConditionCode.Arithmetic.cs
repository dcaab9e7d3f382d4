using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Script.Ir;

namespace Sonde.Script.Conditions;

/// <content>Whole numbers that are calculated with. What does not fit 64 bits on the way, and floats, which programs in the kernel have not, are undecided.</content>
sealed partial class PythonConditionCode
{
    VirtualRegister NumberOf(Operand operand)
    {
        switch (operand)
        {
            case Whole whole:
                return _ir.Constant(whole.Value);
            case Length length:
                return LengthOf(Load(length.Of));
            case Arithmetic arithmetic:
                // What needs more registers comes first: of many calculations few numbers wait for others then.
                if (RegistersFor(arithmetic.Right) > RegistersFor(arithmetic.Left))
                {
                    var last = NumberOf(arithmetic.Right);
                    return Calculate(arithmetic.Calculation, NumberOf(arithmetic.Left), last);
                }

                var first = NumberOf(arithmetic.Left);
                return Calculate(arithmetic.Calculation, first, NumberOf(arithmetic.Right));
            default:
                var found = Load((Place)operand);
                Require(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, found.Flags, _ir.Constant(ValueLayout.IntegerFlag)), 0, _undecided);
                var digits = Digits(found.Address);
                Require(Condition.Equal, digits.IsLarge, 0, _undecided);
                return digits.Number;
        }
    }

    /// <summary>Numbers that are there at the same time while an operand is calculated (Sethi and Ullman 1970).</summary>
    static int RegistersFor(Operand operand)
    {
        if (operand is not Arithmetic arithmetic)
        {
            return 1;
        }

        var (left, right) = (RegistersFor(arithmetic.Left), RegistersFor(arithmetic.Right));
        return left == right ? left + 1 : Math.Max(left, right);
    }

    VirtualRegister Calculate(Calculation calculation, VirtualRegister left, VirtualRegister right)
    {
        const int bits = 64;
        switch (calculation)
        {
            case Calculation.Add:
                var sum = _ir.Arithmetic(IrOperation.Add, left, right);
                // The sum of two numbers of one sign has it.
                RequireSigns(_ir.Arithmetic(IrOperation.Xor, left, sum), _ir.Arithmetic(IrOperation.Xor, right, sum));
                return sum;
            case Calculation.Subtract:
                var difference = _ir.Arithmetic(IrOperation.Subtract, left, right);
                RequireSigns(_ir.Arithmetic(IrOperation.Xor, left, right), _ir.Arithmetic(IrOperation.Xor, left, difference));
                return difference;
            case Calculation.Multiply:
                return Multiply(left, right);
            case Calculation.FloorDivide or Calculation.Modulo:
                return Divide(left, right, calculation == Calculation.Modulo);
            case Calculation.And:
                return _ir.Arithmetic(IrOperation.And, left, right);
            case Calculation.Or:
                return _ir.Arithmetic(IrOperation.Or, left, right);
            case Calculation.Xor:
                return _ir.Arithmetic(IrOperation.Xor, left, right);
            case Calculation.ShiftLeft:
                Require(Condition.Less, right, bits, _undecided);
                var shifted = _ir.Arithmetic(IrOperation.ShiftLeft, left, _ir.Arithmetic(IrOperation.And, right, bits - 1));
                Require(Condition.Equal, _ir.Arithmetic(IrOperation.ShiftRightArithmetic, shifted, _ir.Arithmetic(IrOperation.And, right, bits - 1)), left, _undecided);
                return shifted;
            default:
                Require(Condition.SignedGreaterOrEqual, right, 0, _undecided);
                var places = _ir.Copy(right);
                var (all, some) = (_ir.NewBlock("all_bits"), _ir.NewBlock("some_bits"));
                _ir.Branch(Condition.SignedGreaterOrEqual, places, bits, all, some);
                _ir.MoveTo(all);
                _ir.Move(places, bits - 1);
                _ir.Jump(some);
                _ir.MoveTo(some);
                return _ir.Arithmetic(IrOperation.ShiftRightArithmetic, left, _ir.Arithmetic(IrOperation.And, places, bits - 1));
        }
    }

    /// <summary>Goes on unless both are negative: then the result has left 64 bits.</summary>
    void RequireSigns(VirtualRegister one, VirtualRegister other) => Require(Condition.SignedGreaterOrEqual, _ir.Arithmetic(IrOperation.And, one, other), 0, _undecided);

    VirtualRegister Multiply(VirtualRegister left, VirtualRegister right)
    {
        var (one, other) = (Magnitude(left), Magnitude(right));
        var product = _ir.Arithmetic(IrOperation.Multiply, one, other);
        var (check, fits) = (_ir.NewBlock("check_product"), _ir.NewBlock("product_fits"));
        _ir.Branch(Condition.Equal, one, 0, fits, check);
        _ir.MoveTo(check);
        _ir.Branch(Condition.Equal, _ir.Arithmetic(IrOperation.UnsignedDivide, product, one), other, fits, _undecided);
        _ir.MoveTo(fits);
        Require(Condition.SignedGreaterOrEqual, product, 0, _undecided);
        return NegatedIf(_ir.Arithmetic(IrOperation.Xor, left, right), product);
    }

    /// <summary>Rounded down, and what is left then, which has the sign of the divisor.</summary>
    VirtualRegister Divide(VirtualRegister left, VirtualRegister right, bool isModulo)
    {
        Require(Condition.NotEqual, right, 0, _undecided);
        var (one, other) = (Magnitude(left), Magnitude(right));
        var rest = _ir.Arithmetic(IrOperation.UnsignedModulo, one, other);
        var quotient = _ir.Arithmetic(IrOperation.UnsignedDivide, one, other);
        var signs = _ir.Arithmetic(IrOperation.Xor, left, right);
        var (between, round, done) = (_ir.NewBlock("between"), _ir.NewBlock("round_down"), _ir.NewBlock("divided"));
        _ir.Branch(Condition.SignedLess, signs, 0, between, done);
        _ir.MoveTo(between);
        _ir.Branch(Condition.Equal, rest, 0, done, round);
        _ir.MoveTo(round);
        _ir.Move(rest, _ir.Arithmetic(IrOperation.Subtract, other, rest));
        _ir.Move(quotient, _ir.Arithmetic(IrOperation.Add, quotient, 1));
        _ir.Jump(done);
        _ir.MoveTo(done);
        if (isModulo)
        {
            return NegatedIf(right, rest);
        }

        Require(Condition.SignedGreaterOrEqual, quotient, 0, _undecided);
        return NegatedIf(signs, quotient);
    }

    VirtualRegister Magnitude(VirtualRegister number) => NegatedIf(number, number);

    /// <summary>A number, or what takes it to 0 where another one is negative.</summary>
    VirtualRegister NegatedIf(VirtualRegister other, VirtualRegister number)
    {
        var result = _ir.Copy(number);
        var (negative, done) = (_ir.NewBlock("negative"), _ir.NewBlock("sign_done"));
        _ir.Branch(Condition.SignedLess, other, 0, negative, done);
        _ir.MoveTo(negative);
        _ir.Add(new IrNegate(result, result));
        _ir.Jump(done);
        _ir.MoveTo(done);
        return result;
    }
}
