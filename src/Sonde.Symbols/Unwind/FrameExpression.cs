using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Sonde.Symbols.Unwind;

/// <summary>Evaluates the expressions of unwind tables (DWARF 5, section 2.5), as far as they make sense there.</summary>
ref struct FrameExpression(ReadOnlySpan<byte> code, in FrameRegisters registers, IMemory memory)
{
    const int MostSteps = 1000;
    const int Depth = 64;

    readonly ReadOnlySpan<byte> _code = code;
    readonly FrameRegisters _registers = registers;
    int _position;
    bool _failed;

    /// <summary>Evaluates the expression.</summary>
    /// <param name="initial">What is on the stack at first: the canonical frame address; null for nothing.</param>
    /// <param name="value">The topmost number at its end.</param>
    /// <returns>False when it needs a register or memory that is not known, or is damaged.</returns>
    public bool TryEvaluate(ulong? initial, out ulong value)
    {
        var stack = default(Numbers);
        if (initial is { } first)
        {
            stack.Push(first);
        }

        for (var steps = 0; _position < _code.Length && !_failed && !stack.Failed; steps++)
        {
            if (steps >= MostSteps)
            {
                break;
            }

            Execute(_code[_position++], ref stack);
        }

        value = stack.Pop();
        return _position >= _code.Length && !_failed && !stack.Failed;
    }

    void Execute(byte operation, ref Numbers stack)
    {
        ulong first, second;
        switch (operation)
        {
            case 0x06: // deref
                stack.Push(Read(stack.Pop(), 8));
                break;
            case 0x08 or 0x0a or 0x0c or 0x0e: // const1u, const2u, const4u, const8u
                stack.Push(Take(1 << (operation - 0x08) / 2));
                break;
            case 0x09: // const1s
                stack.Push(unchecked((ulong)(sbyte)Take(1)));
                break;
            case 0x0b: // const2s
                stack.Push(unchecked((ulong)(short)Take(2)));
                break;
            case 0x0d: // const4s
                stack.Push(unchecked((ulong)(int)Take(4)));
                break;
            case 0x0f: // const8s
                stack.Push(Take(8));
                break;
            case 0x10: // constu
                stack.Push(TakeUnsigned());
                break;
            case 0x11: // consts
                stack.Push(unchecked((ulong)TakeSigned()));
                break;
            case 0x12: // dup
                stack.Push(stack.Peek(0));
                break;
            case 0x13: // drop
                stack.Pop();
                break;
            case 0x14: // over
                stack.Push(stack.Peek(1));
                break;
            case 0x15: // pick
                stack.Push(stack.Peek((int)Take(1)));
                break;
            case 0x16: // swap
                (first, second) = (stack.Pop(), stack.Pop());
                stack.Push(first);
                stack.Push(second);
                break;
            case 0x17: // rot
                (first, second) = (stack.Pop(), stack.Pop());
                var third = stack.Pop();
                stack.Push(first);
                stack.Push(third);
                stack.Push(second);
                break;
            case 0x19: // abs
                first = stack.Pop();
                stack.Push((long)first < 0 ? unchecked(0 - first) : first);
                break;
            case 0x1f: // neg
                stack.Push(unchecked(0 - stack.Pop()));
                break;
            case 0x20: // not
                stack.Push(~stack.Pop());
                break;
            case 0x23: // plus_uconst
                stack.Push(unchecked(stack.Pop() + TakeUnsigned()));
                break;
            case 0x28: // bra
                var distance = (short)Take(2);
                if (stack.Pop() != 0)
                {
                    Skip(distance);
                }

                break;
            case 0x2f: // skip
                Skip((short)Take(2));
                break;
            case >= 0x1a and <= 0x2e:
                (second, first) = (stack.Pop(), stack.Pop());
                stack.Push(Combine(operation, first, second));
                break;
            case >= 0x30 and <= 0x4f: // lit0 to lit31
                stack.Push((ulong)(operation - 0x30));
                break;
            case >= 0x70 and <= 0x8f: // breg0 to breg31
                stack.Push(unchecked(Register(operation - 0x70) + (ulong)TakeSigned()));
                break;
            case 0x92: // bregx
                var register = TakeUnsigned();
                stack.Push(unchecked(Register((int)Math.Min(register, FrameRegister.Count)) + (ulong)TakeSigned()));
                break;
            case 0x94: // deref_size
                var size = (int)Take(1);
                stack.Push(Read(stack.Pop(), size));
                break;
            case 0x96: // nop
                break;
            default:
                _failed = true;
                break;
        }
    }

    ulong Combine(byte operation, ulong first, ulong second)
    {
        switch (operation)
        {
            case 0x1a: // and
                return first & second;
            case 0x1b when second != 0 && !((long)first == long.MinValue && (long)second == -1): // div
                return unchecked((ulong)((long)first / (long)second));
            case 0x1c: // minus
                return unchecked(first - second);
            case 0x1d when second != 0: // mod
                return first % second;
            case 0x1e: // mul
                return unchecked(first * second);
            case 0x21: // or
                return first | second;
            case 0x22: // plus
                return unchecked(first + second);
            case 0x24: // shl
                return second < 64 ? first << (int)second : 0;
            case 0x25: // shr
                return second < 64 ? first >> (int)second : 0;
            case 0x26: // shra
                return unchecked((ulong)((long)first >> (int)Math.Min(second, 63)));
            case 0x27: // xor
                return first ^ second;
            case 0x29: // eq
                return first == second ? 1UL : 0;
            case 0x2a: // ge
                return (long)first >= (long)second ? 1UL : 0;
            case 0x2b: // gt
                return (long)first > (long)second ? 1UL : 0;
            case 0x2c: // le
                return (long)first <= (long)second ? 1UL : 0;
            case 0x2d: // lt
                return (long)first < (long)second ? 1UL : 0;
            case 0x2e: // ne
                return first != second ? 1UL : 0;
            default:
                _failed = true;
                return 0;
        }
    }

    ulong Register(int register)
    {
        _failed |= !_registers.TryGet(register, out var value);
        return value;
    }

    ulong Read(ulong address, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        if (_failed || size is not (1 or 2 or 4 or 8) || !memory.TryRead(address, bytes[..size]))
        {
            _failed = true;
            return 0;
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    ulong Take(int size)
    {
        if (size > _code.Length - _position)
        {
            _failed = true;
            return 0;
        }

        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        _code.Slice(_position, size).CopyTo(bytes);
        _position += size;
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    ulong TakeUnsigned()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70 && !_failed; shift += 7)
        {
            var part = Take(1);
            value |= shift < 64 ? (part & 0x7f) << shift : 0;
            if (part < 0x80)
            {
                return value;
            }
        }

        _failed = true;
        return 0;
    }

    long TakeSigned()
    {
        long value = 0;
        for (var shift = 0; shift < 70 && !_failed; shift += 7)
        {
            var part = Take(1);
            value |= shift < 64 ? (long)(part & 0x7f) << shift : 0;
            if (part < 0x80)
            {
                return shift < 57 && (part & 0x40) != 0 ? value | -1L << (shift + 7) : value;
            }
        }

        _failed = true;
        return 0;
    }

    void Skip(short distance)
    {
        _position += distance;
        _failed |= _position < 0 || _position > _code.Length;
        _position = _failed ? 0 : _position;
    }

    struct Numbers
    {
        Room _room;
        int _count;

        public bool Failed { get; private set; }

        public void Push(ulong number)
        {
            if (_count == Depth)
            {
                Failed = true;
                return;
            }

            _room[_count++] = number;
        }

        public ulong Pop()
        {
            if (_count == 0)
            {
                Failed = true;
                return 0;
            }

            return _room[--_count];
        }

        public ulong Peek(int below)
        {
            if (below >= _count)
            {
                Failed = true;
                return 0;
            }

            return _room[_count - 1 - below];
        }

        [InlineArray(Depth)]
        struct Room
        {
            ulong _first;
        }
    }
}
