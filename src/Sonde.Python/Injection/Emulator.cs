using Iced.Intel;

namespace Sonde.Python.Injection;

/// <summary>Follows a function of a target instruction by instruction, on the target's own code and data, without running it there.</summary>
/// <remarks>
/// It knows what a compiler needs for arithmetic, branches and stores of integers (x86-64; Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2). Anything
/// else ends it with an <see cref="EmulationException"/>: what cannot be followed exactly is not followed at all.
/// </remarks>
sealed partial class Emulator
{
    const ulong ReturnAddress = 0x6fff_ffff_ffff_0000;
    const int MostInstructions = 4000, LongestInstruction = 15;

    readonly EmulatedMemory _memory;
    readonly Func<ulong, Emulator, bool> _call;
    readonly ulong[] _registers = new ulong[16];
    readonly UInt128[] _vectors = new UInt128[16];
    bool _carry, _zero, _sign, _overflow;
    ulong _next;

    /// <param name="memory">The target's memory.</param>
    /// <param name="call">Asked for every address that control comes to: true when it has done what the function there does (<see cref="Return"/>).</param>
    public Emulator(EmulatedMemory memory, Func<ulong, Emulator, bool> call)
    {
        _memory = memory;
        _call = call;
    }

    /// <summary>The first argument of the function that is being called (System V AMD64 ABI).</summary>
    public ulong FirstArgument => Get(Register.RDI);

    /// <summary>Where control goes next.</summary>
    public ulong InstructionPointer
    {
        get => _next;
        set => _next = value;
    }

    /// <summary>Ends the function that is being called.</summary>
    /// <param name="result">What it gives back.</param>
    public void Return(ulong result)
    {
        Set(Register.RAX, result);
        _next = Pop();
    }

    /// <summary>Follows a call of a function to its return.</summary>
    /// <param name="function">Its address in the target.</param>
    /// <param name="arguments">Up to six integers or pointers.</param>
    /// <returns>What it gives back.</returns>
    /// <exception cref="EmulationException">It cannot be followed.</exception>
    public ulong Call(ulong function, params ReadOnlySpan<ulong> arguments)
    {
        ReadOnlySpan<Register> registers = [Register.RDI, Register.RSI, Register.RDX, Register.RCX, Register.R8, Register.R9];
        for (var i = 0; i < arguments.Length; i++)
        {
            Set(registers[i], arguments[i]);
        }

        Set(Register.RSP, EmulatedMemory.StackTop - 256);
        Push(ReturnAddress);
        _next = function;
        var code = new byte[LongestInstruction];
        for (var count = 0; count < MostInstructions; count++)
        {
            if (_next == ReturnAddress)
            {
                return Get(Register.RAX);
            }

            var address = _next;
            if (_call(address, this))
            {
                continue;
            }

            var decoder = Decoder.Create(64, ReadCode(address, code), address);
            decoder.Decode(out var instruction);
            if (instruction.IsInvalid)
            {
                throw new EmulationException($"there is no instruction at 0x{address:x}");
            }

            _next = instruction.NextIP;
            Step(instruction);
        }

        throw new EmulationException($"it has not come to its end after {MostInstructions} instructions");
    }

    byte[] ReadCode(ulong address, byte[] code)
    {
        for (var i = 0; i < code.Length; i++)
        {
            code[i] = 0;
        }

        // Code may end with its mapping: as much as there is.
        for (var i = 0; i < code.Length; i++)
        {
            try
            {
                code[i] = (byte)_memory.Read(address + (ulong)i, 1);
            }
            catch (EmulationException) when (i > 0)
            {
                break;
            }
        }

        return code;
    }

    ulong Get(Register register)
    {
        var full = _registers[register.GetFullRegister() - Register.RAX];
        return register is Register.AH or Register.BH or Register.CH or Register.DH ? full >> 8 & 0xff : Cut(full, register.GetSize());
    }

    void Set(Register register, ulong value)
    {
        ref var full = ref _registers[register.GetFullRegister() - Register.RAX];
        full = register switch
        {
            Register.AH or Register.BH or Register.CH or Register.DH => full & ~0xff00UL | (value & 0xff) << 8,
            _ => register.GetSize() switch
            {
                1 => full & ~0xffUL | (value & 0xff),
                2 => full & ~0xffffUL | (value & 0xffff),
                4 => (uint)value,
                _ => value,
            },
        };
    }

    void Push(ulong value)
    {
        var top = Get(Register.RSP) - 8;
        Set(Register.RSP, top);
        _memory.Write(top, value, 8, isLocked: false);
    }

    ulong Pop()
    {
        var top = Get(Register.RSP);
        Set(Register.RSP, top + 8);
        return (ulong)_memory.Read(top, 8);
    }

    ulong AddressOf(in Instruction instruction)
    {
        for (var i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Memory)
            {
                return instruction.GetVirtualAddress(i, 0, (register, _, _) => register switch
                {
                    Register.FS => EmulatedMemory.ThreadStorage,
                    Register.CS or Register.DS or Register.ES or Register.SS => 0,
                    _ when register.IsGPR() => Get(register),
                    _ => throw Unknown(register.ToString()),
                });
            }
        }

        throw Unknown(instruction.ToString());
    }

    static int SizeOf(in Instruction instruction, int operand) => instruction.GetOpKind(operand) switch
    {
        OpKind.Register => instruction.GetOpRegister(operand).GetSize(),
        OpKind.Memory => instruction.MemorySize.GetSize(),
        _ => SizeOf(instruction, 0),
    };

    ulong Read(in Instruction instruction, int operand) => instruction.GetOpKind(operand) switch
    {
        OpKind.Register when instruction.GetOpRegister(operand).IsGPR() => Get(instruction.GetOpRegister(operand)),
        OpKind.Memory when instruction.MemorySize.GetSize() is >= 1 and <= 8 and var size => (ulong)_memory.Read(AddressOf(instruction), size),
        OpKind.Immediate8 or OpKind.Immediate16 or OpKind.Immediate32 or OpKind.Immediate64 or OpKind.Immediate8to16 or OpKind.Immediate8to32 or OpKind.Immediate8to64
            or OpKind.Immediate32to64 => instruction.GetImmediate(operand),
        _ => throw Unknown(instruction.ToString()),
    };

    void Write(in Instruction instruction, int operand, ulong value)
    {
        switch (instruction.GetOpKind(operand))
        {
            case OpKind.Register when instruction.GetOpRegister(operand).IsGPR():
                Set(instruction.GetOpRegister(operand), value);
                break;
            case OpKind.Memory when instruction.MemorySize.GetSize() is >= 1 and <= 8 and var size:
                // xchg with memory is seen as a whole without the prefix, too.
                _memory.Write(AddressOf(instruction), Cut(value, size), size, instruction.HasLockPrefix || instruction.Mnemonic == Mnemonic.Xchg);
                break;
            default:
                throw Unknown(instruction.ToString());
        }
    }

    static ulong Cut(ulong value, int size) => size >= 8 ? value : value & ((1UL << (8 * size)) - 1);

    static long Signed(ulong value, int size) => size switch { 1 => (sbyte)value, 2 => (short)value, 4 => (int)value, _ => (long)value };

    static EmulationException Unknown(string what) => new($"'{what}' is not among the instructions that can be followed");
}
