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
        // In turns, until no pass has found anything since it ran last.
        const int passes = 5;
        for (int turn = 0, quiet = 0; quiet < passes && turn < passes * MostRounds; turn++)
        {
            bool changed = (turn % passes) switch
            {
                0 => Jumps.Run(function),
                1 => Propagation.Run(function),
                2 => CommonSubexpressions.Run(function, isMain),
                3 => Extensions.Run(function, kernel.HasInstructionSetV4),
                _ => DeadCode.Run(function),
            };
            quiet = changed ? 0 : quiet + 1;
        }
    }
}
