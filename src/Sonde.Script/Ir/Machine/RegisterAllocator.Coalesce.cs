using static Sonde.Script.Ir.Machine.MachineInstruction;

namespace Sonde.Script.Ir.Machine;

/// <content>Joins the ends of copies.</content>
sealed partial class RegisterAllocator
{
    void Coalesce()
    {
        int move = _worklistMoves.Min;
        _worklistMoves.Remove(move);
        (int dst, int src) = _graph.Copies[move];
        int x = Alias(dst);
        int y = Alias(src);
        (int u, int v) = y < FirstVirtual ? (y, x) : (x, y);
        if (u == v)
        {
            _moves[move] = MoveState.Done;
            Settle(u);
        }
        else if (v < FirstVirtual || u == Frame || _graph.Interfere(u, v))
        {
            _moves[move] = MoveState.Frozen;
            Settle(u);
            Settle(v);
        }
        else if (u < FirstVirtual ? Adjacent(v).All(neighbour => IsHarmless(neighbour, u)) : IsConservative(u, v))
        {
            _moves[move] = MoveState.Done;
            Combine(u, v);
            Settle(u);
        }
        else
        {
            _moves[move] = MoveState.Active;
        }
    }

    // A neighbour with few neighbours, or one that is in that register's way already.
    bool IsHarmless(int neighbour, int machine) =>
        neighbour < FirstVirtual || _degrees[neighbour] < Allocatable || _graph.Interfere(neighbour, machine);

    // Together they have fewer significant neighbours than there are registers.
    bool IsConservative(int u, int v)
    {
        HashSet<int> significant = [];
        foreach (int neighbour in Adjacent(u).Concat(Adjacent(v)))
        {
            if (_degrees[neighbour] >= Allocatable)
            {
                significant.Add(neighbour);
            }
        }

        return significant.Count < Allocatable;
    }

    void Settle(int register)
    {
        if (register >= FirstVirtual && !IsMoveRelated(register) && _degrees[register] < Allocatable && _freeze.Remove(register))
        {
            _simplify.Add(register);
        }
    }

    void Combine(int u, int v)
    {
        if (!_freeze.Remove(v))
        {
            _spill.Remove(v);
        }

        _simplify.Remove(v);
        _states[v] = State.Coalesced;
        _alias[v] = u;
        _graph.Costs[u] += _graph.Costs[v];
        _graph.Moves[u].AddRange(_graph.Moves[v]);
        EnableMoves(v);
        foreach (int neighbour in Adjacent(v).ToArray())
        {
            if (!_graph.Interfere(neighbour, u))
            {
                _graph.Connect(neighbour, u);
                Count(neighbour);
                Count(u);
            }

            Relieve(neighbour);
        }

        if (u >= FirstVirtual && _degrees[u] >= Allocatable && _freeze.Remove(u))
        {
            _spill.Add(u);
        }
    }

    void Count(int register)
    {
        if (register >= FirstVirtual)
        {
            _degrees[register]++;
        }
    }
}
