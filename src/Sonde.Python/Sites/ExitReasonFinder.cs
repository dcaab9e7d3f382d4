namespace Sonde.Python.Sites;

/// <summary>
/// Tells from the opcodes whose handlers lead to an exit, without passing another dispatch or another exit, why frames are left
/// there (3.11 and later).
/// </summary>
/// <remarks>
/// An exit that is reached from opcodes which do not leave a frame is where exceptions leave it: their error paths lead there
/// (<c>exit_unwind</c>, Python/ceval.c), and so does the prologue when the recursion is too deep. Opcodes that leave a frame have
/// error paths too, so they count for that exit only when they have no other.
/// </remarks>
sealed class ExitReasonFinder
{
    readonly DataFlow _flow;
    readonly Dictionary<int, int> _exitOfBlock = [];
    readonly HashSet<int> _unwinding;
    readonly Dictionary<int, ExitReasons> _reasons = [];

    /// <summary>Finds the reasons of all exits.</summary>
    /// <param name="flow">The analysed function.</param>
    /// <param name="constants">Which opcodes leave a frame.</param>
    /// <param name="opcodeTable">Handlers by opcode.</param>
    /// <param name="exits">The instructions that mark the exits, by ascending address.</param>
    public ExitReasonFinder(DataFlow flow, EvalLoopConstants constants, ulong[] opcodeTable, IEnumerable<int> exits)
    {
        _flow = flow;
        foreach (var exit in exits)
        {
            _exitOfBlock.TryAdd(flow.Graph.BlockOf(exit), exit);
        }

        var leaving = constants.Leaving.Select(opcode => opcodeTable[opcode.Number]).ToHashSet();
        _unwinding = ReachedFrom(opcodeTable.Where(handler => !leaving.Contains(handler)).Append(flow.Code.Start));
        foreach (var exit in _unwinding)
        {
            _reasons[exit] = ExitReasons.Unwind;
        }

        foreach (var opcode in constants.Leaving)
        {
            var reached = ReachedFrom([opcodeTable[opcode.Number]]);
            if (reached.Count == 0)
            {
                throw new SiteException($"expected the handler of {opcode.Name} ({opcode.Number}) to leave the frame and found no place where it does");
            }

            var own = reached.Where(exit => !_unwinding.Contains(exit)).ToList();
            foreach (var exit in own.Count > 0 ? own : [.. reached])
            {
                _reasons[exit] = _reasons.GetValueOrDefault(exit) | opcode.Reason;
            }
        }

        if (_unwinding.Count == 0)
        {
            throw new SiteException("expected an exit that the error paths lead to and found none");
        }
    }

    /// <summary>Why frames are left at an exit.</summary>
    public ExitReasons Of(int exit) => _reasons.GetValueOrDefault(exit);

    /// <summary>The exits that the handlers at these addresses lead to.</summary>
    HashSet<int> ReachedFrom(IEnumerable<ulong> handlers)
    {
        var graph = _flow.Graph;
        HashSet<int> reached = [];
        var seen = new bool[graph.Blocks.Length];
        Stack<int> todo = new(handlers.Select(graph.BlockAt).Where(_flow.Reaches));
        while (todo.TryPop(out var block))
        {
            if (seen[block])
            {
                continue;
            }

            seen[block] = true;
            if (_exitOfBlock.TryGetValue(block, out var exit))
            {
                reached.Add(exit);
                continue;
            }

            foreach (var successor in graph.Blocks[block].Successors)
            {
                todo.Push(successor);
            }
        }

        return reached;
    }
}
