using Iced.Intel;

namespace Sonde.Python.Sites;

/// <summary>What a probe can find out when it fires.</summary>
/// <param name="Current">Which frame the thread state names.</param>
/// <param name="Frame">By which role the frame that is entered or left is known.</param>
/// <param name="Parent">By which role its parent is known.</param>
readonly record struct Passage(CurrentFrame Current, Roles Frame, Roles Parent = Roles.None);

/// <summary>
/// Chooses the instruction to probe for something that happens at another one: the kernel emulates few instructions, and the thread
/// state must be within reach. Whatever passes one of the two must pass the other.
/// </summary>
sealed class AttachPoints(DataFlow flow, SiteFactory factory)
{
    const int LongestWalk = 60;
    const int MostBlocks = 48;

    readonly ControlFlow _graph = flow.Graph;

    /// <summary>
    /// For a store: an emulated instruction after it, else emulated ones before it, else any instruction from the store on.
    /// </summary>
    /// <param name="walk">Where the store is, with what is certain there.</param>
    /// <param name="kind">What the store does.</param>
    /// <param name="passage">What a probe can find out given the state before an instruction; null when that is not certain.</param>
    /// <exception cref="SiteException">Nowhere near is everything that is needed certain.</exception>
    public IReadOnlyList<ProbeSite> Around(DataFlow.Walk walk, SiteKind kind, Func<AbstractState, Passage?> passage)
    {
        var store = walk.Index;
        var origin = $"store at 0x{flow.Code.Instructions[store].IP:x}";
        var after = From(walk, kind, origin, passage, cheapFrom: 1);
        if (after is { Cost: SiteCost.Emulated })
        {
            return [after];
        }

        var before = Before(store, kind, origin, passage);
        return before.Count > 0 ? before : after is not null ? [after] : throw new SiteException(
            $"expected the thread state and the current frame to be certain somewhere near the {kind} at 0x{flow.Code.Instructions[store].IP:x} and found no such instruction");
    }

    /// <summary>
    /// The first emulated instruction on the one way on from where a walk is; else the first of any kind.
    /// </summary>
    /// <param name="walk">Where to begin.</param>
    /// <param name="kind">What passes there.</param>
    /// <param name="origin">What led there.</param>
    /// <param name="passage">What a probe can find out given the state before an instruction; null when that is not certain.</param>
    /// <param name="cheapFrom">How many instructions must run before an emulated one will do.</param>
    public ProbeSite? From(DataFlow.Walk walk, SiteKind kind, string origin, Func<AbstractState, Passage?> passage, int cheapFrom = 0)
    {
        ProbeSite? stepped = null;
        for (var steps = 0; steps < LongestWalk && (steps == 0 || !_graph.IsJoin(walk.Index)); steps++)
        {
            var isCheap = steps >= cheapFrom && factory.IsCheap(walk.Index);
            if ((isCheap || stepped is null) && At(walk, kind, origin, passage) is { } site)
            {
                if (isCheap)
                {
                    return site;
                }

                stepped = site;
            }

            if (!Advance(walk))
            {
                break;
            }
        }

        return stepped;
    }

    ProbeSite? At(DataFlow.Walk walk, SiteKind kind, string origin, Func<AbstractState, Passage?> passage) =>
        factory.IsSafe(walk.Index) && passage(walk.State) is { } certain ? factory.At(walk, kind, certain, origin) : null;

    /// <summary>Runs the instruction a walk is at and goes to the next one, through unconditional jumps.</summary>
    /// <returns>False when control can go more than one way, or leaves the code.</returns>
    public bool Advance(DataFlow.Walk walk)
    {
        var index = walk.Index;
        if (_graph.BlockOf(index) is not (>= 0 and var number))
        {
            return false;
        }

        var block = _graph.Blocks[number];
        var next = block.End > index + 1 ? index + 1 : block is { Dispatches: false, Successors: [var only] } ? _graph.Blocks[only].First : -1;
        if (next < 0 || flow.Code.Instructions[index].FlowControl == FlowControl.ConditionalBranch)
        {
            return false;
        }

        walk.Step();
        walk.JumpTo(next);
        return true;
    }

    /// <summary>
    /// Emulated instructions before a store of which control passes exactly one, if and only if it comes to the store: one earlier
    /// in its block, or the jumps at the end of blocks all of whose ways on lead to the store.
    /// </summary>
    List<ProbeSite> Before(int store, SiteKind kind, string origin, Func<AbstractState, Passage?> passage)
    {
        var home = _graph.BlockOf(store);
        for (var index = store - 1; index >= _graph.Blocks[home].First; index--)
        {
            if (factory.IsCheap(index) && At(flow.From(index), kind, origin, passage) is { } site)
            {
                return [site];
            }
        }

        if (Ancestors(home, []) is not { } region)
        {
            return [];
        }

        var gates = region.Where(block => block != home && factory.IsCheap(_graph.Blocks[block].End - 1) && AlwaysLeadsTo(block, home)).ToHashSet();
        gates = gates.Where(gate => !Ancestors(gate, [])!.Any(block => block != gate && gates.Contains(block))).ToHashSet();
        if (Ancestors(home, gates)!.Any(IsBeginning))
        {
            return [];
        }

        var sites = gates.Order().Select(gate => At(flow.From(_graph.Blocks[gate].End - 1), kind, origin, passage)).OfType<ProbeSite>().ToList();
        return sites.Count == gates.Count ? sites : [];
    }

    bool IsBeginning(int block) => _graph.Blocks[block].IsDispatched || block == _graph.BlockAt(flow.Code.Start);

    /// <summary>A block and all that lead to it since the last dispatch on ways around some others; null when there are many.</summary>
    List<int>? Ancestors(int block, HashSet<int> without)
    {
        List<int> found = [block];
        for (var i = 0; i < found.Count; i++)
        {
            if (found.Count > MostBlocks)
            {
                return null;
            }

            foreach (var predecessor in _graph.Blocks[found[i]].Predecessors)
            {
                if (!without.Contains(predecessor) && flow.Reaches(predecessor) && !found.Contains(predecessor))
                {
                    found.Add(predecessor);
                }
            }
        }

        return found;
    }

    /// <summary>Whether control that leaves a block always comes to another one before anything is dispatched.</summary>
    bool AlwaysLeadsTo(int block, int home)
    {
        List<int> passed = [.. _graph.Blocks[block].Successors];
        for (var i = 0; i < passed.Count; i++)
        {
            if (passed[i] == home)
            {
                continue;
            }

            var next = _graph.Blocks[passed[i]];
            if (passed[i] == block || next.Dispatches || next.Successors.Length == 0 || passed.Count > MostBlocks)
            {
                return false;
            }

            passed.AddRange(next.Successors.Where(successor => !passed.Contains(successor)));
        }

        return passed.Count > 0;
    }
}
