using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>An <c>int</c> as a program has read it.</summary>
/// <param name="Number">Its low 64 bits, with its sign.</param>
/// <param name="Count">How many digits it has.</param>
/// <param name="IsNegative">1 when it is less than 0.</param>
/// <param name="IsLarge">1 when it takes more than 63 bits and a sign, so that <paramref name="Number"/> is not all of it.</param>
readonly record struct PythonDigits(VirtualRegister Number, VirtualRegister Count, VirtualRegister IsNegative, VirtualRegister IsLarge)
{
    /// <summary>Writes how an <c>int</c> is read.</summary>
    /// <param name="ir">Where.</param>
    /// <param name="values">The layout.</param>
    /// <param name="address">The <c>int</c>.</param>
    /// <param name="read">Reads 8 bytes, or a word of 4, of the process.</param>
    public static PythonDigits Write(IrBuilder ir, ValueLayout values, VirtualRegister address, Func<VirtualRegister, Size, VirtualRegister> read)
    {
        var size = read(ir.Arithmetic(IrOperation.Add, address, values.IntegerSize), Size.Double);
        var count = ir.Function.NewRegister();
        var negative = ir.Constant(0);
        var (minus, counted) = (ir.NewBlock("minus"), ir.NewBlock("counted"));
        if (values.IntegerSizeIsTag)
        {
            ir.Move(count, ir.Arithmetic(IrOperation.ShiftRightLogical, size, 3));
            ir.Branch(Condition.NotEqual, ir.Arithmetic(IrOperation.And, size, 2), 0, minus, counted);
            ir.MoveTo(minus);
        }
        else
        {
            ir.Move(count, size);
            ir.Branch(Condition.SignedLess, size, 0, minus, counted);
            ir.MoveTo(minus);
            ir.Add(new IrNegate(count, count));
        }

        ir.Move(negative, 1);
        ir.Jump(counted);
        ir.MoveTo(counted);
        var number = ir.Constant(0);
        var large = ir.Constant(0);
        var (signed, flip, done, over) = (ir.NewBlock("signed"), ir.NewBlock("flip"), ir.NewBlock("digits_done"), ir.NewBlock("large"));
        for (var digit = 0; digit < 3; digit++)
        {
            var more = ir.NewBlock("digit");
            ir.Branch(Condition.LessOrEqual, count, digit, signed, more);
            ir.MoveTo(more);
            var part = read(ir.Arithmetic(IrOperation.Add, address, values.IntegerDigits + (4 * digit)), Size.Word);
            ir.Move(number, ir.Arithmetic(IrOperation.Or, number, ir.Arithmetic(IrOperation.ShiftLeft, part, ValueLayout.DigitBits * digit)));
            if (digit == 2)
            {
                // Of the third digit three bits are left.
                var fits = ir.NewBlock("fits");
                ir.Branch(Condition.Greater, part, 7, over, fits);
                ir.MoveTo(fits);
            }
        }

        ir.Branch(Condition.Greater, count, 3, over, signed);
        ir.MoveTo(over);
        ir.Move(large, 1);
        ir.Jump(signed);
        ir.MoveTo(signed);
        ir.Branch(Condition.NotEqual, negative, 0, flip, done);
        ir.MoveTo(flip);
        ir.Add(new IrNegate(number, number));
        ir.Jump(done);
        ir.MoveTo(done);
        return new PythonDigits(number, count, negative, large);
    }
}
