using static Sonde.Script.Ir.Machine.MachineInstruction;

namespace Sonde.Script.Ir.Machine;

/// <summary>
/// Gives every register a place: colours the interference graph, joining the two ends of copies where that costs no colour
/// (iterated register coalescing: George and Appel, ACM TOPLAS 18(3), 1996).
/// </summary>
sealed partial class RegisterAllocator
{
    // What making a value anew costs less than storing and reloading it.
    const double Cheaper = 4;

    readonly MachineFunction _function;
    readonly InterferenceGraph _graph;
    readonly HashSet<int> _temporaries;
    readonly MachineInstruction?[] _origins;
    readonly int[] _degrees;
    readonly int[] _alias;
    readonly int[] _places;
    readonly State[] _states;
    readonly MoveState[] _moves;
    readonly Worklist _simplify;
    readonly Worklist _freeze;
    readonly Worklist _spill;
    readonly Worklist _worklistMoves;
    readonly List<int> _stack = [];

    enum State : byte
    {
        Initial,
        OnStack,
        Coalesced,
    }

    enum MoveState : byte
    {
        Active,
        Worklist,
        Done,
        Frozen,
    }

    RegisterAllocator(MachineFunction function, HashSet<int> temporaries)
    {
        (_function, _temporaries) = (function, temporaries);
        _graph = new InterferenceGraph(function);
        _origins = Origins(function);
        _alias = [.. Enumerable.Range(0, function.RegisterCount)];
        _degrees = [.. _graph.Neighbours.Select(neighbours => neighbours.Count)];
        _places = new int[function.RegisterCount];
        _states = new State[function.RegisterCount];
        _moves = new MoveState[_graph.Copies.Count];
        (_simplify, _freeze, _spill) = (new Worklist(function.RegisterCount), new Worklist(function.RegisterCount), new Worklist(function.RegisterCount));
        _worklistMoves = new Worklist(_moves.Length);
        Array.Fill(_places, None);
        for (int i = 0; i <= Frame; i++)
        {
            _places[i] = i;
            _degrees[i] = int.MaxValue;
        }
    }

    /// <summary>Replaces all registers by those of the machine; what finds none goes to the stack.</summary>
    public static void Allocate(MachineFunction function)
    {
        HashSet<int> temporaries = [];
        while (true)
        {
            RegisterAllocator allocator = new(function, temporaries);
            if (allocator.Colour() is not { Count: > 0 } spilled)
            {
                allocator.Rewrite();
                return;
            }

            allocator.Spill(spilled);
        }
    }

    List<int> Colour()
    {
        for (int i = 0; i < _moves.Length; i++)
        {
            _moves[i] = MoveState.Worklist;
            _worklistMoves.Add(i);
        }

        for (int i = FirstVirtual; i < _function.RegisterCount; i++)
        {
            Sort(i);
        }

        while (true)
        {
            if (_simplify.Count > 0)
            {
                Simplify();
            }
            else if (_worklistMoves.Count > 0)
            {
                Coalesce();
            }
            else if (_freeze.Count > 0)
            {
                int register = _freeze.Min;
                _freeze.Remove(register);
                _simplify.Add(register);
                FreezeMoves(register);
            }
            else if (_spill.Count > 0)
            {
                int register = Cheapest();
                _spill.Remove(register);
                _simplify.Add(register);
                FreezeMoves(register);
            }
            else
            {
                return Assign();
            }
        }
    }

    void Sort(int register)
    {
        Worklist list = _degrees[register] >= Allocatable ? _spill : IsMoveRelated(register) ? _freeze : _simplify;
        list.Add(register);
    }

    IEnumerable<int> Adjacent(int register) => _graph.Neighbours[register].Where(other => _states[other] == State.Initial);

    bool IsOpen(int move) => _moves[move] is MoveState.Active or MoveState.Worklist;

    bool IsMoveRelated(int register) => _graph.Moves[register].Exists(IsOpen);

