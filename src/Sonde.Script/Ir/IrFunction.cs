namespace Sonde.Script.Ir;

/// <summary>A program before registers are allocated: its main function, then those it calls or has called back.</summary>
sealed class IrProgram(string name)
{
    public string Name { get; } = name;

    /// <summary>The first is where the program begins; its one parameter is the context.</summary>
    public List<IrFunction> Functions { get; } = [];
}

/// <summary>A function: basic blocks over as many virtual registers as it likes. Not in SSA form: a register may be set at many places.</summary>
sealed class IrFunction
{
    int _registers;

    /// <param name="name">The name, for listings.</param>
    /// <param name="parameters">How many parameters, at most 5.</param>
    public IrFunction(string name, int parameters)
    {
        Name = name;
        Parameters = [.. Enumerable.Range(0, parameters).Select(_ => NewRegister())];
    }

    public string Name { get; }

    public IReadOnlyList<VirtualRegister> Parameters { get; }

    /// <summary>The first is where the function begins. A block without a terminator is an error.</summary>
    public List<BasicBlock> Blocks { get; } = [];

    /// <summary>Memory on the stack.</summary>
    public List<StackSlot> Slots { get; } = [];

    /// <summary>How many virtual registers there are.</summary>
    public int RegisterCount => _registers;

    public VirtualRegister NewRegister() => new(_registers++);

    /// <summary>Adds a block; not reached until something jumps to it.</summary>
    public BasicBlock NewBlock(string name)
    {
        var block = new BasicBlock(name, Blocks.Count);
        Blocks.Add(block);
        return block;
    }

    /// <summary>Adds stack memory, aligned to 8 bytes. Slots whose uses do not overlap may share memory.</summary>
    public StackSlot NewSlot(string name, int size)
    {
        var slot = new StackSlot(name, Slots.Count, size);
        Slots.Add(slot);
        return slot;
    }
}

/// <summary>Instructions that run one after the other, then a terminator.</summary>
sealed class BasicBlock(string name, int number)
{
    public string Name { get; } = name;

    /// <summary>Its place among the function's blocks.</summary>
    public int Number { get; set; } = number;

    public List<IrInstruction> Instructions { get; } = [];

    /// <summary>How it ends.</summary>
    public IrTerminator? Terminator { get; set; }
}

/// <summary>A register of 64 bits that the allocator finds a place for.</summary>
readonly record struct VirtualRegister(int Number)
{
    public override string ToString() => $"v{Number}";
}

/// <summary>So many bytes of stack.</summary>
sealed class StackSlot(string name, int number, int size)
{
    public string Name { get; } = name;

    public int Number { get; } = number;

    public int Size { get; } = size;

    public override string ToString() => $"[{Name}{Number}:{Size}]";
}

/// <summary>A register or a constant; constants wider than 32 bits are loaded first by the emitter.</summary>
readonly record struct IrOperand
{
    IrOperand(VirtualRegister? register, long constant) => (Register, Constant) = (register, constant);

    /// <summary>The register; null for a constant.</summary>
    public VirtualRegister? Register { get; }

    public long Constant { get; }

    public static implicit operator IrOperand(VirtualRegister register) => new(register, 0);

    public static implicit operator IrOperand(long constant) => new(null, constant);

    public static implicit operator IrOperand(int constant) => new(null, constant);

    public override string ToString() => Register?.ToString() ?? Constant.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>A place in memory: a register or a stack slot, plus a constant number of bytes.</summary>
readonly record struct IrAddress
{
    public IrAddress(VirtualRegister register, int offset = 0) => (Base, Offset) = (register, offset);

    public IrAddress(StackSlot slot, int offset = 0) => (Slot, Offset) = (slot, offset);

    public VirtualRegister? Base { get; }

    public StackSlot? Slot { get; }

    public int Offset { get; }

    /// <summary>So many bytes further.</summary>
    public IrAddress Plus(int bytes) => Slot is { } slot ? new(slot, Offset + bytes) : new(Base!.Value, Offset + bytes);

    public override string ToString() => $"{(Slot is { } slot ? slot.ToString() : Base.ToString())}{(Offset < 0 ? "" : "+")}{Offset}";
}
