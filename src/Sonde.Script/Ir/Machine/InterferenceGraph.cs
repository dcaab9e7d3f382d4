using System.Numerics;

namespace Sonde.Script.Ir.Machine;

/// <summary>Which registers hold something at the same time, and which are copies of each other.</summary>
sealed class InterferenceGraph
{
    readonly HashSet<long> _edges = [];

    public InterferenceGraph(MachineFunction function)
    {
        Neighbours = new List<int>[function.RegisterCount];
        Moves = new List<int>[function.RegisterCount];
        Costs = new double[function.RegisterCount];
        for (int i = 0; i < function.RegisterCount; i++)
        {
            Neighbours[i] = [];
            Moves[i] = [];
        }

        Liveness liveness = new(function);
        BitSet live = new(function.RegisterCount);
        foreach (MachineBlock block in function.Blocks)
        {
            double weight = Math.Pow(10, Math.Min(block.Depth, 6));
            live.CopyFrom(liveness.Out(block));
            Liveness.Before(block.Comparison, live);
            if (block.Comparison is { } comparison)
            {
                Cost(comparison.A, weight);
                Cost(comparison.B, weight);
            }

            for (int i = block.Instructions.Count - 1; i >= 0; i--)
            {
                Add(block.Instructions[i], live, weight);
            }
        }
    }

    /// <summary>Neighbours of each register that waits for a place; those of the machine's own are not kept.</summary>
    public List<int>[] Neighbours { get; }

    /// <summary>Indices into <see cref="Copies"/> of the copies a register takes part in.</summary>
    public List<int>[] Moves { get; }

    public List<(int Dst, int Src)> Copies { get; } = [];

    /// <summary>How often each register is used, loops counted tenfold.</summary>
    public double[] Costs { get; }

    public bool Interfere(int a, int b) => a == b || _edges.Contains(Key(a, b));

    public void Connect(int a, int b)
    {
        if (a == b || a == MachineInstruction.Frame || b == MachineInstruction.Frame
            || a < MachineInstruction.Allocatable && b < MachineInstruction.Allocatable || !_edges.Add(Key(a, b)))
        {
            return;
        }

        if (a >= MachineInstruction.FirstVirtual)
        {
            Neighbours[a].Add(b);
        }

        if (b >= MachineInstruction.FirstVirtual)
        {
            Neighbours[b].Add(a);
        }
    }

    void Add(MachineInstruction instruction, BitSet live, double weight)
    {
        bool writesDst = (instruction.Roles & Roles.WritesDst) != 0;
        bool writesSrc = (instruction.Roles & Roles.WritesSrc) != 0;
        Cost(instruction.Dst, weight);
        Cost(instruction.Src, weight);
        if (instruction.IsMove)
        {
            // A copy does not make its ends interfere: while both hold the same they may share a register.
            live.Remove(instruction.Src);
            if (instruction.Dst != instruction.Src)
            {
                Copies.Add((instruction.Dst, instruction.Src));
                Moves[instruction.Dst].Add(Copies.Count - 1);
                Moves[instruction.Src].Add(Copies.Count - 1);
            }
        }

        foreach (int other in live)
        {
            if (writesDst)
            {
                Connect(instruction.Dst, other);
            }

            if (writesSrc)
            {
                Connect(instruction.Src, other);
            }

            for (int rest = instruction.ImplicitWrites; rest != 0; rest &= rest - 1)
            {
                Connect(BitOperations.TrailingZeroCount(rest), other);
            }
        }

        Liveness.Before(instruction, live);
    }

    void Cost(int register, double weight)
    {
        if (register != MachineInstruction.None)
        {
            Costs[register] += weight;
        }
    }

    static long Key(int a, int b) => a < b ? (long)a << 32 | (uint)b : (long)b << 32 | (uint)a;
}
