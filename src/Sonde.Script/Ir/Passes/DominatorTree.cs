namespace Sonde.Script.Ir.Passes;

/// <summary>Which blocks all ways to a block lead through.</summary>
/// <remarks>Cooper, Harvey and Kennedy: A Simple, Fast Dominance Algorithm, 2001.</remarks>
sealed class DominatorTree
{
    // By the numbers of the blocks.
    readonly int[] _places;
    readonly int[] _nearest;

    // A block dominates those whose first number lies between its own first and last.
    readonly int[] _first;
    readonly int[] _last;

    /// <param name="order">The blocks in reverse post-order.</param>
    public DominatorTree(List<BasicBlock> order)
    {
        _nearest = new int[order.Count];
        _first = new int[order.Count];
        _last = new int[order.Count];
        _places = new int[order.Max(block => block.Number) + 1];
        Array.Fill(_places, -1);
        for (int i = 0; i < order.Count; i++)
        {
            _places[order[i].Number] = i;
        }

        Solve(order);
        Number();
    }

    /// <summary>Whether all ways to <paramref name="b"/> lead through <paramref name="a"/>, or they are the same.</summary>
    public bool Dominates(BasicBlock a, BasicBlock b)
    {
        int above = _places[a.Number];
        int below = _first[_places[b.Number]];
        return _first[above] <= below && below <= _last[above];
    }

    void Solve(List<BasicBlock> order)
    {
        List<int>[] predecessors = [.. order.Select(_ => new List<int>())];
        for (int i = 0; i < order.Count; i++)
        {
            foreach (BasicBlock successor in ControlFlow.Successors(order[i]))
            {
                predecessors[_places[successor.Number]].Add(i);
            }
        }

        Array.Fill(_nearest, -1, 1, order.Count - 1);
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = 1; i < order.Count; i++)
            {
                int common = -1;
                foreach (int predecessor in predecessors[i])
                {
                    if (_nearest[predecessor] != -1)
                    {
                        common = common == -1 ? predecessor : Common(common, predecessor);
                    }
                }

                changed |= _nearest[i] != common;
                _nearest[i] = common;
            }
        }
    }

    int Common(int a, int b)
    {
        while (a != b)
        {
            (a, b) = a > b ? (_nearest[a], b) : (a, _nearest[b]);
        }

        return a;
    }

    // Sizes from the leaves up (what is dominated comes later in the order), then numbers from the root down.
    void Number()
    {
        int[] sizes = new int[_nearest.Length];
        for (int i = _nearest.Length - 1; i >= 0; i--)
        {
            sizes[i]++;
            if (i > 0)
            {
                sizes[_nearest[i]] += sizes[i];
            }
        }

        int[] next = new int[_nearest.Length];
        for (int i = 0; i < _nearest.Length; i++)
        {
            if (i > 0)
            {
                _first[i] = next[_nearest[i]];
                next[_nearest[i]] += sizes[i];
            }

            next[i] = _first[i] + 1;
            _last[i] = _first[i] + sizes[i] - 1;
        }
    }
}
