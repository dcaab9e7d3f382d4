using Sonde.Script.Binding;

namespace Sonde.Script.Ir.Passes;

/// <summary>The order of the passes.</summary>
static class Optimizer
{
    const int MostRounds = 10;

    public static void Run(IrFunction function, bool isMain, TargetKernel kernel)
    {
        Improve(function, isMain, kernel);
        // Late, when it is known what is constant; the pieces may be shared again.
        if (SignedDivision.Run(function))
        {
            Improve(function, isMain, kernel);
        }
    }

    static void Improve(IrFunction function, bool isMain, TargetKernel kernel)
    {
        bool changed = true;
        for (int round = 0; changed && round < MostRounds; round++)
        {
            changed = Jumps.Run(function)
                | Propagation.Run(function)
                | CommonSubexpressions.Run(function, isMain)
                | Extensions.Run(function, kernel.HasInstructionSetV4)
                | DeadCode.Run(function);
        }
    }
}
