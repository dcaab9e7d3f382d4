using System.Numerics;

namespace Sonde.Script.Conditions;

/// <content>Arithmetic of whole numbers, which binds as in Python.</content>
sealed partial class PythonConditionParser
{
    static readonly string[][] _levels = [["|"], ["^"], ["&"], ["<<", ">>"], ["+", "-"], ["*", "//", "%"]];

    Part Calculated()
    {
        var part = Calculated(0);
        return (_token.Kind, _token.Text) switch
        {
            (Kind.Operator, "/") => throw Mistake(_token, "'/' makes a float, which the kernel cannot calculate with", "'//' divides whole numbers"),
            (Kind.Operator, "**" or "@") => throw Mistake(_token, $"'{_token.Text}' is not calculated in the kernel"),
            (Kind.Keyword, "if") => throw Mistake(_token, "'if' cannot be used in conditions", "'and' and 'or' can"),
            _ => part,
        };
    }

    Part Calculated(int level)
    {
        if (level == _levels.Length)
        {
            return Signed();
        }

        var left = Calculated(level + 1);
        while (_token.Kind == Kind.Operator && _levels[level].Contains(_token.Text))
        {
            var sign = _token;
            Advance();
            left = Calculate(sign.Text switch
            {
                "|" => Calculation.Or,
                "^" => Calculation.Xor,
                "&" => Calculation.And,
                "<<" => Calculation.ShiftLeft,
                ">>" => Calculation.ShiftRight,
                "+" => Calculation.Add,
                "-" => Calculation.Subtract,
                "*" => Calculation.Multiply,
                "//" => Calculation.FloorDivide,
                _ => Calculation.Modulo,
            }, left, Calculated(level + 1));
        }

        return left;
    }

    Part Signed()
    {
        var sign = _token;
        if (sign.Kind != Kind.Operator || sign.Text is not ("-" or "+" or "~"))
        {
            return Primary();
        }

        using var _ = Enter();
        Advance();
        var operand = Signed();
        return (sign.Text, operand) switch
        {
            ("-", ConstantPart { Constant: RealConstant real }) => new ConstantPart(new RealConstant(-real.Value), sign.Start, operand.End),
            ("+", ConstantPart { Constant: RealConstant }) => operand,
            ("~", _) => Calculate(Calculation.Xor, new ConstantPart(new IntegerConstant(-1), sign.Start, sign.End), operand),
            _ => Calculate(sign.Text == "-" ? Calculation.Subtract : Calculation.Add, new ConstantPart(new IntegerConstant(0), sign.Start, sign.End), operand),
        };
    }

    Part Calculate(Calculation calculation, Part left, Part right)
    {
        var (one, other) = (AsNumber(left), AsNumber(right));
        if (one is not Whole first || other is not Whole second)
        {
            if (++_calculations > MostCalculations)
            {
                throw Mistake(left.Start, right.End, $"more than {MostCalculations} calculations in one condition");
            }

            return new OperandPart(new Arithmetic(calculation, one, other), left.Start, right.End);
        }

        return Result(calculation, first.Value, second.Value) is { } result && result >= long.MinValue && result <= long.MaxValue
            ? new ConstantPart(new IntegerConstant((long)result), left.Start, right.End)
            : throw Mistake(left.Start, right.End, "this has no value, or one that does not fit 64 bits");
    }

    Operand AsNumber(Part part) => part switch
    {
        OperandPart operand => operand.Operand,
        ConstantPart { Constant: IntegerConstant whole } => new Whole(whole.Value),
        ConstantPart { Constant: TruthConstant truth } => new Whole(truth.Value ? 1 : 0),
        ConstantPart { Constant: RealConstant } => throw Mistake(part.Start, part.End, "the kernel cannot calculate with floats", "compare with one: n > 2.5"),
        _ => throw Mistake(part.Start, part.End, "only whole numbers can be calculated with in the kernel"),
    };

    /// <summary>What Python calculates; null where that is an error.</summary>
    static BigInteger? Result(Calculation calculation, BigInteger left, BigInteger right) => calculation switch
    {
        Calculation.Add => left + right,
        Calculation.Subtract => left - right,
        Calculation.Multiply => left * right,
        Calculation.And => left & right,
        Calculation.Or => left | right,
        Calculation.Xor => left ^ right,
        Calculation.ShiftLeft => right.Sign < 0 || right > 64 ? null : left << (int)right,
        Calculation.ShiftRight => right.Sign < 0 ? null : left >> (int)BigInteger.Min(right, 64),
        Calculation.FloorDivide => right.IsZero ? null : (left - Modulo(left, right)) / right,
        _ => right.IsZero ? null : Modulo(left, right),
    };

    static BigInteger Modulo(BigInteger left, BigInteger right)
    {
        var rest = left % right;
        return !rest.IsZero && (rest.Sign < 0) != (right.Sign < 0) ? rest + right : rest;
    }
}
