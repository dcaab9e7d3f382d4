namespace Sonde.Script.Ir.Passes;

/// <summary>Makes shifts of signed divisions by powers of two.</summary>
static class SignedDivision
{
    /// <summary>Whether there were any.</summary>
    public static bool Run(IrFunction function)
    {
        bool changed = false;
        foreach (BasicBlock block in function.Blocks)
        {
            for (int i = 0; i < block.Instructions.Count; i++)
            {
                if (block.Instructions[i] is IrArithmetic { Operation: IrOperation.SignedDivide or IrOperation.SignedModulo, A.Register: { } a, B: { Register: null, Constant: > 1 and var divisor } } division
                    && (divisor & divisor - 1) == 0)
                {
                    changed = true;
                    block.Instructions.RemoveAt(i);
                    block.Instructions.InsertRange(i, Shifts(function, division, a, System.Numerics.BitOperations.TrailingZeroCount(divisor)));
                }
            }
        }

        return changed;
    }

    // Rounds towards zero: a negative number is first raised by the divisor less one.
    static IrInstruction[] Shifts(IrFunction function, IrArithmetic division, VirtualRegister a, int log)
    {
        VirtualRegister sign = function.NewRegister();
        VirtualRegister raise = function.NewRegister();
        VirtualRegister raised = function.NewRegister();
        IrArithmetic[] first =
        [
            new(IrOperation.ShiftRightArithmetic, sign, a, 63),
            new(IrOperation.ShiftRightLogical, raise, sign, 64 - log),
            new(IrOperation.Add, raised, raise, a),
        ];
        if (division.Operation == IrOperation.SignedDivide)
        {
            return [.. first, new IrArithmetic(IrOperation.ShiftRightArithmetic, division.Dst, raised, log)];
        }

        VirtualRegister quotient = function.NewRegister();
        VirtualRegister multiple = function.NewRegister();
        return
        [
            .. first,
            new IrArithmetic(IrOperation.ShiftRightArithmetic, quotient, raised, log),
            new IrArithmetic(IrOperation.ShiftLeft, multiple, quotient, log),
            new IrArithmetic(IrOperation.Subtract, division.Dst, a, multiple),
        ];
    }
}
