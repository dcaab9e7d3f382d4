using System.Runtime.CompilerServices;

namespace Sonde.Symbols.Unwind;

/// <summary>The registers of x86-64 in DWARF's numbering (System V ABI for AMD64, figure 3.36), as far as they are needed to find callers.</summary>
public static class FrameRegister
{
    /// <summary>rbx.</summary>
    public const int Rbx = 3;

    /// <summary>rbp, the frame pointer where there is one.</summary>
    public const int Rbp = 6;

    /// <summary>rsp, the stack pointer.</summary>
    public const int Rsp = 7;

    /// <summary>r12; r13 to r15 follow.</summary>
    public const int R12 = 12;

    /// <summary>The return address: in a frame's own registers, its instruction pointer.</summary>
    public const int Rip = 16;

    /// <summary>How many there are: rax (0) to rip (16).</summary>
    public const int Count = 17;
}

/// <summary>The registers of a frame; any of them may be unknown.</summary>
public struct FrameRegisters
{
    Values _values;
    uint _known;

    /// <summary>Where the frame runs.</summary>
    public readonly ulong Pc => _values[FrameRegister.Rip];

    /// <summary>The stack pointer.</summary>
    public readonly ulong Sp => _values[FrameRegister.Rsp];

    /// <summary>Registers of which only the instruction and stack pointers are known.</summary>
    public static FrameRegisters At(ulong pc, ulong sp)
    {
        var registers = default(FrameRegisters);
        registers.Set(FrameRegister.Rip, pc);
        registers.Set(FrameRegister.Rsp, sp);
        return registers;
    }

    /// <summary>The value of a register.</summary>
    /// <returns>False when it is not known.</returns>
    public readonly bool TryGet(int register, out ulong value)
    {
        if ((uint)register < FrameRegister.Count && (_known & 1U << register) != 0)
        {
            value = _values[register];
            return true;
        }

        value = 0;
        return false;
    }

    /// <summary>Sets a register; those beyond <see cref="FrameRegister.Rip"/> are of no interest.</summary>
    public void Set(int register, ulong value)
    {
        if ((uint)register < FrameRegister.Count)
        {
            _values[register] = value;
            _known |= 1U << register;
        }
    }

    /// <summary>Makes a register unknown.</summary>
    public void Forget(int register)
    {
        if ((uint)register < FrameRegister.Count)
        {
            _values[register] = 0;
            _known &= ~(1U << register);
        }
    }

    [InlineArray(FrameRegister.Count)]
    struct Values
    {
        ulong _first;
    }
}
