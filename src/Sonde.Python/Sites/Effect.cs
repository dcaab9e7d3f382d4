using Iced.Intel;

namespace Sonde.Python.Sites;

/// <summary>What an instruction does to the things the data flow follows.</summary>
enum EffectKind : byte
{
    /// <summary>Overwrites the registers of <see cref="Effect.Overwrites"/> and nothing else of interest.</summary>
    Other,

    /// <summary>Register to register.</summary>
    Move,

    /// <summary>Memory to register.</summary>
    Load,

    /// <summary>Register, or something not followed, to memory.</summary>
    Store,

    /// <summary>Register plus constant, into a register.</summary>
    LoadAddress,

    /// <summary>A constant is added to memory.</summary>
    AddToMemory,

    /// <summary>A register, or something not followed, is pushed.</summary>
    Push,

    /// <summary>A register is popped.</summary>
    Pop,

    /// <summary>The stack pointer is taken from rbp, and rbp is popped.</summary>
    Leave,

    /// <summary>The stack pointer is rounded down to a multiple (over-aligned locals).</summary>
    AlignStack,

    /// <summary>Two registers change places.</summary>
    Exchange,

    /// <summary>A function is called: the caller-saved registers are lost.</summary>
    Call,
}

/// <summary>
/// One instruction reduced to what the data flow needs. Decoding is done once; the fixpoint then runs over these.
/// </summary>
/// <param name="Kind">What it does.</param>
/// <param name="Destination">Register written, or <see cref="None"/>.</param>
/// <param name="Source">Register read, or <see cref="None"/> when the value is not one the analysis follows.</param>
/// <param name="Base">Base register of the memory operand, or <see cref="None"/> when there is an index, a segment or no base.</param>
/// <param name="Overwrites">Registers that lose what is known about them, as a bit set.</param>
/// <param name="Displacement">Displacement of the memory operand, or the constant added to a register.</param>
/// <param name="Size">Operand size in bytes; <see cref="int.MaxValue"/> for repeated string stores.</param>
/// <param name="Immediate">The constant added to memory.</param>
readonly record struct Effect(
    EffectKind Kind, byte Destination, byte Source, byte Base, ushort Overwrites, int Displacement, int Size, int Immediate)
{
    /// <summary>No register.</summary>
    public const byte None = 0xff;

    /// <summary>The stack pointer's number in the instruction encoding.</summary>
    public const byte Rsp = 4;

    /// <summary>The frame pointer's number in the instruction encoding.</summary>
    public const byte Rbp = 5;

    /// <summary>rax, rcx, rdx, rsi, rdi and r8 to r11: what a callee may overwrite (System V ABI for x86-64, 3.2.1).</summary>
    public const ushort CallerSaved = 0x0fc7;

    static readonly Effect _nothing = new(EffectKind.Other, None, None, None, 0, 0, 0, 0);

    /// <summary>The effect of an instruction.</summary>
    public static Effect Of(in Instruction instruction, InstructionInfoFactory information)
    {
        if (instruction.FlowControl is FlowControl.Call or FlowControl.IndirectCall)
        {
            return _nothing with { Kind = EffectKind.Call, Overwrites = CallerSaved };
        }

        return Common(instruction) ?? Uncommon(instruction, information);
    }

    /// <summary>The handful of forms whose values are followed.</summary>
    static Effect? Common(in Instruction instruction)
    {
        var first = instruction.OpCount > 0 ? instruction.GetOpKind(0) : OpKind.FarBranch16;
        var second = instruction.OpCount > 1 ? instruction.GetOpKind(1) : OpKind.FarBranch16;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Mov when first == OpKind.Register && second == OpKind.Register && IsWide(instruction.Op0Register) && IsWide(instruction.Op1Register):
                return Of(EffectKind.Move, instruction.Op0Register) with { Source = Number(instruction.Op1Register) };
            case Mnemonic.Mov when first == OpKind.Register && second == OpKind.Memory && IsWide(instruction.Op0Register):
                return WithMemory(Of(EffectKind.Load, instruction.Op0Register), instruction);
            case Mnemonic.Mov when first == OpKind.Memory:
                return WithMemory(_nothing with { Kind = EffectKind.Store }, instruction) with
                {
                    Source = second == OpKind.Register && IsWide(instruction.Op1Register) ? Number(instruction.Op1Register) : None,
                };
            case Mnemonic.Lea when IsWide(instruction.Op0Register) && MemoryBase(instruction) != None:
                return Of(EffectKind.LoadAddress, instruction.Op0Register) with
                {
                    Source = MemoryBase(instruction), Displacement = Offset(instruction),
                };
            case Mnemonic.Add or Mnemonic.Sub or Mnemonic.Inc or Mnemonic.Dec when Constant(instruction) is { } constant:
                if (first == OpKind.Memory)
                {
                    return WithMemory(_nothing with { Kind = EffectKind.AddToMemory }, instruction) with { Immediate = constant };
                }

                if (!IsWide(instruction.Op0Register))
                {
                    return null;
                }

                return Of(EffectKind.LoadAddress, instruction.Op0Register) with
                {
                    Source = Number(instruction.Op0Register), Displacement = constant,
                };
            case Mnemonic.And when first == OpKind.Register && instruction.Op0Register == Register.RSP:
                return _nothing with { Kind = EffectKind.AlignStack };
            case Mnemonic.Push when instruction.StackPointerIncrement == -8:
                return _nothing with
                {
                    Kind = EffectKind.Push, Source = first == OpKind.Register && IsWide(instruction.Op0Register) ? Number(instruction.Op0Register) : None,
                };
            case Mnemonic.Pop when first == OpKind.Register && instruction.Op0Register.IsGPR64():
                return Of(EffectKind.Pop, instruction.Op0Register);
            case Mnemonic.Leave:
                return _nothing with { Kind = EffectKind.Leave };
            case Mnemonic.Xchg when first == OpKind.Register && second == OpKind.Register && instruction.Op0Register.IsGPR64():
                return Of(EffectKind.Exchange, instruction.Op0Register) with { Source = Number(instruction.Op1Register) };
            default:
                return null;
        }
    }

    /// <summary>Everything else only destroys: the decoder tells which registers and which memory.</summary>
    static Effect Uncommon(in Instruction instruction, InstructionInfoFactory information)
    {
        ref readonly var info = ref information.GetInfo(instruction);
        ushort overwrites = 0;
        foreach (var register in info.GetUsedRegisters())
        {
            if (Writes(register.Access) && register.Register.IsGPR())
            {
                overwrites |= (ushort)(1 << Number(register.Register));
            }
        }

        foreach (var memory in info.GetUsedMemory())
        {
            if (!Writes(memory.Access) || memory.Index != Register.None || !memory.Base.IsGPR64() || memory.Segment is Register.FS or Register.GS)
            {
                continue;
            }

            var repeated = instruction.HasRepPrefix || instruction.HasRepnePrefix;
            return _nothing with
            {
                Kind = EffectKind.Store, Base = Number(memory.Base), Displacement = (int)(long)memory.Displacement,
                Size = repeated ? int.MaxValue : Math.Max(1, memory.MemorySize.GetSize()), Overwrites = overwrites,
            };
        }

        return _nothing with { Overwrites = overwrites };
    }

    static bool Writes(OpAccess access) =>
        access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite;

    static Effect Of(EffectKind kind, Register destination) =>
        _nothing with { Kind = kind, Destination = Number(destination), Size = destination.GetSize() };

    static Effect WithMemory(Effect effect, in Instruction instruction) => effect with
    {
        Base = MemoryBase(instruction), Displacement = Offset(instruction), Size = Math.Max(1, instruction.MemorySize.GetSize()),
    };

    static byte MemoryBase(in Instruction instruction) =>
        instruction.MemoryIndex == Register.None && instruction.MemoryBase.IsGPR64() && instruction.MemorySegment is not (Register.FS or Register.GS)
            ? Number(instruction.MemoryBase)
            : None;

    static int Offset(in Instruction instruction) => (int)(long)instruction.MemoryDisplacement64;

    static int? Constant(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Inc => 1,
        Mnemonic.Dec => -1,
        _ when instruction.GetOpKind(1) is not (OpKind.Immediate8 or OpKind.Immediate8to32 or OpKind.Immediate8to64 or OpKind.Immediate32 or OpKind.Immediate32to64) => null,
        Mnemonic.Add => (int)(long)instruction.GetImmediate(1),
        _ => unchecked(-(int)(long)instruction.GetImmediate(1)),
    };

    static bool IsWide(Register register) => register.IsGPR64() || register.IsGPR32();

    static byte Number(Register register) => (byte)(register.GetFullRegister() - Register.RAX);
}