    void Simplify()
    {
        int register = _simplify.Min;
        _simplify.Remove(register);
        _stack.Add(register);
        _states[register] = State.OnStack;
        foreach (int neighbour in Adjacent(register))
        {
            Relieve(neighbour);
        }
    }

    void Relieve(int register)
    {
        if (register < FirstVirtual || _degrees[register]-- != Allocatable)
        {
            return;
        }

        EnableMoves(register);
        foreach (int neighbour in Adjacent(register))
        {
            EnableMoves(neighbour);
        }

        _spill.Remove(register);
        _freeze.Remove(register);
        (IsMoveRelated(register) && !_simplify.Contains(register) ? _freeze : _simplify).Add(register);
    }

    void EnableMoves(int register)
    {
        foreach (int move in _graph.Moves[register])
        {
            if (_moves[move] == MoveState.Active)
            {
                _moves[move] = MoveState.Worklist;
                _worklistMoves.Add(move);
            }
        }
    }

    void FreezeMoves(int register)
    {
        foreach (int move in _graph.Moves[register])
        {
            if (!IsOpen(move))
            {
                continue;
            }

            (int dst, int src) = _graph.Copies[move];
            int other = Alias(dst) == Alias(register) ? Alias(src) : Alias(dst);
            _moves[move] = MoveState.Frozen;
            _worklistMoves.Remove(move);
            if (other >= FirstVirtual && _degrees[other] < Allocatable && !IsMoveRelated(other) && _freeze.Remove(other))
            {
                _simplify.Add(other);
            }
        }
    }

    // What is cheap to hold in memory and in many others' way; a register made for a spill never again.
    int Cheapest()
    {
        int best = _spill.Min;
        double least = double.MaxValue;
        foreach (int register in _spill)
        {
            double cost = _temporaries.Contains(register) ? double.MaxValue : _graph.Costs[register] / _degrees[register] / (_origins[register] is null ? 1 : Cheaper);
            if (cost < least)
            {
                (best, least) = (register, cost);
            }
        }

        return best;
    }

    int Alias(int register)
    {
        while (_alias[register] != register)
        {
            register = _alias[register];
        }

        return register;
    }

    List<int> Assign()
    {
        List<int> spilled = [];
        for (int i = _stack.Count - 1; i >= 0; i--)
        {
            int register = _stack[i];
            int free = (1 << Allocatable) - 1;
            foreach (int neighbour in _graph.Neighbours[register])
            {
                int place = _places[Alias(neighbour)];
                if (place != None)
                {
                    free &= ~(1 << place);
                }
            }

            if (free == 0)
            {
                spilled.Add(register);
                continue;
            }

            _places[register] = Prefer(register, free);
        }

        return spilled;
    }

    // The place of a copy's other end, if it can be had; otherwise the lowest, which keeps R6 to R9 for those that need them.
    int Prefer(int register, int free)
    {
        foreach (int move in _graph.Moves[register])
        {
            (int dst, int src) = _graph.Copies[move];
            int place = _places[Alias(Alias(dst) == register ? src : dst)];
            if (place is not (None or Frame) && (free >> place & 1) != 0)
            {
                return place;
            }
        }

        return System.Numerics.BitOperations.TrailingZeroCount(free);
    }

    void Rewrite()
    {
        foreach (MachineBlock block in _function.Blocks)
        {
            foreach (MachineInstruction instruction in block.Instructions)
            {
                instruction.Dst = Place(instruction.Dst);
                instruction.Src = Place(instruction.Src);
            }

            block.Instructions.RemoveAll(instruction => instruction.IsMove && instruction.Dst == instruction.Src);
            if (block.Comparison is { } comparison)
            {
                block.Comparison = comparison with { A = Place(comparison.A), B = Place(comparison.B) };
            }
        }
    }

    int Place(int register) => register == None ? None : _places[Alias(register)];
}
