using Sonde.Bpf;

namespace Sonde.Script.Ir.Machine;

/// <summary>Guesses which way a program seldom goes: nothing is there, a helper fails, there is nothing to do.</summary>
/// <remarks>After Ball and Larus: Branch Prediction for Free, PLDI 1993.</remarks>
sealed class Likelihood
{
    readonly HashSet<VirtualRegister> _pointers = [];
    readonly HashSet<VirtualRegister> _answers = [];

    public Likelihood(IrFunction function)
    {
        foreach (IrCallHelper call in function.Blocks.SelectMany(block => block.Instructions).OfType<IrCallHelper>())
        {
            if (call.Dst is { } dst)
            {
                (GivesAddress(call.Helper) ? _pointers : _answers).Add(dst);
            }
        }
    }

    /// <summary>The block a branch seldom goes to; null if that cannot be told.</summary>
    public BasicBlock? Unlikely(IrBranch branch)
    {
        bool isZero = branch.B is { Register: null, Constant: 0 };
        if (isZero && _pointers.Contains(branch.A))
        {
            return branch.Condition switch
            {
                Condition.Equal => branch.WhenTrue,
                Condition.NotEqual => branch.WhenFalse,
                _ => null,
            };
        }

        // Helpers answer 0 or a length when they succeed, and a negative number when not.
        if (isZero && _answers.Contains(branch.A))
        {
            switch (branch.Condition)
            {
                case Condition.NotEqual or Condition.SignedLess:
                    return branch.WhenTrue;
                case Condition.Equal or Condition.SignedGreaterOrEqual:
                    return branch.WhenFalse;
            }
        }

        return IsBareReturn(branch.WhenTrue) == IsBareReturn(branch.WhenFalse) ? null
            : IsBareReturn(branch.WhenTrue) ? branch.WhenTrue
            : branch.WhenFalse;
    }

    static bool IsBareReturn(BasicBlock block) => block is { Instructions.Count: 0, Terminator: IrReturn };

    static bool GivesAddress(Helper helper) =>
        helper is Helper.MapLookupElem or Helper.MapLookupPercpuElem or Helper.RingbufReserve or Helper.GetCurrentTask or Helper.GetCurrentTaskBtf;
}
