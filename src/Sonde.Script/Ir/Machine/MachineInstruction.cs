using Sonde.Bpf;

namespace Sonde.Script.Ir.Machine;

/// <summary>What an instruction does with the registers it names.</summary>
[Flags]
enum Roles : byte
{
    None = 0,
    ReadsDst = 1,
    WritesDst = 2,
    ReadsSrc = 4,
    WritesSrc = 8,
}

/// <summary>
/// An instruction of the machine whose registers are still numbers: 0 to 10 are the machine's own, <see cref="FirstVirtual"/> and up
/// those that wait for a place.
/// </summary>
sealed class MachineInstruction(Instruction code, Roles roles, int dst, int src = MachineInstruction.None)
{
    /// <summary>No register.</summary>
    public const int None = -1;

    /// <summary>How many of the machine's registers can be given away: R0 to R9.</summary>
    public const int Allocatable = 10;

    /// <summary>R10.</summary>
    public const int Frame = 10;

    /// <summary>The number of the first register that waits for a place.</summary>
    public const int FirstVirtual = 11;

    /// <summary>R0 to R5 as a set.</summary>
    public const int CallerSaved = 0x3f;

    /// <summary>The instruction; <see cref="Dst"/> and <see cref="Src"/>, where there are any, stand for its registers.</summary>
    public Instruction Code { get; set; } = code;

    public Roles Roles { get; } = roles;

    public int Dst { get; set; } = dst;

    public int Src { get; set; } = src;

    /// <summary>The stack memory it touches: the offset counts from there. With <see cref="IsSlotAddress"/>, whose address it computes.</summary>
    public StackSlot? Slot { get; init; }

    /// <summary>The stack memory it may touch through registers.</summary>
    public StackSlot[] Touches { get; set; } = [];

    /// <summary>The stack memory whose contents are of no use from here on; such an instruction is none of the machine's.</summary>
    public StackSlot? Begins { get; private init; }

    /// <summary>dst = R10 + the place of <see cref="Slot"/> + the offset; becomes two instructions.</summary>
    public bool IsSlotAddress { get; init; }

    /// <summary>Registers of the machine it reads without naming them, as a set.</summary>
    public int ImplicitReads { get; init; }

    /// <summary>Registers of the machine it writes or loses without naming them, as a set.</summary>
    public int ImplicitWrites { get; init; }

    /// <summary>A copy between registers of 64 bits.</summary>
    public bool IsMove { get; init; }

    /// <summary>Whether repeating it elsewhere gives the same value at the price of reloading that value.</summary>
    public bool IsRepeatable => Roles == Roles.WritesDst && !IsMove && (IsSlotAddress || Src == None);

    public bool Writes(int register) => Dst == register && (Roles & Roles.WritesDst) != 0 || Src == register && (Roles & Roles.WritesSrc) != 0;

    /// <summary>The same instruction for another register.</summary>
    public MachineInstruction For(int dst) => new(Code, Roles, dst, Src)
    {
        Slot = Slot,
        IsSlotAddress = IsSlotAddress,
        ImplicitReads = ImplicitReads,
        ImplicitWrites = ImplicitWrites,
        IsMove = IsMove,
    };

    public static MachineInstruction Begin(StackSlot slot) => new(default, Roles.None, None) { Begins = slot };

    public static MachineInstruction Move(int dst, int src) => new(Asm.Mov(0, Register.R0), Roles.WritesDst | Roles.ReadsSrc, dst, src) { IsMove = true };

    /// <summary>The cheapest instruction that makes a constant.</summary>
    public static MachineInstruction Constant(int dst, long value) => new(
        value == (int)value ? Asm.Mov(0, (int)value) : value == (uint)value ? Asm.Mov32(0, (int)(uint)value) : Asm.LoadImm64(0, value),
        Roles.WritesDst,
        dst);

    public static MachineInstruction AddressOf(int dst, StackSlot slot, int offset) =>
        new(Asm.Add(0, offset), Roles.WritesDst, dst) { Slot = slot, IsSlotAddress = true };
}
