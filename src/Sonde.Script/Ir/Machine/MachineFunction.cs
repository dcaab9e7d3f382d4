using Sonde.Bpf;

namespace Sonde.Script.Ir.Machine;

/// <summary>A comparison two ways lead on from.</summary>
/// <param name="A">The left side.</param>
/// <param name="B">The right side; <see cref="MachineInstruction.None"/> for <paramref name="Constant"/>.</param>
sealed record Comparison(Condition Condition, int A, int B, int Constant, bool Is32);

/// <summary>Instructions of the machine, then a way on: none after <c>exit</c>.</summary>
sealed class MachineBlock(string name, int number)
{
    public string Name { get; } = name;

    public int Number { get; } = number;

    public List<MachineInstruction> Instructions { get; } = [];

    /// <summary>When it holds, control goes to <see cref="Taken"/>, otherwise to <see cref="Next"/>.</summary>
    public Comparison? Comparison { get; set; }

    public MachineBlock? Taken { get; set; }

    public MachineBlock? Next { get; set; }

    /// <summary>Which of the two is seldom gone to, if that can be told.</summary>
    public MachineBlock? Unlikely { get; set; }

    /// <summary>How many loops it is in.</summary>
    public int Depth { get; set; }

    public Successors<MachineBlock> Successors() => new(Taken, Next);
}

/// <summary>A function in instructions of the machine.</summary>
sealed class MachineFunction(IrFunction source)
{
    public IrFunction Source { get; } = source;

    /// <summary>The first is where it begins; all are reached.</summary>
    public List<MachineBlock> Blocks { get; } = [];

    /// <summary>Its stack memory, including what registers were spilled to.</summary>
    public List<StackSlot> Slots { get; } = [.. source.Slots];

    /// <summary>Stack memory that may be touched at any time.</summary>
    public IReadOnlyList<StackSlot> Escaped { get; set; } = [];

    /// <summary>Registers of the machine and those that wait for a place, together.</summary>
    public int RegisterCount { get; private set; } = MachineInstruction.FirstVirtual + source.RegisterCount;

    public int NewRegister() => RegisterCount++;

    public StackSlot NewSlot(string name)
    {
        StackSlot slot = new(name, Slots.Count, sizeof(long));
        Slots.Add(slot);
        return slot;
    }
}
