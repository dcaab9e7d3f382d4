namespace Sonde.Script.Ir.Passes;

/// <summary>Where the registers of a function are set.</summary>
/// <remarks>
/// A register set at one place only holds, wherever it is read, what that place computed last; and so do registers made of such registers alone:
/// every way to a use leads through the place.
/// </remarks>
sealed class Definitions
{
    readonly int[] _counts;
    readonly int[] _uses;
    readonly IrInstruction?[] _places;

    public Definitions(IrFunction function)
    {
        _counts = new int[function.RegisterCount];
        _uses = new int[function.RegisterCount];
        _places = new IrInstruction?[function.RegisterCount];
        foreach (VirtualRegister parameter in function.Parameters)
        {
            _counts[parameter.Number]++;
        }

        foreach (BasicBlock block in function.Blocks)
        {
            foreach (IrInstruction instruction in block.Instructions)
            {
                Count(Operands.Uses(instruction));
                if (Operands.Destination(instruction) is { } dst)
                {
                    _counts[dst.Number]++;
                    _places[dst.Number] = instruction;
                }
            }

            Count(Operands.Uses(block.Terminator));
        }
    }

    /// <summary>Whether it is set at one place, or is a parameter that is never set.</summary>
    public bool IsSetOnce(VirtualRegister register) => _counts[register.Number] == 1;

    /// <summary>The one instruction that sets it; null for parameters and what is set at several places.</summary>
    public IrInstruction? Of(VirtualRegister register) => IsSetOnce(register) ? _places[register.Number] : null;

    /// <summary>How often it is read.</summary>
    public int Uses(VirtualRegister register) => _uses[register.Number];

    /// <summary>Whether an instruction gives the same wherever it is repeated after its own place, memory aside.</summary>
    public bool IsLasting(IrInstruction instruction)
    {
        foreach (VirtualRegister use in Operands.Uses(instruction))
        {
            if (!IsSetOnce(use))
            {
                return false;
            }
        }

        return true;
    }

    void Count(RegisterUses uses)
    {
        foreach (VirtualRegister use in uses)
        {
            _uses[use.Number]++;
        }
    }
}
