using Iced.Intel;

namespace Sonde.Python.Injection;

/// <summary>Integer arithmetic and the flags it leaves. The parity flag is not kept; conditions on it are unknown.</summary>
sealed partial class Emulator
{
    void Compute(in Instruction instruction)
    {
        var size = SizeOf(instruction, 0);
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Add:
                Write(instruction, 0, Add(Read(instruction, 0), Cut(Read(instruction, 1), size), 0, size));
                break;
            case Mnemonic.Adc:
                Write(instruction, 0, Add(Read(instruction, 0), Cut(Read(instruction, 1), size), _carry ? 1UL : 0, size));
                break;
            case Mnemonic.Sub:
                Write(instruction, 0, Subtract(Read(instruction, 0), Cut(Read(instruction, 1), size), 0, size));
                break;
            case Mnemonic.Sbb:
                Write(instruction, 0, Subtract(Read(instruction, 0), Cut(Read(instruction, 1), size), _carry ? 1UL : 0, size));
                break;
            case Mnemonic.Cmp:
                Subtract(Read(instruction, 0), Cut(Read(instruction, 1), size), 0, size);
                break;
            case Mnemonic.Inc or Mnemonic.Dec:
                var carry = _carry;
                var value = Read(instruction, 0);
                Write(instruction, 0, instruction.Mnemonic == Mnemonic.Inc ? Add(value, 1, 0, size) : Subtract(value, 1, 0, size));
                _carry = carry;
                break;
            case Mnemonic.Neg:
                Write(instruction, 0, Subtract(0, Read(instruction, 0), 0, size));
                break;
            case Mnemonic.Not:
                Write(instruction, 0, Cut(~Read(instruction, 0), size));
                break;
            case Mnemonic.And:
                Write(instruction, 0, Logic(Read(instruction, 0) & Read(instruction, 1), size));
                break;
            case Mnemonic.Or:
                Write(instruction, 0, Logic(Read(instruction, 0) | Read(instruction, 1), size));
                break;
            case Mnemonic.Xor:
                Write(instruction, 0, Logic(Read(instruction, 0) ^ Read(instruction, 1), size));
                break;
            case Mnemonic.Test:
                Logic(Read(instruction, 0) & Read(instruction, 1), size);
                break;
            case Mnemonic.Xadd:
                var before = Read(instruction, 0);
                var sum = Add(before, Read(instruction, 1), 0, size);
                Write(instruction, 1, before);
                Write(instruction, 0, sum);
                break;
            case Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar:
                Shift(instruction, size);
                break;
            case Mnemonic.Imul when instruction.OpCount >= 2:
                Multiply(instruction, size);
                break;
            case Mnemonic.Idiv when size is 4 or 8:
                Divide(instruction, size);
                break;
            default:
                throw Unknown(instruction.ToString());
        }
    }

    ulong Add(ulong left, ulong right, ulong carry, int size)
    {
        var sum = (UInt128)left + right + carry;
        var result = Cut((ulong)sum, size);
        _carry = sum >> (8 * size) != 0;
        _overflow = Signed(~(left ^ right) & (left ^ result), size) < 0;
        SetSign(result, size);
        return result;
    }

    ulong Subtract(ulong left, ulong right, ulong borrow, int size)
    {
        var result = Cut(unchecked(left - right - borrow), size);
        _carry = (UInt128)left < (UInt128)right + borrow;
        _overflow = Signed((left ^ right) & (left ^ result), size) < 0;
        SetSign(result, size);
        return result;
    }

    ulong Logic(ulong value, int size)
    {
        var result = Cut(value, size);
        _carry = _overflow = false;
        SetSign(result, size);
        return result;
    }

    void SetSign(ulong result, int size)
    {
        _zero = result == 0;
        _sign = Signed(result, size) < 0;
    }

    void Shift(in Instruction instruction, int size)
    {
        var count = (int)(instruction.OpCount == 1 ? 1 : Read(instruction, 1) & (size == 8 ? 63UL : 31));
        if (count == 0)
        {
            return;
        }

        var value = Read(instruction, 0);
        var bits = 8 * size;
        var result = instruction.Mnemonic switch
        {
            Mnemonic.Shr => count < bits ? value >> count : 0,
            Mnemonic.Sar => Cut(unchecked((ulong)(Signed(value, size) >> Math.Min(count, 63))), size),
            _ => count < bits ? Cut(value << count, size) : 0,
        };
        var lastOut = instruction.Mnemonic is Mnemonic.Shl or Mnemonic.Sal ? bits - count : count - 1;
        _carry = lastOut is >= 0 and < 64 && (value >> lastOut & 1) != 0;
        // Defined for a shift by one only; compilers test it nowhere.
        _overflow = false;
        SetSign(result, size);
        Write(instruction, 0, result);
    }

    void Multiply(in Instruction instruction, int size)
    {
        var (left, right) = instruction.OpCount == 2 ? (Read(instruction, 0), Read(instruction, 1)) : (Read(instruction, 1), Read(instruction, 2));
        var product = (Int128)Signed(left, size) * Signed(right, size);
        var result = Cut((ulong)product, size);
        _carry = _overflow = product != Signed(result, size);
        SetSign(result, size);
        Write(instruction, 0, result);
    }

    void Divide(in Instruction instruction, int size)
    {
        var (low, high) = size == 8 ? (Register.RAX, Register.RDX) : (Register.EAX, Register.EDX);
        var dividend = size == 8 ? (Int128)((UInt128)Get(high) << 64 | Get(low)) : (long)(Get(high) << 32 | Get(low));
        var divisor = (Int128)Signed(Read(instruction, 0), size);
        if (divisor == 0)
        {
            throw new EmulationException("it divides by zero");
        }

        Set(low, (ulong)(dividend / divisor));
        Set(high, (ulong)(dividend % divisor));
    }
}
