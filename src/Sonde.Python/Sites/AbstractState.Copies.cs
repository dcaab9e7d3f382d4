using System.Numerics;

namespace Sonde.Python.Sites;

/// <summary>Which registers are equal although nothing else is known about what they hold.</summary>
/// <remarks>
/// Compilers copy a new frame to the register that stands for the running frame before, or long after, they store it as the thread
/// state's current frame. Knowing that the two registers are equal is what tells that the copy is the current frame, too. Equal
/// registers name their common value by the lowest of themselves, so that a state describes itself, wherever it came from.
/// </remarks>
sealed partial class AbstractState
{
    /// <summary>Makes a register equal to another one.</summary>
    public void Copy(byte source, byte destination)
    {
        var value = this[source];
        if (source == destination || value.IsOneValue && value == this[destination])
        {
            return;
        }

        this[destination] = value;
        if (value == default)
        {
            NameCopies(1 << source | 1 << destination);
        }
        else if (value.Is(Roles.Copy))
        {
            NameCopies(Holders(value));
        }
    }

    /// <summary>A register is about to hold something else than its copies.</summary>
    void LeaveCopies(byte register)
    {
        var value = _registers[register];
        if (value.Is(Roles.Copy))
        {
            NameCopies(Holders(value) & ~(1 << register));
        }
    }

    /// <summary>Registers equal in both states are equal, also where what they hold is called differently in each.</summary>
    void MeetCopies(ReadOnlySpan<Value> ours, ReadOnlySpan<Value> theirs)
    {
        var named = 0;
        for (byte first = 0; first < Registers; first++)
        {
            if ((named >> first & 1) != 0 || (_registers[first].Roles & ~Roles.Copy) != 0)
            {
                continue;
            }

            var equal = 1 << first;
            for (var other = first + 1; other < Registers && ours[first].IsOneValue && theirs[first].IsOneValue; other++)
            {
                if (ours[other] == ours[first] && theirs[other] == theirs[first])
                {
                    equal |= 1 << other;
                }
            }

            NameCopies(equal);
            named |= equal;
        }
    }

    /// <summary>The set of registers that hold a value.</summary>
    int Holders(Value value)
    {
        var holders = 0;
        for (byte register = 0; register < Registers; register++)
        {
            if (_registers[register] == value)
            {
                holders |= 1 << register;
            }
        }

        return holders;
    }

    /// <summary>Names the value of a set of registers; alone in one it needs no name.</summary>
    void NameCopies(int registers)
    {
        var name = BitOperations.IsPow2(registers) ? default : new Value(Roles.Copy, BitOperations.TrailingZeroCount(registers));
        for (; registers != 0; registers &= registers - 1)
        {
            _registers[BitOperations.TrailingZeroCount(registers)] = name;
        }
    }
}
