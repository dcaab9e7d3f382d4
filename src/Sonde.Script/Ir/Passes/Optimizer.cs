using Sonde.Script.Binding;

namespace Sonde.Script.Ir.Passes;

/// <summary>The order of the passes.</summary>
static class Optimizer
{
    const int MostRounds = 10;

    public static void Run(IrFunction function, bool isMain, TargetKernel kernel)
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

        SignedDivision.Run(function);
        Jumps.Run(function);
    }
}
