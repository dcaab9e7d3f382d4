using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sonde.Script.Ir;

/// <summary>The registers that one instruction reads: no more than a call has arguments. Asked for at every step of every pass, so it lies on the stack.</summary>
struct RegisterUses
{
    /// <summary>Most arguments of a call; no other instruction reads as many registers.</summary>
    public const int Most = 5;

    Registers _registers;
    int _count;

    public void Add(VirtualRegister register) => _registers[_count++] = register;

    public void Add(IrOperand operand)
    {
        if (operand.Register is { } register)
        {
            Add(register);
        }
    }

    public void Add(IrAddress address)
    {
        if (address.Base is { } register)
        {
            Add(register);
        }
    }

    public readonly bool Contains(VirtualRegister register)
    {
        foreach (VirtualRegister use in this)
        {
            if (use == register)
            {
                return true;
            }
        }

        return false;
    }

    [UnscopedRef]
    public readonly ReadOnlySpan<VirtualRegister>.Enumerator GetEnumerator() => ((ReadOnlySpan<VirtualRegister>)_registers)[.._count].GetEnumerator();

    [InlineArray(Most)]
    struct Registers
    {
        VirtualRegister _first;
    }
}
